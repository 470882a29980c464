/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/base/crypto/base64.h"
#include "appliance/base/file.h"
#include "appliance/evidence/verify.h"
#include "appliance/journal/chain.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/day.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/sums.h"
#include "tests/unit/appliance/base/keys.h"

/*
 * Three days of three batches with 60 entries each: 1 to 180, 181 to 360, both closed and with a
 * checkpoint at their end, and 361 to 540, which is open and has one behind its second batch.
 */
enum { DAYS = 3, BATCHES = 3, ENTRIES = 60, DAY_ENTRIES = BATCHES * ENTRIES };
#define DAY1 "000001-2026-11-27.db"
#define FOLDED1 "000001-2026-11-27.hours.db"
#define DAY2 "000002-2026-11-28.db"
#define DAY3 "000003-2026-11-29.open.db"
#define DAY_MS ((int64_t)86400 * 1000)
#define FIRST_MS ((int64_t)1795737600000)

struct fixture {
	char path[64];
	struct secret *secret;
	struct key key;
	struct log_batch *batch;
	struct tree tree;
	struct text note;	/* the newest checkpoint */
	const char *body;	/* of the notices that follow; NULL: nothing that counts */
	bool signs;	/* notices about days that were made coarser */
	struct verify_result result;
};

static void add(struct fixture *fixture, struct log_entry *entry)
{
	assert_int_equal(batch_add(fixture->batch, entry), 0);
}

static void add_event(struct fixture *fixture, int number, int64_t wall_ms)
{
	struct log_entry rule = { .type = ENTRY_RULE, .rule = {
		.state = 7, .index = 3, .id = "one:update:upd.example.com", .evidence = "seen",
		.versions = "one 1", .category = 1, .confidence = 1 } };
	struct log_entry entry = { .type = ENTRY_EVENT };
	struct event *event = &entry.event.event;

	add(fixture, &rule);
	entry.event.rule_key = entry_rule_key(&rule.rule);
	entry.event.forwarder = number % 7 == 0;
	entry.event.coarse = number % 11 == 0;
	entry.event.span_ms = number;
	snprintf(entry.event.interface, sizeof(entry.event.interface), number % 2 ? "lan0" : "");
	event->wall_ms = wall_ms + number;
	event->uptime_ms = number;
	event->channel = number % 3 ? CHANNEL_DNS : CHANNEL_PACKET;
	event->action = event->intended = 1;
	event->client = sample_addr(number % 5 ? "192.0.2.7" : "2001:db8::7");
	event->client_port = (uint16_t)(40000 + number);
	event->interface = 2;
	event->has_mac = number % 2;
	event->mac[5] = 9;
	event->inbound = number % 13 == 0;
	event->has_resolver = number % 3;
	event->resolver = event->has_resolver ? sample_addr("192.0.2.1") : event->resolver;
	event->qtype = 28;
	event->protocol = 17;
	event->port = 53;
	event->has_address = number % 3 == 0;
	event->address = event->has_address ? sample_addr("77.74.181.30") : event->address;
	event->state = 7;
	event->rule = 3;
	event->count = (uint64_t)number;
	if (number % 3)
		event->name = sample_name(number % 2 ? "upd.example.com" : "a.example.com");
	add(fixture, &entry);
}

static void add_notice(struct fixture *fixture, const char *kind)
{
	struct log_entry entry = { .type = ENTRY_NOTICE, .notice = {
		.wall_ms = FIRST_MS, .kind = kind, .actor = "uid 0",
		.body = fixture->body ? fixture->body : "\"a\":1" } };

	add(fixture, &entry);
}

static void sign(struct fixture *fixture, struct day *day)
{
	struct checkpoint checkpoint = { .size = day->tree.end, .boot_id = "boot",
					 .wall_ms = FIRST_MS };
	struct day_end end;

	day_read_end(&day->sql, &end);
	checkpoint.last = end.last;
	assert_int_equal(checkpoint_origin(checkpoint.origin, "gw"), 0);
	assert_int_equal(tree_root(&day->tree, checkpoint.root), 0);
	text_release(&fixture->note);
	assert_int_equal(checkpoint_sign(&checkpoint, fixture->secret, &fixture->note), 0);
	assert_int_equal(chain_checkpoint(&day->sql, fixture->note.data), 0);
}

