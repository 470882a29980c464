/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "appliance/base/diag.h"
#include "appliance/net/connection.h"

/*
 * Where an update comes from. A source answers for relative paths below two folders. It is not
 * trusted: what it gives is bytes within a limit.
 *
 *	metadata	"2.root.json", "timestamp.json", "5.rules.json" (role names percent-encoded)
 *	targets		"rules/<sha256>.kaspersky.rules" (consistent) or "rules/kaspersky.rules"
 */
enum source_kind { SOURCE_METADATA, SOURCE_TARGETS };

struct source {
	/*
	 * *data is malloc'ed, the caller frees it. -ENOENT only if the source says that there is no
	 * such file (404, 403); -EFBIG above the limit; any other error: the source failed. diag
	 * names it.
	 */
	int (*get)(struct source *source, enum source_kind kind, const char *path, size_t limit,
		   void **data, size_t *size, struct diag *diag);
	void (*free)(struct source *source);
	void *context;
	char name[160];		/* for messages and the status */
};

/*
 * "DIR/metadata" and "DIR/targets"; files have the names that are requested (role names encoded).
 * DIR is opened here and held. Below it, only regular files count whose names are listed byte for
 * byte (FAT ignores case); links are not followed. -errno if DIR cannot be opened.
 */
int source_folder(struct source **source, const char *folder) __attribute__((warn_unused_result));

/* BASE/metadata/ and BASE/targets/ on a mirror, over one connection. */
int source_mirror(struct source **source, const struct url *base,
		  const struct connection_options *options) __attribute__((warn_unused_result));
/* The same with two folders that are given separately (tuf-client). */
int source_urls(struct source **source, const struct url *metadata, const struct url *targets,
		const struct connection_options *options) __attribute__((warn_unused_result));

/* Files in memory, with names such as "metadata/2.root.json" and "targets/rules/x". The pointers
 * must outlive the source. */
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

/* 0, or -EINVAL with diag unless path is relative, without empty, "." or ".." components and
 * without control characters. */
int source_check_path(const struct source *source, const char *path, struct diag *diag)
	__attribute__((warn_unused_result));
