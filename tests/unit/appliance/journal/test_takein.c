/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/text.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/parts.h"
#include "appliance/journal/reader.h"
#include "appliance/journal/store.h"
#include "appliance/journal/takein.h"

enum { DAY_MS = 86400000 };
static const int64_t monday = 1764547200000;	/* 2025-12-01T00:00:00Z */

struct fixture {
	char path[64];
	int folder;
};

static int make(void **state)
{
	static struct fixture fixture;

	strcpy(fixture.path, "/tmp/cordon-takein.XXXXXX");
	if (!mkdtemp(fixture.path) || chdir(fixture.path) < 0)
		return -1;
	fixture.folder = open(".", O_RDONLY | O_DIRECTORY);
	*state = &fixture;
	return 0;
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir("/"), 0);
	close(fixture->folder);
	assert_int_equal(file_remove_tree(parent, strrchr(fixture->path, '/') + 1), 0);
	return close(parent);
}

/* ---- an old log ---- */

static void event(struct text *out, int64_t wall_ms, const char *boot, const char *appliance,
		  const char *name)
{
	char time[CLOCK_TEXT];

	text_printf(out, "{\"time\":\"%s\",\"boot_id\":\"%s\",\"uptime\":1.5,"
		    "\"appliance\":\"%s\",\"state\":\"00cd1234\",\"client\":\"192.0.2.%u\","
		    "\"mac\":\"02:00:00:ab:cd:ef\","
		    "\"interface\":\"lan0\",\"client_port\":40000,\"forwarder\":false,"
		    "\"resolver\":\"8.8.8.8\",\"qtype\":\"A\",\"protocol\":\"udp\",\"port\":53,"
		    "\"name\":\"%s\",\"address\":null,\"rule\":\"kaspersky:update:example.com\","
		    "\"category\":\"update\",\"action\":\"block\",\"would\":null,"
		    "\"channel\":\"dns\",\"direction\":null,\"count\":1}\n",
		    clock_print(wall_ms, time), boot, appliance,
		    (unsigned int)(wall_ms / 1000 % 250), name);
}

static void mode(struct text *out, int64_t wall_ms, const char *boot)
{
	char time[CLOCK_TEXT];

	text_printf(out, "{\"time\":\"%s\",\"boot_id\":\"%s\",\"uptime\":2.0,\"appliance\":\"gw\","
		    "\"mode\":\"enforce\",\"until\":null,\"categories\":null,\"reason\":\"\","
		    "\"by\":\"\"}\n", clock_print(wall_ms, time), boot);
}

/* Releases the text. */
static void put(const char *name, struct text *out)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_int_equal(write(fd, out->data, out->length), (ssize_t)out->length);
	close(fd);
	text_release(out);
}

/* Three boots, three dates, two names of the appliance, and a gap in the parts. */
static void put_log(void)
{
	struct text out = TEXT_EMPTY;

	event(&out, monday, "boot1", "gw", "a");
	event(&out, monday + 1, "boot1", "gw", "b");
	event(&out, 40000, "boot2", "gw", "c");
	put("events.3.jsonl", &out);
	event(&out, monday + DAY_MS, "boot2", "gw", "d");
	mode(&out, monday + DAY_MS + 1, "boot2");
	event(&out, monday + DAY_MS + 2, "boot3", "gw", "e");
	event(&out, monday + DAY_MS + 3, "boot3", "other", "f");
	put("events.1.jsonl", &out);
	event(&out, monday + DAY_MS + 4, "boot3", "other", "g");
	put("events.jsonl", &out);
}