static void write_batch(struct fixture *fixture, struct day *day, int64_t wall_ms,
			const char *notice)
{
	for (int i = 1; i < ENTRIES; i++)
		add_event(fixture, i, wall_ms);
	add_notice(fixture, notice);
	assert_int_equal(day_write(day, fixture->batch, "boot", wall_ms), 0);
	batch_clear(fixture->batch);
}

static void open_day(struct fixture *fixture, struct day *day, const char *name)
{
	enum day_state state;

	assert_int_equal(day_open(day, name, "gw", &fixture->tree, &state), 0);
}

static void write_day(struct fixture *fixture, int number, const char *open, const char *closed)
{
	int64_t wall_ms = FIRST_MS + number * DAY_MS;
	struct day day;

	open_day(fixture, &day, open);
	for (int i = 0; i < BATCHES; i++) {
		write_batch(fixture, &day, wall_ms, "mode");
		if (i == 1 || (i == 2 && closed))
			sign(fixture, &day);
	}
	fixture->tree = day.tree;
	day_close(&day);
	if (!closed)
		return;
	assert_int_equal(closing_write(open, closed, DAYS_MINUTES), 0);
	assert_int_equal(unlink(open), 0);
}

static int make(void **state)
{
	static struct fixture fixture;
	uint64_t lost;

	memset(&fixture, 0, sizeof(fixture));
	strcpy(fixture.path, "/tmp/cordon-verify.XXXXXX");
	if (!mkdtemp(fixture.path) || chdir(fixture.path) < 0)
		return -1;
	assert_int_equal(secret_parse(&fixture.secret, p256_plain, strlen(p256_plain), NULL), 0);
	secret_public(fixture.secret, &fixture.key);
	fixture.signs = true;
	fixture.batch = batch_attach(calloc(1, batch_size()), &lost);
	tree_init(&fixture.tree, 0);
	write_day(&fixture, 0, "000001-2026-11-27.open.db", DAY1);
	write_day(&fixture, 1, "000002-2026-11-28.open.db", DAY2);
	write_day(&fixture, 2, DAY3, NULL);
	*state = &fixture;
	return 0;
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	free(fixture->batch);
	secret_free(fixture->secret);
	text_release(&fixture->note);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(file_remove_tree(parent, strrchr(fixture->path, '/') + 1), 0);
	return close(parent);
}

static void edit(const char *name, const char *statements)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum verify_fault verify_with(struct fixture *fixture, const struct key *key,
				     const char *note)
{
	const struct verify_options options = { .path = ".", .keys = key, .keys_count = 1,
						.notes = note };

	assert_int_equal(verify_folder(&fixture->result, &options), 0);
	return fixture->result.fault;
}

static enum verify_fault verify(struct fixture *fixture)
{
	return verify_with(fixture, &fixture->key, NULL);
}

#define fault_is(fixture, kind, file, from, to) \
	do { \
		assert_int_equal(verify(fixture), kind); \
		assert_string_equal((fixture)->result.day, file); \
		assert_int_equal((fixture)->result.first, from); \
		assert_int_equal((fixture)->result.last, to); \
	} while (0)

static void all_is_well(void **state)
{
	struct fixture *fixture = *state;
	const struct verify_result *result = &fixture->result;

	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(result->days, DAYS);
	assert_int_equal(result->batches, DAYS * BATCHES);
	assert_int_equal(result->entries, DAYS * DAY_ENTRIES);
	assert_int_equal(result->events, DAYS * BATCHES * (ENTRIES - 1) * ENTRIES / 2);
	assert_int_equal(result->checkpoints, 5);
	assert_int_equal(result->covered, 2 * DAY_ENTRIES + 2 * ENTRIES);
	assert_int_equal(result->uncovered, ENTRIES);
	assert_int_equal(result->removed, 0);
	assert_int_equal(result->newest.size, 8);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data), VERIFY_FINE);
	assert_int_equal(result->checkpoints, 6);
}

/* DAY1 is made coarser, and the open day has a notice about it with the hash of another file, if
 * that is given. */
