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
	} *fold;
	size_t count;
};

/* Reads the notices of all days in the folder; days that cannot be read are left out. 0 or -ENOMEM.
 * verify_folds_free in either case. */
int verify_folds_read(struct verify_folds *folds, const char *folder, const struct days *days)
	__attribute__((warn_unused_result));
void verify_folds_free(struct verify_folds *folds);

/* Is the file at path what a notice says? 1 or 0, or -errno. */
int verify_folds_agree(const struct verify_folds *folds, const struct days_file *file,
		       const char *path) __attribute__((warn_unused_result));
