/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/journal/chain.h"
#include "appliance/journal/day.h"
#include "appliance/journal/journal.h"
#include "appliance/journal/notice.h"
#include "tests/unit/appliance/base/keys.h"

/*
 * When the journal asks for checkpoints, and what it does with them, against a signer that answers
 * at once, late, never, or with a refusal.
 */
enum { HOUR_MS = 3600 * 1000, DAY_MS = 86400 * 1000 };
static const int64_t noon = 1795780800000;	/* 2026-11-27T12:00:00Z */

enum answer { SIGN, REFUSE, KEEP, GONE };

struct fixture {
	char path[64];
	int folder;
	void *memory;
	struct secret *secret;
	struct journal *journal;
	struct head_signed before;	/* what the signer signed */
	enum answer answer;
	struct head head;		/* the last one that was asked for */
	unsigned int asked;
	bool waits;			/* an answer is due */
	struct text note;
	int64_t wall_ms, uptime_ms;
	uint64_t number;		/* of the last notice */
};

/* As the process with the key does. */
static void answer(struct fixture *fixture)
{
	struct checkpoint checkpoint = { .wall_ms = fixture->wall_ms, .boot_id = "boot",
					 .reason = fixture->head.reason };

	fixture->waits = false;
	fixture->note.length = 0;
	if (fixture->answer == REFUSE) {
		journal_note(fixture->journal, "", 0, fixture->uptime_ms);
		return;
	}
	assert_int_equal(head_continue(&fixture->before, &fixture->head, &fixture->before), 0);
	checkpoint.size = fixture->before.tree.end;
	checkpoint.last = fixture->before.last;
	assert_int_equal(checkpoint_origin(checkpoint.origin, "gw"), 0);
	assert_int_equal(tree_root(&fixture->before.tree, checkpoint.root), 0);
	assert_int_equal(checkpoint_sign(&checkpoint, fixture->secret, &fixture->note), 0);
	journal_note(fixture->journal, fixture->note.data, fixture->note.length,
		     fixture->uptime_ms);
}

static int ask(void *context, const void *head, size_t size)
{
	struct fixture *fixture = context;

	assert_int_equal(head_decode(&fixture->head, head, size), 0);
	assert_false(fixture->waits);
	fixture->asked++;
	fixture->waits = true;
	return fixture->answer == GONE ? -EPIPE : 0;
}

static bool wait_note(void *context, int64_t ms)
{
	struct fixture *fixture = context;

	assert_true(ms <= SEALING_STOP_MS);
	if (fixture->answer == KEEP || !fixture->waits)
		return false;
	answer(fixture);
	return true;
}

static void start(struct fixture *fixture)
{
	const struct sealing_hooks hooks = { ask, wait_note, fixture };
	const struct journal_options options = {
		.folder = fixture->folder, .route = -1, .budget = 64 << 20, .appliance = "gw",
		.boot_id = "boot", .before = &fixture->before, .sealing = &hooks,
		.memory = fixture->memory,
	};

	assert_int_equal(journal_open(&fixture->journal, &options), 0);
	journal_begin(fixture->journal, fixture->wall_ms, fixture->uptime_ms);
}

/* The thread that syncs has its time; the journal's clock goes on by ms. */
static void pass(struct fixture *fixture, int64_t ms)
{
	fixture->wall_ms += ms;
	fixture->uptime_ms += ms;
	for (int i = 0; i < 200; i++) {
		journal_tick(fixture->journal, fixture->wall_ms, fixture->uptime_ms);
		if (fixture->waits && fixture->answer != KEEP)
			answer(fixture);
		usleep(500);
	}
}

static void note_something(struct fixture *fixture)
{
	const struct entry_notice notice = { .wall_ms = fixture->wall_ms, .kind = NOTICE_POLICY,
					     .actor = "", .body = "\"a\":1" };

	assert_int_equal(journal_notice(fixture->journal, ++fixture->number, &notice,
					fixture->wall_ms), 0);
}

static int make(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	strcpy(fixture.path, "/tmp/cordon-sealing.XXXXXX");
	if (!mkdtemp(fixture.path) || chdir(fixture.path) < 0)
		return -1;
	fixture.folder = open(".", O_RDONLY | O_DIRECTORY);
	fixture.memory = calloc(1, journal_memory());
	fixture.wall_ms = noon;
	fixture.uptime_ms = 1000000;
	assert_int_equal(secret_parse(&fixture.secret, p256_plain, strlen(p256_plain), NULL), 0);
	start(&fixture);
	pass(&fixture, 1000);
	*state = &fixture;
	return 0;
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	if (fixture->journal)
		journal_close(fixture->journal, fixture->wall_ms, fixture->uptime_ms);
	assert_int_equal(chdir("/"), 0);
	close(fixture->folder);
	free(fixture->memory);
	secret_free(fixture->secret);
	text_release(&fixture->note);
	assert_int_equal(file_remove_tree(parent, strrchr(fixture->path, '/') + 1), 0);
	return close(parent);
}

