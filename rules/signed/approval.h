/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "signed/archive.h"
#include "signed/trust.h"

/*
 * Settings that the keys of the root role approve of: a file settings.json beside them, in the form of
 * TUF metadata:
 *
 *	{"signatures": [{"keyid", "sig"}...],
 *	 "signed": {"_type": "x-cordon-settings", "version": N,
 *		    "files": {"cordon.conf": {"sha256": HEX, "length": BYTES}, ...}}}
 *
 * The version counts up, so that old settings cannot come back with old signatures.
 */
#define APPROVAL_TYPE "x-cordon-settings"
#define APPROVAL_NAME "settings.json"
enum { APPROVAL_FILES = 16, APPROVAL_MAX = 64 * 1024, APPROVAL_FILE_NAME = 64 };

struct approval {
	int64_t version;
	struct approval_file {
		char name[APPROVAL_FILE_NAME];
		int64_t length;
		uint8_t sha256[32];
	} file[APPROVAL_FILES];
	size_t files;
	struct metadata *metadata;	/* document and canonical form alone */
};

/* The caller's, approval_release. -EINVAL with diag. */
int approval_parse(struct approval *approval, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));
void approval_release(struct approval *approval);

/* Signed by the root role of root, and of a later version than last? -EACCES, -EEXIST with diag. */
int approval_verify(const struct approval *approval, const struct metadata *root, int64_t last,
		    struct diag *diag) __attribute__((warn_unused_result));

/* Is this file listed, with these bytes? -ENOENT, -EINVAL with diag. */
int approval_check(const struct approval *approval, const char *name, const void *data, size_t size,
		   struct diag *diag) __attribute__((warn_unused_result));

/*
 * The root in force: root, and every newer one that follows from it and is kept with the bundle (NULL:
 * none), or the bundle's own, which was verified from root on. The caller's, trust_free; trust_get has it. -EINVAL: root is not signed by itself.
 */
int approval_root(struct trust **trust, const void *root, size_t size, const struct archive *bundle,
		  struct diag *diag) __attribute__((warn_unused_result));