/* What is in the days, "boot1/gw/a boot2/gw/mode": entries of old lines, and sums as "4-0". */
static const char *content(void)
{
	static char all[8192];
	const struct reader_options options = { .folder = "." };
	struct reader_entry entry;
	struct log_reader *reader;
	uint64_t last = 0;
	size_t length = 0;
	const char *name;
	int error;

	all[0] = '\0';
	assert_int_equal(reader_open(&reader, &options), 0);
	while (reader_next(reader, &entry)) {
		char text[NAME_TEXT];
		const struct entry_notice *notice = &entry.entry.notice;
		unsigned int lines, damaged;

		assert_true(entry.entry.sequence > last);
		last = entry.entry.sequence;
		if (entry.entry.type == ENTRY_EVENT) {
			name_print(entry.entry.event.event.name.wire, text);
			assert_string_equal(entry.context.rule->id, "kaspersky:update:example.com");
		} else if (strcmp(notice->kind, NOTICE_TAKEN) == 0) {
			assert_int_equal(sscanf(strstr(notice->body, "\"lines\":"),
						"\"lines\":%u,\"damaged\":%u", &lines,
						&damaged), 2);
			snprintf(text, sizeof(text), "%u-%u", lines, damaged);
		} else {
			snprintf(text, sizeof(text), "%s", notice->kind);
		}
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s/%s/%s",
					   length ? " " : "", entry.context.boot_id,
					   entry.context.appliance, text);
	}
	assert_int_equal(reader_damaged(reader, &name, &error), 0);
	reader_close(reader);
	return all;
}

static const char all_of_log[] = "boot1/gw/a boot1/gw/b boot2/gw/c now/gw/3-0 boot2/gw/d"
	" boot2/gw/mode boot3/gw/e boot3/other/f now/other/4-0 boot3/other/g now/other/1-0";

static struct takein *begin(const struct fixture *fixture)
{
	const struct takein_options options = { .folder = fixture->folder, .appliance = "new",
						.boot_id = "now" };
	struct takein *takein;
	struct days days;
	uint64_t last = 0;
	uint32_t first;

	assert_int_equal(days_list(fixture->folder, &days), 0);
	assert_int_equal(takein_reserve(fixture->folder,
		days.count ? days.file[days.count - 1].number : 0, &last, &first), 0);
	days_free(&days);
	assert_int_equal(takein_open(&takein, &options), first ? 0 : -ENOENT);
	return first ? takein : NULL;
}

/* At most this many steps. How many there were. */
static int go(struct takein *takein, int most)
{
	int steps = 0, result = 1;

	while (takein && result == 1 && steps < most) {
		result = takein_step(takein);
		assert_true(result >= 0);
		steps++;
	}
	if (takein)
		takein_free(takein);
	return steps;
}

static bool there(const char *name)
{
	return access(name, F_OK) == 0;
}

static void is_done(void)
{
	assert_true(there("events.3.jsonl.taken") && there("events.1.jsonl.taken"));
	assert_true(there("events.jsonl.taken"));
	assert_false(there("events.3.jsonl") || there("events.1.jsonl") || there("events.jsonl"));
	assert_false(there("takein"));
}

static void every_line_once(void **state)
{
	struct fixture *fixture = *state;

	put_log();
	assert_true(go(begin(fixture), 1000) < 1000);
	assert_string_equal(content(), all_of_log);
	is_done();
	assert_true(there("000001-2025-12-01.db") && there("000002-1970-01-01.db"));
	assert_true(there("000003-2025-12-02.db") && there("000004-2025-12-02.db"));
	/* And never again. */
	assert_null(begin(fixture));
}

static void forget(void)
{
	assert_int_equal(system("rm -f ./*"), 0);
}

/* Killed after any step, and then after any other: nothing is missing and nothing comes twice. */
static void a_stop_at_any_step(void **state)
{
	struct fixture *fixture = *state;
	int steps;

	put_log();
	steps = go(begin(fixture), 1000);
	assert_true(steps > 10);
	for (int first = 0; first < steps; first++) {
		forget();
		put_log();
		(void)go(begin(fixture), first);
		(void)go(begin(fixture), first * 7 % steps);
		assert_true(go(begin(fixture), 1000) <= steps);
		assert_string_equal(content(), all_of_log);
		is_done();
	}
}

static void damaged_lines_are_counted(void **state)
{
	struct fixture *fixture = *state;
	struct text out = TEXT_EMPTY;
	static const char zeros[5000] = { 0 };

	event(&out, monday, "boot1", "gw", "a");
	text_printf(&out, "{\"time\":\"2025-12-01T00:00:00.000Z\",\"boot_id\":\"b\",\"upti\n\n\n");
	for (int i = 0; i < 3 * JSONL_MAX; i++)
		text_printf(&out, "[[[[[[[[");
	text_printf(&out, "\n");
	event(&out, monday, "boot1", "gw", "b");
	text_put(&out, zeros, sizeof(zeros));
	text_printf(&out, "\n");
	event(&out, monday, "boot1", "gw", "c");
	out.length -= 20;	/* cut by a power cut, without a newline */
	put("events.jsonl", &out);
	text_printf(&out, "nothing\n");
	put("events.1.jsonl", &out);
	put("events.2.jsonl", &out);
	(void)go(begin(fixture), 1000);
	assert_string_equal(content(), "now/new/0-1 boot1/gw/a boot1/gw/b now/gw/2-4");
	assert_true(there("events.jsonl.taken") && there("events.2.jsonl.taken"));
}

