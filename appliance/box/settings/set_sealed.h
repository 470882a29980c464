/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/identity.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"

/*
 * Sealed children (base/sealed.h) parse everything that is offered, one child per question, so that
 * an exploit of the certificate reader does not decide who signed. Errors are in diag, as the
 * parsers word them. The settings in force were offered once and are the box's own: their users
 * parse them themselves.
 */

/* Call it before anything is judged: sets which kinds of keys this build knows, and how much memory
 * JSON may take. */
void set_sealed_begin(void);

/* cordon.conf as cordond gets it, with the names of root.json and mirror-ca.pem of a folder. */
int set_sealed_compose(const struct provision *set, const char *folder, struct text *out,
		       struct diag *diag) __attribute__((warn_unused_result));
/* Checks each file of the set alone, and cordon.conf and network.conf together. */
void set_sealed_check_files(const struct provision *set, struct diag *diag);
/* What would change from old to new? new is complete. */
int set_sealed_compare(const struct provision *old, const struct provision *new,
		       struct provision_changes *changes, struct diag *diag)
	__attribute__((warn_unused_result));

struct set_sealed_trust {
	struct provision_part root;	/* the trusted root; data NULL: none */
	const char *bundle;		/* in force; NULL: none */
	size_t bundle_size;
};

struct set_sealed_approval {
	const struct set_offer *offer;	/* with an approval */
	struct set_sealed_trust trust;
	struct identity who;
	struct floor floor;
	int64_t now;			/* floor_now */
	int64_t last;			/* version of the last signed set, by the ledger */
};

/* Did the keys of the trust root sign this set for this box, now, and later than the last one?
 * version: of the signed set. digest: of what was signed. */
int set_sealed_check_approval(const struct set_sealed_approval *approval, int64_t *version,
			      uint8_t digest[DIGEST_SIZE], struct diag *diag)
	__attribute__((warn_unused_result));
/* May root take the place of the trusted one (rules/signed/approval.h)? *other: it belongs to
 * another repository; it counts after 0 alone. */
int set_sealed_check_root(const struct set_sealed_trust *trust, const struct provision_part *root,
			  bool *other, struct diag *diag) __attribute__((warn_unused_result));

#define SET_SEALED_COPY_TYPE "x-cordon-settings-copy"
/* Reads a copy as copy_export writes it, and puts its files into set. */
int set_sealed_parse_copy(const char *path, const char *text, size_t size, struct provision *set,
			  struct diag *diag) __attribute__((warn_unused_result));
/* What differs, line by line and masked for a screen. 1: something does, 0: nothing, -errno. whole:
 * a file that is not in new goes. */
int set_sealed_diff(const struct provision *old, const struct provision *new, bool whole,
		    struct text *out, struct diag *diag) __attribute__((warn_unused_result));
