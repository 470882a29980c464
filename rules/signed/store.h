/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/diag.h"

/*
 * What a client keeps between runs: trusted metadata as received, under flat names (role names
 * percent-encoded, ".json" added), and targets by their content.
 */
struct store {
	/* -ENOENT: not there. *data malloc'ed. */
	int (*load)(struct store *store, const char *name, size_t limit, void **data, size_t *size);
	int (*save)(struct store *store, const char *name, const void *data, size_t size);
	int (*remove)(struct store *store, const char *name);	/* absent is fine */
	/* Removes the files with this ending, except those in keep. */
	int (*prune)(struct store *store, const char *ending, const char *const *keep,
		     size_t count);
	void (*free)(struct store *store);
	void *context;
};

/* Files in a folder; its descriptor stays the caller's. Files are replaced atomically, with fsync
 * of file and folder. "lock" in it keeps a second client out: -EBUSY. */
int store_folder(struct store **store, int folder, struct diag *diag)
	__attribute__((warn_unused_result));
/* Files in memory, copied by save; for verifying, and for tests. */
int store_memory(struct store **store) __attribute__((warn_unused_result));
void store_free(struct store *store);

/* Percent-encodes everything in a role name but unreserved characters (RFC 3986, 2.3). In file
 * names a leading dot is encoded too, so "." and ".." cannot result. 0 or -ENAMETOOLONG. */
int store_encode(const char *role, char *out, size_t size) __attribute__((warn_unused_result));

/*
 * For stores: is this the name of a file of the store, and not a hidden one? Would prune remove it?
 */
bool store_check_name(const char *name);
bool store_goes(const char *name, const char *ending, const char *const *keep, size_t count);
