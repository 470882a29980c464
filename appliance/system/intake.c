/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/system/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/password.h"
#include "appliance/settings/lines.h"

static const struct {
	const char *name;
	size_t limit;
	enum intake_group group;
} file_table[INTAKE_FILES] = {
	/* What DHCP names and the paths of this box come to it before cordond reads it. */
	[INTAKE_CORDON] = { "cordon.conf", SETTINGS_TEXT_MAX - 4096, INTAKE_POLICY },
	[INTAKE_NETWORK] = { "network.conf", 64 * 1024, INTAKE_POLICY },
	[INTAKE_KEYS] = { "authorized_keys", 64 * 1024, INTAKE_AUTHORIZED },
	[INTAKE_ROOT] = { "root.json", INTAKE_FILE_MAX, INTAKE_TRUST_ROOT },
	[INTAKE_CA] = { "mirror-ca.pem", 64 * 1024, INTAKE_MIRRORS },
	[INTAKE_SECRET] = { "admin-secret", 512, INTAKE_ADMIN },
};

/*
 * What may change without anybody's word, each with its reason: it neither loosens the policy, nor
 * shortens evidence, nor leads the box elsewhere, nor says who is trusted. Whatever is not here, a key
 * of tomorrow too, is protected.
 */
static const struct {
	enum intake_file file;
	const char *section, *key;
} free_table[] = {
	{ INTAKE_CORDON, "network", "masquerade" },	/* by which address clients leave */
	{ INTAKE_CORDON, "dns", "workers" },		/* speed */
	{ INTAKE_CORDON, "dns", "timeout" },		/* patience with an upstream */
	{ INTAKE_CORDON, "dns", "block-ttl" },		/* at most 60 s in any case */
	{ INTAKE_CORDON, "dns", "censored" },		/* the number of an error text */
	{ INTAKE_CORDON, "log", "level" },		/* messages of the daemon, not evidence */
	/* How the box reaches the networks that its cables lead to: whoever stands before it can move
	 * those as well. Which of its cards are guarded is not among them. */
	{ INTAKE_NETWORK, "wan", "address" },
	{ INTAKE_NETWORK, "wan", "gateway" },
	{ INTAKE_NETWORK, "wan", "address6" },
	{ INTAKE_NETWORK, "wan", "gateway6" },
	{ INTAKE_NETWORK, "lan", "address" },
	{ INTAKE_NETWORK, "lan", "address6" },
	{ INTAKE_NETWORK, "lan", "dhcp" },		/* which addresses clients get */
	{ INTAKE_NETWORK, "lan", "lease" },
	{ INTAKE_NETWORK, "lan", "ra" },
	{ INTAKE_NETWORK, "routing", "masquerade" },
	{ INTAKE_NETWORK, "system", "hostname" },	/* for people; evidence has appliance-id */
};

/* Under which word what is protected is shown; policy for the rest. */
static const struct {
	enum intake_file file;
	const char *section, *key;	/* key NULL: the whole section, behind the keys above it */
	enum intake_group group;
} key_table[] = {
	{ INTAKE_CORDON, "network", "internal-dns", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "network", "sanctioned-resolver", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "network", "forwarder", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "network", "lan", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "network", "wan", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "network", "management", INTAKE_AUTHORIZED },
	{ INTAKE_CORDON, "dns", "internal-zone", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "dns", "upstream", INTAKE_DIRECTION },
	{ INTAKE_CORDON, "rules", "lists", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "rules", "dir", INTAKE_EXCEPTIONS },
	{ INTAKE_CORDON, "update", "trust-root", INTAKE_TRUST_ROOT },
	{ INTAKE_CORDON, "update", NULL, INTAKE_MIRRORS },
	{ INTAKE_CORDON, "mode", NULL, INTAKE_MODE },
	{ INTAKE_CORDON, "action", NULL, INTAKE_MODE },
	{ INTAKE_CORDON, "log", NULL, INTAKE_EVIDENCE },
	{ INTAKE_NETWORK, "wan", NULL, INTAKE_EXCEPTIONS },
	{ INTAKE_NETWORK, "lan", NULL, INTAKE_EXCEPTIONS },
	{ INTAKE_NETWORK, "routing", NULL, INTAKE_DIRECTION },
	{ INTAKE_NETWORK, "time", NULL, INTAKE_DIRECTION },
	{ INTAKE_NETWORK, "management", NULL, INTAKE_AUTHORIZED },
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
		"administrator's secret", "evidence", "servers and routes", "policy",
	};

	return word[group];
}

