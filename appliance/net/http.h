/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * The client's side of HTTP/1.1 (RFC 9112) as a state machine over bytes: a request is printed, the
 * answer is fed in as it comes. Bodies by Content-Length, chunked, or up to the end of the
 * connection; everything bounded: 8 KiB of header in at most 64 fields, 1 KiB a chunk header, the
 * body by the caller's limit. Both lengths at once, a length twice, a bare CR or LF, a NUL, a
 * folded line: refused (RFC 9112, 2.2, 5.2, 6.3).
 */
enum {
	HTTP_HEADER_MAX = 8192,	/* all fields of an answer together, trailers too */
	HTTP_FIELDS = 64,	/* those of interim answers (1xx) count too */
	HTTP_CHUNK_HEADER = 1024,
	HTTP_LOCATION = 512,
	HTTP_REFUSAL_BODY = 64 * 1024	/* of an answer other than 200: the rest is not waited for */
};

struct http_answer {
	/* read-only for the caller */
	unsigned int status;	/* 0 until the header is complete */
	bool keep_alive;
	char location[HTTP_LOCATION];	/* of a redirect; "" */
	uint8_t *body;		/* of a 200; malloc'ed, NUL-terminated beyond size; http_answer_release
				 * frees it unless the caller took it */
	size_t size;
	const char *problem;	/* why http_feed failed, static text; there is no body then */
	/* the machine's own */
	enum { HTTP_HEADER, HTTP_SIZED, HTTP_CHUNK_HEAD, HTTP_CHUNK, HTTP_CHUNK_END, HTTP_TRAILER,
	       HTTP_UNTIL_CLOSE, HTTP_DONE, HTTP_FAILED } state;
	size_t limit;
	uint64_t left;		/* of the body or the chunk */
	size_t discarded;
	size_t room;
	size_t header_size;	/* all lines so far */
	unsigned int fields;
	unsigned int code;	/* status of the header that is being read */
	unsigned int minor;	/* HTTP/1.minor */
	bool sized, chunked, encoded;
	size_t line_size;
	char line[HTTP_HEADER_MAX];
};

/* method "GET" or "PUT"; path as it goes on the line; body only with PUT. */
void http_print_request(struct text *out, const char *method, const char *host, uint16_t port,
			bool tls, const char *path, const void *body, size_t size);

void http_answer_init(struct http_answer *answer, size_t limit);
void http_answer_release(struct http_answer *answer);

/*
 * Bytes used of size; < 0 with problem: -EBADMSG, -EFBIG (body over the limit), -ENOMEM. When state
 * is HTTP_DONE the rest belongs to the next answer. An answer other than 200 has its body counted
 * and thrown away, and is done without keep_alive when there is too much of it. A content coding is
 * refused: none is ever asked for, and what unpacks has no honest size.
 */
long http_feed(struct http_answer *answer, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* The connection ended: HTTP_DONE, or -EBADMSG when something is missing. */
int http_feed_end(struct http_answer *answer) __attribute__((warn_unused_result));