static void stop(struct fixture *fixture)
{
	journal_close(fixture->journal, fixture->wall_ms, fixture->uptime_ms);
	fixture->journal = NULL;
	memset(fixture->memory, 0, journal_memory());
}

/* So many checkpoints are stored in that day, and the last one is of this reason. */
static void stored(const char *name, int count, const char *reason)
{
	char pattern[64];
	struct sql sql;
	sqlite3_stmt *row;

	assert_int_equal(sql_open(&sql, name, strstr(name, "open") ? SQL_READ : SQL_FROZEN, 64), 0);
	assert_int_equal(sql_number(&sql, "SELECT count(*) FROM checkpoint", -1), count);
	row = sql_prepare(&sql, "SELECT note FROM checkpoint ORDER BY number DESC LIMIT 1");
	snprintf(pattern, sizeof(pattern), "reason %s\n", reason);
	if (count) {
		assert_true(sql_step(&sql, row));
		assert_non_null(strstr((const char *)sqlite3_column_text(row, 0), pattern));
	}
	(void)sqlite3_finalize(row);
	sql_close(&sql);
}

#define FIRST "000001-2026-11-27"
#define SECOND "000002-2026-11-28"
#define BEHIND "000002-2026-11-27.open.db"	/* of the same day */

static void at_the_start_and_hourly(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture->asked, 1);
	stored(FIRST ".open.db", 1, "start");
	pass(fixture, HOUR_MS - 2000);
	assert_int_equal(fixture->asked, 1);
	pass(fixture, 3000);
	stored(FIRST ".open.db", 2, "nothing");
	note_something(fixture);
	pass(fixture, HOUR_MS);
	stored(FIRST ".open.db", 3, "hourly");
	assert_int_equal(fixture->asked, 3);
}

/* All of the day before is signed in it, before anything of the next one is stored. */
static void a_day_turns(void **state)
{
	struct fixture *fixture = *state;

	note_something(fixture);
	pass(fixture, 1000);
	fixture->answer = KEEP;
	note_something(fixture);
	pass(fixture, DAY_MS / 2);
	assert_int_equal(fixture->head.reason, CHECKPOINT_ROTATION);
	assert_int_equal(access(SECOND ".open.db", F_OK), -1);
	fixture->answer = SIGN;
	answer(fixture);
	stored(FIRST ".open.db", 2, "rotation");
	pass(fixture, 1000);
	assert_int_equal(access(SECOND ".open.db", F_OK), 0);
	stored(SECOND ".open.db", 0, "");
}

/* The day does not wait for long; a note that comes late is not put into the wrong day. */
static void a_day_turns_without_an_answer(void **state)
{
	struct fixture *fixture = *state;

	fixture->answer = KEEP;
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	note_something(fixture);
	pass(fixture, 1000);
	note_something(fixture);
	pass(fixture, DAY_MS / 2);
	pass(fixture, 1500);
	assert_int_equal(access(SECOND ".open.db", F_OK), 0);
	note_something(fixture);
	pass(fixture, 1500);
	fixture->answer = SIGN;
	answer(fixture);
	stored(SECOND ".open.db", 0, "");
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	stored(SECOND ".open.db", 1, "rotation");
	assert_int_equal(fixture->before.tree.end, fixture->head.since.end);
}

static void a_refusal_is_tried_again_later(void **state)
{
	struct fixture *fixture = *state;

	fixture->answer = REFUSE;
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	assert_int_equal(fixture->asked, 2);
	note_something(fixture);
	pass(fixture, 30 * 1000);
	assert_int_equal(fixture->asked, 2);
	fixture->answer = SIGN;
	pass(fixture, 31 * 1000);
	assert_int_equal(fixture->asked, 3);
	stored(FIRST ".open.db", 2, "request");
}

static void at_the_end(void **state)
{
	struct fixture *fixture = *state;

	note_something(fixture);
	stop(fixture);
	assert_int_equal(fixture->head.reason, CHECKPOINT_STOP);
	stored(FIRST ".open.db", 2, "stop");
	/* The notice of the end is in it. */
	assert_int_equal(fixture->before.last, fixture->head.last);
	start(fixture);
	pass(fixture, 1000);
	assert_int_equal(fixture->asked, 3);
	stored(FIRST ".open.db", 3, "start");
}