/* A LAN may have a name: [lan NAME]. */
static bool section_is(const char *section, const char *kind)
{
	size_t length = strlen(kind);

	return strncmp(section, kind, length) == 0 &&
	       (section[length] == '\0' || section[length] == ' ');
}

enum intake_group intake_key_group(enum intake_file file, const char *section, const char *key)
{
	for (size_t i = 0; i < sizeof(free_table) / sizeof(*free_table); i++) {
		if (free_table[i].file == file && section_is(section, free_table[i].section) &&
		    strcmp(free_table[i].key, key) == 0)
			return INTAKE_FREE;
	}
	for (size_t i = 0; i < sizeof(key_table) / sizeof(*key_table); i++) {
		if (key_table[i].file == file && section_is(section, key_table[i].section) &&
		    (!key_table[i].key || strcmp(key_table[i].key, key) == 0))
			return key_table[i].group;
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
 * One pass over a file of sections and keys: everything that it says for the keys of one group, "[section] key = value"
 * a line, in its order. Values are compared as they are written: two ways to write the same are a change.
 */
enum { KEYS_SEEN = 64 };

struct scan {
	struct parser parser;	/* first, as the reader of lines wants it */
	enum intake_file file;		/* cordon.conf or network.conf */
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
	scan->parser = (struct parser){ .source = file_table[scan->file].name, .diag = &ignored,
					.text = conf->data ? conf->data : "", .length = conf->size };
	lines_parse(&scan->parser, collect);
}

static struct text values_of(enum intake_file file, const struct intake_set *set,
			     const char *section, const char *key)
{
	struct scan scan = { .file = file, .section = section, .key = key, .values = TEXT_EMPTY };

	scan_lines(&scan, &set->file[file]);
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
	struct text old = values_of(scan->file, scan->old, section, key);
	struct text new = values_of(scan->file, scan->new, section, key);
	bool same = !text_failed(&old) && !text_failed(&new) && old.length == new.length &&
		    (old.length == 0 || memcmp(old.data, new.data, old.length) == 0);

	if (!same)
		add_item(scan->changes, intake_key_group(scan->file, section, key), "[%s] %s", section,
			 key);
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

static void compare_conf(enum intake_file file, const struct intake_set *old,
			 const struct intake_set *new, struct intake_changes *changes)
{
	struct scan scan = { .file = file, .visit = compare_key, .old = old, .new = new,
			     .changes = changes };
	size_t before = changes->count;

	if (same_part(&old->file[file], &new->file[file]))
		return;
	scan_lines(&scan, &new->file[file]);
	scan_lines(&scan, &old->file[file]);	/* keys that are gone */
	if (changes->count == before)
		add_item(changes, INTAKE_FREE, "%s%s", file_table[file].name, " (comments)");
}

/* The end of the line does not make it another secret. */
static bool same_secret(const struct intake_part *a, const struct intake_part *b)
{
	size_t length = a->data ? strcspn(a->data, "\r\n") : 0;

	if (!a->data || !b->data)
		return a->data == b->data;
	return strcspn(b->data, "\r\n") == length && memcmp(a->data, b->data, length) == 0;
}

bool intake_differs(const struct intake_set *old, const struct intake_set *new, enum intake_file file)
{
	const struct intake_part *before = &old->file[file], *after = &new->file[file];

	return !(file == INTAKE_SECRET ? same_secret(before, after) : same_part(before, after));
}

void intake_compare(const struct intake_set *old, const struct intake_set *new,
		    struct intake_changes *changes)
{
	*changes = (struct intake_changes){ .items = 0 };
	compare_conf(INTAKE_CORDON, old, new, changes);
	compare_conf(INTAKE_NETWORK, old, new, changes);
	for (int file = INTAKE_NETWORK + 1; file < INTAKE_FILES; file++) {
		if (intake_differs(old, new, (enum intake_file)file))
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
