/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/journal/days.h"

/*
 * Days that were made coarser (journal/closing.h): their entries are no longer those that were
 * hashed. A notice ("folded") in a later day has the hash of the whole file.
 */
struct verify_folds {
	struct verify_fold {
		uint32_t number;
		enum days_grain grain;
		uint8_t digest[DIGEST_SIZE];
		bool used;	/* a file is believed because of it: */
		char name[DAYS_NAME];
		bool seen;	/* it is in the log, ... */
		bool is_signed;	/* and a checkpoint covers it */
	} *fold;
	size_t count;
};

/* Reads the notices of all days in the folder, if one of them was made coarser; days that cannot
 * be read are left out. 0 or -ENOMEM. verify_folds_free in either case. */
int verify_folds_read(struct verify_folds *folds, const char *folder, const struct days *days)
	__attribute__((warn_unused_result));
void verify_folds_free(struct verify_folds *folds);

/* Is the file at path what a notice says? 1 or 0, or -errno. The notice counts as used. */
int verify_folds_agree(struct verify_folds *folds, const struct days_file *file,
		       const char *path) __attribute__((warn_unused_result));

/* The log itself has a notice with this body; then a checkpoint covers what was seen so far, or
 * nothing ever will. */
void verify_folds_see(struct verify_folds *folds, const char *body);
void verify_folds_sign(struct verify_folds *folds);
void verify_folds_forget(struct verify_folds *folds);

/* The first one that was used and is not signed; NULL: all are. */
const struct verify_fold *verify_folds_unsigned(const struct verify_folds *folds);
