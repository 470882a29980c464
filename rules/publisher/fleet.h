/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/receipt.h"
#include "rules/signed/release.h"

/*
 * The appliances of one publisher, according to their receipts. The key of a receipt shows which
 * appliance it is from: the key given in the list of expected appliances, or the key that an
 * earlier run with such a list pinned. A receipt by any other key is unknown. It is shown but pins
 * nothing, because anyone who can write to the collector can write one. A receipt is forged if its
 * signature is wrong, its file has another appliance's name, its key is not the known one, or its
 * sequence went back. Pins store key and sequence of the known appliances, and the size and root of
 * the largest log that each has signed: a smaller one, or another of the same size, was altered.
 */
enum { FLEET_MOST = 100000 };

enum fleet_state {
	FLEET_GOOD,
	FLEET_LATE,		/* no contact for too long */
	FLEET_BEHIND,		/* in contact, but long without the release that is due */
	FLEET_REFUSING,
	FLEET_SILENT,		/* expected, and no receipt */
	FLEET_UNKNOWN,		/* its key is in no list */
	FLEET_ALTERED,		/* its log contradicts one that it signed before */
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
	uint64_t pinned_size;			/* of the largest log that it signed; 0: none */
	uint8_t pinned_root[DIGEST_SIZE];
	bool news;				/* the receipt's note is not pinned yet */
	struct receipt receipt;
};

struct fleet {
	struct fleet_entry **entry;	/* ordered by id after fleet_judge */
	size_t count;
	size_t room;
	bool expects;			/* there is a list of expected appliances */
};

/* The word of the state, as people and JSON read it; static memory. */
const char *fleet_state_print(enum fleet_state state);

/* An empty fleet; fleet_release frees everything in it. */
void fleet_init(struct fleet *fleet);
void fleet_release(struct fleet *fleet);

/*
 * CSV: one "id,keyid[,ring]" per line, '#' begins a comment. Without keyid the appliance is
 * expected, but counts as unknown until the list or an earlier pin gives its key. 0 or -errno with
 * diag.
 */
int fleet_expect(struct fleet *fleet, const char *text, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));

/* fleet.json of an earlier run, and of this one. 0 or -errno, parse with diag. */
int fleet_pins_parse(struct fleet *fleet, const void *bytes, size_t size, const char *source,
		     struct diag *diag) __attribute__((warn_unused_result));
int fleet_pins_print(const struct fleet *fleet, struct text *out)
	__attribute__((warn_unused_result));

/*
 * Adds the file "ID.json"; call it after expectations and pins. 0, even for a forged one, or
 * -ENOSPC, -ENOMEM.
 */
int fleet_add(struct fleet *fleet, const char *name, const void *bytes, size_t size)
	__attribute__((warn_unused_result));

struct fleet_options {
	int64_t now;
	int64_t late; /* seconds without contact, or behind a release that is due */
	const struct release *newest;	/* NULL: nothing is published */
	const uint8_t *digest;		/* of its release.json */
	bool held;
};

/* Call it after all receipts. Returns how many appliances are not good. */
size_t fleet_judge(struct fleet *fleet, const struct fleet_options *options);
