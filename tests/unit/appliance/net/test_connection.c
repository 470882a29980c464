/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/net/server.h"

#include <errno.h>
#include <sys/time.h>

#include "appliance/net/connection.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct server server;
static struct connection *connection;
static struct http_answer answer;
static struct diag diag;

static const struct connection_limits patient = {
	.connect_ms = 20000, .answer_ms = 20000, .request_ms = 60000, .rate_ms = 10000,
};

static void open_url(const char *scheme, const char *host, const struct connection_options *options)
{
	const char *message;
	struct url url;
	char text[128];

	snprintf(text, sizeof(text), "%s://%s:%u/base/", scheme, host, server.port);
	assert_int_equal(url_parse(&url, text, &message), 0);
	assert_int_equal(connection_new(&connection, &url, options), 0);
	diag_init(&diag);
}

/* A server with these steps, and a connection to it with these limits. */
static void start(const struct step *steps, const struct connection_limits *limits)
{
	const struct connection_options options = { .limits = *limits };

	server_start(&server, steps);
	open_url("http", "127.0.0.1", &options);
}

static int stop(void **state)
{
	(void)state;
	connection_free(connection);
	connection = NULL;
	server_stop(&server);
	return 0;
}

static void gets(const char *path, const char *body)
{
	if (connection_get(connection, path, 100, &answer, &diag) != 0)
		fail_msg("%s", diag.entry[0].message);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.size, strlen(body));
	assert_memory_equal(answer.body, body, answer.size);
	http_answer_release(&answer);
}

static void fails(int error, const char *message)
{
	int result = connection_get(connection, "file", 100, &answer, &diag);

	http_answer_release(&answer);
	if (result != error || diag.count == 0 || !strstr(diag.entry[0].message, message))
		fail_msg("%d %s, expected %d %s", result,
			 diag.count ? diag.entry[0].message : "", error, message);
}

static void counted(unsigned int opened, unsigned int requests)
{
	unsigned int counts[2];

	connection_counts(connection, &counts[0], &counts[1]);
	assert_int_equal(counts[0], opened);
	assert_int_equal(counts[1], requests);
}

/* ---- servers as they should be ---- */

static void two_requests_on_one_connection(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 3\r\n\r\none" },
		{ .reply = OK "Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" },
	};

	(void)state;
	start(steps, &patient);
	gets("a", "one");
	gets("b/c", "two");
	counted(1, 2);
	assert_non_null(strstr(server.seen, "GET /base/a HTTP/1.1\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(server.seen, "GET /base/b/c HTTP/1.1\r\n"));
}

static void servers_without_keep_alive(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "HTTP/1.0 200 OK\r\n\r\none", .end = STEP_CLOSE },
		{ .reply = OK "Connection: close\r\nContent-Length: 3\r\n\r\ntwo",
		  .end = STEP_CLOSE },
		{ .reply = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nthree", .end = STEP_CLOSE },
	};

	(void)state;
	start(steps, &patient);
	gets("a", "one");
	gets("a", "two");
	gets("a", "three");
	counted(3, 3);
}

static void connection_that_was_closed_meanwhile(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 3\r\n\r\none", .end = STEP_CLOSE },
		{ .reply = OK "Content-Length: 3\r\n\r\ntwo" },
		/* the request arrives, and then the server goes */
		{ .reply = "", .end = STEP_CLOSE },
		{ .reply = OK "Content-Length: 5\r\n\r\nthree" },
	};

	unsigned int opened, requests;

	(void)state;
	start(steps, &patient);
	gets("a", "one");
	gets("a", "two");
	gets("a", "three");
	/* whether the first close is seen before or after the second request goes out is chance */
	connection_counts(connection, &opened, &requests);
	assert_int_equal(opened, 3);
	assert_in_range(requests, 4, 5);
	assert_int_equal(diag.count, 0);
}

