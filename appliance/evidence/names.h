/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/evidence/leases.h"
#include "appliance/evidence/machines.h"
#include "appliance/evidence/naming.h"

/*
 * What people and other servers said about hosts, kept in STATE/names, so that it names past events
 * again:
 *
 *	SOURCE.csv, SOURCE.LABEL.csv	namings as a table (leases.h): of "hand", "table", or a
 *					format of leases
 *	merges				pairs that are one machine: two selectors a line
 *
 * Files are replaced as a whole, and read as hostile text. The gateway's own DHCP server (busybox)
 * writes its leases beside the state folder, as leases.INTERFACE.
 */
#define NAMES_FOLDER "names"
enum {
	NAMES_MOST = 100000,		/* namings in all files: 25 MB in memory */
	NAMES_FILE = 16 << 20,		/* bytes of one */
	NAMES_FILES = 64,
	NAMES_LABEL = 48,		/* buffer of "SOURCE.LABEL" */
	NAMES_MERGES = 4096
};

struct names_file {
	char label[NAMES_LABEL];
	enum naming_source source;
	size_t first, count;		/* in naming */
};

struct names {
	struct naming *naming;
	size_t count, room;
	struct names_file file[NAMES_FILES];
	size_t files;
	struct merge *merge;
	size_t merges;
	size_t damaged;			/* files or lines that could not be read */
};

/* Letters, digits, '-' and '_', and one '.', behind a source that is known. */
bool names_label(const char *label, enum naming_source *source);

/* Everything that is kept; nothing is not an error. 0 or -errno; names_free in either case. */
int names_read(struct names *names, const char *state) __attribute__((warn_unused_result));
void names_free(struct names *names);

/* Adds a copy. 0, -E2BIG or -ENOMEM. A leases_sink with names as its context: names_sink. */
int names_add(struct names *names, const struct naming *naming)
	__attribute__((warn_unused_result));
int names_sink(void *names, const struct naming *naming) __attribute__((warn_unused_result));

/* Those that say the same of overlapping times become one. */
void names_join(struct names *names);

/* Replaces the file of the label by these; none of them: removes it. 0 or -errno. */
int names_write(const char *state, const char *label, const struct naming *naming, size_t count)
	__attribute__((warn_unused_result));

/* Reads the file of one label, in place of all. As names_read. */
int names_read_label(struct names *names, const char *state, const char *label)
	__attribute__((warn_unused_result));

/* Replaces all merges. 0 or -errno. */
int names_write_merges(const char *state, const struct merge *merge, size_t merges)
	__attribute__((warn_unused_result));

/* "10.1.2.3" or a link-layer address. 0 or -EINVAL. */
int selector_parse(struct selector *selector, const char *text)
	__attribute__((warn_unused_result));
enum { SELECTOR_TEXT = ADDR_TEXT };
char *selector_print(const struct selector *selector, char buffer[SELECTOR_TEXT]);
bool selector_equal(const struct selector *a, const struct selector *b);