static void fold_first(struct fixture *fixture, const char *other)
{
	const struct days_file first = { .number = 1, .date = 20784, .kind = DAYS_CLOSED };
	struct log_entry entry = { .type = ENTRY_NOTICE };
	struct days_file folded;
	uint8_t digest[DIGEST_SIZE];
	struct day day;
	char *body;
	int folder = open(".", O_RDONLY | O_DIRECTORY), file;

	assert_int_equal(closing_fold(folder, &first, &folded), 0);
	assert_int_equal(closing_fold_done(folder, &first, &folded), 0);
	file = open(other ? other : FOLDED1, O_RDONLY);
	assert_int_equal(digest_file(file, digest), 0);
	close(file);
	close(folder);
	assert_int_equal(notice_folded(&folded, 1, digest, &body), 0);
	entry.notice = (struct entry_notice){ .wall_ms = FIRST_MS, .kind = NOTICE_FOLDED,
					      .actor = "box", .body = body };
	open_day(fixture, &day, DAY3);
	add(fixture, &entry);
	assert_int_equal(day_write(&day, fixture->batch, "boot", FIRST_MS), 0);
	batch_clear(fixture->batch);
	if (fixture->signs)
		sign(fixture, &day);
	day_close(&day);
	free(body);
}

static void a_day_that_was_made_coarser(void **state)
{
	struct fixture *fixture = *state;
	const struct verify_options alone = { .path = FOLDED1, .keys = &fixture->key,
					      .keys_count = 1 };
	uint64_t events;

	assert_int_equal(verify(fixture), VERIFY_FINE);
	events = fixture->result.events;
	fold_first(fixture, NULL);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.coarse_days, 1);
	assert_int_equal(fixture->result.events, events);
	assert_int_equal(verify_file(&fixture->result, &alone), 0);
	assert_int_equal(fixture->result.fault, VERIFY_DAY_CHANGED);
	edit(FOLDED1, "UPDATE event SET count=count+1");
	fault_is(fixture, VERIFY_DAY_CHANGED, FOLDED1, 0, 0);
}

static void a_coarser_day_without_its_hash(void **state)
{
	struct fixture *fixture = *state;

	fold_first(fixture, DAY2);
	fault_is(fixture, VERIFY_DAY_CHANGED, FOLDED1, 0, 0);
}

/* It is believed for its hash, and that is not signed. */
static void a_coarser_day_whose_hash_nobody_signed(void **state)
{
	struct fixture *fixture = *state;

	fixture->signs = false;
	fold_first(fixture, NULL);
	fault_is(fixture, VERIFY_DAY_CHANGED, FOLDED1, 0, 0);
}

static void a_changed_row(void **state)
{
	static const char *const edits[] = {
		"UPDATE event SET count=count+1 WHERE seq=200",
		"UPDATE event SET wall=1 WHERE seq=200",
		"UPDATE event SET span=0 WHERE seq=200", "UPDATE event SET port=1 WHERE seq=200",
		"UPDATE notice SET actor='x' WHERE seq=240",
		"UPDATE notice SET body='' WHERE seq=240",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		assert_int_equal(rename(DAY2, "kept"), 0);
		assert_int_equal(system("cp kept " DAY2), 0);
		edit(DAY2, edits[i]);
		fault_is(fixture, VERIFY_ENTRY_CHANGED, DAY2, 181, 240);
		assert_int_equal(rename("kept", DAY2), 0);
	}
	assert_int_equal(verify(fixture), VERIFY_FINE);
}

static void changed_tables_that_entries_refer_to(void **state)
{
	static const struct { const char *edit; enum verify_fault fault; } edits[] = {
		{ "UPDATE client SET mac=NULL", VERIFY_ENTRY_CHANGED },
		{ "UPDATE client SET address=zeroblob(16)", VERIFY_ENTRY_CHANGED },
		{ "UPDATE subject SET name=NULL", VERIFY_ENTRY_CHANGED },
		{ "UPDATE boot SET id='other'", VERIFY_BATCH_CHANGED },
		{ "UPDATE rule SET evidence='none'", VERIFY_RULE_CHANGED },
		{ "UPDATE tally SET count=count-1", VERIFY_SUMS_CHANGED },
		{ "DELETE FROM tally WHERE rowid=1", VERIFY_SUMS_CHANGED },
		{ "UPDATE tree SET range=zeroblob(16)", VERIFY_ORDER },
		{ "DELETE FROM tree", VERIFY_UNREADABLE },
		{ "DELETE FROM boot", VERIFY_BATCH_CHANGED },
		{ "DROP TABLE notice", VERIFY_UNREADABLE },
		{ "PRAGMA application_id=1", VERIFY_UNREADABLE },
		{ "UPDATE appliance SET id='another'", VERIFY_APPLIANCE },
		{ "DELETE FROM appliance", VERIFY_APPLIANCE },
		/* The hash is the same, and no question finds them. */
		{ "UPDATE rule SET category=category+256", VERIFY_UNREADABLE },
		{ "UPDATE client SET forwarder=NULL WHERE forwarder=0", VERIFY_UNREADABLE },
		{ "UPDATE subject SET port=port+65536", VERIFY_UNREADABLE },
		{ "UPDATE subject SET inbound=NULL WHERE inbound=0", VERIFY_UNREADABLE },
		{ "UPDATE subject SET address=0 WHERE address IS NULL", VERIFY_UNREADABLE },
		{ "UPDATE subject SET channel=NULL WHERE channel=0", VERIFY_UNREADABLE },
		{ "UPDATE event SET port=port+65536", VERIFY_UNREADABLE },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		assert_int_equal(rename(DAY2, "kept"), 0);
		assert_int_equal(system("cp kept " DAY2), 0);
		edit(DAY2, edits[i].edit);
		if (verify(fixture) != edits[i].fault)
			fail_msg("%s: %d", edits[i].edit, fixture->result.fault);
		assert_string_equal(fixture->result.day, DAY2);
		assert_int_equal(rename("kept", DAY2), 0);
	}
}

