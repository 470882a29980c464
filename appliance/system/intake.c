/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto/password.h"
#include "settings/lines.h"

static const struct {
	const char *name;
	size_t limit;
	enum intake_group group;
} file_table[INTAKE_FILES] = {
	/* What DHCP names and the paths of this box come to it before cordond reads it. */
	[INTAKE_CORDON] = { "cordon.conf", SETTINGS_TEXT_MAX - 4096, INTAKE_POLICY },
	[INTAKE_NETWORK] = { "network.conf", 64 * 1024, INTAKE_FREE },
	[INTAKE_KEYS] = { "authorized_keys", 64 * 1024, INTAKE_AUTHORIZED },
	[INTAKE_ROOT] = { "root.json", INTAKE_FILE_MAX, INTAKE_TRUST_ROOT },
	[INTAKE_CA] = { "mirror-ca.pem", 64 * 1024, INTAKE_MIRRORS },
	[INTAKE_SECRET] = { "admin-secret", 512, INTAKE_ADMIN },
};

/* What may change without anybody's word: it neither loosens the policy nor says who is trusted. */
static const struct {
	const char *section, *key;
	enum intake_group group;
} key_table[] = {
	{ "network", "masquerade", INTAKE_FREE },
	{ "network", "internal-dns", INTAKE_EXCEPTIONS },
	{ "network", "sanctioned-resolver", INTAKE_EXCEPTIONS },
	{ "network", "forwarder", INTAKE_EXCEPTIONS },
	{ "network", "lan", INTAKE_EXCEPTIONS },
	{ "network", "management", INTAKE_AUTHORIZED },
	{ "dns", "upstream", INTAKE_FREE },
	{ "dns", "workers", INTAKE_FREE },
	{ "dns", "timeout", INTAKE_FREE },
	{ "dns", "block-ttl", INTAKE_FREE },
	{ "dns", "censored", INTAKE_FREE },
	{ "dns", "internal-zone", INTAKE_EXCEPTIONS },
	{ "rules", "lists", INTAKE_EXCEPTIONS },
	{ "rules", "dir", INTAKE_EXCEPTIONS },
	{ "update", "trust-root", INTAKE_TRUST_ROOT },
	{ "log", "level", INTAKE_FREE },
	{ "log", "budget", INTAKE_FREE },
	{ "log", "appliance-id", INTAKE_FREE },
};

/* Whole sections, behind the keys above. */
static const struct {
	const char *section;
	enum intake_group group;
} section_table[] = {
	{ "update", INTAKE_MIRRORS },
	{ "mode", INTAKE_MODE },
	{ "action", INTAKE_MODE },
};

const char *intake_name(enum intake_file file)
{
	return file_table[file].name;
}

size_t intake_limit(enum intake_file file)
{
	return file_table[file].limit;
}

enum intake_file intake_lookup(const char *name)
{
	int file = 0;

	while (file < INTAKE_FILES && strcmp(file_table[file].name, name) != 0)
		file++;
	return (enum intake_file)file;
}

const char *intake_group_print(enum intake_group group)
{
	static const char *const word[INTAKE_GROUPS] = {
		"free", "trust root", "keys for ssh", "mode", "exceptions", "mirrors",
		"administrator's secret", "policy",
	};

	return word[group];
}

enum intake_group intake_key_group(const char *section, const char *key)
{
	for (size_t i = 0; i < sizeof(key_table) / sizeof(*key_table); i++) {
		if (strcmp(key_table[i].section, section) == 0 && strcmp(key_table[i].key, key) == 0)
			return key_table[i].group;
	}
	for (size_t i = 0; i < sizeof(section_table) / sizeof(*section_table); i++) {
		if (strcmp(section_table[i].section, section) == 0)
			return section_table[i].group;
	}
	return INTAKE_POLICY;
}

/* ---- sets ---- */

