/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/net/http.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct http_answer answer;

/* Feeds text in steps of so many bytes, then the end of the connection when asked; the result. */
static int feed(const char *text, size_t size, size_t limit, size_t step, bool end)
{
	http_answer_init(&answer, limit);
	for (size_t at = 0; at < size && answer.state != HTTP_DONE;) {
		size_t more = size - at < step ? size - at : step;
		long used = http_feed(&answer, text + at, more);

		if (used < 0)
			return (int)used;
		assert_true(used > 0 && (size_t)used <= more);
		at += (size_t)used;
	}
	return end ? http_feed_end(&answer) : 0;
}

/* Whole or byte by byte, an answer means the same. */
static void gives(const char *text, unsigned int status, const char *body, bool keep_alive)
{
	static const size_t steps[] = { 1, 2, 3, 7, 100000 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int error = feed(text, strlen(text), 100, steps[i], true);

		if (error)
			fail_msg("%s: %s", text, answer.problem);
		assert_int_equal(answer.state, HTTP_DONE);
		assert_int_equal(answer.status, status);
		assert_int_equal(answer.keep_alive, keep_alive);
		if (body) {
			assert_int_equal(answer.size, strlen(body));
			assert_memory_equal(answer.body, body, answer.size + 1);
		} else {
			assert_null(answer.body);
		}
		http_answer_release(&answer);
	}
}

static void refused(const char *text, size_t size, int result, const char *problem)
{
	static const size_t steps[] = { 1, 5, 100000 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int error = feed(text, size, 100, steps[i], true);

		if (error != result || !strstr(answer.problem ? answer.problem : "", problem))
			fail_msg("%.60s: %d %s, expected %s", text, error, answer.problem, problem);
		assert_int_equal(answer.state, HTTP_FAILED);
		assert_int_equal(http_feed(&answer, "x", 1), -EBADMSG);
		http_answer_release(&answer);
	}
}

static void bad(const char *text, const char *problem)
{
	refused(text, strlen(text), -EBADMSG, problem);
}

static void bodies(void **state)
{
	(void)state;
	gives(OK "Content-Length: 5\r\n\r\nhello", 200, "hello", true);
	gives(OK "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK", 200, "hello", true);
	gives(OK "content-length:0\r\n\r\n", 200, "", true);
	gives(OK "Transfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n002;x=\"y\"\r\nlo\r\n0\r\n\r\n",
	      200, "hello", true);
	gives(OK "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0 \r\nTrailer: x\r\n\r\n",
	      200, "0123456789", true);
	gives(OK "\r\nup to the end", 200, "up to the end", false);
	gives("HTTP/1.0 200\r\n\r\n", 200, "", false);
}

static void connections_are_kept_or_not(void **state)
{
	(void)state;
	gives(OK "Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x", false);
	gives(OK "Connection: foo, Close\r\nContent-Length: 1\r\n\r\nx", 200, "x", false);
	gives(OK "Connection: closed\r\nContent-Length: 1\r\n\r\nx", 200, "x", true);
	gives("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", false);
	gives("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, "x",
	      true);
}

static void other_answers_have_no_body(void **state)
{
	char text[200];

	(void)state;
	gives("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", 404, NULL, true);
	gives("HTTP/1.1 500 \r\n\r\nwhatever", 500, NULL, false);
	gives("HTTP/1.1 204 No Content\r\n\r\n", 204, NULL, true);
	gives("HTTP/1.1 404 x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 404, NULL,
	      true);
	gives("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", 200,
	      "x", true);
	/* the limit is for a body that the caller wants */
	snprintf(text, sizeof(text), "HTTP/1.1 404 x\r\nContent-Length: 120\r\n\r\n%0120d", 0);
	gives(text, 404, NULL, true);
}

static void endless_refusal_is_cut(void **state)
{
	static char text[HTTP_REFUSAL_BODY + 100];
	int head = snprintf(text, sizeof(text), "HTTP/1.1 404 x\r\n\r\n");

	(void)state;
	memset(text + head, 'x', sizeof(text) - (size_t)head);
	assert_int_equal(feed(text, sizeof(text), 10, 1000, false), 0);
	assert_int_equal(answer.state, HTTP_DONE);
	assert_int_equal(answer.status, 404);
	assert_false(answer.keep_alive);
	http_answer_release(&answer);
}