static void a_deleted_row(void **state)
{
	struct fixture *fixture = *state;

	edit(DAY1, "DELETE FROM event WHERE seq=77");
	fault_is(fixture, VERIFY_ENTRY_MISSING, DAY1, 77, 120);
	assert_int_equal(fixture->result.missing, 1);
}

static void fifty_one_deleted_rows(void **state)
{
	struct fixture *fixture = *state;

	edit(DAY2, "DELETE FROM event WHERE seq BETWEEN 185 AND 235");
	fault_is(fixture, VERIFY_ENTRY_MISSING, DAY2, 185, 240);
	assert_int_equal(fixture->result.missing, 51);
}

static void an_added_row(void **state)
{
	struct fixture *fixture = *state;

	edit(DAY3, "INSERT INTO event SELECT 1000,boot,wall,uptime,client,subject,port,count,span"
		   " FROM event WHERE seq=400");
	fault_is(fixture, VERIFY_ENTRY_ADDED, DAY3, 1000, 1000);
}

static void a_deleted_batch(void **state)
{
	struct fixture *fixture = *state;

	edit(DAY1, "DELETE FROM batch WHERE first=61; DELETE FROM event WHERE seq BETWEEN 61 AND"
		   " 120; DELETE FROM notice WHERE seq BETWEEN 61 AND 120");
	fault_is(fixture, VERIFY_BATCH_MISSING, DAY1, 61, 120);
}

/* The hashes are made anew, as root can: the signed root tells. */
static void a_batch_hashed_anew(void **state)
{
	struct fixture *fixture = *state;

	edit(DAY1, "UPDATE batch SET wall=wall+1 WHERE first=121");
	fault_is(fixture, VERIFY_BATCH_CHANGED, DAY1, 121, 180);
}

static void the_end_cut_off(void **state)
{
	struct fixture *fixture = *state;
	static const char cut[] = "DELETE FROM batch WHERE first=%d; DELETE FROM event WHERE"
				  " seq>=%d; DELETE FROM notice WHERE seq>=%d";
	char text[256];

	/* Of the open day: what its checkpoint covers. */
	snprintf(text, sizeof(text), cut, 481, 481, 481);
	edit(DAY3, text);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	snprintf(text, sizeof(text), cut, 421, 421, 421);
	edit(DAY3, text);
	fault_is(fixture, VERIFY_END_MISSING, DAY3, 421, 480);
	/* With its checkpoint: one that left the appliance tells. */
	edit(DAY3, "DELETE FROM checkpoint");
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data),
			 VERIFY_END_MISSING);
	assert_int_equal(fixture->result.first, 421);
	/* Of a closed day: the next one tells. */
	snprintf(text, sizeof(text), cut, 301, 301, 301);
	edit(DAY2, text);
	edit(DAY2, "DELETE FROM checkpoint WHERE number=2; DELETE FROM tally;"
		   "DELETE FROM sighting; INSERT INTO tally " SUMS_OF_EVENTS ";"
		   "INSERT INTO sighting " SUMS_OF_CLIENTS);
	fault_is(fixture, VERIFY_END_MISSING, DAY2, 301, 360);
}

static void swapped_days(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(rename(DAY1, "kept"), 0);
	assert_int_equal(rename(DAY2, DAY1), 0);
	assert_int_equal(rename("kept", DAY2), 0);
	assert_int_equal(verify(fixture), VERIFY_ORDER);
	assert_string_equal(fixture->result.day, DAY2);
}

