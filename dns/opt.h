/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/cursor.h"
#include "dns/cookie.h"

/*
 * OPT (RFC 6891) is for one hop: a client's OPT ends here, and so does an upstream's. Of the
 * options, cookies (RFC 7873) are made anew on each side, and Extended DNS Errors (RFC 8914) go on
 * to the client. Keepalive (RFC 7828), padding, NSID and client subnets end here.
 */
enum {
	OPT_FIXED = 11,		/* bytes without options */
	OPT_ERRORS = 256,	/* bytes of an upstream's errors that go on */
	OPT_TEXT = 160,		/* bytes of this server's own error text */
	OPT_MAX = OPT_FIXED + 4 + COOKIE_CLIENT + COOKIE_SERVER_MAX + OPT_ERRORS
};

struct opt {
	bool present;
	uint16_t size;		/* what the other side accepts over UDP */
	uint8_t rcode;		/* the upper eight bits */
	uint8_t version;
	bool dnssec_ok;
	bool cookie;		/* a well-formed one */
	uint8_t client[COOKIE_CLIENT];
	uint8_t server[COOKIE_SERVER_MAX];
	uint8_t server_size;	/* 0: none */
};

/*
 * Reads OPT, from its class (the bytes after its type) to the end of its RDATA. 0, or -EBADMSG:
 * options that do not fill it, or a cookie of invalid length (RFC 7873, 5.2.2); opt is set even so.
 */
int opt_read(struct opt *opt, const uint8_t *data, size_t size) __attribute__((warn_unused_result));

/* Extended DNS Errors as a sequence of options, as they go into a reply. */
struct opt_errors {
	uint16_t size;
	bool dnssec;	/* one says that validation failed (RFC 8914, 4.2, 4.6 to 4.13, 4.28) */
	uint8_t bytes[OPT_ERRORS];
};

/* Copies the errors of an OPT that opt_read accepted; those that do not fit are left out. */
void opt_read_errors(struct opt_errors *errors, const uint8_t *data, size_t size);
/* Adds one, with a text of at most OPT_TEXT bytes, or "". */
void opt_add_error(struct opt_errors *errors, uint16_t code, const char *text);

/* Writes a record: the cookie if there is one, then the errors; errors may be NULL. */
void opt_put(struct cursor *cursor, const struct opt *opt, const struct opt_errors *errors);

/* Extended DNS Errors (RFC 8914, 4) that we send. */
enum { EDE_OTHER = 0, EDE_BLOCKED = 15, EDE_CENSORED = 16, EDE_NO_REACHABLE = 22,
       EDE_NETWORK = 23 };
