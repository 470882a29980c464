/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/takein.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/journal/batch.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/day.h"
#include "appliance/journal/jsonl.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/parts.h"

static const char state_name[] = "takein";

enum { STEP_LINES = 4000 };	/* most lines that one step reads */

/* What the file says. */
struct takein_state {
	uint32_t first;		/* number of the store's first own day */
	uint32_t day;		/* of the last day of the parts that are done */
	uint64_t sequence;	/* of the last entry in it */
	uint64_t limit;		/* most that an entry's number may be */
	uint64_t inode;		/* of the last part that is done; it may still have its old name */
};

enum takein_phase {
	PHASE_NEXT, PHASE_READ, PHASE_CLOSE, PHASE_MARK, PHASE_MOVE, PHASE_FINISH, PHASE_DONE
};

struct takein {
	int folder;
	char appliance[JSONL_APPLIANCE];
	char boot_id[CLOCK_BOOT_ID];
	struct takein_state state;
	enum takein_phase phase;
	unsigned int part;
	struct parts_reader reader;
	bool ended, told;	/* the part's lines, and that its notice is in the batch */
	uint64_t lines, damaged;
	struct jsonl_entry line;
	bool pending;		/* line was read and is in no batch */
	void *memory;
	struct log_batch *batch;
	char batch_boot[CLOCK_BOOT_ID];
	int64_t batch_ms;	/* time of its last entry */
	uint64_t sequence;	/* of the last entry */
	uint32_t newest;	/* number of the last day that was begun */
	bool begun;		/* a day, whose file is: */
	struct days_file file;
	char day_appliance[JSONL_APPLIANCE];
	bool open;		/* is its database? */
	struct day day;
};

/* ---- the state that outlives a power cut ---- */

static int read_state(int folder, struct takein_state *state)
{
	char *text;
	size_t size;
	int error = file_read(folder, state_name, 256, &text, &size), fields;

	if (error)
		return error;
	fields = sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			&state->first, &state->day, &state->sequence, &state->limit,
			&state->inode);
	free(text);
	if (fields != 5 || state->first < TAKEIN_FIRST || state->day >= state->first ||
	    state->sequence > state->limit || state->limit > INT64_MAX)
		return -EBADMSG;
	return 0;
}

static int write_state(int folder, const struct takein_state *state)
{
	char text[128];
	int size = snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64
			    " %" PRIu64 "\n", state->first, state->day, state->sequence,
			    state->limit, state->inode);

	return file_replace(folder, state_name, text, (size_t)size, 0600);
}

int takein_reserve(int folder, uint32_t newest, uint64_t *last, uint32_t *first)
{
	struct takein_state state;
	int error = read_state(folder, &state);

	*first = 0;
	if (error && parts_oldest(folder, false) < 0)
		return 0;
	if (error) {
		/* Each part ends with a notice, which has a number, too. */
		state = (struct takein_state){
			.first = newest + TAKEIN_FIRST, .day = newest, .sequence = *last,
			.limit = *last + parts_bytes(folder, false) / JSONL_MIN + PARTS + 1,
		};
		error = write_state(folder, &state);
	}
	if (error)
		return error;
	*first = state.first;
	if (*last < state.limit)
		*last = state.limit;
	return 0;
}

/* ---- parts ---- */

static void drop_line(struct takein *takein)
{
	if (takein->pending)
		jsonl_release(&takein->line);
	takein->pending = false;
}

static void close_day(struct takein *takein)
{
	if (takein->open)
		day_close(&takein->day);
	takein->open = false;
}

static void abandon(struct takein *takein)
{
	uint64_t lost;

	drop_line(takein);
	close_day(takein);
	parts_close(&takein->reader);
	takein->begun = takein->ended = takein->told = false;
	takein->lines = takein->damaged = 0;
	takein->newest = takein->state.day;
	takein->sequence = takein->state.sequence;
	memset(takein->memory, 0, batch_size());
	takein->batch = batch_attach(takein->memory, &lost);
	batch_continue(takein->batch, takein->sequence + 1);
}

bool takein_owns(const struct takein *takein, uint32_t number)
{
	return number > takein->state.day && number < takein->state.first;
}

/* Days of a part that is not done. */
static int delete_days(const struct takein *takein)
{
	struct days days;
	int error = days_list(takein->folder, &days);

	for (size_t i = 0; !error && i < days.count; i++) {
		if (takein_owns(takein, days.file[i].number))
			error = days_remove(takein->folder, &days.file[i]);
		if (error == -ENOENT)
			error = 0;
	}
	days_free(&days);
	return error;
}