void intake_release(struct intake_set *set)
{
	for (int file = 0; file < INTAKE_FILES; file++) {
		if (set->file[file].data)
			explicit_bzero(set->file[file].data, set->file[file].size);
		free(set->file[file].data);
	}
	*set = (struct intake_set){ .file = { { .data = NULL } } };
}

bool intake_is_empty(const struct intake_set *set)
{
	for (int file = 0; file < INTAKE_FILES; file++) {
		if (set->file[file].data)
			return false;
	}
	return true;
}

int intake_put(struct intake_set *set, enum intake_file file, const void *data, size_t size)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, size);
	copy[size] = '\0';
	free(set->file[file].data);
	set->file[file] = (struct intake_part){ copy, size };
	return 0;
}

int intake_complete(struct intake_set *set, const struct intake_set *old)
{
	int error = 0;

	for (int file = 0; file < INTAKE_FILES && !error; file++) {
		if (!set->file[file].data && old->file[file].data)
			error = intake_put(set, (enum intake_file)file, old->file[file].data,
					   old->file[file].size);
	}
	return error;
}

bool intake_has_plain_secret(const struct intake_set *set)
{
	const char *secret = set->file[INTAKE_SECRET].data;

	return secret && strncmp(secret, PASSWORD_SCHEME, strlen(PASSWORD_SCHEME)) != 0;
}

int intake_digest(const struct intake_set *set, uint8_t digest[DIGEST_SIZE])
{
	uint8_t each[INTAKE_FILES * (DIGEST_SIZE + 1)];
	size_t at = 0;

	for (int file = 0; file < INTAKE_FILES; file++) {
		const struct intake_part *part = &set->file[file];
		const bool hidden = file == INTAKE_SECRET && intake_has_plain_secret(set);

		each[at++] = part->data != NULL;
		if (digest_sha256(part->data ? part->data : "", hidden ? 0 : part->size, each + at) < 0)
			return -EIO;
		at += DIGEST_SIZE;
	}
	return digest_sha256(each, at, digest);
}

/* ---- what would change ---- */

static void add_item(struct intake_changes *changes, enum intake_group group, const char *format,
		     const char *first, const char *second)
{
	char what[INTAKE_ITEM];

	snprintf(what, sizeof(what), format, first, second);
	for (size_t i = 0; i < changes->items; i++) {
		if (strcmp(changes->item[i].what, what) == 0)
			return;
	}
	changes->count++;
	changes->protected += group != INTAKE_FREE;
	changes->changed[group] = true;
	if (changes->items == INTAKE_ITEMS)
		return;
	changes->item[changes->items].group = group;
	memcpy(changes->item[changes->items++].what, what, sizeof(what));
}

/*
 * One pass over a cordon.conf: everything that it says for the keys of one group, "[section] key = value"
 * a line, in its order. Values are compared as they are written: two ways to write the same are a change.
 */
enum { KEYS_SEEN = 64 };

struct scan {
	struct parser parser;	/* first, as the reader of lines wants it */
	const char *section, *key;	/* the ones wanted; NULL: report each to visit */
	struct text values;
	void (*visit)(struct scan *scan, const char *section, const char *key);
	const struct intake_set *old, *new;
	struct intake_changes *changes;
	char seen[KEYS_SEEN][INTAKE_ITEM];	/* a key counts once, however often it stands there */
	size_t seens;
};

static int collect(void *context, const char *section, const char *key, const char *value)
{
	struct scan *scan = context;

	scan->parser.unhandled = 0;
	if (scan->visit)
		scan->visit(scan, section, key);
	else if (strcmp(scan->section, section) == 0 && strcmp(scan->key, key) == 0)
		text_printf(&scan->values, "%s\n", value);
	return 1;
}

static void scan_lines(struct scan *scan, const struct intake_part *conf)
{
	static struct diag ignored;

	diag_init(&ignored);
	scan->parser = (struct parser){ .source = "cordon.conf", .diag = &ignored,
					.text = conf->data ? conf->data : "", .length = conf->size };
	lines_parse(&scan->parser, collect);
}

