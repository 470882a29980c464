/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/repository.h"

/* Targets: files of a repository that the metadata describes. */
enum { CONTENT_NAME = METADATA_NAME + 2 * 32 + 2 };

/*
 * "rules/kaspersky.rules" and the digest to "rules/<sha256>.kaspersky.rules". -EINVAL for a path
 * that a client would not ask for.
 */
int content_name(const char *path, const uint8_t sha256[32], char name[CONTENT_NAME])
	__attribute__((warn_unused_result));

/* Bytes of a target, from targets/ or else staging/targets/, checked against the entry. */
int content_read(const struct repository *repository, const struct metadata_file *target,
		 size_t limit, char **data, size_t *size, struct diag *diag)
	__attribute__((warn_unused_result));
/* Below staging/targets, under its consistent name; nothing when it is published already. */
int content_stage(const struct repository *repository, const char *path, const void *data,
		  size_t size, struct diag *diag) __attribute__((warn_unused_result));

/* Moves what staging/targets holds for these targets into targets/. */
int content_publish(const struct repository *repository, const struct metadata *metadata,
		    struct diag *diag) __attribute__((warn_unused_result));
/* Unlinks what is staged below a folder of targets, "rules": names of our own form, at any depth, and
 * nothing else; no link is followed. */
void content_unstage(const struct repository *repository, const char *folder);