static void a_removed_day(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(unlink(DAY2), 0);
	fault_is(fixture, VERIFY_DAY_MISSING, DAY3, 181, 360);
}

/* The oldest day goes by retention, which a notice tells; without one it is missing. */
static void the_oldest_day_removed(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	assert_int_equal(unlink(DAY1), 0);
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
	assert_int_equal(fixture->result.first, 1);
	open_day(fixture, &day, DAY3);
	fixture->body = "\"number\":0";
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, NOTICE_EXPIRED);
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
	fixture->body = "\"number\":1";
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, NOTICE_EXPIRED);
	/* Everyone can add that. */
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
	sign(fixture, &day);
	day_close(&day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.removed, BATCHES);
	assert_int_equal(fixture->result.checkpoints, 4);
}

static void another_key(void **state)
{
	struct fixture *fixture = *state;
	struct secret *other;
	struct key keys[2];
	const struct verify_options options = { .path = ".", .keys = keys, .keys_count = 2 };

	assert_int_equal(secret_generate(&other, KEY_P256), 0);
	secret_public(other, &keys[0]);
	assert_int_equal(verify_with(fixture, &keys[0], NULL), VERIFY_KEY);
	assert_string_equal(fixture->result.day, DAY1);
	keys[1] = fixture->key;
	assert_int_equal(verify_folder(&fixture->result, &options), 0);
	assert_int_equal(fixture->result.fault, VERIFY_FINE);
	secret_free(other);
}

static void a_changed_checkpoint(void **state)
{
	struct fixture *fixture = *state;

	edit(DAY1, "UPDATE checkpoint SET note=replace(note,'last 120','last 121')");
	assert_int_equal(verify(fixture), VERIFY_SIGNATURE);
	edit(DAY1, "UPDATE checkpoint SET note='none' WHERE number=1");
	assert_int_equal(verify(fixture), VERIFY_CHECKPOINT_CHANGED);
	edit(DAY1, "DELETE FROM checkpoint WHERE number=1");
	assert_int_equal(verify(fixture), VERIFY_FINE);
}

static void an_edit_in_the_open_day(void **state)
{
	struct fixture *fixture = *state;

	/* Behind the newest checkpoint, too: the batch's hash tells, if it was not made anew. */
	edit(DAY3, "UPDATE event SET count=99 WHERE seq=500");
	fault_is(fixture, VERIFY_ENTRY_CHANGED, DAY3, 481, 540);
	assert_int_equal(fixture->result.covered, 480);
	edit(DAY3, "UPDATE event SET count=99 WHERE seq=400");
	fault_is(fixture, VERIFY_ENTRY_CHANGED, DAY3, 361, 420);
}

/* The database of the day as it was an hour ago. */
static void a_day_replaced_by_an_old_copy(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	assert_int_equal(system("cp " DAY3 " old"), 0);
	open_day(fixture, &day, DAY3);
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, "mode");
	sign(fixture, &day);
	day_close(&day);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data), VERIFY_FINE);
	assert_int_equal(rename("old", DAY3), 0);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data),
			 VERIFY_END_MISSING);
	assert_int_equal(fixture->result.first, 541);
	assert_int_equal(fixture->result.last, 600);
	/* A closed one: the next day tells. */
	assert_int_equal(rename(DAY1, "kept"), 0);
	assert_int_equal(system("cp " DAY2 " " DAY1), 0);
	assert_int_equal(verify(fixture), VERIFY_ORDER);
}

/* What a checkpoint covers was still in the WAL, and that was cut. */
static void a_wal_that_was_cut(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	open_day(fixture, &day, DAY3);
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, "mode");
	sign(fixture, &day);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data), VERIFY_FINE);
	/* As it lies there while the journal runs. */
	assert_int_equal(system("mkdir copy && cp *.db *.db-wal copy"), 0);
	day_close(&day);
	assert_int_equal(chdir("copy"), 0);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data), VERIFY_FINE);
	assert_int_equal(system("rm -f *-shm && truncate -s 4096 " DAY3 "-wal"), 0);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data),
			 VERIFY_END_MISSING);
	assert_string_equal(fixture->result.day, DAY3);
	assert_int_equal(chdir(".."), 0);
}

