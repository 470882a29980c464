/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/text.h"
#include "rules/nft/trace.h"

/* What the checks of one round of the self-test found, and what follows from it. */
enum { FINDINGS_KEEP = 128, FINDING_WHAT = 320, FINDING_TEXT = 96 };

enum finding_result { FINDING_OK, FINDING_WARNING, FINDING_FAILED, FINDING_SKIPPED };
const char *finding_result_print(enum finding_result result);	/* "ok" */

struct finding {
	enum finding_result result;
	/* "77.74.176.10, tcp/443"; all three are masked (base/text.h) */
	char what[FINDING_WHAT];
	char expected[FINDING_TEXT];	/* "refused" */
	char found[FINDING_TEXT];	/* "forwarded" */
	struct trace_drop drop;		/* what dropped it; no table: unknown or not dropped */
};

struct findings {
	bool enforce;		/* else the mode blocks nothing now */
	bool leaks;		/* a packet was forwarded that the policy blocks */
	struct finding finding[FINDINGS_KEEP];
	size_t kept, count, failed;	/* kept and failed are of count, which counts all */
};

/* Forgets a round; enforce stays. */
void findings_init(struct findings *findings);
void findings_note(struct findings *findings, enum finding_result result, const char *what,
		   const char *expected, const char *found);
/* As FINDING_OK or FINDING_FAILED. */
void findings_judge(struct findings *findings, bool good, const char *what, const char *expected,
		    const char *found);
/* Which chain dropped the packet of the last finding; without a table it changes nothing. */
void findings_drop(struct findings *findings, const struct trace_drop *drop);

/*
 * The exit code of `cordon selftest`, by which etc/init.d/start of the image decides: EXIT_YES, no
 * check failed; SELFTEST_LEAKS; EXIT_NO, another check failed. The command itself adds EXIT_NO, the
 * test could not be made; EXIT_USAGE; and EXIT_BUSY, another self-test did not end and nothing was
 * proven.
 */
enum {
	SELFTEST_LEAKS = 6	/* a packet was forwarded that the policy in force blocks */
};
int findings_code(const struct findings *findings);
/* A line for each finding, then one with the sum. */
void findings_print(const struct findings *findings, struct text *out);
/* The object that `cordon selftest --json` prints; NULL: out of memory. */
json_t *findings_json(const struct findings *findings);
