/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/diag.h"

/*
 * Settings come to an appliance as a set of files, from the EFI partition, a stick or a copy. What
 * a set would change is decided here, over bytes: some things are free, a person who has the box or
 * its ssh may change them; the rest is protected (who is trusted, who may log in, what is blocked,
 * what is kept as evidence, whom the box asks for names and time) and changes only at the first
 * provisioning, signed, or confirmed with the administrator's secret.
 */
enum provision_file {
	PROVISION_CORDON,
	PROVISION_NETWORK,
	PROVISION_KEYS,		/* of root */
	PROVISION_READER_KEYS,	/* of the user "reader" */
	PROVISION_ROOT,
	PROVISION_CA,
	PROVISION_SECRET,
	PROVISION_FILES
};
enum { PROVISION_FILE_MAX = 512 * 1024, PROVISION_ITEMS = 32, PROVISION_ITEM = 64 };

const char *provision_name(enum provision_file file);		/* "cordon.conf" */
size_t provision_limit(enum provision_file file);		/* bytes */
/* PROVISION_FILES for another name. */
enum provision_file provision_lookup(const char *name);

struct provision {
	struct provision_part {
		char *data;	/* malloc'ed, NUL-terminated; NULL: no such file */
		size_t size;
	} file[PROVISION_FILES];
};

/* Wipes and frees every file. */
void provision_release(struct provision *set);
bool provision_is_empty(const struct provision *set);
/* -ENOMEM. data is copied. */
int provision_put(struct provision *set, enum provision_file file, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* Files that set has not and old has come into it. */
int provision_complete(struct provision *set, const struct provision *old)
	__attribute__((warn_unused_result));
bool provision_has_plain_secret(const struct provision *set);
/* A secret of the set in plain text becomes its hash, since plain text is kept in no file. -errno.
 */
int provision_hash_secret(struct provision *set) __attribute__((warn_unused_result));
/* Over names and contents; but of a secret in plain text only that it is there: who compares
 * digests, or finds one that was kept, learns nothing of it. */
int provision_digest(const struct provision *set, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));

/* ---- what would change ---- */

enum provision_group {
	PROVISION_FREE,
	PROVISION_TRUST_ROOT,
	PROVISION_AUTHORIZED,
	PROVISION_MODE,
	PROVISION_EXCEPTIONS,
	PROVISION_MIRRORS,
	PROVISION_ADMIN,
	PROVISION_EVIDENCE,
	PROVISION_DIRECTION,
	PROVISION_POLICY,
	PROVISION_GROUPS
};
const char *provision_group_print(enum provision_group group);	/* "trust root" */

struct provision_changes {
	struct provision_item {
		enum provision_group group;
		char what[PROVISION_ITEM];		/* "[mode] monitor-first" */
	} item[PROVISION_ITEMS];
	size_t items;			/* kept of them */
	size_t count;			/* all */
	size_t protected;		/* of count */
	bool changed[PROVISION_GROUPS];	/* by any of count */
};

/* Group of a key of cordon.conf or network.conf: what is not in the table of free ones is
 * protected. */
enum provision_group provision_key_group(enum provision_file file, const char *section,
					 const char *key);

/* new: complete. A secret in plain text is always another one: that nobody can learn from a refusal
 * whether a guess was right. */
void provision_compare(const struct provision *old, const struct provision *new,
		    struct provision_changes *changes);
/* Does this file say the same, without a look at what it says? */
bool provision_differs(const struct provision *old, const struct provision *new,
		       enum provision_file file);
/* From the child that compared (base/sealed.h). decode holds what it says against itself and
 * against the bytes, as far as they can be compared unparsed: -EBADMSG. */
void provision_changes_encode(const struct provision_changes *changes, struct text *out);
int provision_changes_decode(struct provision_changes *changes, const void *bytes, size_t size,
			  const struct provision *old, const struct provision *new)
	__attribute__((warn_unused_result));
/* "trust root (root.json), mode ([mode] monitor-first)": the protected ones, or the others. */
void provision_print(const struct provision_changes *changes, bool protected, struct text *out);

/*
 * What a file says, for people who are about to sign it, a line each: of cordon.conf and
 * network.conf every key ("[dns] workers = 1"), of authorized_keys and reader_keys every key by its
 * fingerprint and comment, of mirror-ca.pem every certificate by its subject and fingerprint. Not
 * for root.json and admin-secret. -EINVAL with diag: it holds something that cannot be shown, or
 * that an appliance would not take.
 */
int provision_list(enum provision_file file, const struct provision_part *part, struct text *out,
		struct diag *diag) __attribute__((warn_unused_result));

/* ---- files that no other parser judges ---- */

/* Public keys of OpenSSH, one a line, "TYPE BASE64 COMMENT", without options. */
int provision_check_keys(const struct provision_part *keys, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));
/* A line pbkdf2-sha256$..., or a secret in plain text of 12 to 256 characters. */
int provision_check_secret(const struct provision_part *secret, const char *source,
			   struct diag *diag) __attribute__((warn_unused_result));
