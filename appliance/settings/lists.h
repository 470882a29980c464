/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/settings/settings.h"
#include "rules/policy/compile.h"

/*
 * The rule lists of a folder: NAME.rules files. A process that may read them opens them; the
 * process that gets the descriptors parses them (in the daemon, a child that can do nothing else).
 */
enum { LIST_FILE_MAX = 256 << 20, LIST_FILE_NAME = 64 };

struct list_file {
	char name[LIST_FILE_NAME];	/* for messages */
	int fd;
};

/*
 * Opens every *.rules of the folder, sorted by the bytes of their names. 0 or -errno, -EINVAL with
 * diag.
 */
int lists_open(const char *folder, struct list_file file[SETTINGS_LISTS], size_t *count,
	       struct diag *diag) __attribute__((warn_unused_result));
void lists_close(struct list_file *file, size_t count);

/* The actions and limits in the settings, without any mode. */
void settings_policy_options(const struct settings *settings, struct policy_options *options);

/*
 * Reads, parses and compiles the files that settings->list names (a name without a file is an
 * error), or those that are on by default. *block is malloc'ed, the caller frees it. 0 or -errno
 * with diag.
 */
int lists_compile(const struct list_file *file, size_t count, const struct settings *settings,
		  const struct policy_options *options, void **block, size_t *size,
		  struct diag *diag) __attribute__((warn_unused_result));

/* The same for texts in memory. */
struct list_text {
	char name[LIST_FILE_NAME];	/* for messages */
	const char *text;		/* NUL-terminated */
	size_t length;
};
int lists_compile_texts(const struct list_text *text, size_t count, const struct settings *settings,
			const struct policy_options *options, void **block, size_t *size,
			struct diag *diag) __attribute__((warn_unused_result));
