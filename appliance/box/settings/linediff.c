/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/linediff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 3, CELLS = 4 << 20 };

struct lines {
	const char **at;
	size_t *length;
	size_t count;
};

/* One line of the difference: ' ', '-' or '+', and where it comes from. */
struct edit {
	char kind;
	const char *at;
	size_t length;
	size_t old, new;	/* lines before it */
};

struct edits {
	struct edit *edit;
	size_t count;
};

static bool split(struct lines *lines, const char *text)
{
	size_t count = 0;

	for (const char *at = text; *at; count++)
		at = *(at + strcspn(at, "\n")) ? at + strcspn(at, "\n") + 1 : at + strlen(at);
	lines->at = calloc(count + 1, sizeof(*lines->at));
	lines->length = calloc(count + 1, sizeof(*lines->length));
	lines->count = 0;
	if (!lines->at || !lines->length)
		return false;
	for (const char *at = text; *at;) {
		size_t length = strcspn(at, "\n");

		lines->at[lines->count] = at;
		lines->length[lines->count++] = length;
		at += length + (at[length] == '\n');
	}
	return true;
}

static void drop(struct lines *lines)
{
	free(lines->at);
	free(lines->length);
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	return a->length[i] == b->length[j] && memcmp(a->at[i], b->at[j], a->length[i]) == 0;
}

static void add(struct edits *edits, char kind, const struct lines *from, size_t line, size_t old,
		size_t new)
{
	edits->edit[edits->count++] =
		(struct edit){ kind, from->at[line], from->length[line], old, new };
}

/* table[i * width + j]: length of the longest common part of what follows line i and line j. */
static uint16_t *common(const struct lines *a, size_t from_a, size_t to_a, const struct lines *b,
			size_t from_b, size_t to_b)
{
	size_t height = to_a - from_a + 1, width = to_b - from_b + 1;
	uint16_t *table;

	if (height >= UINT16_MAX || width >= UINT16_MAX || height * width > CELLS)
		return NULL;
	table = calloc(height * width, sizeof(*table));
	for (size_t i = height - 1; table && i-- > 0;) {
		for (size_t j = width - 1; j-- > 0;) {
			uint16_t down = table[(i + 1) * width + j],
				 right = table[i * width + j + 1];

			if (same(a, from_a + i, b, from_b + j))
				table[i * width + j] =
					(uint16_t)(table[(i + 1) * width + j + 1] + 1);
			else
				table[i * width + j] = down > right ? down : right;
		}
	}
	return table;
}

static void walk(struct edits *edits, const struct lines *a, const struct lines *b)
{
	size_t i = 0, j = 0, end_a = a->count, end_b = b->count, from, width;
	uint16_t *table;

	while (i < end_a && i < end_b && same(a, i, b, i))
		i++;
	from = j = i;
	while (end_a > i && end_b > j && same(a, end_a - 1, b, end_b - 1)) {
		end_a--;
		end_b--;
	}
	for (size_t line = 0; line < from; line++)
		add(edits, ' ', a, line, line, line);
	table = common(a, from, end_a, b, from, end_b);
	width = end_b - from + 1;
	while (i < end_a || j < end_b) {
		size_t cell = (i - from) * width + (j - from);

		if (table && i < end_a && j < end_b && same(a, i, b, j)) {
			add(edits, ' ', a, i, i, j);
			i++;
			j++;
		} else if (i < end_a &&
			   (!table || j == end_b || table[cell + width] >= table[cell + 1])) {
			add(edits, '-', a, i, i, j);
			i++;
		} else {
			add(edits, '+', b, j, i, j);
			j++;
		}
	}
	free(table);
	for (; i < a->count; i++, j++)
		add(edits, ' ', a, i, i, j);
}

static void print_line(const struct edit *edit, struct text *out)
{
	text_put(out, &edit->kind, 1);
	text_put_masked(out, edit->at, edit->length, "\t");
	text_puts(out, "\n");
}

/* "@@ -1,3 +1,4 @@": counted from 1, but a side without lines names the line before. */
static void print_hunk(const struct edits *edits, size_t from, size_t to, struct text *out)
{
	size_t old = 0, new = 0, first_old = edits->edit[from].old,
	       first_new = edits->edit[from].new;

	for (size_t i = from; i < to; i++) {
		old += edits->edit[i].kind != '+';
		new += edits->edit[i].kind != '-';
	}
	text_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", first_old + (old > 0), old,
		    first_new + (new > 0), new);
	for (size_t i = from; i < to; i++)
		print_line(&edits->edit[i], out);
}

static void print_hunks(const struct edits *edits, struct text *out)
{
	size_t at = 0;

	for (;;) {
		size_t from, to, quiet = 0;

		while (at < edits->count && edits->edit[at].kind == ' ')
			at++;
		if (at == edits->count)
			return;
		from = at > CONTEXT ? at - CONTEXT : 0;
		for (to = at; to < edits->count && quiet <= 2 * CONTEXT; to++)
			quiet = edits->edit[to].kind == ' ' ? quiet + 1 : 0;
		at = to;
		print_hunk(edits, from, quiet > CONTEXT ? to - (quiet - CONTEXT) : to, out);
	}
}

bool linediff(const char *name, const char *old, const char *new, struct text *out)
{
	struct lines a = { .count = 0 }, b = { .count = 0 };
	struct edits edits = { .count = 0 };
	bool good;

	if ((old == NULL) == (new == NULL) && (!old || strcmp(old, new) == 0))
		return false;
	text_printf(out, "--- %s%s\n+++ %s%s\n", name, old ? "" : " (none)", name,
		    new ? "" : " (none)");
	good = split(&a, old ? old : "") && split(&b, new ? new : "");
	if (good)
		edits.edit = calloc(a.count + b.count + 1, sizeof(*edits.edit));
	if (good && edits.edit) {
		walk(&edits, &a, &b);
		print_hunks(&edits, out);
	}
	free(edits.edit);
	drop(&a);
	drop(&b);
	return true;
}
