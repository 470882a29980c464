/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "appliance/base/crypto/key.h"
#include "appliance/base/text.h"

/*
 * What an appliance attests to its publisher: an envelope as TUF has it, {"signatures", "signed"},
 * signed over the canonical form by the appliance's own key. cordon-repo(1) lists the members.
 */
struct attestation {
	const char *appliance;
	const char *boot;		/* boot id */
	const char *state;		/* 8 hexadecimal digits; "" */
	const char *mode;
	const char *freshness;
	const char *result;		/* "accepted", "unchanged", "waiting", "refused" */
	const char *refusal;		/* "" */
	const char *ring;
	const uint8_t *bundle;		/* 32 bytes; NULL: none in force */
	int64_t release;		/* 0: none */
	int64_t since;			/* enforced since; seconds since 1970 */
	int64_t time;
	bool clock_set;
	int64_t uptime;			/* seconds */
	int64_t sequence;
	const char *checkpoint;		/* the newest signed note about the log; "": none */
};

/* One line of JSON and a newline. */
int receipt_print(const struct attestation *receipt, const struct secret *key, struct text *out)
	__attribute__((warn_unused_result));
