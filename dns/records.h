/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/policy/name.h"

/*
 * The one walk over the records of a DNS message (RFC 1035, 4.1.3). Each record begins where
 * RDLENGTH says that the previous one ends, whatever the fields of its type say. So the code that
 * judges an answer and the code that rewrites it see the same bytes as the client. Only names are
 * copied.
 */
enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTIONS };

struct record {
	enum section section;
	struct name owner;	/* in lower case */
	uint16_t type;
	uint16_t class;
	uint32_t ttl;		/* seconds */
	size_t start;		/* offsets in the message: of the owner, */
	size_t data;		/* of RDATA */
	size_t end;		/* and behind it */
};

struct records {
	const uint8_t *message;	/* the caller's */
	size_t size;
	size_t at;		/* offset of the next record */
	unsigned int left[SECTIONS];
};

/* Skips the questions. 0, or -EBADMSG: there is no header, or a question is cut off. */
int records_begin(struct records *records, const uint8_t *message, size_t size)
	__attribute__((warn_unused_result));

/*
 * 1 with the next record; 0 after the last that the header counts (bytes may follow: records->at).
 * -EBADMSG: a record does not fit, or its owner is not a name.
 */
int records_next(struct records *records, struct record *record)
	__attribute__((warn_unused_result));

/*
 * The name at this offset, decompressed (RFC 1035, 4.1.4: a pointer leads to a prior name), in
 * lower case. *end: after it. 0, or -EBADMSG: malformed, or it does not end before limit.
 */
int records_name(const uint8_t *message, size_t limit, size_t at, struct name *name, size_t *end)
	__attribute__((warn_unused_result));

/* True if the record's data is exactly one name. */
bool records_data_name(const struct records *records, const struct record *record,
		       struct name *name);

/* Where a record leads this name: CNAME, or DNAME of a name above it (RFC 6672, 2.2). */
bool records_lead(const struct records *records, const struct record *record,
		  const struct name *name, struct name *target);