/* Checkpoints of several times, in any order, and one of another key. */
static void several_checkpoints_from_outside(void **state)
{
	struct fixture *fixture = *state;
	struct secret *other;
	struct text notes = TEXT_EMPTY;
	struct checkpoint forked;
	struct day day;

	text_printf(&notes, "%s", fixture->note.data);
	open_day(fixture, &day, DAY3);
	sign(fixture, &day);
	day_close(&day);
	edit(DAY3, "DELETE FROM checkpoint");
	text_printf(&notes, "%s\n", fixture->note.data);
	assert_int_equal(verify_with(fixture, &fixture->key, notes.data), VERIFY_FINE);
	assert_int_equal(fixture->result.notes, 2);
	assert_int_equal(fixture->result.uncovered, 0);
	text_printf(&notes, "and more\n");
	assert_int_equal(verify_with(fixture, &fixture->key, notes.data),
			 VERIFY_CHECKPOINT_CHANGED);
	/* By the right key, of another log: root signed it. */
	assert_int_equal(checkpoint_parse(&forked, fixture->note.data, fixture->note.length), 0);
	forked.root[0] ^= 1;
	notes.length = 0;
	assert_int_equal(checkpoint_sign(&forked, fixture->secret, &notes), 0);
	assert_int_equal(verify_with(fixture, &fixture->key, notes.data), VERIFY_BATCH_CHANGED);
	/* By another key. */
	forked.root[0] ^= 1;
	assert_int_equal(secret_generate(&other, KEY_P256), 0);
	notes.length = 0;
	assert_int_equal(checkpoint_sign(&forked, other, &notes), 0);
	assert_int_equal(verify_with(fixture, &fixture->key, notes.data), VERIFY_KEY);
	secret_free(other);
	text_release(&notes);
}

static void name_key(struct fixture *fixture, const struct secret *secret, char body[512])
{
	char line[BASE64_TEXT(KEY_DER)];
	uint8_t der[KEY_DER];
	struct key public;
	size_t size;

	secret_public(secret, &public);
	assert_int_equal(key_public_encode(&public, der, &size), 0);
	snprintf(body, 512, "\"what\":\"key\",\"public\":\"%s\"",
		 base64_print(der, size, line));
	fixture->body = body;
}

/* A notice of the log names a key, and the old one signed it. */
static void a_key_that_the_log_names(void **state)
{
	struct fixture *fixture = *state;
	struct secret *new, *old = fixture->secret;
	char body[512];
	struct day day;

	assert_int_equal(secret_generate(&new, KEY_P256), 0);
	name_key(fixture, new, body);
	open_day(fixture, &day, DAY3);
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, NOTICE_SEAL);
	/* Without the old key's checkpoint the new one is a stranger's. */
	fixture->secret = new;
	sign(fixture, &day);
	assert_int_equal(verify(fixture), VERIFY_KEY);
	edit(DAY3, "DELETE FROM checkpoint WHERE number=2");
	fixture->secret = old;
	sign(fixture, &day);
	fixture->secret = new;
	sign(fixture, &day);
	day_close(&day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.keys, 1);
	assert_int_equal(fixture->result.uncovered, 0);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data), VERIFY_FINE);
	fixture->secret = old;
	secret_free(new);
}

/* The newest day was damaged and set aside: the journal goes on behind what was signed. */
static void a_damaged_day(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	assert_int_equal(unlink(DAY3), 0);
	assert_int_equal(verify_with(fixture, &fixture->key, fixture->note.data),
			 VERIFY_END_MISSING);
	fixture->body = "\"files\":1";
	open_day(fixture, &day, "000004-2026-11-29.open.db");
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, "mode");
	fault_is(fixture, VERIFY_DAY_MISSING, "000004-2026-11-29.open.db", 361, 540);
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, NOTICE_DAMAGED);
	sign(fixture, &day);
	day_close(&day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.damaged, 1);
	assert_int_equal(fixture->result.holes, 0);
	assert_int_equal(fixture->result.uncovered, 0);
}

