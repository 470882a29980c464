/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/reader.h"
#include "appliance/journal/sql.h"
#include "appliance/journal/store.h"

enum { DAY_MS = 86400000 };
static const int64_t monday = 1764547200000;	/* 2025-12-01T00:00:00Z */

struct fixture {
	char path[64];
	int folder;
	void *memory;
	struct log_batch *batch;
	struct log_store *store;
	struct day_end end;	/* of what was stored before */
};

static void open_store(struct fixture *fixture, uint64_t budget)
{
	const struct store_options options = { .folder = fixture->folder, .budget = budget,
					       .appliance = "gw", .boot_id = "b00tb00t" };

	assert_int_equal(store_open(&fixture->store, &options, &fixture->end), 0);
	batch_continue(fixture->batch, fixture->end.last + 1);
}

static int make(void **state)
{
	static struct fixture fixture;
	uint64_t lost;

	strcpy(fixture.path, "/tmp/cordon-store.XXXXXX");
	if (!mkdtemp(fixture.path) || chdir(fixture.path) < 0)
		return -1;
	fixture.folder = open(".", O_RDONLY | O_DIRECTORY);
	fixture.memory = calloc(1, batch_size());
	fixture.batch = batch_attach(fixture.memory, &lost);
	*state = &fixture;
	open_store(&fixture, 64 << 20);
	return 0;
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir("/"), 0);
	close(fixture->folder);
	free(fixture->memory);
	assert_int_equal(file_remove_tree(parent, strrchr(fixture->path, '/') + 1), 0);
	return close(parent);
}

static void add(struct fixture *fixture, const char *name, int64_t wall_ms)
{
	struct log_entry rule = { .type = ENTRY_RULE };
	struct log_entry entry = { .type = ENTRY_EVENT };

	rule.rule = (struct entry_rule){ .state = 7, .index = 3, .id = "list:update:example.com",
					 .evidence = "https://evidence.example/",
					 .versions = "list 1",
					 .category = CATEGORY_UPDATE, .confidence = 2 };
	entry.event.rule_key = entry_rule_key(&rule.rule);
	entry.event.event = (struct event){
		.wall_ms = wall_ms, .uptime_ms = 1234, .channel = CHANNEL_DNS,
		.action = ACTION_BLOCK, .intended = ACTION_BLOCK,
		.client = sample_addr("192.0.2.53"), .client_port = 4711, .has_mac = true,
		.mac = { 2, 0, 0, 1, 2, 3 }, .has_resolver = true,
		.resolver = sample_addr("192.0.2.1"), .qtype = 28, .protocol = 17, .port = 53,
		.name = sample_name(name), .state = 7, .rule = 3, .count = 2,
	};
	strcpy(entry.event.interface, "lan0");
	assert_int_equal(batch_add(fixture->batch, &rule), 0);
	assert_int_equal(batch_add(fixture->batch, &entry), 0);
}

static void write_at(struct fixture *fixture, int64_t wall_ms)
{
	int error;

	/* The thread may be moving the WAL: the journal writes the batch a second later. */
	while ((error = store_write(fixture->store, fixture->batch, wall_ms)) == -EBUSY)
		usleep(10000);
	assert_int_equal(error, 0);
	batch_clear(fixture->batch);
}

/* The names of all entries in their order, "a b c"; what names a notice is its kind. */
static const char *content(void)
{
	static char all[4096];
	const struct reader_options options = { .folder = "." };
	struct reader_entry entry;
	struct log_reader *reader;
	size_t length = 0;

	all[0] = '\0';
	assert_int_equal(reader_open(&reader, &options), 0);
	while (reader_next(reader, &entry)) {
		char name[NAME_TEXT];

		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s",
			length ? " " : "", entry.entry.type == ENTRY_NOTICE ?
			entry.entry.notice.kind :
			name_print(entry.entry.event.event.name.wire, name));
	}
	reader_close(reader);
	return all;
}

/* Waits for the thread, at most ten seconds. */
static bool appears(const char *name, bool there)
{
	for (int i = 0; i < 1000; i++) {
		if ((access(name, F_OK) == 0) == there)
			return true;
		usleep(10000);
	}
	return false;
}