static void location_is_fit_for_people(void **state)
{
	static const char text[] = "HTTP/1.1 302 x\r\nLocation: http://a/\xff b\r\n"
				   "Location: second\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	assert_int_equal(feed(text, sizeof(text) - 1, 10, 100, true), 0);
	assert_string_equal(answer.location, "http://a/??b");
	http_answer_release(&answer);
}

static void row_14_both_lengths(void **state)
{
	(void)state;
	bad(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "at once");
	bad(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "at once");
	bad(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "one Content-Length");
	bad(OK "Content-Length: 5, 5\r\n\r\nhello", "a number");
	bad(OK "Content-Length: -1\r\n\r\n", "a number");
	bad(OK "Content-Length: 0x5\r\n\r\n", "a number");
	bad(OK "Content-Length:\r\n\r\n", "one Content-Length");
	bad(OK "Content-Length: 18446744073709551616\r\n\r\n", "a number");
	bad(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "Transfer-Encoding");
	bad(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "Transfer-Encoding");
	bad("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding");
}

static void row_14_gzip_was_not_asked_for(void **state)
{
	(void)state;
	bad(OK "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "Content-Encoding");
	gives(OK "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", 200, "x", true);
}

static void row_14_body_over_the_limit(void **state)
{
	static const char sized[] = OK "Content-Length: 101\r\n\r\n";
	static const char chunked[] = OK "Transfer-Encoding: chunked\r\n\r\n65\r\n";
	static const char huge[] = OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n";
	char text[300];

	(void)state;
	refused(sized, sizeof(sized) - 1, -EFBIG, "larger");
	refused(chunked, sizeof(chunked) - 1, -EFBIG, "larger");
	refused(huge, sizeof(huge) - 1, -EFBIG, "larger");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n",
	    "the length of a chunk is too large");
	snprintf(text, sizeof(text), OK "\r\n%0101d", 0);
	refused(text, strlen(text), -EFBIG, "larger");
	/* exactly the limit is fine */
	snprintf(text, sizeof(text), OK "Content-Length: 100\r\n\r\n%0100d", 0);
	assert_int_equal(feed(text, strlen(text), 100, 9, true), 0);
	assert_int_equal(answer.size, 100);
	http_answer_release(&answer);
}

/* What stands in the body so far depends on where the network cut it. */
static void a_refused_answer_leaves_no_part_of_a_body(void **state)
{
	static const char *const texts[] = {
		OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
		OK "Content-Length: 50\r\n\r\nhello",
	};
	static const size_t steps[] = { 1, 7, 100000 };
	char text[300];

	(void)state;
	snprintf(text, sizeof(text), OK "\r\n%0150d", 0);
	for (size_t i = 0; i < 9; i++) {
		const char *refused = i < 3 ? text : texts[i / 3 - 1];

		assert_true(feed(refused, strlen(refused), 100, steps[i % 3], true) < 0);
		assert_int_equal(answer.status, 200);
		assert_int_equal(answer.size, 0);
		assert_null(answer.body);
		http_answer_release(&answer);
	}
}

static void row_14_chunked_for_ever(void **state)
{
	char text[2000];
	size_t at = (size_t)snprintf(text, sizeof(text), OK "Transfer-Encoding: chunked\r\n\r\n");

	(void)state;
	while (at < sizeof(text) - 10)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "1\r\nx\r\n");
	refused(text, at, -EFBIG, "larger");
	memset(text, ' ', sizeof(text));
	at = (size_t)snprintf(text, sizeof(text), OK "Transfer-Encoding: chunked\r\n\r\n1");
	text[at] = ';';
	refused(text, sizeof(text), -EBADMSG, "line longer");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\nx", "CR without LF");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhelx\r\n", "longer than its length");
	bad(OK "Transfer-Encoding: chunked\r\n\r\ng\r\n", "length of a chunk");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n\r\n", "length of a chunk");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n3x\r\n", "length of a chunk");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n-3\r\n", "length of a chunk");
}

