/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/net/server.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "appliance/base/file.h"
#include "rules/signed/source.h"

static struct diag diag;

/* Asks and frees; what came must be the expected text (NULL: none), the result as expected. */
static void gives(struct source *source, enum source_kind kind, const char *path, size_t limit,
		  int result, const char *expected)
{
	void *data = NULL;
	size_t size = 0;
	int error;

	diag_init(&diag);
	error = source->get(source, kind, path, limit, &data, &size, &diag);
	if (error != result)
		fail_msg("%s: %d, expected %d", path, error, result);
	if (error) {
		assert_int_equal(diag.count, 1);
		return;
	}
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(data, expected, size);
	free(data);
}

static void memory_gives_what_it_holds(void **state)
{
	static const struct source_file file[] = {
		{ "metadata/timestamp.json", "{}", 2 },
		{ "targets/rules/a.rules", "list", 4 },
		{ "targets/empty", NULL, 0 },
	};
	struct source *source;

	(void)state;
	assert_int_equal(source_memory(&source, file, 3), 0);
	gives(source, SOURCE_METADATA, "timestamp.json", 2, 0, "{}");
	gives(source, SOURCE_TARGETS, "rules/a.rules", 4, 0, "list");
	gives(source, SOURCE_TARGETS, "empty", 0, 0, "");
	gives(source, SOURCE_METADATA, "timestamp.json", 1, -EFBIG, NULL);
	gives(source, SOURCE_TARGETS, "timestamp.json", 9, -ENOENT, NULL);
	gives(source, SOURCE_METADATA, "../targets/empty", 9, -ENOENT, NULL);
	source_free(source);
	source_free(NULL);
}

/* ---- a folder ---- */

struct stick {
	char path[64];
	int fd;
	struct source *source;
};

static void put(const struct stick *stick, const char *name, const char *text)
{
	assert_int_equal(file_replace(stick->fd, name, text, strlen(text), 0600), 0);
}

static int make(void **state)
{
	static struct stick stick;

	strcpy(stick.path, "/tmp/cordon-source.XXXXXX");
	if (!mkdtemp(stick.path))
		return -1;
	stick.fd = open(stick.path, O_RDONLY | O_DIRECTORY);
	if (stick.fd < 0 || mkdirat(stick.fd, "metadata", 0700) < 0 ||
	    mkdirat(stick.fd, "targets", 0700) < 0 || mkdirat(stick.fd, "targets/rules", 0700) < 0)
		return -1;
	put(&stick, "metadata/1.root.json", "root");
	put(&stick, "metadata/%2E%2E%2Fx.json", "encoded");
	put(&stick, "targets/rules/a.rules", "list");
	put(&stick, "outside", "secret");
	*state = &stick;
	return source_folder(&stick.source, stick.path);
}

static int destroy(void **state)
{
	struct stick *stick = *state;
	char command[128];

	source_free(stick->source);
	close(stick->fd);
	snprintf(command, sizeof(command), "rm -rf %s", stick->path);
	return system(command);
}

static void folder_gives_regular_files(void **state)
{
	const struct stick *stick = *state;

	gives(stick->source, SOURCE_METADATA, "1.root.json", 4, 0, "root");
	gives(stick->source, SOURCE_METADATA, "%2E%2E%2Fx.json", 99, 0, "encoded");
	gives(stick->source, SOURCE_TARGETS, "rules/a.rules", 99, 0, "list");
	gives(stick->source, SOURCE_METADATA, "1.root.json", 3, -EFBIG, NULL);
	gives(stick->source, SOURCE_METADATA, "2.root.json", 99, -ENOENT, NULL);
	gives(stick->source, SOURCE_TARGETS, "other/a.rules", 99, -ENOENT, NULL);
	assert_string_equal(diag.entry[0].message, "no such file: targets/other/a.rules");
	assert_string_equal(diag.entry[0].source, stick->path);
}

static void row_19_nothing_outside_the_folder(void **state)
{
	static const char *const paths[] = {
		"../outside", "rules/../../outside", "/etc/passwd", "..", ".", "", "rules/",
		"rules//a.rules", "./rules/a.rules", "rules/a.rules/", "a\nb", "\x7f",
	};
	const struct stick *stick = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		gives(stick->source, SOURCE_TARGETS, paths[i], 99, -EINVAL, NULL);
}