static void what_was_written_is_read(void **state)
{
	struct fixture *fixture = *state;
	const struct reader_options options = { .folder = "." };
	struct reader_entry read;
	struct log_reader *reader;
	const struct event *event = &read.entry.event.event;

	add(fixture, "a.example.com", monday + 5);
	write_at(fixture, monday + 5);
	assert_int_equal(reader_open(&reader, &options), 0);
	assert_true(reader_next(reader, &read));
	assert_int_equal(read.entry.sequence, 1);
	assert_int_equal(event->wall_ms, monday + 5);
	assert_int_equal(event->uptime_ms, 1234);
	assert_int_equal(event->client_port, 4711);
	assert_int_equal(event->count, 2);
	assert_int_equal(event->qtype, 28);
	assert_true(event->has_mac && event->mac[5] == 3);
	assert_true(event->has_resolver && !event->has_address);
	assert_string_equal(read.entry.event.interface, "lan0");
	assert_string_equal(read.context.appliance, "gw");
	assert_string_equal(read.context.boot_id, "b00tb00t");
	assert_string_equal(read.context.rule->id, "list:update:example.com");
	assert_string_equal(read.context.rule->evidence, "https://evidence.example/");
	assert_int_equal(read.context.rule->category, CATEGORY_UPDATE);
	assert_false(reader_next(reader, &read));
	/* And what comes later. */
	add(fixture, "b.example.com", monday + 6);
	write_at(fixture, monday + 6);
	assert_true(reader_next(reader, &read));
	assert_int_equal(read.entry.sequence, 2);
	assert_false(reader_next(reader, &read));
	reader_close(reader);
	store_close(fixture->store);
}

static void numbers_go_on_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, "a.example.com", monday);
	write_at(fixture, monday);
	store_close(fixture->store);
	batch_clear(fixture->batch);
	open_store(fixture, 64 << 20);
	assert_int_equal(fixture->end.last, 1);
	assert_int_equal(fixture->end.wall_ms, monday);
	assert_false(fixture->end.stopped);
	add(fixture, "b.example.com", monday);
	assert_int_equal(batch_summary(fixture->batch).first, 2);
	write_at(fixture, monday);
	assert_string_equal(content(), "a.example.com b.example.com");
	store_close(fixture->store);
}

/* Killed between the transaction and the end of the batch: the next one writes it again. */
static void a_batch_that_comes_twice_is_stored_once(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, "a.example.com", monday);
	add(fixture, "b.example.com", monday);
	assert_int_equal(store_write(fixture->store, fixture->batch, monday), 0);
	assert_int_equal(store_write(fixture->store, fixture->batch, monday), 0);
	assert_string_equal(content(), "a.example.com b.example.com");
	store_close(fixture->store);
}

static void a_day_that_is_over_is_closed(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	add(fixture, "b.example.com", monday);
	add(fixture, "a.example.com", monday + 1);
	write_at(fixture, monday + 1);
	add(fixture, "c.example.com", monday + DAY_MS);
	write_at(fixture, monday + DAY_MS);
	assert_true(appears("000001-2025-12-01.db", true));
	assert_true(appears("000001-2025-12-01.open.db", false));
	assert_int_equal(stat("000002-2025-12-02.open.db", &status), 0);
	assert_string_equal(content(), "b.example.com a.example.com c.example.com");
	store_close(fixture->store);
	open_store(fixture, 64 << 20);
	assert_int_equal(fixture->end.last, 3);
	store_close(fixture->store);
}

/* The order is that of the numbers, whatever the clock did. */
static void a_clock_that_steps_reorders_nothing(void **state)
{
	struct fixture *fixture = *state;
	const int64_t times[] = { 0, monday, monday + 20 * (int64_t)DAY_MS, monday + 1, 0 };
	const char *const names[] = { "a", "b", "c", "d", "e" };

	for (int i = 0; i < 5; i++) {
		add(fixture, names[i], times[i]);
		write_at(fixture, times[i]);
	}
	assert_true(appears("000004-2025-12-01.db", true));
	assert_string_equal(content(), "a b c d e");
	store_close(fixture->store);
}

