/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/net/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/text.h"

enum { BODY_FIRST = 16 * 1024 };

/* ---- the request ---- */

void http_print_request(struct text *out, const char *method, const char *host, uint16_t port,
			bool tls, const char *path, const void *body, size_t size)
{
	bool literal = strchr(host, ':');

	text_printf(out, "%s %s HTTP/1.1\r\nHost: %s%s%s", method, path, literal ? "[" : "", host,
		    literal ? "]" : "");
	if (port != (tls ? 443 : 80))
		text_printf(out, ":%u", port);
	text_puts(out, "\r\nUser-Agent: cordon\r\nAccept: */*\r\nAccept-Encoding: identity\r\n");
	if (strcmp(method, "PUT") == 0)
		text_printf(out, "Content-Type: application/octet-stream\r\n"
			    "Content-Length: %zu\r\n", size);
	text_puts(out, "\r\n");
	text_put(out, body, size);
}

/* ---- the answer ---- */

void http_answer_init(struct http_answer *answer, size_t limit)
{
	*answer = (struct http_answer){ .limit = limit, .state = HTTP_HEADER };
}

void http_answer_release(struct http_answer *answer)
{
	free(answer->body);
	answer->body = NULL;
	answer->size = 0;
}

/* A partial result depends on how the input was split, and is not an answer: drop it. */
static int refuse(struct http_answer *answer, int error, const char *problem)
{
	http_answer_release(answer);
	answer->state = HTTP_FAILED;
	answer->problem = problem;
	return error;
}

static int malformed(struct http_answer *answer, const char *problem)
{
	return refuse(answer, -EBADMSG, problem);
}

/* "HTTP/1.1 200 OK"; the text after the number is for people only. */
static int take_status(struct http_answer *answer)
{
	const char *line = answer->line;

	if (answer->line_size < 12 || memcmp(line, "HTTP/1.", 7) != 0 ||
	    (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
	    (answer->line_size > 12 && line[12] != ' '))
		return malformed(answer, "expected \"HTTP/1.1 STATUS\"");
	answer->minor = (unsigned int)(line[7] - '0');
	answer->code = 0;
	for (size_t i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return malformed(answer, "expected a status of three digits");
		answer->code = answer->code * 10 + (unsigned int)(line[i] - '0');
	}
	if (answer->code < 100 || answer->code == 101 || answer->code > 599)
		return malformed(answer, "expected a status from 200 to 599");
	answer->keep_alive = answer->minor == 1;
	return 0;
}

/* Is word one of the comma-separated tokens of value, ignoring case? */
static bool has_token(const char *value, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = value; *at; at += strcspn(at, ",")) {
		at += strspn(at, ", \t");
		if (strncasecmp(at, word, length) == 0 && strcspn(at + length, ",") ==
		    strspn(at + length, " \t"))
			return true;
	}
	return false;
}

static int take_length(struct http_answer *answer, const char *value)
{
	uint64_t length = 0;

	if (answer->sized || !value[0])
		return malformed(answer, "expected one Content-Length");
	for (; *value; value++) {
		if (*value < '0' || *value > '9' ||
		    __builtin_mul_overflow(length, 10U, &length) ||
		    __builtin_add_overflow(length, (unsigned int)(*value - '0'), &length))
			return malformed(answer, "expected a number as Content-Length");
	}
	answer->sized = true;
	answer->left = length;
	return 0;
}

static int take_transfer(struct http_answer *answer, const char *value)
{
	if (answer->chunked || answer->minor == 0 || strcasecmp(value, "chunked") != 0)
		return malformed(answer, "expected no Transfer-Encoding but one \"chunked\"");
	answer->chunked = true;
	return 0;
}

/* Shown to people: anything but visible ASCII becomes '?'. */
static void take_location(struct http_answer *answer, const char *value)
{
	size_t i = 0;

	for (; !answer->location[i] && value[i] && i + 1 < sizeof(answer->location); i++)
		answer->location[i] = text_visible(value[i]);
}

