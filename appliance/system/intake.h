/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/diag.h"

/*
 * Settings come to an appliance as a set of files, from the EFI partition, a stick or a copy. What a set
 * would change is decided here, over bytes: some things are free, whoever has the box or its ssh may
 * change them; the rest is protected (who is trusted, who may log in, what is blocked, what is kept as
 * evidence, whom the box asks for names and time) and changes only
 * at the first provisioning, signed, or confirmed with the administrator's secret.
 */
enum intake_file {
	INTAKE_CORDON, INTAKE_NETWORK, INTAKE_KEYS, INTAKE_ROOT, INTAKE_CA, INTAKE_SECRET, INTAKE_FILES
};
enum { INTAKE_FILE_MAX = 512 * 1024, INTAKE_ITEMS = 32, INTAKE_ITEM = 64 };

const char *intake_name(enum intake_file file);		/* "cordon.conf" */
size_t intake_limit(enum intake_file file);		/* bytes */
/* INTAKE_FILES for another name. */
enum intake_file intake_lookup(const char *name);

struct intake_set {
	struct intake_part {
		char *data;	/* malloc'ed, NUL-terminated; NULL: no such file */
		size_t size;
	} file[INTAKE_FILES];
};

void intake_release(struct intake_set *set);
bool intake_is_empty(const struct intake_set *set);
/* -ENOMEM. data is copied. */
int intake_put(struct intake_set *set, enum intake_file file, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* Files that set has not and old has come into it. */
int intake_complete(struct intake_set *set, const struct intake_set *old)
	__attribute__((warn_unused_result));
bool intake_has_plain_secret(const struct intake_set *set);
/* Over names and contents; but of a secret in plain text only that it is there: who compares digests, or
 * finds one that was kept, learns nothing of it. */
int intake_digest(const struct intake_set *set, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));

/* ---- what would change ---- */

enum intake_group {
	INTAKE_FREE,
	INTAKE_TRUST_ROOT, INTAKE_AUTHORIZED, INTAKE_MODE, INTAKE_EXCEPTIONS, INTAKE_MIRRORS,
	INTAKE_ADMIN, INTAKE_EVIDENCE, INTAKE_DIRECTION, INTAKE_POLICY,
	INTAKE_GROUPS
};
const char *intake_group_print(enum intake_group group);	/* "trust root" */

struct intake_changes {
	struct intake_item {
		enum intake_group group;
		char what[INTAKE_ITEM];		/* "[mode] monitor-first" */
	} item[INTAKE_ITEMS];
	size_t items;			/* kept of them */
	size_t count;			/* all */
	size_t protected;		/* of count */
	bool changed[INTAKE_GROUPS];	/* by any of count */
};

/* Group of a key of cordon.conf or network.conf: what is not in the table of free ones is protected. */
enum intake_group intake_key_group(enum intake_file file, const char *section, const char *key);

/* new: complete. A secret in plain text is always another one: that nobody can learn from a refusal
 * whether a guess was right. */
void intake_compare(const struct intake_set *old, const struct intake_set *new,
		    struct intake_changes *changes);
/* Does this file say the same, without a look at what it says? */
bool intake_differs(const struct intake_set *old, const struct intake_set *new, enum intake_file file);
/* From the child that compared (base/sealed.h). decode holds what it says against itself and against the
 * bytes, as far as they can be compared unparsed: -EBADMSG. */
void intake_changes_encode(const struct intake_changes *changes, struct text *out);
int intake_changes_decode(struct intake_changes *changes, const void *bytes, size_t size,
			  const struct intake_set *old, const struct intake_set *new)
	__attribute__((warn_unused_result));
/* "trust root (root.json), mode ([mode] monitor-first)": the protected ones, or the others. */
void intake_print(const struct intake_changes *changes, bool protected, struct text *out);

/*
 * What a file says, for people who are about to sign it, a line each: of cordon.conf and
 * network.conf every key ("[dns] workers = 1"), of authorized_keys every key by its fingerprint and
 * comment, of mirror-ca.pem every certificate by its subject and fingerprint. Not for root.json and
 * admin-secret. -EINVAL with diag: it holds something that cannot be shown, or that an appliance
 * would not take.
 */
int intake_list(enum intake_file file, const struct intake_part *part, struct text *out,
		struct diag *diag) __attribute__((warn_unused_result));

/* ---- files that no other parser judges ---- */

/* Public keys of OpenSSH, one a line, "TYPE BASE64 COMMENT", without options. */
int intake_check_keys(const struct intake_part *keys, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));
/* A line pbkdf2-sha256$..., or a secret in plain text of 12 to 256 characters. */
int intake_check_secret(const struct intake_part *secret, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));
