/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/text.h"
#include "appliance/evidence/leases_udhcpd.h"

#define MERGES "merges"
#define SUFFIX ".csv"
#define OWN_LEASES "leases."

static const struct {
	const char *word;
	enum naming_source source;
} sources[] = {
	{ "hand", NAMING_HAND }, { "table", NAMING_TABLE },
	{ "windows-dhcp", NAMING_FOREIGN_LEASE }, { "isc", NAMING_FOREIGN_LEASE },
	{ "infoblox", NAMING_FOREIGN_LEASE }, { "dnsmasq", NAMING_FOREIGN_LEASE },
};

bool names_label(const char *label, enum naming_source *source)
{
	const size_t word = strcspn(label, ".");

	if (strlen(label) + sizeof(SUFFIX) > NAMES_LABEL || strchr(label + word, '/'))
		return false;
	if (label[word] == '.' && (label[word + 1] == '\0' || strchr(label + word + 1, '.')))
		return false;
	for (const char *c = label; *c; c++) {
		if (*c != '.' && *c != '-' && *c != '_' && !(*c >= '0' && *c <= '9') &&
		    !((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z'))
			return false;
	}
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		if (strlen(sources[i].word) == word &&
		    strncmp(sources[i].word, label, word) == 0) {
			*source = sources[i].source;
			return true;
		}
	}
	return false;
}

/* ---- in memory ---- */

int names_add(struct names *names, const struct naming *naming)
{
	if (names->count == NAMES_MOST)
		return -E2BIG;
	if (names->count == names->room) {
		const size_t room = names->room ? names->room * 2 : 64;
		struct naming *more = realloc(names->naming, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		names->naming = more;
		names->room = room;
	}
	names->naming[names->count++] = *naming;
	return 0;
}

int names_sink(void *names, const struct naming *naming)
{
	return names_add(names, naming);
}

void names_free(struct names *names)
{
	free(names->naming);
	free(names->merge);
	*names = (struct names){ .count = 0 };
}

/* By what they say, then by time. */
static int by_content(const void *left, const void *right)
{
	const struct naming *a = left, *b = right;
	int order = (int)a->source - (int)b->source;

	if (!order)
		order = (int)a->has_mac - (int)b->has_mac;
	if (!order && a->has_mac)
		order = memcmp(a->mac, b->mac, MAC_SIZE);
	if (!order)
		order = (int)a->has_address - (int)b->has_address;
	if (!order && a->has_address)
		order = addr_compare(&a->address, &b->address);
	if (!order)
		order = (int)a->tool - (int)b->tool;
	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->user, b->user);
	return order ? order : strcmp(a->site, b->site);
}

static int by_content_and_time(const void *left, const void *right)
{
	const struct naming *a = left, *b = right;
	const int order = by_content(a, b);

	return order ? order : (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

void names_join(struct names *names)
{
	size_t kept = 0;

	if (names->count == 0)
		return;
	qsort(names->naming, names->count, sizeof(*names->naming), by_content_and_time);
	for (size_t i = 1; i < names->count; i++) {
		struct naming *last = &names->naming[kept], *next = &names->naming[i];

		if (by_content(last, next) != 0 || next->from_ms > last->until_ms)
			names->naming[++kept] = *next;
		else if (next->until_ms > last->until_ms)
			last->until_ms = next->until_ms;
	}
	names->count = kept + 1;
}

/* ---- selectors ---- */

int selector_parse(struct selector *selector, const char *text)
{
	*selector = (struct selector){ .is_mac = true };
	if (mac_parse(selector->mac, text, strlen(text)) == 0)
		return mac_is_device(selector->mac) ? 0 : -EINVAL;
	selector->is_mac = false;
	if (addr_parse(&selector->address, text, strlen(text)) < 0 ||
	    !addr_is_host(&selector->address))
		return -EINVAL;
	return 0;
}

char *selector_print(const struct selector *selector, char buffer[SELECTOR_TEXT])
{
	_Static_assert((int)SELECTOR_TEXT >= (int)MAC_PRINTED, "both fit");

	return selector->is_mac ? mac_print(selector->mac, buffer) :
	       addr_print(&selector->address, buffer);
}

bool selector_equal(const struct selector *a, const struct selector *b)
{
	if (a->is_mac != b->is_mac)
		return false;
	return a->is_mac ? memcmp(a->mac, b->mac, MAC_SIZE) == 0 :
	       addr_compare(&a->address, &b->address) == 0;
}

/* ---- reading ---- */

static int open_folder(const char *state)
{
	char path[512];

	if (snprintf(path, sizeof(path), "%s/" NAMES_FOLDER, state) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return folder < 0 ? -errno : folder;
}

/* A table says by itself that its namings are of NAMING_TABLE; the file's name knows better. */
static int read_csv(struct names *names, int folder, const char *name, struct names_file *file)
{
	struct diag diag;
	struct leases_options options = { .source = name, .diag = &diag, .sink = names_sink,
					  .context = names };
	struct leases *leases = malloc(sizeof(*leases));
	char *data = NULL;
	size_t size;
	int error = leases ? file_read(folder, name, NAMES_FILE, &data, &size) : -ENOMEM;

	diag_init(&diag);
	file->first = names->count;
	if (!error) {
		leases_init(leases, LEASES_TABLE, &options);
		error = leases_feed(leases, data, size);
		if (!error)
			error = leases_end(leases);
	}
	file->count = names->count - file->first;
	for (size_t i = file->first; i < names->count; i++)
		names->naming[i].source = file->source;
	names->damaged += diag.count + (error && error != -ENOMEM);
	free(data);
	free(leases);
	return error == -ENOMEM ? error : 0;
}

static int read_label(struct names *names, int folder, const char *label)
{
	struct names_file *file = &names->file[names->files];
	char name[NAMES_LABEL + sizeof(SUFFIX)];

	if (names->files == NAMES_FILES || !names_label(label, &file->source)) {
		names->damaged++;
		return 0;
	}
	snprintf(file->label, sizeof(file->label), "%s", label);
	snprintf(name, sizeof(name), "%s" SUFFIX, label);
	names->files++;
	return read_csv(names, folder, name, file);
}

static int by_label(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* Labels in order, so that the same files give the same names. */
static int read_labels(struct names *names, int folder)
{
	char label[NAMES_FILES][NAMES_LABEL];
	const struct dirent *entry;
	size_t labels = 0;
	int error = 0, copy = dup(folder);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);

	if (!list) {
		if (copy >= 0)
			close(copy);
		return -errno;
	}
	while ((entry = readdir(list)) && labels < NAMES_FILES) {
		const size_t length = strlen(entry->d_name), end = sizeof(SUFFIX) - 1;

		if (length <= end || length - end >= NAMES_LABEL || entry->d_name[0] == '.' ||
		    strcmp(entry->d_name + length - end, SUFFIX) != 0)
			continue;
		memcpy(label[labels], entry->d_name, length - end);
		label[labels++][length - end] = '\0';
	}
	closedir(list);
	qsort(label, labels, sizeof(label[0]), by_label);
	for (size_t i = 0; !error && i < labels; i++)
		error = read_label(names, folder, label[i]);
	return error;
}

static int add_merge(struct names *names, char *line)
{
	char *second = strchr(line, ' ');
	struct merge merge = { .result = MERGE_UNKNOWN };

	if (!second || names->merges == NAMES_MERGES) {
		names->damaged++;
		return 0;
	}
	*second++ = '\0';
	if (selector_parse(&merge.a, line) < 0 || selector_parse(&merge.b, second) < 0) {
		names->damaged++;
		return 0;
	}
	if (!names->merge)
		names->merge = calloc(NAMES_MERGES, sizeof(*names->merge));
	if (!names->merge)
		return -ENOMEM;
	names->merge[names->merges++] = merge;
	return 0;
}

static int read_merges(struct names *names, int folder)
{
	char *data, *line, *rest;
	size_t size;
	int error = file_read(folder, MERGES, NAMES_FILE, &data, &size);

	if (error) {
		names->damaged += error != -ENOENT;
		return 0;
	}
	for (line = strtok_r(data, "\n", &rest); !error && line; line = strtok_r(NULL, "\n", &rest))
		error = add_merge(names, line);
	free(data);
	return error;
}

/* The leases of the gateway's own server. */
static int read_own(struct names *names, const char *state)
{
	char path[512];
	const struct dirent *entry;
	int error = 0;
	DIR *list;

	if (snprintf(path, sizeof(path), "%s/..", state) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	list = opendir(path);
	while (list && !error && (entry = readdir(list))) {
		char *data;
		size_t size;

		if (strncmp(entry->d_name, OWN_LEASES, strlen(OWN_LEASES)) != 0 ||
		    file_read(dirfd(list), entry->d_name, NAMES_FILE, &data, &size) < 0)
			continue;
		error = leases_udhcpd(data, size, names_sink, names);
		free(data);
		/* Another server's file of the same name. */
		error = error == -EBADMSG ? 0 : error;
	}
	if (list)
		closedir(list);
	return error;
}

int names_read(struct names *names, const char *state)
{
	int folder = open_folder(state), error = 0;

	*names = (struct names){ .count = 0 };
	if (folder < 0 && folder != -ENOENT)
		return folder;
	if (folder >= 0) {
		error = read_labels(names, folder);
		if (!error)
			error = read_merges(names, folder);
		close(folder);
	}
	if (!error)
		error = read_own(names, state);
	return error == -E2BIG ? 0 : error;
}

int names_read_label(struct names *names, const char *state, const char *label)
{
	int folder = open_folder(state), error = 0;
	char name[NAMES_LABEL + sizeof(SUFFIX)];

	*names = (struct names){ .count = 0 };
	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	snprintf(name, sizeof(name), "%s" SUFFIX, label);
	if (faccessat(folder, name, F_OK, 0) == 0)
		error = read_label(names, folder, label);
	close(folder);
	return error;
}

/* ---- writing ---- */

static void put_cell(struct text *out, const char *cell)
{
	if (!strpbrk(cell, ",\"")) {
		text_puts(out, cell);
		return;
	}
	text_puts(out, "\"");
	for (; *cell; cell++)
		text_printf(out, *cell == '"' ? "\"\"" : "%c", *cell);
	text_puts(out, "\"");
}

static void put_naming(struct text *out, const struct naming *naming)
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED], time[CLOCK_TEXT];

	text_printf(out, "%s,%s,", naming->has_address ? addr_print(&naming->address, addr) : "",
		    naming->has_mac ? mac_print(naming->mac, mac) : "");
	put_cell(out, naming->name);
	text_puts(out, ",");
	put_cell(out, naming->user);
	text_puts(out, ",");
	put_cell(out, naming->site);
	text_printf(out, ",%s,", naming->from_ms == NAMING_SINCE_EVER ? "" :
		    clock_print(naming->from_ms, time));
	text_printf(out, "%s,%s\n", naming->until_ms == NAMING_FOR_EVER ? "" :
		    clock_print(naming->until_ms, time), naming->tool ? "yes" : "no");
}

/* STATE/names, made if it is not there. */
static int make_folder(const char *state)
{
	char path[512];

	if (snprintf(path, sizeof(path), "%s/" NAMES_FOLDER, state) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(state);
}

static int replace(const char *state, const char *name, struct text *text)
{
	int folder = make_folder(state), error;

	if (folder < 0)
		return folder;
	if (text_failed(text))
		error = -ENOMEM;
	else if (text->length > NAMES_FILE)
		error = -EFBIG;
	else
		error = file_replace(folder, name, text->data, text->length, 0644);
	close(folder);
	return error;
}

int names_write(const char *state, const char *label, const struct naming *naming, size_t count)
{
	struct text out = TEXT_EMPTY;
	char name[NAMES_LABEL + sizeof(SUFFIX)];
	int error, folder;

	snprintf(name, sizeof(name), "%s" SUFFIX, label);
	if (count == 0) {
		folder = open_folder(state);
		if (folder < 0)
			return folder;
		error = unlinkat(folder, name, 0) < 0 ? -errno : 0;
		close(folder);
		return error;
	}
	text_puts(&out, "ip,mac,name,user,site,first,last,tool\n");
	for (size_t i = 0; i < count; i++)
		put_naming(&out, &naming[i]);
	error = replace(state, name, &out);
	text_release(&out);
	return error;
}

int names_write_merges(const char *state, const struct merge *merge, size_t merges)
{
	char a[SELECTOR_TEXT], b[SELECTOR_TEXT];
	struct text out = TEXT_EMPTY;
	int error;

	text_puts(&out, "");
	for (size_t i = 0; i < merges; i++)
		text_printf(&out, "%s %s\n", selector_print(&merge[i].a, a),
			    selector_print(&merge[i].b, b));
	error = replace(state, MERGES, &out);
	text_release(&out);
	return error;
}
