/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the rules role reports about the kernel: the body of MESSAGE_GUARD. */

enum {
	GUARD_NAME = 16,	/* an interface, NUL-terminated */
	GUARD_NAMES = 8,
	GUARD_TEXT = 160,
	GUARD_RULES = 4,
	GUARD_REPORT_MAX = 2048	/* bytes encoded */
};

/* Interfaces; total also counts those that do not fit. */
struct guard_names {
	char name[GUARD_NAMES][GUARD_NAME];
	uint32_t total;
};

/* Who may change the table. */
enum guard_owner { GUARD_ANYBODY, GUARD_OURS, GUARD_UNABLE, GUARD_LATER, GUARD_OWNERS };
const char *guard_owner_print(enum guard_owner owner);	/* "no", "yes", "unable", "later" */

struct guard_report {
	uint32_t changes;	/* by others, since the last report */
	char what[GUARD_TEXT];	/* the last of them; "" with none */
	bool failed;		/* it could not be undone; a retry follows */
	enum guard_owner owner;
	bool barrier;		/* nothing is forwarded while the table is missing */
	struct guard_names outside, missing, unknown;
	char before[GUARD_RULES][GUARD_TEXT];	/* foreign policy rules that precede ours */
	uint32_t befores;	/* all of them */
};

/* The encoded size, or -EMSGSIZE. */
int guard_encode(const struct guard_report *report, uint8_t *data, size_t size);
/* 0 or -EBADMSG; texts are plain then. */
int guard_decode(struct guard_report *report, const uint8_t *data, size_t size)
	__attribute__((warn_unused_result));