static void row_28_links_are_not_followed(void **state)
{
	const struct stick *stick = *state;

	assert_int_equal(symlinkat("../outside", stick->fd, "metadata/2.root.json"), 0);
	gives(stick->source, SOURCE_METADATA, "2.root.json", 99, -ELOOP, NULL);
	assert_int_equal(symlinkat("1.root.json", stick->fd, "metadata/3.root.json"), 0);
	gives(stick->source, SOURCE_METADATA, "3.root.json", 99, -ELOOP, NULL);
	assert_int_equal(symlinkat("..", stick->fd, "targets/up"), 0);
	gives(stick->source, SOURCE_TARGETS, "up/outside", 99, -ENOTDIR, NULL);
	/* the folder itself */
	assert_int_equal(renameat(stick->fd, "targets", stick->fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", stick->fd, "targets"), 0);
	gives(stick->source, SOURCE_TARGETS, "rules/a.rules", 99, -ENOTDIR, NULL);
}

/* A pipe would hold the reader up, a folder is no file, a file is no folder. */
static void row_28_only_regular_files(void **state)
{
	const struct stick *stick = *state;

	assert_int_equal(mkfifoat(stick->fd, "metadata/timestamp.json", 0600), 0);
	gives(stick->source, SOURCE_METADATA, "timestamp.json", 99, -EINVAL, NULL);
	gives(stick->source, SOURCE_TARGETS, "rules", 99, -EINVAL, NULL);
	gives(stick->source, SOURCE_TARGETS, "rules/a.rules/x", 99, -ENOTDIR, NULL);
}

static void row_28_case_counts(void **state)
{
	const struct stick *stick = *state;

	gives(stick->source, SOURCE_METADATA, "1.ROOT.json", 99, -ENOENT, NULL);
	gives(stick->source, SOURCE_TARGETS, "Rules/a.rules", 99, -ENOENT, NULL);
}

static void folder_that_is_not_there(void **state)
{
	struct source *source;

	(void)state;
	assert_int_equal(source_folder(&source, "/nonexistent/stick"), -ENOENT);
	assert_int_equal(source_folder(&source, "/etc/passwd"), -ENOTDIR);
}

/* ---- a mirror ---- */

#define OK "HTTP/1.1 200 OK\r\n"

static struct server server;
static struct source *mirror;

static const struct connection_limits patient = {
	.connect_ms = 20000, .answer_ms = 20000, .request_ms = 60000, .rate_ms = 10000,
};

static struct url server_url(const char *path)
{
	const char *message;
	struct url url;
	char text[128];

	snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", server.port, path);
	assert_int_equal(url_parse(&url, text, &message), 0);
	return url;
}

static void start(const struct step *steps, const struct connection_limits *limits)
{
	const struct connection_options options = { .limits = *limits };
	struct url url;

	server_start(&server, steps);
	url = server_url("/repo");
	assert_int_equal(source_mirror(&mirror, &url, &options), 0);
}

static int stop(void **state)
{
	(void)state;
	source_free(mirror);
	mirror = NULL;
	server_stop(&server);
	return 0;
}

static void mirror_asks_over_one_connection(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" },
		{ .reply = OK "Content-Length: 2\r\n\r\n{}" },
		{ .reply = OK "Content-Length: 0\r\n\r\n" },
	};
	const char *at;

	(void)state;
	start(steps, &patient);
	gives(mirror, SOURCE_METADATA, "2.root.json", 99, -ENOENT, NULL);
	assert_string_equal(diag.entry[0].message, "no such file: 2.root.json (404)");
	assert_non_null(strstr(diag.entry[0].source, "/repo/"));
	gives(mirror, SOURCE_METADATA, "1.a%2Fb.json", 99, 0, "{}");
	gives(mirror, SOURCE_TARGETS, "rules/a b?%2e.rules", 99, 0, "");
	at = strstr(server.seen, "GET /repo/metadata/2.root.json HTTP/1.1\r\n");
	assert_ptr_equal(at, server.seen);
	assert_non_null(strstr(at, "GET /repo/metadata/1.a%2Fb.json HTTP/1.1\r\n"));
	assert_non_null(strstr(at, "GET /repo/targets/rules/a%20b%3F%252e.rules HTTP/1.1\r\n"));
}

static void folders_that_are_named_apart(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "Content-Length: 1\r\n\r\na" },
		{ .reply = OK "Content-Length: 1\r\n\r\nb" },
	};
	const struct connection_options options = { .limits = patient };
	struct url metadata, targets;

	(void)state;
	server_start(&server, steps);
	metadata = server_url("/m/");
	targets = server_url("/t");
	assert_int_equal(source_urls(&mirror, &metadata, &targets, &options), 0);
	gives(mirror, SOURCE_METADATA, "x.json", 99, 0, "a");
	gives(mirror, SOURCE_TARGETS, "y", 99, 0, "b");
	assert_non_null(strstr(server.seen, "GET /m/x.json HTTP/1.1\r\n"));
	assert_non_null(strstr(server.seen, "GET /t/y HTTP/1.1\r\n"));
}

