/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/receipt.h"
#include "rules/signed/release.h"

/*
 * The appliances of one publisher, as their receipts have it. Whose a receipt is says its key: the
 * one that the list of those expected names, or that an earlier run with such a list has pinned.
 * A receipt by a key that nobody named is unknown: shown, and it pins nothing, since whoever can
 * write to the collector can write one. It is forged when its signature is wrong, when it lies under
 * another appliance's name, when its key is not the known one, or when its sequence went back.
 * Pins keep key and sequence of those that are known.
 */
enum { FLEET_MOST = 100000 };

enum fleet_state {
	FLEET_GOOD,
	FLEET_LATE,		/* no contact for too long */
	FLEET_BEHIND,		/* in contact, and long without the release that is due */
	FLEET_REFUSING,
	FLEET_SILENT,		/* expected, and no receipt */
	FLEET_UNKNOWN,		/* its key is in no list */
	FLEET_FORGED,
	FLEET_STATES
};

struct fleet_entry {
	char id[RECEIPT_WORD];
	enum fleet_state state;
	char why[RECEIPT_REFUSAL + 64];		/* "" when good; printable ASCII */
	bool has_receipt;			/* one that is not forged */
	bool expected;
	char expected_key[METADATA_KEYID];	/* "": the list says none */
	char expected_ring[RELEASE_WORD];	/* "": any */
	bool pinned;
	char pinned_key[METADATA_KEYID];
	char pinned_digest[METADATA_KEYID];
	int64_t pinned_sequence;
	struct receipt receipt;
};

struct fleet {
	struct fleet_entry **entry;	/* ordered by id after fleet_judge */
	size_t count;
	size_t room;
	bool expects;			/* there is a list of those expected */
};

const char *fleet_state_print(enum fleet_state state);

void fleet_init(struct fleet *fleet);
void fleet_release(struct fleet *fleet);

/* CSV: "id,keyid[,ring]" a line, '#' begins a comment. Without keyid the appliance is expected, and
 * counts as unknown until an earlier pin or the list says its key. */
int fleet_expect(struct fleet *fleet, const char *text, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));

/* fleet.json of an earlier run, and of this one. */
int fleet_pins_parse(struct fleet *fleet, const void *bytes, size_t size, const char *source,
		     struct diag *diag) __attribute__((warn_unused_result));
int fleet_pins_print(const struct fleet *fleet, struct text *out)
	__attribute__((warn_unused_result));

/* After expectations and pins: a file "ID.json". 0 also for a forged one; -ENOSPC, -ENOMEM. */
int fleet_add(struct fleet *fleet, const char *name, const void *bytes, size_t size)
	__attribute__((warn_unused_result));

struct fleet_options {
	int64_t now;
	int64_t late; /* seconds without contact, or behind a release that is due */
	const struct release *newest;	/* NULL: nothing is published */
	const uint8_t *digest;		/* of its release.json */
	bool held;
};

/* After all receipts. Returns how many are not good. */
size_t fleet_judge(struct fleet *fleet, const struct fleet_options *options);