static int take_field(struct http_answer *answer, const char *name, const char *value)
{
	if (strcasecmp(name, "content-length") == 0)
		return take_length(answer, value);
	if (strcasecmp(name, "transfer-encoding") == 0)
		return take_transfer(answer, value);
	if (strcasecmp(name, "content-encoding") == 0)
		answer->encoded = answer->encoded || strcasecmp(value, "identity") != 0;
	else if (strcasecmp(name, "location") == 0)
		take_location(answer, value);
	else if (strcasecmp(name, "connection") == 0 && has_token(value, "close"))
		answer->keep_alive = false;
	else if (strcasecmp(name, "connection") == 0 && has_token(value, "keep-alive"))
		answer->keep_alive = true;
	return 0;
}

/* Splits "Name: value" (RFC 9112, 5.1: no space before the colon). */
static int split_field(struct http_answer *answer, char **value)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char *line = answer->line, *end;
	size_t name = strspn(line, token);

	if (name == 0 || line[name] != ':')
		return malformed(answer, "expected \"Name: value\" in the header");
	line[name] = '\0';
	*value = line + name + 1;
	*value += strspn(*value, " \t");
	for (end = line + answer->line_size; end > *value && strchr(" \t", end[-1]);)
		*--end = '\0';
	return 0;
}

/* ---- the body ---- */

/* Makes room for more bytes, at most as many as may still come. */
static int grow(struct http_answer *answer, size_t more)
{
	size_t most = answer->sized ? answer->size + (size_t)answer->left : answer->limit;
	size_t room = answer->room * 2;
	uint8_t *body;

	if (answer->body && answer->room - answer->size > more)
		return 0;
	if (room < BODY_FIRST)
		room = BODY_FIRST;
	if (room < answer->size + more)
		room = answer->size + more;
	if (room > most)
		room = most;
	body = realloc(answer->body, room + 1);
	if (!body)
		return refuse(answer, -ENOMEM, "out of memory");
	answer->body = body;
	answer->room = room + 1;
	return 0;
}

static int take_body(struct http_answer *answer, const uint8_t *data, size_t size)
{
	int error;

	if (answer->status != 200) {
		answer->discarded += size;
		if (answer->discarded > HTTP_REFUSAL_BODY) {
			answer->state = HTTP_DONE;
			answer->keep_alive = false;
		}
		return 0;
	}
	if (size > answer->limit - answer->size)
		return refuse(answer, -EFBIG, "the body is larger than allowed");
	error = grow(answer, size);
	if (error)
		return error;
	memcpy(answer->body + answer->size, data, size);
	answer->size += size;
	answer->body[answer->size] = '\0';
	return 0;
}

static int begin_body(struct http_answer *answer)
{
	if (answer->status == 204 || answer->status == 304) {
		answer->state = HTTP_DONE;
		return 0;
	}
	answer->state = answer->chunked ? HTTP_CHUNK_HEAD :
			answer->sized ? HTTP_SIZED : HTTP_UNTIL_CLOSE;
	if (answer->state == HTTP_UNTIL_CLOSE)
		answer->keep_alive = false;
	if (answer->state == HTTP_SIZED && answer->left == 0)
		answer->state = HTTP_DONE;
	if (answer->status != 200)
		return 0;
	if (answer->encoded)
		return malformed(answer, "a Content-Encoding, which was not requested");
	if (answer->sized && answer->left > answer->limit)
		return refuse(answer, -EFBIG, "the body is larger than allowed");
	return take_body(answer, (const uint8_t *)"", 0);
}

/* ---- lines ---- */

static int end_header(struct http_answer *answer)
{
	if (answer->sized && answer->chunked)
		return malformed(answer, "Content-Length and Transfer-Encoding at once");
	/* An interim answer (RFC 9110, 15.2): the final one follows. */
	if (answer->code < 200) {
		answer->code = 0;
		answer->sized = answer->chunked = answer->encoded = false;
		answer->location[0] = '\0';
		return 0;
	}
	answer->status = answer->code;
	return begin_body(answer);
}

static int take_header_line(struct http_answer *answer)
{
	char *value;
	int error;

	if (answer->line_size == 0 && answer->code)
		return end_header(answer);
	if (answer->fields++ == HTTP_FIELDS)
		return malformed(answer, "too many fields in the header");
	if (!answer->code)
		return take_status(answer);
	error = split_field(answer, &value);
	return error ? error : take_field(answer, answer->line, value);
}