/* A factory reset took all days; the next log continues the tree. */
static void a_factory_reset(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	assert_int_equal(system("rm *.db"), 0);
	open_day(fixture, &day, "000001-2026-11-30.open.db");
	write_batch(fixture, &day, FIRST_MS + 3 * DAY_MS, "start");
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
	fixture->body = "\"what\":\"reset\"";
	write_batch(fixture, &day, FIRST_MS + 3 * DAY_MS, NOTICE_SEAL);
	sign(fixture, &day);
	day_close(&day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_true(fixture->result.reset);
	assert_int_equal(fixture->result.removed, DAYS * BATCHES);
}

/* Days of an older log (journal/takein.h), before the log's own and between them. */
static void days_of_an_older_log(void **state)
{
	struct fixture *fixture = *state;
	struct tree own = fixture->tree;
	struct day day;

	tree_init(&fixture->tree, 0);
	open_day(fixture, &day, "000007-2026-11-20.open.db");
	write_batch(fixture, &day, FIRST_MS - 7 * DAY_MS, "taken");
	day_close(&day);
	assert_int_equal(closing_write("000007-2026-11-20.open.db", "000007-2026-11-20.db",
				       DAYS_MINUTES), 0);
	assert_int_equal(unlink("000007-2026-11-20.open.db"), 0);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	/* Numbers are reserved for what may come. */
	batch_continue(fixture->batch, 9000);
	fixture->tree = own;
	open_day(fixture, &day, "005004-2026-11-30.open.db");
	write_batch(fixture, &day, FIRST_MS + 3 * DAY_MS, "mode");
	sign(fixture, &day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.taken_days, 1);
	assert_int_equal(fixture->result.taken_entries, ENTRIES);
	assert_int_equal(fixture->result.uncovered, 0);
	assert_int_equal(fixture->result.holes, 0);
	day_close(&day);
	/* An own log that begins behind such days. */
	assert_int_equal(system("rm " DAY1 " " DAY2 " " DAY3 " 005004*"), 0);
	batch_continue(fixture->batch, 20000);
	tree_init(&fixture->tree, 0);
	open_day(fixture, &day, "005004-2026-11-30.open.db");
	write_batch(fixture, &day, FIRST_MS + 3 * DAY_MS, "mode");
	sign(fixture, &day);
	day_close(&day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.taken_days, 1);
	assert_int_equal(fixture->result.covered, 20059);
	/* Nothing of it is believed when its hash differs. */
	edit("000007-2026-11-20.db", "UPDATE event SET count=9 WHERE seq=550");
	assert_int_equal(verify(fixture), VERIFY_ENTRY_CHANGED);
}

/* Writes a day that looks like one of an older log: no key is needed for it. */
static void forge_day(struct fixture *fixture, const char *open, const char *closed,
		      const char *notice)
{
	struct day day;

	tree_init(&fixture->tree, 0);
	open_day(fixture, &day, open);
	write_batch(fixture, &day, FIRST_MS, notice);
	day_close(&day);
	assert_int_equal(closing_write(open, closed, DAYS_MINUTES), 0);
	assert_int_equal(unlink(open), 0);
}

/* What nothing signed explains nothing: not that days are missing, ... */
static void a_forged_older_day_tells_of_deleted_days(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(unlink(DAY1), 0);
	batch_continue(fixture->batch, 10);
	fixture->body = "\"number\":1";
	forge_day(fixture, "000001-2026-11-27.open.db", DAY1, NOTICE_EXPIRED);
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
	assert_int_equal(unlink(DAY1), 0);
	fixture->body = "\"what\":\"reset\"";
	forge_day(fixture, "000001-2026-11-27.open.db", DAY1, NOTICE_SEAL);
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
}

/* ... also where earlier ones are, and the log says so: the forged day must not take the place of
 * the days behind them. */
static void a_forged_older_day_in_place_of_others(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	open_day(fixture, &day, DAY3);
	fixture->body = "\"number\":1";
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, NOTICE_EXPIRED);
	sign(fixture, &day);
	day_close(&day);
	fixture->body = NULL;
	assert_int_equal(unlink(DAY1), 0);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(unlink(DAY2), 0);
	batch_continue(fixture->batch, 200);
	forge_day(fixture, "000002-2026-11-28.open.db", DAY2, "taken");
	assert_int_equal(verify(fixture), VERIFY_DAY_MISSING);
}

/* ... nor that an attacker's key is to be trusted from the next true checkpoint on. */
static void a_forged_older_day_names_a_key(void **state)
{
	struct fixture *fixture = *state;
	struct secret *other, *own = fixture->secret;
	struct tree tree = fixture->tree;
	char body[512];
	struct day day;

	assert_int_equal(secret_generate(&other, KEY_P256), 0);
	name_key(fixture, other, body);
	batch_continue(fixture->batch, 600);
	forge_day(fixture, "000004-2026-11-29.open.db", "000004-2026-11-29.db", NOTICE_SEAL);
	fixture->tree = tree;
	fixture->body = NULL;
	batch_continue(fixture->batch, 9000);
	open_day(fixture, &day, "000005-2026-11-30.open.db");
	write_batch(fixture, &day, FIRST_MS + 3 * DAY_MS, NOTICE_LOST);
	sign(fixture, &day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.taken_days, 1);
	assert_int_equal(fixture->result.keys, 0);
	fixture->secret = other;
	sign(fixture, &day);
	day_close(&day);
	fixture->secret = own;
	assert_int_equal(verify(fixture), VERIFY_KEY);
	secret_free(other);
}

