/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/provision.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/password.h"
#include "appliance/settings/lines.h"

static const struct {
	const char *name;
	size_t limit;
	enum provision_group group;
} file_table[PROVISION_FILES] = {
	/* What DHCP names and the paths of this box come to it before cordond reads it. */
	[PROVISION_CORDON] = { "cordon.conf", SETTINGS_TEXT_MAX - 4096, PROVISION_POLICY },
	[PROVISION_NETWORK] = { "network.conf", 64 * 1024, PROVISION_POLICY },
	[PROVISION_KEYS] = { "authorized_keys", 64 * 1024, PROVISION_AUTHORIZED },
	[PROVISION_READER_KEYS] = { "reader_keys", 64 * 1024, PROVISION_AUTHORIZED },
	[PROVISION_ROOT] = { "root.json", PROVISION_FILE_MAX, PROVISION_TRUST_ROOT },
	[PROVISION_CA] = { "mirror-ca.pem", 64 * 1024, PROVISION_MIRRORS },
	[PROVISION_SECRET] = { "admin-secret", 512, PROVISION_ADMIN },
};

/*
 * What may change without anybody's word, each with its reason: it neither loosens the policy, nor
 * shortens evidence, nor leads the box elsewhere, nor says who is trusted. Whatever is not here, a
 * key of tomorrow too, is protected.
 */
static const struct {
	enum provision_file file;
	const char *section, *key;
} free_table[] = {
	{ PROVISION_CORDON, "network", "masquerade" }, /* by which address clients leave */
	{ PROVISION_CORDON, "dns", "workers" }, /* speed */
	{ PROVISION_CORDON, "dns", "timeout" }, /* patience with an upstream */
	{ PROVISION_CORDON, "dns", "block-ttl" }, /* at most 60 s in any case */
	{ PROVISION_CORDON, "dns", "censored" }, /* the number of an error text */
	{ PROVISION_CORDON, "log", "level" }, /* messages of the daemon, not evidence */
	/* How the box reaches the networks that its cables lead to: a person before it can
	 * move those as well. Which of its cards are guarded is not among them. */
	{ PROVISION_NETWORK, "wan", "address" },
	{ PROVISION_NETWORK, "wan", "gateway" },
	{ PROVISION_NETWORK, "wan", "address6" },
	{ PROVISION_NETWORK, "wan", "gateway6" },
	{ PROVISION_NETWORK, "lan", "address" },
	{ PROVISION_NETWORK, "lan", "address6" },
	{ PROVISION_NETWORK, "lan", "dhcp" }, /* which addresses clients get */
	{ PROVISION_NETWORK, "lan", "lease" },
	{ PROVISION_NETWORK, "lan", "ra" },
	{ PROVISION_NETWORK, "routing", "masquerade" },
	{ PROVISION_NETWORK, "system", "hostname" }, /* for people; evidence has appliance-id */
};

/* Under which word what is protected is shown; policy for the rest. */
static const struct {
	enum provision_file file;
	const char *section, *key;	/* key NULL: the whole section, behind the keys above it */
	enum provision_group group;
} key_table[] = {
	{ PROVISION_CORDON, "network", "internal-dns", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "network", "sanctioned-resolver", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "network", "forwarder", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "network", "lan", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "network", "wan", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "network", "management", PROVISION_AUTHORIZED },
	{ PROVISION_CORDON, "dns", "internal-zone", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "dns", "upstream", PROVISION_DIRECTION },
	{ PROVISION_CORDON, "rules", "lists", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "rules", "dir", PROVISION_EXCEPTIONS },
	{ PROVISION_CORDON, "update", "trust-root", PROVISION_TRUST_ROOT },
	{ PROVISION_CORDON, "update", NULL, PROVISION_MIRRORS },
	{ PROVISION_CORDON, "mode", NULL, PROVISION_MODE },
	{ PROVISION_CORDON, "action", NULL, PROVISION_MODE },
	{ PROVISION_CORDON, "log", NULL, PROVISION_EVIDENCE },
	{ PROVISION_NETWORK, "wan", NULL, PROVISION_EXCEPTIONS },
	{ PROVISION_NETWORK, "lan", NULL, PROVISION_EXCEPTIONS },
	{ PROVISION_NETWORK, "routing", NULL, PROVISION_DIRECTION },
	{ PROVISION_NETWORK, "time", NULL, PROVISION_DIRECTION },
	{ PROVISION_NETWORK, "management", NULL, PROVISION_AUTHORIZED },
};

const char *provision_name(enum provision_file file)
{
	return file_table[file].name;
}

size_t provision_limit(enum provision_file file)
{
	return file_table[file].limit;
}

enum provision_file provision_lookup(const char *name)
{
	int file = 0;

	while (file < PROVISION_FILES && strcmp(file_table[file].name, name) != 0)
		file++;
	return (enum provision_file)file;
}