static struct text values_of(const struct intake_part *conf, const char *section, const char *key)
{
	struct scan scan = { .section = section, .key = key, .values = TEXT_EMPTY };

	scan_lines(&scan, conf);
	return scan.values;
}

static bool seen_before(struct scan *scan, const char *section, const char *key)
{
	char name[INTAKE_ITEM];

	if (snprintf(name, sizeof(name), "[%s] %s", section, key) >= (int)sizeof(name))
		return false;
	for (size_t i = 0; i < scan->seens; i++) {
		if (strcmp(scan->seen[i], name) == 0)
			return true;
	}
	if (scan->seens < KEYS_SEEN)
		memcpy(scan->seen[scan->seens++], name, sizeof(name));
	return false;
}

static void compare_values(struct scan *scan, const char *section, const char *key)
{
	struct text old = values_of(&scan->old->file[INTAKE_CORDON], section, key);
	struct text new = values_of(&scan->new->file[INTAKE_CORDON], section, key);
	bool same = !text_failed(&old) && !text_failed(&new) && old.length == new.length &&
		    (old.length == 0 || memcmp(old.data, new.data, old.length) == 0);

	if (!same)
		add_item(scan->changes, intake_key_group(section, key), "[%s] %s", section, key);
	text_release(&old);
	text_release(&new);
}

static void compare_key(struct scan *scan, const char *section, const char *key)
{
	if (!seen_before(scan, section, key))
		compare_values(scan, section, key);
}

static bool same_part(const struct intake_part *a, const struct intake_part *b)
{
	if (!a->data || !b->data)
		return a->data == b->data;
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void compare_conf(const struct intake_set *old, const struct intake_set *new,
			 struct intake_changes *changes)
{
	struct scan scan = { .visit = compare_key, .old = old, .new = new, .changes = changes };
	size_t before = changes->count;

	if (same_part(&old->file[INTAKE_CORDON], &new->file[INTAKE_CORDON]))
		return;
	scan_lines(&scan, &new->file[INTAKE_CORDON]);
	scan_lines(&scan, &old->file[INTAKE_CORDON]);	/* keys that are gone */
	if (changes->count == before)
		add_item(changes, INTAKE_FREE, "%s%s", "cordon.conf", " (comments)");
}

/* The end of the line does not make it another secret. */
static bool same_secret(const struct intake_part *a, const struct intake_part *b)
{
	size_t length = a->data ? strcspn(a->data, "\r\n") : 0;

	if (!a->data || !b->data)
		return a->data == b->data;
	return strcspn(b->data, "\r\n") == length && memcmp(a->data, b->data, length) == 0;
}

void intake_compare(const struct intake_set *old, const struct intake_set *new,
		    struct intake_changes *changes)
{
	*changes = (struct intake_changes){ .items = 0 };
	compare_conf(old, new, changes);
	for (int file = INTAKE_CORDON + 1; file < INTAKE_FILES; file++) {
		const struct intake_part *before = &old->file[file], *after = &new->file[file];

		if (file == INTAKE_SECRET ? same_secret(before, after) : same_part(before, after))
			continue;
		add_item(changes, file_table[file].group, "%s%s", file_table[file].name, "");
	}
}

void intake_print(const struct intake_changes *changes, bool protected, struct text *out)
{
	size_t wanted = protected ? changes->protected : changes->count - changes->protected, said = 0;

	for (int group = protected; group < (protected ? INTAKE_GROUPS : 1); group++) {
		const char *separator = " (";

		for (size_t i = 0; i < changes->items; i++) {
			if ((int)changes->item[i].group != group)
				continue;
			if (!protected)
				separator = said ? ", " : "";
			else if (separator[0] == ' ')
				text_printf(out, "%s%s", said ? ", " : "",
					    intake_group_print((enum intake_group)group));
			text_printf(out, "%s%s", separator, changes->item[i].what);
			separator = ", ";
			said++;
		}
		if (protected && separator[0] == ',')
			text_puts(out, ")");
	}
	if (wanted > said)
		text_printf(out, " and %zu more", wanted - said);
}
