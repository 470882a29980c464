/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "appliance/base/crypto/key.h"
#include "appliance/base/diag.h"
#include "rules/signed/metadata.h"

/*
 * Metadata that is being written: the file's JSON tree, {"signatures": [...], "signed": {...}}. All
 * return NULL or < 0 when out of memory.
 */

/* No signatures, and of "signed" what every type has. type: "root", "targets", ... */
json_t *document_new(const char *type, int64_t version, int64_t expires)
	__attribute__((warn_unused_result));
/* The next version of what metadata says, unsigned. */
json_t *document_next(const struct metadata *metadata, int64_t version, int64_t expires)
	__attribute__((warn_unused_result));

json_t *document_signed(const json_t *document);

int document_set_time(json_t *object, const char *member, int64_t seconds)
	__attribute__((warn_unused_result));

#define DOCUMENT_PERIOD_MAX (INT64_C(100) * 365 * 24 * 3600)	/* seconds */
#define DOCUMENT_SPECIFICATION "1.0.34"	/* of TUF, what new documents say */

/* An entry of "signatures"; a signature under the same key id goes. */
int document_add(json_t *document, const char *keyid, const uint8_t *signature, size_t length)
	__attribute__((warn_unused_result));
/* Signs "signed". */
int document_sign(json_t *document, const struct secret *secret, const char *keyid)
	__attribute__((warn_unused_result));

/* The file's text, the same for the same tree. */
int document_print(const json_t *document, struct text *out) __attribute__((warn_unused_result));

/* {"length", "hashes": {"sha256"}} of some bytes: an entry under "targets", or of a snapshot. */
json_t *document_describe(const void *data, size_t size) __attribute__((warn_unused_result));