/* What is no regular file is left alone. */
static void other_things_are_no_parts(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(symlink("/dev/zero", "events.3.jsonl"), 0);
	assert_int_equal(mkdir("events.2.jsonl", 0700), 0);
	assert_int_equal(mkfifo("events.jsonl", 0600), 0);
	assert_null(begin(fixture));
}

/* A date for each line cannot make more files than the folder is listed with. */
static void many_dates(void **state)
{
	struct fixture *fixture = *state;
	struct text out = TEXT_EMPTY;
	const struct takein_options options = { .folder = fixture->folder, .appliance = "new",
						.boot_id = "now" };
	struct takein *takein;
	struct days days;
	int fd;

	/* As if nearly all of them were there. */
	fd = open("takein", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "5001 2990 10 100000 0\n", 22), 22);
	close(fd);
	for (int i = 0; i < 30; i++)
		event(&out, monday + i * (int64_t)DAY_MS, "boot1", "gw", "a");
	put("events.jsonl", &out);
	assert_int_equal(takein_open(&takein, &options), 0);
	(void)go(takein, 1000);
	assert_int_equal(days_list(fixture->folder, &days), 0);
	assert_int_equal(days.count, 10);
	assert_int_equal(days.file[9].number, TAKEIN_DAYS);
	days_free(&days);
}

/* ---- with a store ---- */

static struct log_store *open_store(struct fixture *fixture)
{
	const struct store_options options = { .folder = fixture->folder, .budget = 64 << 20,
					       .appliance = "new", .boot_id = "now" };
	struct log_store *store;
	struct day_end end;

	assert_int_equal(store_open(&store, &options, &end), 0);
	return store;
}

static uint64_t number;	/* of the last one */

static void store_notice(struct log_store *store, const char *kind)
{
	struct log_entry entry = { .type = ENTRY_NOTICE };
	uint64_t lost;
	int error;
	void *memory = calloc(1, batch_size());
	struct log_batch *batch = batch_attach(memory, &lost);

	batch_continue(batch, number + 1);
	batch_continue(batch, store_next(store));
	entry.notice = (struct entry_notice){ .wall_ms = monday + 2 * (int64_t)DAY_MS,
					      .kind = kind, .actor = "", .body = "" };
	assert_int_equal(batch_add(batch, &entry), 0);
	number = entry.sequence;
	while ((error = store_write(store, batch, entry.notice.wall_ms)) == -EBUSY)
		usleep(10000);
	assert_int_equal(error, 0);
	free(memory);
}

/* Waits for the thread, at most a minute. */
static void wait_until_done(void)
{
	for (int i = 0; i < 6000 && there("takein"); i++)
		usleep(10000);
	assert_false(there("takein"));
}

static void what_is_new_comes_behind(void **state)
{
	struct fixture *fixture = *state;
	char expected[1024];
	struct log_store *store;

	put_log();
	store = open_store(fixture);
	assert_true(store_next(store) > 11);
	store_notice(store, "first");
	assert_true(there("005001-2025-12-03.open.db"));
	/* Stopped early, and opened again: the numbers go on. */
	store_close(store);
	store = open_store(fixture);
	store_notice(store, "second");
	wait_until_done();
	is_done();
	snprintf(expected, sizeof(expected), "%s now/new/first now/new/second", all_of_log);
	assert_string_equal(content(), expected);
	store_close(store);
	/* An older image wrote in between. */
	put_log();
	store = open_store(fixture);
	store_notice(store, "third");
	wait_until_done();
	is_done();
	snprintf(expected, sizeof(expected), "%s now/new/first now/new/second %s now/new/third",
		 all_of_log, all_of_log);
	assert_string_equal(content(), expected);
	store_close(store);
}