static void write_file(const char *name, const char *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* Whatever lies under the name of the open day: it is set aside, and logging goes on. */
static void a_foreign_file_is_set_aside(void **state)
{
	struct fixture *fixture = *state;
	struct tidy_report report;

	store_close(fixture->store);
	write_file("000009-2025-12-01.open.db", "not a database, of any kind at all", 34);
	open_store(fixture, 64 << 20);
	add(fixture, "a.example.com", monday);
	write_at(fixture, monday);
	store_report(fixture->store, &report);
	assert_int_equal(report.damaged, 1);
	assert_string_equal(content(), "a.example.com");
	assert_int_equal(access("000009-2025-12-01.open.db", F_OK), -1);
	assert_int_equal(access("000010-2025-12-01.open.db", F_OK), 0);
	store_close(fixture->store);
}

/* An older image beside a newer one's database: both keep theirs. */
static void a_newer_database_stays_in_place(void **state)
{
	struct fixture *fixture = *state;
	struct sql sql;

	add(fixture, "a.example.com", monday);
	write_at(fixture, monday);
	store_close(fixture->store);
	assert_int_equal(sql_open(&sql, "000001-2025-12-01.open.db", SQL_WRITE, 64), 0);
	assert_int_equal(sql_run(&sql, "PRAGMA user_version = 99"), 0);
	sql_close(&sql);
	open_store(fixture, 64 << 20);
	add(fixture, "b.example.com", monday);
	write_at(fixture, monday);
	assert_int_equal(access("000001-2025-12-01.open.db", F_OK), 0);
	assert_int_equal(access("000002-2025-12-01.open.db", F_OK), 0);
	store_close(fixture->store);
}

static void the_oldest_days_go_first(void **state)
{
	struct fixture *fixture = *state;
	struct tidy_report report = { .days = 0 };

	store_close(fixture->store);
	open_store(fixture, 200 * 1024);
	for (int day = 0; day < 20; day++) {
		add(fixture, "a.example.com", monday + day * (int64_t)DAY_MS);
		write_at(fixture, monday + day * (int64_t)DAY_MS);
	}
	assert_true(appears("000019-2025-12-19.db", true));
	for (int i = 0; i < 1000 && report.days == 0; i++) {
		store_report(fixture->store, &report);
		add(fixture, "b.example.com", monday + 19 * (int64_t)DAY_MS);
		write_at(fixture, monday + 19 * (int64_t)DAY_MS);
		usleep(10000);
	}
	assert_true(appears("000001-2025-12-01.whole.db", false));
	assert_true(report.days > 0 && report.freed > 0);
	assert_int_equal(access("000020-2025-12-20.open.db", F_OK), 0);
	store_close(fixture->store);
}

/* ---- names ---- */

static void names_of_days(void **state)
{
	const struct days_file file = { .number = 12, .date = 20420, .kind = DAYS_OPEN };
	static const char *const others[] = {
		"", "000012", "12-2025-11-28.db", "000012-2025-11-28.db.x", "000012-2025-13-28.db",
		"000012-2025-11-28.open.db-wal", "x00012-2025-11-28.db", "000012-2025-11-31.db",
		"events.jsonl",
	};
	char name[DAYS_NAME];
	struct days_file parsed;

	(void)state;
	assert_string_equal(days_print(&file, name), "000012-2025-11-28.open.db");
	assert_true(days_parse(name, &parsed));
	assert_int_equal(parsed.number, 12);
	assert_int_equal(parsed.date, 20420);
	assert_int_equal(parsed.kind, DAYS_OPEN);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(days_parse(others[i], &parsed));
	assert_int_equal(days_of(-5), 0);
	assert_int_equal(days_of(INT64_MAX), 2932896);
}

static void names_of_coarser_days(void **state)
{
	static const char *const names[] = {
		"000012-2025-11-28.db", "000012-2025-11-28.hours.db", "000012-2025-11-28.whole.db",
	};
	char name[DAYS_NAME];
	struct days_file file;

	(void)state;
	for (int grain = DAYS_MINUTES; grain < DAYS_GRAINS; grain++) {
		assert_true(days_parse(names[grain], &file));
		assert_int_equal(file.kind, DAYS_CLOSED);
		assert_int_equal(file.grain, grain);
		assert_string_equal(days_print(&file, name), names[grain]);
	}
	assert_true(days_parse("1000000-2025-11-28.db", &file));
	assert_int_equal(file.number, 1000000);
	assert_string_equal(days_print(&file, name), "1000000-2025-11-28.db");
	assert_false(days_parse("0999999-2025-11-28.db", &file));
	assert_false(days_parse("1000000000-2025-11-28.db", &file));
	assert_false(days_parse("000012-2025-11-28.hours.open.db", &file));
	assert_false(days_parse("000012-2025-11-28.hours.new", &file));
	assert_false(days_parse("000012-2025-11-28.minutes.db", &file));
}

/* Two files of a number are what a power cut left: the coarser one was complete first. */
static void which_day_is_made_coarser(void **state)
{
	struct days_file file[] = {
		{ 1, 20000, DAYS_CLOSED, 10, DAYS_WHOLE, false },
		{ 1, 20000, DAYS_CLOSED, 10, DAYS_HOURS, false },
		{ 2, 20001, DAYS_CLOSED, 10, DAYS_HOURS, false },
		{ 3, 20002, DAYS_CLOSED, 10, DAYS_MINUTES, false },
		{ 4, 20003, DAYS_CLOSED, 10, DAYS_MINUTES, false },
		{ 5, 20004, DAYS_OPEN, 10, DAYS_MINUTES, false },
	};
	const struct days days = { file, 6 };

	(void)state;
	assert_true(days_is_read(&days, 0) && !days_is_read(&days, 1));
	assert_ptr_equal(days_to_fold(&days), &file[3]);
	file[3].grain = DAYS_HOURS;
	assert_ptr_equal(days_to_fold(&days), &file[4]);
	file[4].grain = DAYS_HOURS;
	assert_ptr_equal(days_to_fold(&days), &file[2]);
	file[2].grain = file[3].grain = file[4].grain = DAYS_WHOLE;
	assert_null(days_to_fold(&days));
}

static uint64_t events_of_log(uint64_t *entries)
{
	const struct reader_options options = { .folder = "." };
	struct reader_entry entry;
	struct log_reader *reader;
	uint64_t events = 0;

	*entries = 0;
	assert_int_equal(reader_open(&reader, &options), 0);
	while (reader_next(reader, &entry)) {
		++*entries;
		events += entry.entry.event.event.count;
	}
	reader_close(reader);
	return events;
}

static void a_day_is_made_coarser(void **state)
{
	struct fixture *fixture = *state;
	const struct days_file first = { .number = 1, .date = 20423, .kind = DAYS_CLOSED };
	struct days_file folded, hours;
	uint64_t entries;

	add(fixture, "a.example.com", monday + 5);
	add(fixture, "b.example.com", monday + 60000);
	add(fixture, "a.example.com", monday + 120000);
	add(fixture, "a.example.com", monday + 3600000);
	write_at(fixture, monday + 5);
	add(fixture, "tuesday", monday + DAY_MS);
	write_at(fixture, monday + DAY_MS);
	assert_true(appears("000001-2025-12-01.db", true));
	assert_true(appears("000001-2025-12-01.open.db", false));
	assert_int_equal(events_of_log(&entries), 10);
	assert_int_equal(entries, 5);
	assert_int_equal(closing_fold(fixture->folder, &first, &folded), 0);
	assert_int_equal(access("000001-2025-12-01.db", F_OK), 0);
	assert_int_equal(closing_fold_done(fixture->folder, &first, &folded), 0);
	assert_int_equal(access("000001-2025-12-01.db", F_OK), -1);
	assert_string_equal(content(), "a.example.com b.example.com a.example.com tuesday");
	assert_int_equal(events_of_log(&entries), 10);
	hours = folded;
	assert_int_equal(closing_fold(fixture->folder, &hours, &folded), 0);
	assert_int_equal(closing_fold_done(fixture->folder, &hours, &folded), 0);
	assert_int_equal(access("000001-2025-12-01.whole.db", F_OK), 0);
	assert_string_equal(content(), "a.example.com b.example.com tuesday");
	assert_int_equal(events_of_log(&entries), 10);
	assert_int_equal(closing_fold(fixture->folder, &folded, &folded), -EINVAL);
	store_close(fixture->store);
}

/* Minutes become hours and hours days before anything goes, and each step is told. */
static void what_is_too_large_becomes_coarser_before_it_goes(void **state)
{
	struct fixture *fixture = *state;
	struct tidy_report report = { .days = 0 };
	int hours = 0, whole = 0;

	store_close(fixture->store);
	open_store(fixture, 200000);
	for (int day = 0; day < 4; day++) {
		for (int i = 0; i < 200; i++)
			add(fixture, "a.example.com", monday + day * (int64_t)DAY_MS + i * 60000);
		write_at(fixture, monday + day * (int64_t)DAY_MS);
	}
	for (int i = 0; i < 1000 && report.days == 0; i++) {
		usleep(10000);
		store_report(fixture->store, &report);
		add(fixture, "b.example.com", monday + 3 * (int64_t)DAY_MS);
		write_at(fixture, monday + 3 * (int64_t)DAY_MS);
		if (!report.fold.file.number)
			continue;
		/* A day becomes whole when none has minutes, and goes when all are whole. */
		assert_int_equal(report.days, 0);
		hours += report.fold.file.grain == DAYS_HOURS;
		whole += report.fold.file.grain == DAYS_WHOLE;
		assert_true(whole == 0 || hours == 3);
	}
	assert_int_equal(hours, 3);
	assert_int_equal(whole, 3);
	assert_true(report.days > 0 && report.freed > 0);
	assert_true(appears("000001-2025-12-01.whole.db", false));
	store_close(fixture->store);
}

static void seal(struct fixture *fixture)
{
	struct head head;

	store_head(fixture->store, &head);
	store_settle(fixture->store, true);
}

/* Where batches are signed, nothing goes before the notice about it is. */
static void what_goes_waits_for_the_signature(void **state)
{
	struct fixture *fixture = *state;
	struct tidy_report report = { .days = 0 };

	store_close(fixture->store);
	open_store(fixture, 1);
	seal(fixture);
	for (int day = 0; day < 2; day++) {
		add(fixture, "a.example.com", monday + day * (int64_t)DAY_MS);
		write_at(fixture, monday + day * (int64_t)DAY_MS);
	}
	assert_true(appears("000001-2025-12-01.db", true));
	for (int i = 0; i < 1000 && !report.fold.file.number; i++) {
		usleep(10000);
		add(fixture, "b.example.com", monday + DAY_MS);
		write_at(fixture, monday + DAY_MS);
		store_report(fixture->store, &report);
	}
	assert_int_equal(report.fold.file.number, 1);
	/* What is signed now is not the notice yet. */
	seal(fixture);
	add(fixture, "notice", monday + DAY_MS);
	write_at(fixture, monday + DAY_MS);
	usleep(200000);
	assert_int_equal(access("000001-2025-12-01.db", F_OK), 0);
	seal(fixture);
	assert_true(appears("000001-2025-12-01.db", false));
	assert_int_equal(access("000001-2025-12-01.hours.db", F_OK), 0);
	store_close(fixture->store);
}

/* It cannot be made coarser: the others are nevertheless, before anything goes. */
static void a_damaged_day_stays_as_it_is(void **state)
{
	struct fixture *fixture = *state;
	struct tidy_report report = { .days = 0 };
	int folds = 0;

	for (int day = 0; day < 4; day++) {
		for (int i = 0; i < 200; i++)
			add(fixture, "a.example.com", monday + day * (int64_t)DAY_MS + i * 60000);
		write_at(fixture, monday + day * (int64_t)DAY_MS);
	}
	assert_true(appears("000003-2025-12-03.db", true));
	assert_true(appears("000003-2025-12-03.open.db", false));
	store_close(fixture->store);
	assert_int_equal(system("head -c 40000 /dev/zero > 000002-2025-12-02.db"), 0);
	open_store(fixture, 150000);
	for (int i = 0; i < 1000 && folds < 4 && report.days == 0; i++) {
		usleep(10000);
		add(fixture, "b.example.com", monday + 3 * (int64_t)DAY_MS);
		write_at(fixture, monday + 3 * (int64_t)DAY_MS);
		store_report(fixture->store, &report);
		folds += report.fold.file.number != 0;
	}
	assert_int_equal(folds, 4);
	store_close(fixture->store);
}

/* What is no regular file is no day, and none of the programs waits for it. */
static void odd_files_in_the_folder(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, "a.example.com", monday);
	write_at(fixture, monday);
	store_close(fixture->store);
	assert_int_equal(mkfifo("000002-2025-12-02.open.db", 0600), 0);
	assert_int_equal(mkfifo("000003-2025-12-02.db", 0600), 0);
	assert_int_equal(mkdir("000004-2025-12-02.whole.db", 0700), 0);
	assert_int_equal(symlink("000001-2025-12-01.open.db", "000005-2025-12-02.db"), 0);
	alarm(20);
	open_store(fixture, 64 << 20);
	assert_int_equal(fixture->end.last, 1);
	add(fixture, "b.example.com", monday + DAY_MS);
	write_at(fixture, monday + DAY_MS);
	assert_true(appears("000001-2025-12-01.db", true));
	assert_string_equal(content(), "a.example.com b.example.com");
	store_close(fixture->store);
	/* Beside a day: it cannot be read, and is set aside. */
	assert_int_equal(mknod("000006-2025-12-02.open.db", S_IFREG | 0600, 0), 0);
	assert_int_equal(mkfifo("000006-2025-12-02.open.db-wal", 0600), 0);
	open_store(fixture, 64 << 20);
	assert_int_equal(access("000006-2025-12-02.open.db.damaged", F_OK), 0);
	store_close(fixture->store);
	alarm(0);
}

