/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/field.h"
#include "rules/signed/metadata.h"

/* The parts of metadata_parse that are about who may sign: keys, roles, delegations. Arrays go
 * to the metadata's arena; errors as of metadata_parse. */
int metadata_parse_root(struct metadata *metadata, const json_t *signed_, const struct field *field)
	__attribute__((warn_unused_result));
int metadata_parse_delegations(struct metadata *metadata, const json_t *delegations,
			       const struct field *field) __attribute__((warn_unused_result));

/* "signatures": key ids without repetition, and text beside each. */
int metadata_check_signatures(const json_t *document, const struct field *field)
	__attribute__((warn_unused_result));

/* 64 hexadecimal digits in lower case? */
bool metadata_is_keyid(const char *text);
/* -EINVAL when one of them is there twice. */
int metadata_check_unique(const char *const *text, size_t count, const char *name,
			  const struct field *field) __attribute__((warn_unused_result));
