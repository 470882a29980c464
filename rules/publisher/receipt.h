/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/crypto/key.h"
#include "appliance/journal/checkpoint.h"
#include "rules/signed/metadata.h"

/*
 * What an appliance attests: {"signatures": [{"keyid", "sig"}], "signed": {...}}, signed over the
 * canonical form by the appliance's own key, which it contains. Anyone who can write to the
 * collector can write a receipt; fleet.h says which ones count.
 */
enum { RECEIPT_MAX = 16 * 1024, RECEIPT_WORD = 64, RECEIPT_REFUSAL = 512, RECEIPT_NOTE = 640 };

struct receipt {
	char appliance[RECEIPT_WORD];
	char keyid[METADATA_KEYID];
	char digest[METADATA_KEYID];	/* SHA-256 of what is signed */
	int64_t time;			/* seconds since 1970 */
	bool clock_set;			/* false: time is the floor of the newest signature */
	int64_t uptime;
	int64_t release;		/* 0: none */
	char bundle[METADATA_KEYID];	/* digest of release.json; "": none */
	int64_t since;			/* enforced since; 0: not said */
	int64_t sequence;
	char state[RECEIPT_WORD];
	char mode[RECEIPT_WORD];
	char freshness[RECEIPT_WORD];
	char result[RECEIPT_WORD];
	char ring[RECEIPT_WORD];
	char image[RECEIPT_WORD];
	char refusal[RECEIPT_REFUSAL];	/* cut to this; "" */
	/* The newest checkpoint of the appliance's log (journal/checkpoint.h), by the same key; "":
	 * none, as from appliances before 0.2. log is read from it. */
	char note[RECEIPT_NOTE];
	struct checkpoint log;
};

/*
 * 0, or with diag: -EINVAL: not a receipt; -EBADMSG: its signature is not by the key in it; then
 * appliance is only a claim.
 */
int receipt_parse(struct receipt *receipt, const void *bytes, size_t size, const char *source,
		  struct diag *diag) __attribute__((warn_unused_result));