static void row_29_only_404_and_403_mean_newest(void **state)
{
	static const struct {
		const char *reply;
		int result;
	} cases[] = {
		{ "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", -ENOENT },
		{ "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", -ENOENT },
		{ "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n", -EPROTO },
		{ "HTTP/1.1 410 x\r\nContent-Length: 0\r\n\r\n", -EPROTO },
		{ "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", -EPROTO },
		{ "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", -EPROTO },
		{ "HTTP/1.1 204 x\r\n\r\n", -EPROTO },
		{ "HTTP/1.1 206 x\r\nContent-Length: 1\r\n\r\nx", -EPROTO },
		{ "HTTP/1.1 304 x\r\n\r\n", -EPROTO },
		{ "HTTP/1.1 404\r\nContent-Length: 9\r\n\r\ncut", -EBADMSG },
		{ "HTTP/1.1 404", -EBADMSG },
		{ "", -ECONNRESET },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct step steps[SERVER_STEPS] = { { .reply = cases[i].reply,
							    .end = STEP_CLOSE } };

		start(steps, &patient);
		gives(mirror, SOURCE_METADATA, "2.root.json", 99, cases[i].result, NULL);
		stop(state);
	}
}

static void row_29_silence_does_not_mean_newest(void **state)
{
	static const struct step steps[SERVER_STEPS] = { { .reply = "", .end = STEP_STALL } };
	struct connection_limits limits = patient;

	limits.answer_ms = 50;
	start(steps, &limits);
	gives(mirror, SOURCE_METADATA, "2.root.json", 99, -ETIMEDOUT, NULL);
	/* nobody is there any more */
	server_stop(&server);
	gives(mirror, SOURCE_METADATA, "2.root.json", 99, -ECONNREFUSED, NULL);
	stop(state);
}

static int no_such_name(void *context, const char *host, struct addr address[CONNECTION_ADDRESSES],
			struct diag *errors)
{
	(void)context;
	(void)address;
	diag_error(errors, host, 0, 0, "no such name");
	return -ENOENT;
}

static void row_29_a_name_without_address_does_not_mean_newest(void **state)
{
	const struct connection_options options = { .limits = patient, .resolve = no_such_name };
	const struct url url = { .host = "mirror.test", .port = 80, .path = "/" };

	(void)state;
	assert_int_equal(source_mirror(&mirror, &url, &options), 0);
	gives(mirror, SOURCE_METADATA, "2.root.json", 99, -EIO, NULL);
}

static void row_30_redirects_are_refused_by_name(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = "HTTP/1.1 302 x\r\nLocation: http://evil.test/timestamp.json\r\n"
			   "Content-Length: 0\r\n\r\n" },
		{ .reply = "HTTP/1.1 301 x\r\nLocation: /repo/metadata/timestamp.json\r\n"
			   "Content-Length: 0\r\n\r\n" },
	};

	(void)state;
	start(steps, &patient);
	gives(mirror, SOURCE_METADATA, "timestamp.json", 99, -EPROTO, NULL);
	assert_non_null(strstr(diag.entry[0].message, "is redirected (302) to "
			       "\"http://evil.test/timestamp.json\""));
	/* a loop is not walked either */
	gives(mirror, SOURCE_METADATA, "timestamp.json", 99, -EPROTO, NULL);
}

static void row_14_mirror_without_an_end(void **state)
{
	static const struct step steps[SERVER_STEPS] = {
		{ .reply = OK "\r\n", .end = STEP_FLOOD, .filler = "xxxxxxxxxxxxxxxx" },
	};

	(void)state;
	start(steps, &patient);
	gives(mirror, SOURCE_TARGETS, "rules/a.rules", 1000, -EFBIG, NULL);
}

static void row_19_mirror_is_asked_for_nothing_outside(void **state)
{
	static const struct step steps[SERVER_STEPS] = { { .reply = "" } };

	(void)state;
	start(steps, &patient);
	gives(mirror, SOURCE_TARGETS, "../../private", 99, -EINVAL, NULL);
	gives(mirror, SOURCE_TARGETS, "a\r\nHost: b", 99, -EINVAL, NULL);
	assert_string_equal(server.seen, "");
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, NULL, stop)
#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_gives_what_it_holds),
		in_folder(folder_gives_regular_files),
		in_folder(row_19_nothing_outside_the_folder),
		in_folder(row_28_links_are_not_followed),
		in_folder(row_28_only_regular_files),
		in_folder(row_28_case_counts),
		cmocka_unit_test(folder_that_is_not_there),
		with_server(mirror_asks_over_one_connection),
		with_server(folders_that_are_named_apart),
		with_server(row_29_only_404_and_403_mean_newest),
		with_server(row_29_silence_does_not_mean_newest),
		with_server(row_29_a_name_without_address_does_not_mean_newest),
		with_server(row_30_redirects_are_refused_by_name),
		with_server(row_14_mirror_without_an_end),
		with_server(row_19_mirror_is_asked_for_nothing_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
