/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/field.h"
#include "rules/signed/metadata.h"

/* The parts of metadata_parse that say who may sign: keys, roles, delegations. Arrays go to the
 * metadata's arena. Errors are those of metadata_parse, in the field. */
void metadata_parse_root(struct metadata *metadata, const json_t *signed_, struct field *field);
void metadata_parse_delegations(struct metadata *metadata, const json_t *delegations,
				struct field *field);

/* "signatures": distinct key ids, each with text beside it. */
void metadata_check_signatures(const json_t *document, struct field *field);

/* 64 hexadecimal digits in lower case? */
bool metadata_is_keyid(const char *text);
/* An error if one of them occurs twice. */
void metadata_check_unique(const char *const *text, size_t count, const char *name,
			   struct field *field);