/* Killed when all was done but the end: the store must not begin days that would be deleted. */
static void a_stop_before_the_end(void **state)
{
	struct fixture *fixture = *state;
	char expected[1024];
	struct log_store *store;
	int steps;

	number = 0;
	put_log();
	steps = go(begin(fixture), 1000);
	forget();
	put_log();
	(void)go(begin(fixture), steps - 1);
	assert_true(there("takein") && !there("events.jsonl"));
	store = open_store(fixture);
	store_notice(store, "first");
	wait_until_done();
	snprintf(expected, sizeof(expected), "%s now/new/first", all_of_log);
	assert_string_equal(content(), expected);
	store_close(store);
}

static void what_was_taken_goes_first(void **state)
{
	struct fixture *fixture = *state;
	const struct tidy_options options = { .folder = fixture->folder, .budget = 1 << 20,
					      .first = TAKEIN_FIRST, .appliance = "new",
					      .boot_id = "now" };
	struct tidy_report report;
	struct tidy *tidy;
	struct stat status;

	put_log();
	(void)go(begin(fixture), 1000);
	assert_int_equal(stat("events.3.jsonl.taken", &status), 0);
	assert_int_equal(tidy_start(&tidy, &options), 0);
	assert_int_equal(tidy_make_room(tidy), status.st_size);
	assert_false(there("events.3.jsonl.taken"));
	assert_true(tidy_make_room(tidy) > 0 && tidy_make_room(tidy) > 0);
	assert_false(there("events.jsonl.taken"));
	assert_true(there("000001-2025-12-01.db"));
	tidy_report(tidy, &report);
	assert_int_equal(report.days, 0);
	assert_true(report.freed == 0);
	/* What is within the budget stays, full disk or not. */
	assert_int_equal(tidy_make_room(tidy), 0);
	assert_true(there("000001-2025-12-01.db"));
	tidy_stop(tidy);
}

static void parts_beyond_the_budget(void **state)
{
	struct fixture *fixture = *state;
	uint64_t bytes;
	struct stat status;

	put_log();
	(void)go(begin(fixture), 1000);
	bytes = parts_bytes(fixture->folder, true);
	assert_int_equal(stat("events.3.jsonl.taken", &status), 0);
	assert_true(parts_trim(fixture->folder, bytes, 0) == bytes);
	assert_true(parts_trim(fixture->folder, bytes - 1, 0) == bytes - (uint64_t)status.st_size);
	assert_int_equal(parts_oldest(fixture->folder, true), 1);
	/* Written today: older than tomorrow. */
	assert_true(parts_trim(fixture->folder, bytes, days_of(clock_wall_ms()) + 1) == 0);
	assert_int_equal(parts_oldest(fixture->folder, true), -1);
	assert_true(parts_drop(fixture->folder) == 0);
}

static void many_lines(void **state)
{
	enum { LINES = 50000 };
	struct fixture *fixture = *state;
	struct text out = TEXT_EMPTY;
	const struct reader_options options = { .folder = "." };
	struct rusage before, after;
	struct reader_entry entry;
	struct log_reader *reader;
	char name[64];
	int count = 0;

	for (int i = 0; i < LINES; i++) {
		snprintf(name, sizeof(name), "host%d.update.example.com", i % 1000);
		event(&out, monday + i * (int64_t)5000, "boot1", "gw", name);
		/* In pieces, so that they are not the most memory that this process ever has. */
		if (i % 100 == 99)
			put("events.jsonl", &out);
	}
	getrusage(RUSAGE_SELF, &before);
	(void)go(begin(fixture), 100000);
	getrusage(RUSAGE_SELF, &after);
	print_message("%d lines: %ld ms of CPU, %ld KB more memory at most\n", LINES,
		      (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 +
		      (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000 +
		      (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000 +
		      (after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1000,
		      after.ru_maxrss - before.ru_maxrss);
	assert_int_equal(reader_open(&reader, &options), 0);
	while (reader_next(reader, &entry))
		count++;
	reader_close(reader);
	assert_int_equal(count, LINES + 1);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_folder(every_line_once),
		with_folder(a_stop_at_any_step),
		with_folder(damaged_lines_are_counted),
		with_folder(other_things_are_no_parts),
		with_folder(many_dates),
		with_folder(what_is_new_comes_behind),
		with_folder(a_stop_before_the_end),
		with_folder(what_was_taken_goes_first),
		with_folder(parts_beyond_the_budget),
		with_folder(many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
