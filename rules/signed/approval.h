/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/crypto/digest.h"
#include "rules/signed/archive.h"
#include "rules/signed/trust.h"

/*
 * Settings that the keys of the root role approve of: a file settings.json beside them, in the form
 *of TUF metadata:
 *
 *	{"signatures": [{"keyid", "sig"}...],
 *	 "signed": {"_type": "x-cordon-settings", "version": N,
 *		    "x-cordon-repository": HEX,
 *		    "appliances": "all" or [ID, ...],
 *		    "files": {"cordon.conf": {"sha256": HEX, "length": BYTES}, ...}}}
 *
 * An appliance takes what is signed for its own repository and for itself, and a version once. Its
 *floor is the highest version that it ever took, whatever the set was for; the floor outlives the
 *settings (cli/settings.h says where it lies), and so does the version of the root that it trusted
 *last. A root that has expired approves nothing.
 *
 * What may replace the trusted root (approval_replace):
 *
 * - a later root of the same repository: releases and metadata go on from the versions that were
 *   reached, because the bundle in force stays;
 * - never an earlier one, nor another one of the same version: those who sign would be people of
 *whom the appliance knows already that they were taken out, or a fork;
 * - the root of another repository, whose versions begin anew, with the administrator's secret
 *alone. If signatures sufficed, a threshold of one repository's keys could end its floors by going
 *elsewhere, and the keys of the new repository have said nothing yet that the appliance could
 *check.
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
	bool all; /* for every appliance; else for those that are named */
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

/* The caller's, approval_release. -EINVAL with diag. */
int approval_parse(struct approval *approval, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));
void approval_release(struct approval *approval);

/* SHA-256 of what is signed. */
int approval_digest(const struct approval *approval, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));

/*
 * By which name an appliance is meant: 64 hexadecimal digits in lower case are the id of its own
 * key, as its receipts have it; anything else is its serial number. NULL, or what is wrong with it:
 * empty, longer than 64 bytes, not of printable ASCII, blanks at an end, or one of the texts that
 * makers leave in the place of a serial number, which many boxes have in common.
 */
const char *approval_appliance_wrong(const char *name);
/* "all appliances"; "SN-1, SN-2 and 3 more", at most most names. */
void approval_print_appliances(const struct approval *approval, size_t most, struct text *out);

struct approval_judge {
	const struct metadata *root;	/* trusted */
	const char *repository;		/* that it belongs to; "": not known */
	const char *key, *serial;	/* of this appliance; "": none */
	int64_t now;			/* signed/freshness.h, seconds since 1970 */
	int64_t last;			/* the floor */
	const uint8_t
		*again; /* the digest of version last, which may come once more; NULL: it may not */
	const char *root_repository; /* of the newest root that was ever trusted; "": not known */
	int64_t root_version;
};

/*
 * May this appliance take it? -EACCES: another repository, or not signed by the root role; -ESTALE:
 * the root has expired, or is older than one that was trusted before; -ENODEV: for others; -EEXIST:
 * not later than last. With diag.
 */
int approval_verify(const struct approval *approval, const struct approval_judge *judge,
		    struct diag *diag) __attribute__((warn_unused_result));

/* Is this file listed, with these bytes? -ENOENT, -EINVAL with diag. */
int approval_check(const struct approval *approval, const char *name, const void *data, size_t size,
		   struct diag *diag) __attribute__((warn_unused_result));

/* The repository of a root that says so itself: its own fingerprint for version 1, else what it
 * names;
 * "" when it does not. */
int approval_repository(const struct metadata *root, char repository[METADATA_KEYID])
	__attribute__((warn_unused_result));

/*
 * The root in force: root, and every newer one that follows from it and is kept with the bundle
 * (NULL: none), or the bundle's own, which was verified from root on. *trust: the caller's,
 * trust_free; trust_get has it. repository: of which it is, "": not known. -EINVAL: root is not
 * signed by itself.
 */
int approval_root(struct trust **trust, char repository[METADATA_KEYID], const void *root,
		  size_t size, const struct archive *bundle, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * May next stand in the place of the trusted root, which belongs to repository? *other: it is of
 * another repository, or that cannot be told. -EEXIST: see above; -EINVAL: no root that is signed
 * by itself. With diag.
 */
int approval_replace(const struct metadata *trusted, const char *repository, const void *next,
		     size_t size, bool *other, struct diag *diag)
	__attribute__((warn_unused_result));