/* An older image that wrote in between can have made more lines than there are numbers for: they
 * wait for the next start. */
static bool has_room(const struct takein *takein)
{
	const struct takein_state *state = &takein->state;

	return takein->reader.size / JSONL_MIN + 1 < state->limit - state->sequence;
}

static int next_part(struct takein *takein)
{
	int number = parts_oldest(takein->folder, false), error;

	abandon(takein);
	error = delete_days(takein);
	if (error)
		return error;
	if (number < 0) {
		takein->phase = PHASE_FINISH;
		return 0;
	}
	takein->part = (unsigned int)number;
	error = parts_open(&takein->reader, takein->folder, takein->part);
	if (error)
		return error;
	if (takein->reader.inode == takein->state.inode)
		takein->phase = PHASE_MOVE;
	else
		takein->phase = has_room(takein) ? PHASE_READ : PHASE_FINISH;
	return 0;
}

/* ---- lines ---- */

/* Reads a line; it is pending, or damaged and counted. False: there are no more. */
static bool next_line(struct takein *takein)
{
	const char *text;
	size_t length;

	if (!parts_next(&takein->reader, &text, &length))
		return false;
	takein->pending = jsonl_parse(&takein->line, text, length) == 0;
	if (!takein->pending)
		takein->damaged++;
	return true;
}

static void begin_day(struct takein *takein, int64_t wall_ms, const char *appliance)
{
	takein->begun = true;
	takein->file = (struct days_file){ .number = ++takein->newest, .kind = DAYS_OPEN,
					   .date = days_of(wall_ms) };
	snprintf(takein->day_appliance, sizeof(takein->day_appliance), "%s", appliance);
}

/* Does the line that was read begin another day? */
static bool another_day(const struct takein *takein)
{
	uint32_t days = takein->newest - (takein->state.first - TAKEIN_FIRST);

	return takein->pending && takein->begun && days < TAKEIN_DAYS &&
	       (takein->file.date != days_of(jsonl_wall_ms(&takein->line)) ||
		strcmp(takein->day_appliance, takein->line.appliance) != 0);
}

/* -ENOSPC: the batch has to be written first. */
static int add(struct takein *takein, struct log_entry *entry, const char *boot_id, int64_t wall_ms)
{
	bool empty = batch_summary(takein->batch).bytes == 0;
	int error;

	if (!empty && strcmp(takein->batch_boot, boot_id) != 0)
		return -ENOSPC;
	snprintf(takein->batch_boot, sizeof(takein->batch_boot), "%s", boot_id);
	takein->batch_ms = wall_ms;
	error = batch_add(takein->batch, entry);
	if (!error && entry->sequence)
		takein->sequence = entry->sequence;
	return error;
}

/* The line that was read, with its rule. */
static int add_line(struct takein *takein)
{
	struct jsonl_entry *line = &takein->line;
	int64_t wall_ms = jsonl_wall_ms(line);
	struct log_entry rule = { .type = ENTRY_RULE, .rule = line->rule };
	uint64_t key = line->entry.type == ENTRY_EVENT ? line->entry.event.rule_key : 0;
	int error = 0;

	if (!takein->begun)
		begin_day(takein, wall_ms, line->appliance);
	if (key && !batch_has_rule(takein->batch, key))
		error = add(takein, &rule, line->boot_id, wall_ms);
	if (!error)
		error = add(takein, &line->entry, line->boot_id, wall_ms);
	if (error == -ENOSPC)
		return error;
	if (error)
		takein->damaged++;
	else
		takein->lines++;
	drop_line(takein);
	return 0;
}

/* Adds lines to the batch until it has to be written. False: the part has no more lines. */
static bool fill(struct takein *takein)
{
	for (int i = 0; i < STEP_LINES; i++) {
		if (!takein->pending && !next_line(takein))
			return false;
		if (another_day(takein) || (takein->pending && add_line(takein) < 0))
			return true;
	}
	return true;
}

static int write_batch(struct takein *takein)
{
	enum day_state state;
	struct tree tree;
	char name[DAYS_NAME];
	int error = 0;

	/* Nothing about these lines was ever signed: each day is a tree of its own. */
	tree_init(&tree, 0);
	if (batch_summary(takein->batch).bytes == 0)
		return 0;
	if (!takein->open) {
		error = day_open(&takein->day, days_print(&takein->file, name),
				 takein->day_appliance, &tree, &state);
		if (error)
			day_close(&takein->day);
		takein->open = !error;
	}
	if (!error)
		error = day_write(&takein->day, takein->batch, takein->batch_boot,
				  takein->batch_ms);
	if (!error)
		batch_clear(takein->batch);
	return error;
}

