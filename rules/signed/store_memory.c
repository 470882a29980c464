/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	struct entry *next;
	char *name;
	void *data;
	size_t size;
};

struct memory {
	struct store store;
	struct entry *first;
};

static void entry_free(struct entry *entry)
{
	free(entry->name);
	free(entry->data);
	free(entry);
}

/* The link to the entry of this name, or to the end. */
static struct entry **find(struct memory *memory, const char *name)
{
	struct entry **at = &memory->first;

	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void *copy(const void *data, size_t size)
{
	char *bytes = malloc(size + 1);

	if (bytes) {
		if (size)
			memcpy(bytes, data, size);
		bytes[size] = '\0';
	}
	return bytes;
}

static int load(struct store *store, const char *name, size_t limit, void **data, size_t *size)
{
	const struct entry *entry = *find(store->context, name);

	if (!entry)
		return -ENOENT;
	if (entry->size > limit)
		return -EFBIG;
	*data = copy(entry->data, entry->size);
	*size = entry->size;
	return *data ? 0 : -ENOMEM;
}

static int forget(struct store *store, const char *name)
{
	struct entry **at = find(store->context, name), *entry = *at;

	if (entry) {
		*at = entry->next;
		entry_free(entry);
	}
	return 0;
}

static int save(struct store *store, const char *name, const void *data, size_t size)
{
	struct memory *memory = store->context;
	struct entry *entry;

	if (!store_check_name(name))
		return -EINVAL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->name = strdup(name);
	entry->data = copy(data, size);
	entry->size = size;
	if (!entry->name || !entry->data) {
		entry_free(entry);
		return -ENOMEM;
	}
	forget(store, name);
	entry->next = memory->first;
	memory->first = entry;
	return 0;
}

static int prune(struct store *store, const char *ending, const char *const *keep, size_t count)
{
	struct memory *memory = store->context;

	for (struct entry **at = &memory->first, *entry; (entry = *at);) {
		if (!store_goes(entry->name, ending, keep, count)) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		entry_free(entry);
	}
	return 0;
}

static void release(struct store *store)
{
	struct memory *memory = store->context;

	while (memory->first) {
		struct entry *entry = memory->first;

		memory->first = entry->next;
		entry_free(entry);
	}
	free(memory);
}

int store_memory(struct store **store)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	memory->store = (struct store){ .load = load, .save = save, .remove = forget,
					.prune = prune, .free = release, .context = memory };
	*store = &memory->store;
	return 0;
}
