/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/crypto/digest.h"
#include "rules/signed/archive.h"
#include "rules/signed/trust.h"

/*
 * Settings approved by keys of the root role: a file settings.json beside them, in the form of TUF
 * metadata:
 *
 *	{"signatures": [{"keyid", "sig"}...],
 *	 "signed": {"_type": "x-cordon-settings", "version": N,
 *		    "x-cordon-repository": HEX,
 *		    "appliances": "all" or [ID, ...],
 *		    "files": {"cordon.conf": {"sha256": HEX, "length": BYTES}, ...}}}
 *
 * An appliance accepts settings that are signed for its own repository and for itself, and each
 * version once. Its floor is the highest version that it ever accepted, whatever that set was for.
 * The floor outlives the settings (appliance/box/settings/floor.h), and so does the version of the
 * root that it trusted last. An expired root approves nothing.
 *
 * What may replace the trusted root (approval_replace):
 *
 * - A later root of the same repository. Versions of releases and metadata continue, because the
 *   bundle in force stays.
 * - Never an earlier root, nor a different one of the same version. Its signers would be people
 *   whom the appliance knows to have been withdrawn, or it would be a fork.
 * - The root of another repository, whose versions start over: only with the administrator's
 *   secret. If signatures were enough, a threshold of one repository's keys could escape its floors
 *   by moving elsewhere. And the appliance cannot check anything that the new repository's keys
 *   signed so far.
 */
#define APPROVAL_TYPE "x-cordon-settings"
#define APPROVAL_NAME "settings.json"
enum {
	APPROVAL_FILES = 16,
	APPROVAL_MAX = 64 * 1024,
	APPROVAL_FILE_NAME = 64,
	APPROVAL_APPLIANCES = 256,
	APPROVAL_APPLIANCE = 65		/* NUL included */
};

struct approval {
	int64_t version;
	char repository[METADATA_KEYID];
	bool all; /* for every appliance; else for the ones named */
	char appliance[APPROVAL_APPLIANCES][APPROVAL_APPLIANCE];
	size_t appliances;
	struct approval_file {
		char name[APPROVAL_FILE_NAME];
		int64_t length;
		uint8_t sha256[32];
	} file[APPROVAL_FILES];
	size_t files;
	struct metadata *metadata;	/* document and canonical form alone */
};

/* The caller frees *approval's content with approval_release. 0, or -EINVAL with diag. */
int approval_parse(struct approval *approval, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));
void approval_release(struct approval *approval);

/* SHA-256 of what is signed. */
int approval_digest(const struct approval *approval, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));

/*
 * What is wrong with this name of an appliance, or NULL. 64 hexadecimal digits in lower case are
 * the id of its own key, as in its receipts; anything else is its serial number. Wrong: empty,
 * longer than 64 bytes, not printable ASCII, a blank at either end, or a filler text that many
 * boxes have instead of a serial number.
 */
const char *approval_appliance_wrong(const char *name);
/* Prints "all appliances", or "SN-1, SN-2 and 3 more" with at most most names. */
void approval_print_appliances(const struct approval *approval, size_t most, struct text *out);

struct approval_judge {
	const struct metadata *root;	/* trusted */
	const char *repository;		/* that it belongs to; "": not known */
	const char *key, *serial;	/* of this appliance; "": none */
	int64_t now;			/* signed/freshness.h, seconds since 1970 */
	int64_t last;			/* the floor */
	/* The digest of version last, which may be accepted once more; NULL: it may not. */
	const uint8_t *again;
	const char *root_repository; /* of the newest root that was ever trusted; "": unknown */
	int64_t root_version;
};

/*
 * May this appliance accept it? 0, or with diag: -EACCES: another repository, or not signed by the
 * root role; -ESTALE: the root has expired, or is older than one trusted before; -ENODEV: for other
 * appliances; -EEXIST: not later than last.
 */
int approval_verify(const struct approval *approval, const struct approval_judge *judge,
		    struct diag *diag) __attribute__((warn_unused_result));

/* Is this file listed, with these bytes? 0, or -ENOENT or -EINVAL with diag. */
int approval_check(const struct approval *approval, const char *name, const void *data, size_t size,
		   struct diag *diag) __attribute__((warn_unused_result));

/* The repository that a root belongs to: its own fingerprint for version 1, else the one that it
 * names; "" if it names none. 0 or -errno. */
int approval_repository(const struct metadata *root, char repository[METADATA_KEYID])
	__attribute__((warn_unused_result));

/*
 * The root in force: root, followed by every newer one kept with the bundle (NULL: none), or the
 * bundle's own, which was verified starting from root. The caller frees *trust with trust_free;
 * trust_get returns the root. repository: which one it belongs to; "": unknown. 0; -EINVAL: root is
 * not signed by itself; other -errno, with diag.
 */
int approval_root(struct trust **trust, char repository[METADATA_KEYID], const void *root,
		  size_t size, const struct archive *bundle, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * May next replace the trusted root, which belongs to repository? *other: next belongs to another
 * repository, or to an unknown one. 0, or with diag: -EEXIST: see above; -EINVAL: not a root that
 * is signed by itself.
 */
int approval_replace(const struct metadata *trusted, const char *repository, const void *next,
		     size_t size, bool *other, struct diag *diag)
	__attribute__((warn_unused_result));
