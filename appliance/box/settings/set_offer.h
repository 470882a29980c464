/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/diag.h"
#include "appliance/box/settings/provision.h"

/* A set that is offered: on a stick, on the EFI partition, or at a path. */
#define SET_OFFER_ERRORS "errors.txt"

struct set_offer {
	struct provision set;
	bool whole;		/* a file that is not in it goes; otherwise it stays as it is */
	char *approval;		/* settings.json, malloc'ed; NULL: none */
	size_t approval_size;
	char where[64];		/* "the stick sdb1" */
	bool has_errors;	/* SET_OFFER_ERRORS lies beside it */
	char *unreadable;	/* of a stick without a set: what is wrong with it; malloc'ed */
};

/* Reads the set of an open folder, whole files within their limits; nothing is parsed. 1: none of
 * the files is there; -errno with diag: a file is too large or cannot be read, or a name is nearly
 * one of a set. The caller releases the offer in any case. */
int set_offer_read(int folder, struct set_offer *offer, struct diag *diag)
	__attribute__((warn_unused_result));
/* Wipes and frees what was offered. */
void set_offer_release(struct set_offer *offer);
/* The digest by which the box knows a set again. A newly signed set has another one. -EIO. */
int set_offer_digest(const struct set_offer *offer, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));
/* Writes SET_OFFER_ERRORS into the folder, or removes it (NULL). */
void set_offer_note(int folder, const char *errors);
