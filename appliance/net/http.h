/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * The client's side of HTTP/1.1 (RFC 9112) as a state machine over bytes: it prints requests and is
 * fed answers as they arrive. Bodies by Content-Length, chunked, or up to the end of the
 * connection. Limits: 8 KiB of header in at most 64 fields, 1 KiB per chunk header, the caller's
 * limit for the body. Refused: both lengths at once, a length twice, a bare CR or LF, a NUL, a
 * folded line (RFC 9112, 2.2, 5.2, 6.3).
 */
enum {
	HTTP_HEADER_MAX = 8192,	/* all fields of an answer together, trailers too */
	HTTP_FIELDS = 64,	/* those of interim answers (1xx) count too */
	HTTP_CHUNK_HEADER = 1024,
	HTTP_LOCATION = 512,
	/* Of an answer other than 200: the rest is not waited for. */
	HTTP_REFUSAL_BODY = 64 * 1024
};

struct http_answer {
	/* read-only for the caller */
	unsigned int status;	/* 0 until the header is complete */
	bool keep_alive;
	char location[HTTP_LOCATION];	/* of a redirect; "" */
	/*
	 * Of a 200; malloc'ed, with a NUL after size bytes; http_answer_release frees it unless the
	 * caller took it.
	 */
	uint8_t *body;
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
	unsigned int code;	/* status of the header being read */
	unsigned int minor;	/* HTTP/1.minor */
	bool sized, chunked, encoded;
	size_t line_size;
	char line[HTTP_HEADER_MAX];
};

/* method "GET" or "PUT"; path as sent on the request line; body only with PUT. */
void http_print_request(struct text *out, const char *method, const char *host, uint16_t port,
			bool tls, const char *path, const void *body, size_t size);

/* limit: bytes of a body. http_answer_release may be called twice. */
void http_answer_init(struct http_answer *answer, size_t limit);
void http_answer_release(struct http_answer *answer);

/*
 * Bytes used of size, or < 0 with problem: -EBADMSG, -EFBIG (body over the limit), -ENOMEM. If
 * state is HTTP_DONE, the remaining bytes belong to the next answer. The body of an answer other
 * than 200 is counted and dropped; if it is too large, the answer is done without keep_alive. A
 * content coding is refused: we never request one, and compressed data do not show their real size.
 */
long http_feed(struct http_answer *answer, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* The connection ended: HTTP_DONE, or -EBADMSG if something is missing. */
int http_feed_end(struct http_answer *answer) __attribute__((warn_unused_result));
