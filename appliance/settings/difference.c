/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/difference.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/text.h"

struct key_pair {
	struct text key, value;
};

struct key_table {
	struct key_pair pair[DIFFERENCE_KEYS];
	size_t count;
	bool more;	/* than fit */
};

static const char *trim(const char *from, const char *end, size_t *length)
{
	while (from < end && strchr(" \t\r", *from))
		from++;
	while (end > from && strchr(" \t\r", end[-1]))
		end--;
	*length = (size_t)(end - from);
	return from;
}

static struct key_pair *find(struct key_table *table, const struct text *key)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->pair[i].key.data, key->data) == 0)
			return &table->pair[i];
	}
	return NULL;
}

/* Takes over key. */
static void add(struct key_table *table, struct text *key, const char *value, size_t length)
{
	struct key_pair *pair = key->data ? find(table, key) : NULL;

	if (!pair && (!key->data || table->count == DIFFERENCE_KEYS)) {
		table->more = true;
		text_release(key);
		return;
	}
	if (!pair) {
		pair = &table->pair[table->count++];
		*pair = (struct key_pair){ .key = *key };
	} else {
		text_release(key);
		text_puts(&pair->value, ", ");
	}
	text_put(&pair->value, value, length);
}

static void read_line(struct key_table *table, struct text *section, const char *from,
		      const char *end)
{
	const char *equals, *value;
	struct text key = TEXT_EMPTY;
	size_t length, size;

	from = trim(from, end, &length);
	end = from + length;
	if (length == 0 || strchr("#;", *from))
		return;
	if (*from == '[') {
		text_release(section);
		from = trim(from + 1, memchr(from, ']', length) ? memchr(from, ']', length) : end,
			    &length);
		text_put(section, from, length);
		text_puts(section, ".");
		return;
	}
	equals = memchr(from, '=', length);
	if (!equals)
		equals = end;
	if (section->data)
		text_puts(&key, section->data);
	from = trim(from, equals, &size);
	text_put(&key, from, size);
	value = trim(equals < end ? equals + 1 : end, end, &size);
	add(table, &key, value, size);
}

static struct key_table *read_table(const char *text)
{
	struct key_table *table = calloc(1, sizeof(*table));
	struct text section = TEXT_EMPTY;

	while (table && *text) {
		const char *end = strchrnul(text, '\n');

		read_line(table, &section, text, end);
		text = *end ? end + 1 : end;
	}
	text_release(&section);
	return table;
}

static void free_table(struct key_table *table)
{
	for (size_t i = 0; table && i < table->count; i++) {
		text_release(&table->pair[i].key);
		text_release(&table->pair[i].value);
	}
	free(table);
}

static const char *data(const struct text *text)
{
	return text->data ? text->data : "";
}

static bool is_secret(const char *key)
{
	return strcasestr(key, "secret") || strcasestr(key, "password") || strcasestr(key, "token");
}

static const char *shown(const char *key, const char *value, char buffer[DIFFERENCE_VALUE])
{
	if (!value)
		return NULL;
	if (is_secret(key))
		return "(secret)";
	text_fit(buffer, DIFFERENCE_VALUE, value, strlen(value));
	return buffer;
}

static int tell(const char *key, const char *old, const char *new,
		int (*each)(void *context, const struct changed_key *difference), void *context)
{
	char before[DIFFERENCE_VALUE], after[DIFFERENCE_VALUE], name[DIFFERENCE_VALUE];
	const struct changed_key difference = { .key = name, .old = shown(key, old, before),
					       .new = shown(key, new, after) };

	text_fit(name, sizeof(name), key, strlen(key));
	return each(context, &difference);
}

int difference_find(const char *old, const char *new,
		    int (*each)(void *context, const struct changed_key *difference), void *context)
{
	struct key_table *before = read_table(old), *after = read_table(new);
	int result = before && after ? 0 : -ENOMEM;

	for (size_t i = 0; !result && i < after->count; i++) {
		const struct key_pair *pair = &after->pair[i], *was = find(before, &pair->key);

		if (!was || strcmp(data(&was->value), data(&pair->value)) != 0)
			result = tell(pair->key.data, was ? data(&was->value) : NULL,
				      data(&pair->value), each, context);
	}
	for (size_t i = 0; !result && i < before->count; i++) {
		const struct key_pair *pair = &before->pair[i];

		if (!find(after, &pair->key))
			result = tell(pair->key.data, data(&pair->value), NULL, each, context);
	}
	if (!result && (before->more || after->more) && strcmp(old, new) != 0)
		result = tell("...", "", "", each, context);
	free_table(before);
	free_table(after);
	return result;
}