/* The entries of a coarser day are covered by a hash in a later one. The key that signs that must
 * be trusted already. */
static void a_coarser_day_names_a_key(void **state)
{
	struct fixture *fixture = *state;
	struct secret *other, *own = fixture->secret;
	char body[512], statement[700];

	assert_int_equal(secret_generate(&other, KEY_P256), 0);
	name_key(fixture, other, body);
	snprintf(statement, sizeof(statement), "UPDATE notice SET kind='seal', body='%s'", body);
	edit(DAY1, statement);
	edit(DAY3, "DELETE FROM checkpoint");
	fixture->secret = other;
	fold_first(fixture, NULL);
	fixture->secret = own;
	assert_int_equal(verify(fixture), VERIFY_KEY);
	secret_free(other);
}

/* Numbers that no entry has are fine if the journal says why. */
static void holes_need_a_notice(void **state)
{
	struct fixture *fixture = *state;
	struct day day;

	batch_continue(fixture->batch, 600);
	open_day(fixture, &day, DAY3);
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, "mode");
	fault_is(fixture, VERIFY_BATCH_MISSING, DAY3, 541, 599);
	write_batch(fixture, &day, FIRST_MS + 2 * DAY_MS, NOTICE_LOST);
	sign(fixture, &day);
	assert_int_equal(verify(fixture), VERIFY_FINE);
	assert_int_equal(fixture->result.holes, 1);
	assert_int_equal(fixture->result.uncovered, 0);
	day_close(&day);
}

static void one_file_alone(void **state)
{
	struct fixture *fixture = *state;
	struct verify_options options = { .path = "elsewhere.db", .keys = &fixture->key,
					  .keys_count = 1 };
	struct verify_result *result = &fixture->result;

	assert_int_equal(verify_file(result, &options), -ENOENT);
	assert_int_equal(rename(DAY2, "elsewhere.db"), 0);
	assert_int_equal(verify_file(result, &options), 0);
	assert_int_equal(result->fault, VERIFY_FINE);
	assert_int_equal(result->removed, BATCHES);
	assert_int_equal(result->covered, 360);
	assert_int_equal(result->uncovered, 0);
	edit("elsewhere.db", "DELETE FROM event WHERE seq=359");
	assert_int_equal(verify_file(result, &options), 0);
	assert_int_equal(result->fault, VERIFY_ENTRY_MISSING);
	assert_int_equal(result->first, 359);
	options.path = "a?b";
	assert_int_equal(verify_file(result, &options), -EINVAL);
}

static void no_database(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(system("head -c 5000 /dev/zero > " DAY2), 0);
	fault_is(fixture, VERIFY_UNREADABLE, DAY2, 0, 0);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(all_is_well),
		in_folder(a_day_that_was_made_coarser),
		in_folder(a_coarser_day_without_its_hash),
		in_folder(a_coarser_day_whose_hash_nobody_signed),
		in_folder(a_changed_row),
		in_folder(changed_tables_that_entries_refer_to),
		in_folder(a_deleted_row),
		in_folder(fifty_one_deleted_rows),
		in_folder(an_added_row),
		in_folder(a_deleted_batch),
		in_folder(a_batch_hashed_anew),
		in_folder(the_end_cut_off),
		in_folder(swapped_days),
		in_folder(a_removed_day),
		in_folder(the_oldest_day_removed),
		in_folder(another_key),
		in_folder(a_changed_checkpoint),
		in_folder(an_edit_in_the_open_day),
		in_folder(a_day_replaced_by_an_old_copy),
		in_folder(a_wal_that_was_cut),
		in_folder(several_checkpoints_from_outside),
		in_folder(a_key_that_the_log_names),
		in_folder(a_damaged_day),
		in_folder(a_factory_reset),
		in_folder(days_of_an_older_log),
		in_folder(a_forged_older_day_tells_of_deleted_days),
		in_folder(a_forged_older_day_in_place_of_others),
		in_folder(a_forged_older_day_names_a_key),
		in_folder(a_coarser_day_names_a_key),
		in_folder(holes_need_a_notice),
		in_folder(one_file_alone),
		in_folder(no_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
