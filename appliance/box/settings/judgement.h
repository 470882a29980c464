/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"

/* What becomes of a set that is offered. */
enum judgement_verdict {
	JUDGEMENT_SAME,		/* nothing would change */
	JUDGEMENT_TAKE,
	JUDGEMENT_REFUSE,	/* it takes a signature or the administrator's secret */
	JUDGEMENT_WRONG		/* it does not read, or was not signed as it says */
};

/* What the verdict depends on. */
struct judgement_facts {
	bool wrong;		/* an error was found */
	bool provisioned;	/* the box was set up (set_mark.h) */
	bool confirmed;		/* the administrator's secret was given */
	bool approved;		/* keys of the trust root signed the offer for this box */
	bool other_root;	/* its trust root belongs to another repository */
	size_t changes;		/* all of them */
	size_t protected;	/* of changes */
};
/* Before the first provisioning the person who sets the box up decides everything. Afterwards a
 * protected change takes the secret or a signature, and a root of another repository the secret. */
enum judgement_verdict judgement_decide(const struct judgement_facts *facts);

struct judgement {
	enum judgement_verdict verdict;
	struct provision complete;		/* the offer, and what it leaves as it is */
	struct provision_changes changes;
	struct ledger ledger;			/* as it will be */
	uint8_t digest[DIGEST_SIZE];		/* of the offer */
	char *why;				/* for people; malloc'ed; NULL: nothing to say */
	char *errors;				/* a line each; malloc'ed; NULL: none */
};

/* Judges the offer against the settings in force. confirmed: the administrator's secret was given.
 * The caller releases the judgement in any case. */
void judgement_make(struct judgement *judgement, const struct set_offer *offer, bool confirmed);
void judgement_release(struct judgement *judgement);