static void row_14_huge_headers(void **state)
{
	static char text[20000];
	size_t at = (size_t)snprintf(text, sizeof(text), OK "X: ");

	(void)state;
	memset(text + at, 'x', sizeof(text) - at);
	refused(text, sizeof(text), -EBADMSG, "larger than 8192");
	for (at = sizeof(OK) - 1; at + 4 <= sizeof(text); at += 4)
		memcpy(text + at, "X:\r\n", 4);
	refused(text, sizeof(text), -EBADMSG, "too many fields");
	for (at = 0; at + 27 < sizeof(text); at += 27)
		memcpy(text + at, "HTTP/1.1 102 Processing\r\n\r\n", 27);
	refused(text, at, -EBADMSG, "too many fields");
	at = (size_t)snprintf(text, sizeof(text), OK "Transfer-Encoding: chunked\r\n\r\n0\r\n");
	for (; at + 4 < sizeof(text); at += 4)
		memcpy(text + at, "X:\r\n", 4);
	refused(text, at, -EBADMSG, "too many trailers");
}

static void malformed_headers(void **state)
{
	static const char nul[] = OK "X: a\0b\r\n\r\n";

	(void)state;
	refused(nul, sizeof(nul) - 1, -EBADMSG, "control character");
	bad(OK "X: a\rb\r\n\r\n", "CR without LF");
	bad(OK "X: a\nb\r\n\r\n", "CR without LF");
	bad("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "CR without LF");
	bad(OK " folded: x\r\n\r\n", "Name: value");
	bad(OK "Content-Length : 1\r\n\r\nx", "Name: value");
	bad(OK "no colon\r\n\r\n", "Name: value");
	bad(OK ": x\r\n\r\n", "Name: value");
	bad("\r\n", "HTTP/1.1 STATUS");
	bad("HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 STATUS");
	bad("HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 STATUS");
	bad("HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 STATUS");
	bad("HTTP/1.1 2x0 OK\r\n\r\n", "three digits");
	bad("HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 STATUS");
	bad("HTTP/1.1 101 Switching\r\n\r\n", "200 to 599");
	bad("HTTP/1.1 600 x\r\n\r\n", "200 to 599");
	bad("SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 STATUS");
}

static void truncated_answers(void **state)
{
	(void)state;
	bad("", "inside the header");
	bad(OK "Content-Le", "inside the header");
	bad(OK "Content-Length: 5\r\n\r\nhell", "inside the body");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "inside the body");
	bad(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "inside the body");
	bad("HTTP/1.1 404 x\r\nContent-Length: 5\r\n\r\nhell", "inside the body");
}

static void requests(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	http_print_request(&out, "GET", "a.example", 443, true, "/x/y", NULL, 0);
	assert_string_equal(out.data,
			    "GET /x/y HTTP/1.1\r\nHost: a.example\r\nUser-Agent: cordon\r\n"
			    "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n");
	text_release(&out);
	http_print_request(&out, "PUT", "2001:db8::1", 443, false, "/", "body", 4);
	assert_string_equal(out.data, "PUT / HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
			    "User-Agent: cordon\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
			    "Content-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\n"
			    "body");
	text_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(connections_are_kept_or_not),
		cmocka_unit_test(other_answers_have_no_body),
		cmocka_unit_test(endless_refusal_is_cut),
		cmocka_unit_test(location_is_fit_for_people),
		cmocka_unit_test(row_14_both_lengths),
		cmocka_unit_test(row_14_gzip_was_not_asked_for),
		cmocka_unit_test(row_14_body_over_the_limit),
		cmocka_unit_test(a_refused_answer_leaves_no_part_of_a_body),
		cmocka_unit_test(row_14_chunked_for_ever),
		cmocka_unit_test(row_14_huge_headers),
		cmocka_unit_test(malformed_headers),
		cmocka_unit_test(truncated_answers),
		cmocka_unit_test(requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