/* Hexadecimal length, then optional extensions, which are ignored (RFC 9112, 7.1.1). */
static int take_chunk_line(struct http_answer *answer)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	answer->left = 0;
	for (i = 0; i < answer->line_size; i++) {
		const char *digit = strchr(digits, answer->line[i] | 0x20);

		if (!digit || answer->line[i] < '0')
			break;
		if (i == 15)
			return malformed(answer, "the length of a chunk is too large");
		answer->left = answer->left << 4 | (uint64_t)(digit - digits);
	}
	if (i == 0 || (i < answer->line_size && !strchr("; \t", answer->line[i])))
		return malformed(answer, "expected the length of a chunk");
	if (answer->status == 200 && answer->left > answer->limit - answer->size)
		return refuse(answer, -EFBIG, "the body is larger than allowed");
	answer->state = answer->left ? HTTP_CHUNK : HTTP_TRAILER;
	return 0;
}

static int take_line(struct http_answer *answer)
{
	switch ((int)answer->state) {
	case HTTP_HEADER:
		return take_header_line(answer);
	case HTTP_CHUNK_HEAD:
		return take_chunk_line(answer);
	case HTTP_CHUNK_END:
		if (answer->line_size)
			return malformed(answer, "a chunk longer than its length");
		answer->state = HTTP_CHUNK_HEAD;
		return 0;
	default:	/* HTTP_TRAILER: an empty line ends it all */
		if (answer->line_size == 0)
			answer->state = HTTP_DONE;
		else if (answer->fields++ == HTTP_FIELDS)
			return malformed(answer, "too many trailers");
		return 0;
	}
}

/* One byte of a line, which ends in CR LF; neither is allowed elsewhere. */
static int feed_line(struct http_answer *answer, char byte)
{
	bool chunk = answer->state == HTTP_CHUNK_HEAD || answer->state == HTTP_CHUNK_END;
	bool after_cr = answer->line_size && answer->line[answer->line_size - 1] == '\r';
	int error;

	if (after_cr != (byte == '\n'))
		return malformed(answer, "a CR without LF, or LF without CR");
	if (byte == '\0' || ((unsigned char)byte < 0x20 && !strchr("\t\r\n", byte)) || byte == 0x7f)
		return malformed(answer, "a control character in the header");
	if (!chunk && answer->header_size++ == HTTP_HEADER_MAX)
		return malformed(answer, "a header larger than 8192 bytes");
	if (answer->line_size == (chunk ? HTTP_CHUNK_HEADER : sizeof(answer->line) - 1))
		return malformed(answer, "a line longer than allowed");
	if (!after_cr) {
		answer->line[answer->line_size++] = byte;
		return 0;
	}
	answer->line[--answer->line_size] = '\0';
	error = take_line(answer);
	answer->line_size = 0;
	return error;
}

/* ---- all together ---- */

static int feed_bytes(struct http_answer *answer, const uint8_t *data, size_t size, size_t *used)
{
	bool counted = answer->state != HTTP_UNTIL_CLOSE;
	int error;

	*used = counted && answer->left < size ? (size_t)answer->left : size;
	error = take_body(answer, data, *used);
	if (error || !counted || answer->state == HTTP_DONE)
		return error;
	answer->left -= *used;
	if (answer->left == 0)
		answer->state = answer->state == HTTP_SIZED ? HTTP_DONE : HTTP_CHUNK_END;
	return 0;
}

long http_feed(struct http_answer *answer, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	size_t at = 0;

	if (answer->state == HTTP_FAILED)
		return -EBADMSG;
	while (at < size && answer->state != HTTP_DONE) {
		size_t used = 1;
		int error;

		if (answer->state == HTTP_SIZED || answer->state == HTTP_CHUNK ||
		    answer->state == HTTP_UNTIL_CLOSE)
			error = feed_bytes(answer, bytes + at, size - at, &used);
		else
			error = feed_line(answer, (char)bytes[at]);
		if (error)
			return error;
		at += used;
	}
	return (long)at;
}

int http_feed_end(struct http_answer *answer)
{
	if (answer->state == HTTP_FAILED)
		return -EBADMSG;
	if (answer->state != HTTP_UNTIL_CLOSE && answer->state != HTTP_DONE)
		return malformed(answer, answer->status ? "the connection ended inside the body" :
				 "the connection ended inside the header");
	answer->state = HTTP_DONE;
	return 0;
}
