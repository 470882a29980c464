/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/settings/lists.h"
#include "rules/signed/client.h"

/*
 * A release: the target rules/release.json and the lists that it names, accepted together or not at
 * all. The bundle digest is the SHA-256 of release.json, which contains the digest of every list.
 *
 *	{ "version": 7, "published": "2026-11-24T10:00:00Z",
 *	  "lists": [ { "name": "kaspersky", "sha256": "<64 digits>" }, ... ],
 *	  "rings": { "canary": 0, "early": 3600, "broad": 86400 },
 *	  "limits": { "max-rules": 100000, "max-address-share": 64 },
 *	  "canaries": { "block": [ "downloads.upd.kaspersky.com", ... ],
 *			"pass": [ "www.gsa.gov", ... ] } }
 *
 * Rings are in seconds after published, the share in 1/65536. Unknown members are ignored, so that
 * an older appliance accepts a newer release.
 */
enum {
	RELEASE_TARGET_MAX = 64 * 1024,
	RELEASE_LISTS = 32,
	RELEASE_RINGS = 16,
	RELEASE_CANARIES = 64,
	RELEASE_WORD = 33,
	RELEASE_CANARY = 254,
	RELEASE_LIST_MAX = 64 << 20,
	RELEASE_SIGNERS = 8,
	RELEASE_OWNER = 64
};
#define RELEASE_TARGET "rules/release.json"
#define RELEASE_ROLE "rules"	/* the only role that may list it and its lists */

struct release_list {
	char name[RELEASE_WORD];	/* target rules/NAME.rules */
	uint8_t sha256[32];
};

struct release_ring {
	char name[RELEASE_WORD];
	uint64_t delay;			/* seconds */
};

struct release {
	int64_t version;
	int64_t published;		/* seconds since 1970 */
	struct release_list list[RELEASE_LISTS];
	size_t lists;
	struct release_ring ring[RELEASE_RINGS];
	size_t rings;
	uint64_t max_rules;		/* 0: no limit given */
	unsigned int max_share;
	char block[RELEASE_CANARIES][RELEASE_CANARY];	/* names or addresses that must block */
	size_t blocks;
	char pass[RELEASE_CANARIES][RELEASE_CANARY];	/* and that must not */
	size_t passes;
};

/* 0; -EINVAL with diag: malformed, or beyond the limits; -ENOMEM. */
int release_parse(struct release *release, const void *bytes, size_t size, struct diag *diag)
	__attribute__((warn_unused_result));
/* JSON text, the same bytes for the same release. 0 or -errno. */
int release_print(const struct release *release, struct text *out)
	__attribute__((warn_unused_result));

/* Seconds after published for this ring; the longest delay if the ring is not listed; 0 if there
 * are no rings. */
uint64_t release_delay(const struct release *release, const char *ring);

/* A release with the bytes of its lists and what vouches for it. */
struct bundle {
	struct release release;
	uint8_t digest[32];
	char *list[RELEASE_LISTS];	/* malloc'ed, NUL-terminated */
	size_t size[RELEASE_LISTS];
	char signer[RELEASE_SIGNERS][METADATA_KEYID];
	size_t signers;
	/* The earliest of timestamp, snapshot, targets, rules, root. */
	int64_t expires;
	int64_t signed_at;		/* x-cordon-signed-at; 0: not given */
	char online[METADATA_ROLE_KEYS][METADATA_KEYID];	/* keys that may sign that, by the
								 * root */
	size_t onlines;
	char timestamp_signer[METADATA_KEYID];	/* who did */
	char timestamp_owner[RELEASE_OWNER];	/* name of that key, possibly truncated; "": it has
						 * none */
	int64_t hold;			/* x-cordon-hold */
};

/*
 * Takes the release from a refreshed client. lists: false leaves the lists out (only the header is
 * wanted). -EACCES: a role other than RELEASE_ROLE lists the release or a list; -ESTALE: signed_at
 * is not before expires; -EINVAL: lists do not fit release.json. With diag.
 */
int bundle_take(struct bundle *bundle, struct client *client, bool lists, struct diag *diag)
	__attribute__((warn_unused_result));
void bundle_release(struct bundle *bundle);

/*
 * Compiles its lists (settings/lists.h), in its order. Its limit on addresses applies if lower than
 * that of options.
 */
int bundle_compile(const struct bundle *bundle, const struct settings *settings,
		   const struct policy_options *options, void **block, size_t *size,
		   struct diag *diag) __attribute__((warn_unused_result));
