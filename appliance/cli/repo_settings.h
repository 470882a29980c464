/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/repo.h"
#include "signed/publisher/approve.h"
#include "system/intake.h"

/*
 * `cordon repo settings` in parts. What a key signed is kept beside it, never in the folder, which may have
 * been in anybody's hands:
 *
 *	KEY.settings/REPOSITORY/last	version and digest of the highest version that it signed there
 *	KEY.settings/REPOSITORY/FOR/	the files that it signed last for these appliances, settings.json among
 *					them, admin-secret not
 *
 * REPOSITORY and FOR are 16 digits of digests.
 */

/* What a difference is shown against. */
struct repo_settings_base {
	bool known;		/* else all of it is new */
	struct intake_set set;	/* without admin-secret */
	bool has_secret;
	uint8_t secret[DIGEST_SIZE];	/* SHA-256 of admin-secret */
	char where[512];	/* for people: "version 4, which this key signed last for them" */
};

/* The highest version that the key signed in a repository. */
struct repo_settings_last {
	int64_t version;	/* 0: none */
	char digest[METADATA_KEYID];	/* of what is signed */
};

/* ---- repo_settings_kept.c ---- */

/* repository: 64 digits. -errno with diag: it is there and cannot be used. */
int repo_settings_load_last(struct repo_settings_last *last, const char *key, const char *repository,
			    struct diag *diag) __attribute__((warn_unused_result));
/* What the key signed last for the appliances of document; not known when it never did. */
int repo_settings_load_base(struct repo_settings_base *base, const char *key, const json_t *document,
			    struct diag *diag) __attribute__((warn_unused_result));
/* A folder of settings that somebody names instead. */
int repo_settings_read_base(struct repo_settings_base *base, const char *folder, struct diag *diag)
	__attribute__((warn_unused_result));
void repo_settings_base_release(struct repo_settings_base *base);
/* Before the signature leaves: what it is of. */
int repo_settings_keep(const char *key, const json_t *document, const struct intake_set *set,
		       struct diag *diag) __attribute__((warn_unused_result));

/* ---- repo_settings_show.c ---- */

/* What a set changes, file by file and key by key; root: what appliances trust now. -EINVAL with diag: it
 * cannot be shown, or no appliance would take it. */
int repo_settings_show(const struct repo_settings_base *base, const struct intake_set *set,
		       const struct metadata *root, struct text *out, struct diag *diag)
	__attribute__((warn_unused_result));