/* Once again, and not for ever: a new connection that gives nothing is a failure. */
static void server_that_never_answers_is_not_asked_again(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "", .end = STEP_CLOSE }, { .reply = "", .end = STEP_CLOSE },
	};

	(void)state;
	start(steps, &patient);
	fails(-ECONNRESET, "without an answer");
	counted(1, 1);
}

/* An answer that nobody asked for must not become the answer to the next question. */
static void unasked_answers_are_not_taken(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 3\r\n\r\none" OK "Content-Length: 4\r\n\r\nevil" },
		{ .reply = OK "Content-Length: 3\r\n\r\ntwo" },
	};

	(void)state;
	start(steps, &patient);
	gets("a", "one");
	gets("a", "two");
	counted(2, 2);
}

static void statuses_are_the_callers(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "HTTP/1.1 404 x\r\nContent-Length: 3\r\n\r\nabc" },
		{ .reply = "HTTP/1.1 302 x\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n" },
	};

	(void)state;
	start(steps, &patient);
	assert_int_equal(connection_get(connection, "a", 100, &answer, &diag), 0);
	assert_int_equal(answer.status, 404);
	assert_null(answer.body);
	http_answer_release(&answer);
	assert_int_equal(connection_get(connection, "a", 100, &answer, &diag), 0);
	assert_int_equal(answer.status, 302);
	assert_string_equal(answer.location, "http://b/");
	http_answer_release(&answer);
	counted(1, 2);
}

static void put_sends_a_body(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n" },
		{ .reply = OK "Content-Length: 6\r\n\r\nthanks" },
	};

	(void)state;
	start(steps, &patient);
	assert_int_equal(connection_put(connection, "r.json", "{\"a\":1}", 7, &answer, &diag), 0);
	assert_int_equal(answer.status, 201);
	http_answer_release(&answer);
	/* some say something, and that is no error */
	assert_int_equal(connection_put(connection, "r.json", "", 0, &answer, &diag), 0);
	assert_int_equal(answer.status, 200);
	http_answer_release(&answer);
	counted(1, 2);
	assert_non_null(strstr(server.seen, "PUT /base/r.json HTTP/1.1\r\n"));
	assert_non_null(strstr(server.seen, "\r\nContent-Length: 7\r\n\r\n{\"a\":1}"));
}

static void paths_that_would_split_a_request(void **state)
{
	static const char *const paths[] = { "a b", "a\r\nHost: b", "\xff", "\x7f" };
	static const struct step steps[SERVER_STEPS] = { { .reply = "" } };

	(void)state;
	start(steps, &patient);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(connection_get(connection, paths[i], 9, &answer, &diag), -EINVAL);
		http_answer_release(&answer);
	}
	counted(0, 0);
}

static void on_signal(int number)
{
	(void)number;
}

static void signals_do_not_disturb(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 3\r\n\r\none", .end = STEP_LATE },
	};
	const struct sigaction action = { .sa_handler = on_signal };
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };

	(void)state;
	start(steps, &patient);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	gets("a", "one");
	setitimer(ITIMER_REAL, &never, NULL);
}

/* ---- addresses ---- */

static int resolve(void *context, const char *host, struct addr address[CONNECTION_ADDRESSES],
		   struct diag *errors)
{
	const char *const *list = context;
	int count = 0;

	assert_string_equal(host, "mirror.test");
	for (; list[count]; count++)
		assert_int_equal(addr_parse(&address[count], list[count], strlen(list[count])), 0);
	if (!count)
		diag_error(errors, host, 0, 0, "no such name");
	return count ? count : -ENOENT;
}

static void every_address_is_tried(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 3\r\n\r\none" },
	};
	static const char *const addresses[] = { "127.0.0.9", "127.0.0.8", "127.0.0.1", NULL };
	const struct connection_options options = { .limits = patient, .resolve = resolve,
						    .context = (void *)(uintptr_t)addresses };

	(void)state;
	server_start(&server, steps);
	open_url("http", "mirror.test", &options);
	gets("a", "one");
	counted(1, 1);
	/* what did not matter is not told */
	assert_int_equal(diag.count, 0);
	assert_non_null(strstr(server.seen, "\r\nHost: mirror.test:"));
}