/* One was under way: its answer comes first. */
static void at_the_end_of_another(void **state)
{
	struct fixture *fixture = *state;

	fixture->answer = KEEP;
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	assert_true(fixture->waits);
	fixture->answer = SIGN;
	stop(fixture);
	stored(FIRST ".open.db", 3, "stop");
	start(fixture);
}

static void an_end_without_an_answer(void **state)
{
	struct fixture *fixture = *state;

	fixture->answer = KEEP;
	stop(fixture);
	stored(FIRST ".open.db", 1, "start");
	fixture->waits = false;
	fixture->answer = GONE;
	start(fixture);
	pass(fixture, 1000);
	note_something(fixture);
	pass(fixture, HOUR_MS);
	assert_int_equal(fixture->asked, 3);
}

/* What comes while one is under way is in the next one, and nothing twice. */
static void batches_behind_a_head(void **state)
{
	struct fixture *fixture = *state;

	fixture->answer = KEEP;
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	for (int i = 0; i < 5; i++) {
		note_something(fixture);
		pass(fixture, 1000);
	}
	fixture->answer = SIGN;
	answer(fixture);
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	assert_int_equal(fixture->head.since.end - fixture->head.since.begin, 5);
	stop(fixture);
	start(fixture);
	pass(fixture, 1000);
}

/* A killed journal: the next one goes on behind what was signed, by what the days hold. */
static void a_journal_that_was_killed(void **state)
{
	struct fixture *fixture = *state;
	struct journal *killed = fixture->journal;

	for (int i = 0; i < 3; i++) {
		note_something(fixture);
		pass(fixture, 1000);
	}
	fixture->answer = KEEP;
	journal_checkpoint(fixture->journal, fixture->wall_ms);
	pass(fixture, 1000);
	fixture->waits = false;
	fixture->answer = SIGN;
	start(fixture);
	pass(fixture, 1000);
	assert_int_equal(fixture->head.reason, CHECKPOINT_START);
	assert_true(fixture->head.since.end - fixture->head.since.begin >= 3);
	stop(fixture);
	/* Only now, so that it could not write anything in order. */
	fixture->journal = killed;
	fixture->answer = GONE;
}

static int64_t notices(const char *what)
{
	struct sql sql;
	char query[128];
	int64_t count;

	snprintf(query, sizeof(query), "SELECT count(*) FROM notice WHERE kind='seal' AND body LIKE"
		 " '%%\"%s\"%%'", what);
	assert_int_equal(sql_open(&sql, BEHIND, SQL_READ, 64), 0);
	count = sql_number(&sql, query, -1);
	sql_close(&sql);
	return count;
}

static void edit(const char *statements)
{
	struct sql sql;

	assert_int_equal(sql_open(&sql, FIRST ".open.db", SQL_WRITE, 64), 0);
	assert_int_equal(sql_run(&sql, statements), 0);
	sql_close(&sql);
}

/* The log was cut or changed between two runs: it goes on behind what was signed. */
static void a_past_that_was_edited(void **state)
{
	static const struct { const char *edit, *what; } edits[] = {
		{ "DELETE FROM batch WHERE first=(SELECT max(first) FROM batch)", "missing" },
		{ "UPDATE batch SET wall=wall+1 WHERE first=(SELECT min(first) FROM batch)",
		  "changed" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		uint64_t size, last;

		stop(fixture);
		size = fixture->before.tree.end;
		last = fixture->before.last;
		edit(edits[i].edit);
		start(fixture);
		pass(fixture, 1000);
		assert_int_equal(notices(edits[i].what), 1);
		assert_int_equal(fixture->head.since.begin, size);
		assert_true(fixture->before.last > last);
		/* For the next round it is the first day again. */
		stop(fixture);
		(void)unlink(FIRST ".open.db");
		(void)unlink(FIRST ".db");
		assert_int_equal(unlink(BEHIND), 0);
		fixture->before = (struct head_signed){ .last = 0 };
		start(fixture);
		note_something(fixture);
		pass(fixture, 1000);
	}
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(at_the_start_and_hourly),
		in_folder(a_day_turns),
		in_folder(a_day_turns_without_an_answer),
		in_folder(a_refusal_is_tried_again_later),
		in_folder(at_the_end),
		in_folder(at_the_end_of_another),
		in_folder(an_end_without_an_answer),
		in_folder(batches_behind_a_head),
		in_folder(a_journal_that_was_killed),
		in_folder(a_past_that_was_edited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
