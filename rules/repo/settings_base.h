/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/settings/provision.h"
#include "rules/publisher/approve.h"
#include "rules/repo/repo.h"

/*
 * `cordon repo settings` in parts. The highest version that a key signed for a repository is among
 *what it has seen (seen.h), as of a role of this name. Beside that lies what it signed last, for a
 *difference to be shown; never in the folder of the settings, which may have been in anybody's
 *hands:
 *
 *	NAME.settings/REPOSITORY/FOR/	for these appliances: the files, settings.json among them,
 *					admin-secret not
 *
 * REPOSITORY and FOR are 16 digits of digests.
 */
#define REPO_SETTINGS_ROLE APPROVAL_TYPE

/* What a difference is shown against. */
struct repo_settings_base {
	bool known;		/* else all of it is new */
	struct provision set;	/* without admin-secret */
	bool has_secret;
	uint8_t secret[DIGEST_SIZE];	/* SHA-256 of admin-secret */
	char where[512];	/* for people: "version 4, which this key signed last for them" */
};

/* ---- repo_settings_kept.c ---- */

/* stem: of the key (struct repo_keys). What it signed last for the appliances of document; not
 * known when it never did. */
int repo_settings_load_base(struct repo_settings_base *base, const char *stem,
			    const json_t *document, struct diag *diag)
	__attribute__((warn_unused_result));
/* A folder of settings that is named instead. */
int repo_settings_read_base(struct repo_settings_base *base, const char *folder, struct diag *diag)
	__attribute__((warn_unused_result));
void repo_settings_base_release(struct repo_settings_base *base);
/* Before the signature leaves: what it is of. */
int repo_settings_keep(const char *stem, const json_t *document, const struct provision *set,
		       struct diag *diag) __attribute__((warn_unused_result));

/* ---- repo_settings_show.c ---- */

/* What a set changes, file by file and key by key; root: what appliances trust now. -EINVAL with
 * diag: it cannot be shown, or no appliance would take it. */
int repo_settings_show(const struct repo_settings_base *base, const struct provision *set,
		       const struct metadata *root, struct text *out, struct diag *diag)
	__attribute__((warn_unused_result));