/* How many lines the part had, as its last entry. */
static int tell(struct takein *takein)
{
	struct log_entry entry = { .type = ENTRY_NOTICE };
	int64_t wall_ms = clock_wall_ms();
	char name[PARTS_NAME], *body;
	int error;

	if (takein->told || takein->lines + takein->damaged == 0)
		return 0;
	error = notice_taken(parts_print(takein->part, false, name), takein->lines,
			     takein->damaged, &body);
	if (error)
		return error;
	if (!takein->begun)
		begin_day(takein, wall_ms, takein->appliance);
	entry.notice = (struct entry_notice){ .wall_ms = wall_ms, .kind = NOTICE_TAKEN,
					      .uptime_ms = clock_uptime_ms(), .actor = "",
					      .body = body };
	error = add(takein, &entry, takein->boot_id, wall_ms);
	free(body);
	takein->told = !error;
	return error;
}

static int read_lines(struct takein *takein)
{
	bool more = fill(takein);
	int error = write_batch(takein);

	if (!error && !more)
		error = tell(takein);
	if (!error && !more)
		error = write_batch(takein);
	if (error)
		return error;
	takein->ended = !more;
	if (takein->begun && (!more || another_day(takein)))
		takein->phase = PHASE_CLOSE;
	else if (!more)
		takein->phase = PHASE_MARK;
	return 0;
}

/* ---- steps ---- */

static int end_day(struct takein *takein)
{
	int error;

	close_day(takein);
	error = closing_day(takein->folder, &takein->file);
	if (error)
		return error;
	takein->begun = false;
	takein->phase = takein->ended ? PHASE_MARK : PHASE_READ;
	return 0;
}

static int mark(struct takein *takein)
{
	struct takein_state state = takein->state;
	int error;

	state.day = takein->newest;
	state.sequence = takein->sequence;
	state.inode = takein->reader.inode;
	error = write_state(takein->folder, &state);
	if (error)
		return error;
	takein->state = state;
	takein->phase = PHASE_MOVE;
	return 0;
}

static int move(struct takein *takein)
{
	char from[PARTS_NAME], to[PARTS_NAME];

	parts_print(takein->part, false, from);
	parts_print(takein->part, true, to);
	/* A full disk may have deleted it in the meantime. */
	if (renameat(takein->folder, from, takein->folder, to) < 0 && errno != ENOENT)
		return -errno;
	if (fsync(takein->folder) < 0)
		return -errno;
	takein->phase = PHASE_NEXT;
	return 0;
}

static int finish(struct takein *takein)
{
	abandon(takein);
	if (unlinkat(takein->folder, state_name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (fsync(takein->folder) < 0)
		return -errno;
	takein->phase = PHASE_DONE;
	return 0;
}

int takein_step(struct takein *takein)
{
	static int (*const steps[])(struct takein *) = {
		[PHASE_NEXT] = next_part, [PHASE_READ] = read_lines, [PHASE_CLOSE] = end_day,
		[PHASE_MARK] = mark, [PHASE_MOVE] = move, [PHASE_FINISH] = finish,
	};
	int error;

	if (takein->phase == PHASE_DONE)
		return 0;
	error = steps[takein->phase](takein);
	/* What was written is damaged: the part begins again. */
	if (error == -EBADMSG)
		takein->phase = PHASE_NEXT;
	if (error)
		return error;
	return takein->phase != PHASE_DONE;
}

int takein_open(struct takein **takein, const struct takein_options *options)
{
	struct takein *new;
	struct takein_state state;
	int error = read_state(options->folder, &state);

	if (error)
		return error;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->memory = calloc(1, batch_size());
	if (!new->memory) {
		free(new);
		return -ENOMEM;
	}
	new->folder = options->folder;
	new->state = state;
	new->reader.fd = -1;
	snprintf(new->appliance, sizeof(new->appliance), "%s", options->appliance);
	snprintf(new->boot_id, sizeof(new->boot_id), "%s", options->boot_id);
	abandon(new);
	*takein = new;
	return 0;
}

void takein_free(struct takein *takein)
{
	abandon(takein);
	free(takein->memory);
	free(takein);
}