const char *provision_group_print(enum provision_group group)
{
	static const char *const word[PROVISION_GROUPS] = {
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

enum provision_group provision_key_group(enum provision_file file, const char *section,
					 const char *key)
{
	for (size_t i = 0; i < sizeof(free_table) / sizeof(*free_table); i++) {
		if (free_table[i].file == file && section_is(section, free_table[i].section) &&
		    strcmp(free_table[i].key, key) == 0)
			return PROVISION_FREE;
	}
	for (size_t i = 0; i < sizeof(key_table) / sizeof(*key_table); i++) {
		if (key_table[i].file == file && section_is(section, key_table[i].section) &&
		    (!key_table[i].key || strcmp(key_table[i].key, key) == 0))
			return key_table[i].group;
	}
	return PROVISION_POLICY;
}

/* ---- sets ---- */

void provision_release(struct provision *set)
{
	for (int file = 0; file < PROVISION_FILES; file++) {
		if (set->file[file].data)
			explicit_bzero(set->file[file].data, set->file[file].size);
		free(set->file[file].data);
	}
	*set = (struct provision){ .file = { { .data = NULL } } };
}

bool provision_is_empty(const struct provision *set)
{
	for (int file = 0; file < PROVISION_FILES; file++) {
		if (set->file[file].data)
			return false;
	}
	return true;
}

int provision_put(struct provision *set, enum provision_file file, const void *data, size_t size)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, size);
	copy[size] = '\0';
	free(set->file[file].data);
	set->file[file] = (struct provision_part){ copy, size };
	return 0;
}

int provision_complete(struct provision *set, const struct provision *old)
{
	int error = 0;

	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		if (!set->file[file].data && old->file[file].data)
			error = provision_put(set, (enum provision_file)file, old->file[file].data,
					   old->file[file].size);
	}
	return error;
}

bool provision_has_plain_secret(const struct provision *set)
{
	const char *secret = set->file[PROVISION_SECRET].data;

	return secret && strncmp(secret, PASSWORD_SCHEME, strlen(PASSWORD_SCHEME)) != 0;
}

/* What lies on the disk is one line, as admin.c reads it. */
int provision_hash_secret(struct provision *set)
{
	struct provision_part *secret = &set->file[PROVISION_SECRET];
	char plain[PASSWORD_MOST + 1], line[PASSWORD_LINE + 1];
	int error;

	if (!secret->data)
		return 0;
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(secret->data, "\r\n"), secret->data);
	/* provision_check_secret saw it: what begins like a hash is one. */
	if (!provision_has_plain_secret(set)) {
		snprintf(line, PASSWORD_LINE, "%s", plain);
		error = 0;
	} else {
		error = password_hash(plain, line);
	}
	explicit_bzero(plain, sizeof(plain));
	if (error)
		return error;
	strcat(line, "\n");
	explicit_bzero(secret->data, secret->size);
	free(secret->data);
	*secret = (struct provision_part){ strdup(line), strlen(line) };
	return secret->data ? 0 : -ENOMEM;
}

int provision_digest(const struct provision *set, uint8_t digest[DIGEST_SIZE])
{
	uint8_t each[PROVISION_FILES * (DIGEST_SIZE + 1)];
	size_t at = 0;

	for (int file = 0; file < PROVISION_FILES; file++) {
		const struct provision_part *part = &set->file[file];
		const bool hidden = file == PROVISION_SECRET && provision_has_plain_secret(set);

		each[at++] = part->data != NULL;
		if (digest_sha256(part->data ? part->data : "", hidden ? 0 : part->size,
				  each + at) < 0)
			return -EIO;
		at += DIGEST_SIZE;
	}
	return digest_sha256(each, at, digest);
}

/* ---- what would change ---- */

static void add_item(struct provision_changes *changes, enum provision_group group,
		     const char *format, const char *first, const char *second)
{
	char what[PROVISION_ITEM];

	snprintf(what, sizeof(what), format, first, second);
	for (size_t i = 0; i < changes->items; i++) {
		if (strcmp(changes->item[i].what, what) == 0)
			return;
	}
	changes->count++;
	changes->protected += group != PROVISION_FREE;
	changes->changed[group] = true;
	if (changes->items == PROVISION_ITEMS)
		return;
	changes->item[changes->items].group = group;
	memcpy(changes->item[changes->items++].what, what, sizeof(what));
}

/*
 * One pass over a file of sections and keys: everything that it says for the keys of one group,
 * "[section] key = value" a line, in its order. Values are compared as they are written: two ways
 * to write the same are a change.
 */
enum { KEYS_SEEN = 64 };

