/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "appliance/base/crypto/key.h"
#include "appliance/base/diag.h"
#include "rules/signed/metadata.h"

/*
 * Metadata under construction: the file's JSON tree, {"signatures": [...], "signed": {...}}. All
 * functions return NULL or < 0 when out of memory.
 */

/*
 * Without signatures; "signed" has what every type has. type: "root", "targets", ... expires:
 * seconds since 1970. A new reference.
 */
json_t *document_new(const char *type, int64_t version, int64_t expires)
	__attribute__((warn_unused_result));
/* The next version with the content of metadata, unsigned. A new reference. */
json_t *document_next(const struct metadata *metadata, int64_t version, int64_t expires)
	__attribute__((warn_unused_result));

/* The member "signed", to be changed; a borrowed reference. */
json_t *document_signed(const json_t *document);

/* Sets a member to seconds since 1970, as RFC 3339 text. 0 or -errno. */
int document_set_time(json_t *object, const char *member, int64_t seconds)
	__attribute__((warn_unused_result));

#define DOCUMENT_PERIOD_MAX (INT64_C(100) * 365 * 24 * 3600)	/* seconds */
#define DOCUMENT_SPECIFICATION "1.0.34"	/* of TUF, what new documents say */

/* Adds an entry of "signatures"; it replaces one under the same key id. 0 or -errno. */
int document_add(json_t *document, const char *keyid, const uint8_t *signature, size_t length)
	__attribute__((warn_unused_result));
/* Signs "signed". */
int document_sign(json_t *document, const struct secret *secret, const char *keyid)
	__attribute__((warn_unused_result));

/* The file's text; the same tree gives the same text. 0 or -errno. */
int document_print(const json_t *document, struct text *out) __attribute__((warn_unused_result));

/*
 * {"length", "hashes": {"sha256"}} of the bytes: an entry under "targets", or in a snapshot. A new
 * reference.
 */
json_t *document_describe(const void *data, size_t size) __attribute__((warn_unused_result));