static void names_that_lead_nowhere(void **state)
{
	static const struct step steps[SERVER_STEPS] = { { .reply = "" } };
	static const char *const none[] = { NULL }, *const dead[] = { "127.0.0.9", NULL };
	struct connection_options options = { .limits = patient, .resolve = resolve,
					      .context = (void *)(uintptr_t)none };

	(void)state;
	server_start(&server, steps);
	open_url("http", "mirror.test", &options);
	fails(-ENOENT, "no such name");
	connection_free(connection);
	options.context = (void *)(uintptr_t)dead;
	open_url("http", "mirror.test", &options);
	fails(-ECONNREFUSED, "cannot connect");
	connection_free(connection);
	options.resolve = NULL;
	open_url("http", "mirror.test", &options);
	fails(-EDESTADDRREQ, "expected an address");
}

/* ---- hostile servers ---- */

static void row_14_endless_body(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "\r\n", .end = STEP_FLOOD, .filler = "xxxxxxxxxxxxxxxx" },
	};

	(void)state;
	start(steps, &patient);
	fails(-EFBIG, "expected at most 100 bytes");
}

static void row_14_length_over_the_limit(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 101\r\n\r\n", .end = STEP_STALL },
	};

	(void)state;
	start(steps, &patient);
	fails(-EFBIG, "expected at most 100 bytes");
}

static void row_14_chunked_for_ever(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Transfer-Encoding: chunked\r\n\r\n", .end = STEP_FLOOD,
		  .filler = "1\r\nx\r\n" },
	};

	(void)state;
	start(steps, &patient);
	fails(-EFBIG, "expected at most 100 bytes");
}

static void row_14_huge_headers(void **state)
{
	static const struct step lines[SERVER_STEPS] = {
		{ .reply = OK, .end = STEP_FLOOD, .filler = "X: y\r\n" },
	};
	static const struct step one_line[SERVER_STEPS] = {
		{ .reply = OK "X: ", .end = STEP_FLOOD, .filler = "yyyyyyyyyyyyyyyy" },
	};

	(void)state;
	start(lines, &patient);
	fails(-EBADMSG, "too many fields");
	stop(state);
	start(one_line, &patient);
	fails(-EBADMSG, "larger than 8192 bytes");
}

static void row_14_gzip(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b" },
	};

	(void)state;
	start(steps, &patient);
	fails(-EBADMSG, "Content-Encoding");
	assert_non_null(strstr(server.seen, "\r\nAccept-Encoding: identity\r\n"));
}

static void row_14_both_lengths(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	};

	(void)state;
	start(steps, &patient);
	fails(-EBADMSG, "at once");
	counted(1, 1);
}

static void row_14_truncated_body(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 5\r\n\r\nhell", .end = STEP_CLOSE },
	};

	(void)state;
	start(steps, &patient);
	fails(-EBADMSG, "inside the body");
}

static void row_15_one_byte_now_and_then(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "\r\n", .end = STEP_DRIP, .filler = "x" },
	};
	struct connection_limits limits = patient;

	(void)state;
	limits.rate = 100000;
	limits.rate_ms = 50;
	start(steps, &limits);
	fails(-ETIMEDOUT, "expected at least 100000 bytes a second");
	stop(state);
	/* fast enough, but without an end */
	limits.rate = 0;
	limits.request_ms = 100;
	start(steps, &limits);
	fails(-ETIMEDOUT, "the request took too long");
}

static void row_15_drip_in_the_header(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "X: ", .end = STEP_DRIP, .filler = "x" },
	};
	struct connection_limits limits = patient;

	(void)state;
	limits.rate = 100000;
	limits.rate_ms = 50;
	start(steps, &limits);
	fails(-ETIMEDOUT, "expected at least 100000 bytes a second");
}