struct provision_scan {
	struct parser parser;	/* first, as the reader of lines wants it */
	enum provision_file file;		/* cordon.conf or network.conf */
	const char *section, *key;	/* the ones wanted; NULL: report each to visit */
	struct text values;
	void (*visit)(struct provision_scan *scan, const char *section, const char *key);
	const struct provision *old, *new;
	struct provision_changes *changes;
	/* a key counts once, however often it stands there */
	char seen[KEYS_SEEN][PROVISION_ITEM];
	size_t seens;
};

static int collect(void *context, const char *section, const char *key, const char *value)
{
	struct provision_scan *scan = context;

	scan->parser.unhandled = 0;
	if (scan->visit)
		scan->visit(scan, section, key);
	else if (strcmp(scan->section, section) == 0 && strcmp(scan->key, key) == 0)
		text_printf(&scan->values, "%s\n", value);
	return 1;
}

static void scan_lines(struct provision_scan *scan, const struct provision_part *conf)
{
	static struct diag ignored;

	diag_init(&ignored);
	scan->parser = (struct parser){ .source = file_table[scan->file].name,
					.diag = &ignored,
					.text = conf->data ? conf->data : "",
					.length = conf->size };
	lines_parse(&scan->parser, collect);
}

static struct text values_of(enum provision_file file, const struct provision *set,
			     const char *section, const char *key)
{
	struct provision_scan scan = {
		.file = file, .section = section, .key = key, .values = TEXT_EMPTY
	};

	scan_lines(&scan, &set->file[file]);
	return scan.values;
}

static bool seen_before(struct provision_scan *scan, const char *section, const char *key)
{
	char name[PROVISION_ITEM];

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

static void compare_values(struct provision_scan *scan, const char *section, const char *key)
{
	struct text old = values_of(scan->file, scan->old, section, key);
	struct text new = values_of(scan->file, scan->new, section, key);
	bool same = !text_failed(&old) && !text_failed(&new) && old.length == new.length &&
		    (old.length == 0 || memcmp(old.data, new.data, old.length) == 0);

	if (!same)
		add_item(scan->changes, provision_key_group(scan->file, section, key), "[%s] %s",
			 section, key);
	text_release(&old);
	text_release(&new);
}

static void compare_key(struct provision_scan *scan, const char *section, const char *key)
{
	if (!seen_before(scan, section, key))
		compare_values(scan, section, key);
}

static bool same_part(const struct provision_part *a, const struct provision_part *b)
{
	if (!a->data || !b->data)
		return a->data == b->data;
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void compare_conf(enum provision_file file, const struct provision *old,
			 const struct provision *new, struct provision_changes *changes)
{
	struct provision_scan scan = { .file = file, .visit = compare_key, .old = old, .new = new,
			     .changes = changes };
	size_t before = changes->count;

	if (same_part(&old->file[file], &new->file[file]))
		return;
	scan_lines(&scan, &new->file[file]);
	scan_lines(&scan, &old->file[file]);	/* keys that are gone */
	if (changes->count == before)
		add_item(changes, PROVISION_FREE, "%s%s", file_table[file].name, " (comments)");
}

/* The end of the line does not make it another secret. */
static bool same_secret(const struct provision_part *a, const struct provision_part *b)
{
	size_t length = a->data ? strcspn(a->data, "\r\n") : 0;

	if (!a->data || !b->data)
		return a->data == b->data;
	return strcspn(b->data, "\r\n") == length && memcmp(a->data, b->data, length) == 0;
}

bool provision_differs(const struct provision *old, const struct provision *new,
		       enum provision_file file)
{
	const struct provision_part *before = &old->file[file], *after = &new->file[file];

	return !(file == PROVISION_SECRET ? same_secret(before, after) : same_part(before, after));
}

void provision_compare(const struct provision *old, const struct provision *new,
		    struct provision_changes *changes)
{
	*changes = (struct provision_changes){ .items = 0 };
	compare_conf(PROVISION_CORDON, old, new, changes);
	compare_conf(PROVISION_NETWORK, old, new, changes);
	for (int file = PROVISION_NETWORK + 1; file < PROVISION_FILES; file++) {
		if (provision_differs(old, new, (enum provision_file)file))
			add_item(changes, file_table[file].group, "%s%s", file_table[file].name,
				 "");
	}
}

void provision_print(const struct provision_changes *changes, bool protected, struct text *out)
{
	size_t wanted = protected ? changes->protected : changes->count - changes->protected,
	       said = 0;

	for (int group = protected; group < (protected ? PROVISION_GROUPS : 1); group++) {
		const char *separator = " (";

		for (size_t i = 0; i < changes->items; i++) {
			if ((int)changes->item[i].group != group)
				continue;
			if (!protected)
				separator = said ? ", " : "";
			else if (separator[0] == ' ')
				text_printf(out, "%s%s", said ? ", " : "",
					    provision_group_print((enum provision_group)group));
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