static void which_days_expire(void **state)
{
	struct days_file file[] = {
		{ 1, 0, DAYS_CLOSED, 10, DAYS_MINUTES, false },
		{ 2, 20000, DAYS_CLOSED, 10, DAYS_MINUTES, false },
		{ 3, 30000, DAYS_CLOSED, 10, DAYS_MINUTES, false },
		{ 4, 20001, DAYS_CLOSED, 10, DAYS_MINUTES, false },
		{ 5, 20360, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 6, 20361, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 7, 20362, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 8, 20363, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 9, 20364, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 10, 20365, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 11, 20366, DAYS_CLOSED, 0, DAYS_MINUTES, false },
		{ 12, 20400, DAYS_OPEN, 10, DAYS_MINUTES, false },
	};
	const struct days days = { file, 12 };

	(void)state;
	assert_int_equal(days_expired(&days, 100, 0, 20400), 0);
	assert_int_equal(days_expired(&days, 35, 0, 20400), 2);
	/* The newest stays, whatever the budget is. */
	assert_int_equal(days_expired(&days, 0, 0, 20400), 11);
	/* 1970 is as old as the day after it; a day of the future as the one before it. */
	assert_int_equal(days_expired(&days, 100, 365, 20400), 4);
	assert_int_equal(days_expired(&days, 100, 365, 20366), 3);
	assert_int_equal(days_expired(&days, 100, 500, 20400), 0);
	/* A clock that jumped ahead by years, for one day. */
	file[11].date = 29000;
	assert_int_equal(days_expired(&days, 100, 365, 29000), 4);
	assert_int_equal(days_expired(&days, 100, 1, 29000), 11);
	/* A clock that is not set deletes nothing. */
	assert_int_equal(days_expired(&days, 100, 365, 0), 0);
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(what_was_written_is_read),
		with_store(numbers_go_on_after_a_restart),
		with_store(a_batch_that_comes_twice_is_stored_once),
		with_store(a_day_that_is_over_is_closed),
		with_store(a_clock_that_steps_reorders_nothing),
		with_store(a_foreign_file_is_set_aside),
		with_store(a_newer_database_stays_in_place),
		with_store(the_oldest_days_go_first),
		with_store(a_day_is_made_coarser),
		with_store(what_is_too_large_becomes_coarser_before_it_goes),
		with_store(what_goes_waits_for_the_signature),
		with_store(a_damaged_day_stays_as_it_is),
		with_store(odd_files_in_the_folder),
		cmocka_unit_test(names_of_days),
		cmocka_unit_test(names_of_coarser_days),
		cmocka_unit_test(which_day_is_made_coarser),
		cmocka_unit_test(which_days_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