static void row_15_stall_before_the_answer(void **state)
{
	static const struct step steps[SERVER_STEPS] = { { .reply = "", .end = STEP_STALL } };
	struct connection_limits limits = patient;

	(void)state;
	limits.answer_ms = 50;
	start(steps, &limits);
	fails(-ETIMEDOUT, "no answer in time");
	counted(1, 1);
}

static void row_15_stall_in_the_header(void **state)
{
	static const struct step steps[SERVER_STEPS] = { { .reply = OK, .end = STEP_STALL } };
	struct connection_limits limits = patient;

	(void)state;
	limits.request_ms = 50;
	start(steps, &limits);
	fails(-ETIMEDOUT, "the request took too long");
}

static void row_15_stall_in_the_body(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 50\r\n\r\nhello", .end = STEP_STALL },
	};
	struct connection_limits limits = patient;

	(void)state;
	limits.rate = 1000;
	limits.rate_ms = 50;
	start(steps, &limits);
	fails(-ETIMEDOUT, "expected at least 1000 bytes a second");
}

static void row_15_stall_in_the_handshake(void **state)
{
	static const uint8_t pin[1][TLS_PIN];
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "", .end = STEP_STALL, .at_once = true },
	};
	struct connection_options options = { .limits = patient, .pin = pin, .pins = 1 };

	(void)state;
	options.limits.connect_ms = 50;
	server_start(&server, steps);
	open_url("https", "127.0.0.1", &options);
	fails(-ETIMEDOUT, "no TLS connection in time");
	counted(0, 0);
}

/* A server that reads nothing: the request must not wait for room for ever. */
static void row_15_server_that_does_not_read(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "", .end = STEP_STALL, .at_once = true },
	};
	struct connection_limits limits = patient;
	size_t size = 32 << 20;
	char *body = calloc(1, size);

	(void)state;
	limits.request_ms = 200;
	start(steps, &limits);
	assert_non_null(body);
	assert_int_equal(connection_put(connection, "r", body, size, &answer, &diag), -ETIMEDOUT);
	http_answer_release(&answer);
	free(body);
}

static void plain_text_is_no_tls(void **state)
{
	static const uint8_t pin[1][TLS_PIN];
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "HTTP/1.1 400 Bad Request\r\n\r\n", .end = STEP_CLOSE, .at_once = true },
	};
	const struct connection_options options = { .limits = patient, .pin = pin, .pins = 1 };

	(void)state;
	server_start(&server, steps);
	open_url("https", "127.0.0.1", &options);
	fails(-EBADMSG, "TLS handshake");
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, NULL, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(two_requests_on_one_connection),
		with_server(servers_without_keep_alive),
		with_server(connection_that_was_closed_meanwhile),
		with_server(server_that_never_answers_is_not_asked_again),
		with_server(unasked_answers_are_not_taken),
		with_server(statuses_are_the_callers),
		with_server(put_sends_a_body),
		with_server(paths_that_would_split_a_request),
		with_server(signals_do_not_disturb),
		with_server(every_address_is_tried),
		with_server(names_that_lead_nowhere),
		with_server(row_14_endless_body),
		with_server(row_14_length_over_the_limit),
		with_server(row_14_chunked_for_ever),
		with_server(row_14_huge_headers),
		with_server(row_14_gzip),
		with_server(row_14_both_lengths),
		with_server(row_14_truncated_body),
		with_server(row_15_one_byte_now_and_then),
		with_server(row_15_drip_in_the_header),
		with_server(row_15_stall_before_the_answer),
		with_server(row_15_stall_in_the_header),
		with_server(row_15_stall_in_the_body),
		with_server(row_15_stall_in_the_handshake),
		with_server(row_15_server_that_does_not_read),
		with_server(plain_text_is_no_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
