/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/today.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hash.h"

enum { SUBJECTS_MOST = 1 << 24, SUMS_MOST = 1 << 22, FIRST_PLACES = 1024 };

struct today_walk {
	struct today *today;
	struct sql *sql;
	uint32_t *kind_of;	/* of each subject, by row number; UINT32_MAX: none */
	int64_t subjects;
	size_t kind_room;
	size_t places;		/* of today->sum while it is a hash table; entries 0: free */
};

/* ---- kinds: subjects that differ in nothing that sums tell apart ---- */

static bool is_equal(const struct today_kind *a, const struct today_kind *b)
{
	return a->rule == b->rule && a->coarse == b->coarse && a->channel == b->channel &&
	       a->action == b->action && a->would == b->would &&
	       a->has_resolver == b->has_resolver &&
	       (!a->has_resolver || addr_compare(&a->resolver, &b->resolver) == 0);
}

static void get_kind(sqlite3_stmt *row, struct today_kind *kind)
{
	*kind = (struct today_kind){
		.coarse = sqlite3_column_int(row, 1), .channel = sqlite3_column_int(row, 3),
		.action = sqlite3_column_int(row, 4), .would = sqlite3_column_int(row, 5),
		.rule = sqlite3_column_type(row, 2) == SQLITE_NULL ? -1 :
			sqlite3_column_int64(row, 2),
	};
	kind->has_resolver = sql_blob(row, 6, kind->resolver.bytes, sizeof(kind->resolver.bytes));
}

static bool add_kind(struct today_walk *walk, const struct today_kind *kind)
{
	struct today *today = walk->today;
	struct today_kind *more;

	if (today->kinds == walk->kind_room) {
		walk->kind_room = walk->kind_room ? 2 * walk->kind_room : 256;
		more = realloc(today->kind, walk->kind_room * sizeof(*more));
		if (!more)
			return false;
		today->kind = more;
	}
	today->kind[today->kinds++] = *kind;
	return true;
}

/* Subjects come in the order of their kinds, so that equal ones follow each other. */
static void read_kinds(struct today_walk *walk)
{
	sqlite3_stmt *row = sql_prepare(walk->sql, "SELECT subject, coarse, rule, channel, action,"
		" would, resolver FROM subject ORDER BY rule, channel, action, would, coarse,"
		" resolver");
	struct today_kind kind;

	while (row && sql_step(walk->sql, row)) {
		const int64_t subject = sqlite3_column_int64(row, 0);
		const struct today *today = walk->today;

		get_kind(row, &kind);
		if ((today->kinds == 0 || !is_equal(&today->kind[today->kinds - 1], &kind)) &&
		    !add_kind(walk, &kind)) {
			walk->sql->error = -ENOMEM;
			break;
		}
		if (subject >= 0 && subject < walk->subjects)
			walk->kind_of[subject] = (uint32_t)today->kinds - 1;
	}
	(void)sqlite3_finalize(row);
}

/* ---- sums ---- */

static struct today_sum *place_of(struct today_sum *table, size_t places, int64_t client,
				  uint32_t kind)
{
	size_t at = (size_t)hash_word(hash_word(0, (uint64_t)client), kind) & (places - 1);

	while (table[at].entries && (table[at].client != client || table[at].kind != kind))
		at = (at + 1) & (places - 1);
	return &table[at];
}

static int grow(struct today_walk *walk)
{
	const size_t places = walk->places ? 2 * walk->places : FIRST_PLACES;
	struct today_sum *more;

	if (places > SUMS_MOST)
		return -E2BIG;
	more = calloc(places, sizeof(*more));
	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < walk->places; i++) {
		const struct today_sum *old = &walk->today->sum[i];

		if (old->entries)
			*place_of(more, places, old->client, old->kind) = *old;
	}
	free(walk->today->sum);
	walk->today->sum = more;
	walk->places = places;
	return 0;
}

static void add_event(struct today_walk *walk, sqlite3_stmt *row)
{
	const int64_t client = sqlite3_column_int64(row, 0);
	const int64_t subject = sqlite3_column_int64(row, 1);
	const int64_t first_ms = sqlite3_column_int64(row, 3);
	const int64_t last_ms = first_ms + sqlite3_column_int64(row, 4);
	struct today_sum *sum;

	if (subject < 0 || subject >= walk->subjects || walk->kind_of[subject] == UINT32_MAX)
		return;
	if (2 * walk->today->sums >= walk->places && (walk->sql->error = grow(walk)) < 0)
		return;
	sum = place_of(walk->today->sum, walk->places, client, walk->kind_of[subject]);
	if (!sum->entries) {
		*sum = (struct today_sum){ .client = client, .kind = walk->kind_of[subject],
					   .first_ms = first_ms, .last_ms = last_ms };
		walk->today->sums++;
	}
	sum->entries++;
	sum->count += (uint64_t)sqlite3_column_int64(row, 2);
	if (first_ms < sum->first_ms)
		sum->first_ms = first_ms;
	if (last_ms > sum->last_ms)
		sum->last_ms = last_ms;
}

static int by_client(const void *left, const void *right)
{
	const struct today_sum *a = left, *b = right;

	/* Free places go to the end. */
	if (!a->entries != !b->entries)
		return a->entries ? -1 : 1;
	if (a->client != b->client)
		return a->client < b->client ? -1 : 1;
	return a->kind < b->kind ? -1 : a->kind > b->kind;
}

static void read_events(struct today_walk *walk)
{
	sqlite3_stmt *row = sql_prepare(walk->sql,
					"SELECT client, subject, count, wall, span FROM event");

	while (row && sql_step(walk->sql, row))
		add_event(walk, row);
	(void)sqlite3_finalize(row);
	if (walk->today->sum)
		qsort(walk->today->sum, walk->places, sizeof(*walk->today->sum), by_client);
}

void today_read(struct today *today, struct sql *sql)
{
	struct today_walk walk = { .today = today, .sql = sql };

	*today = (struct today){ .sums = 0 };
	walk.subjects = sql_number(sql, "SELECT max(subject) FROM subject", -1) + 1;
	/* Numbers go up one by one: more is damage. */
	if (walk.subjects < 0 || walk.subjects > SUBJECTS_MOST)
		sql->error = sql->error ? sql->error : -EBADMSG;
	if (sql->error)
		return;
	walk.kind_of = malloc(((size_t)walk.subjects + 1) * sizeof(*walk.kind_of));
	if (!walk.kind_of) {
		sql->error = -ENOMEM;
		return;
	}
	memset(walk.kind_of, 0xff, ((size_t)walk.subjects + 1) * sizeof(*walk.kind_of));
	read_kinds(&walk);
	read_events(&walk);
	free(walk.kind_of);
}

void today_release(struct today *today)
{
	free(today->kind);
	free(today->sum);
	*today = (struct today){ .sums = 0 };
}
