/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "signed/approval.h"
#include "signed/publisher/keyring.h"

/*
 * Signs settings (signed/approval.h). document: what others have signed so far, or NULL; with the same
 * files and the same version their signatures stay, else it begins anew.
 */
struct approve_file {
	const char *name;
	const void *data;
	size_t size;
};

struct approve {
	const struct approve_file *file;
	size_t files;
	int64_t version;		/* 0: that of document, or with other files the next one */
	const struct metadata *root;	/* whose root role's keys may sign */
};

struct approve_result {
	json_t *document;		/* the caller's */
	int64_t version, threshold;
	size_t have;			/* signatures that count */
};

/* -EACCES: not one of the root role's keys; diag says it. */
int approve_sign(struct approve_result *result, const struct approve *approve, const json_t *document,
		 const struct secret *secret, struct diag *diag) __attribute__((warn_unused_result));
