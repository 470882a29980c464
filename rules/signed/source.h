/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/net/connection.h"

/*
 * Where an update comes from. A source answers for relative paths below two folders and is trusted
 * with nothing: what it gives is bytes within a limit.
 *
 *	metadata	"2.root.json", "timestamp.json", "5.rules.json" (role names percent-encoded)
 *	targets		"rules/<sha256>.kaspersky.rules" (consistent) or "rules/kaspersky.rules"
 */
enum source_kind { SOURCE_METADATA, SOURCE_TARGETS };

struct source {
	/*
	 * *data is malloc'ed, the caller's. -ENOENT only when the source says that there is no such
	 * file (404, 403); -EFBIG above the limit; anything else: it failed. diag names it.
	 */
	int (*get)(struct source *source, enum source_kind kind, const char *path, size_t limit,
		   void **data, size_t *size, struct diag *diag);
	void (*free)(struct source *source);
	void *context;
	char name[160];		/* for messages and the status */
};

/*
 * "DIR/metadata" and "DIR/targets"; names of files as they are asked for (role names encoded). DIR
 * is opened here and held; below it only regular files whose names are listed byte for byte (FAT
 * does not tell case apart), no link is followed. -errno when DIR cannot be opened.
 */
int source_folder(struct source **source, const char *folder) __attribute__((warn_unused_result));

/* BASE/metadata/ and BASE/targets/ on a mirror, over one connection. */
int source_mirror(struct source **source, const struct url *base,
		  const struct connection_options *options) __attribute__((warn_unused_result));
/* Two folders that are named apart (tuf-client). */
int source_urls(struct source **source, const struct url *metadata, const struct url *targets,
		const struct connection_options *options) __attribute__((warn_unused_result));

/* Files that are already in memory; names "metadata/2.root.json" and "targets/rules/x". The
 * pointers must live as long. */
struct source_file {
	const char *name;
	const void *data;
	size_t size;
};
int source_memory(struct source **source, const struct source_file *file, size_t count)
	__attribute__((warn_unused_result));

void source_free(struct source *source);	/* NULL is fine */

/* ---- what the sources share ---- */

const char *source_kind_print(enum source_kind kind);	/* "metadata", "targets" */

/* -EINVAL with diag unless path is relative, without empty, "." or ".." parts and without control
 * characters. */
int source_check_path(const struct source *source, const char *path, struct diag *diag)
	__attribute__((warn_unused_result));
