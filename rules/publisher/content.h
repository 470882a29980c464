/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/repository.h"

/* Targets: files of a repository that the metadata describes. */
enum { CONTENT_NAME = METADATA_NAME + 2 * 32 + 2 };

/*
 * Turns "rules/kaspersky.rules" and the digest into "rules/<sha256>.kaspersky.rules". 0, or -EINVAL
 * for a path that a client would not request.
 */
int content_name(const char *path, const uint8_t sha256[32], char name[CONTENT_NAME])
	__attribute__((warn_unused_result));

/*
 * Bytes of a target, from targets/ or else staging/targets/, checked against the entry. The caller
 * frees *data. 0 or -errno with diag.
 */
int content_read(const struct repository *repository, const struct metadata_file *target,
		 size_t limit, char **data, size_t *size, struct diag *diag)
	__attribute__((warn_unused_result));
/*
 * Writes below staging/targets, under the consistent name; does nothing if it is published already.
 * 0 or -errno with diag.
 */
int content_stage(const struct repository *repository, const char *path, const void *data,
		  size_t size, struct diag *diag) __attribute__((warn_unused_result));

/* Moves these targets from staging/targets into targets/. 0 or -errno with diag. */
int content_publish(const struct repository *repository, const struct metadata *metadata,
		    struct diag *diag) __attribute__((warn_unused_result));
/* Removes what is staged below a folder of targets, such as "rules": only names in our own form, at
 * any depth. Links are not followed. */
void content_unstage(const struct repository *repository, const char *folder);
