/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"
#include "policy/policy.h"

/*
 * What an upstream answered, judged by the same policy before a client sees it: the CNAME and DNAME
 * chain, addresses, and the targets and address hints of HTTPS and SVCB (RFC 9460).
 *
 * A name that a rule exempts or monitors carries its answer with it: from there on along the chain
 * that begins at the question, nothing is blocked, and addresses inside a blocked network need a
 * pinhole each. Records of names that are not on the chain carry nothing.
 */
enum { ANSWER_PINHOLES = 16, ANSWER_PINHOLE_TTL_MIN = 5, ANSWER_PINHOLE_TTL_MAX = 86400 };

struct answer {
	struct verdict verdict;		/* block: do not deliver; monitor: deliver and log */
	bool by_address;		/* verdict comes from address, not from a name */
	struct addr address;
	struct name carrier;		/* name whose rule carries the addresses below */
	struct addr pinhole[ANSWER_PINHOLES];
	uint32_t seconds[ANSWER_PINHOLES];
	size_t pinholes;
};

/* asked: the verdict on the question's name. -EBADMSG when the message is malformed: not to be
 * delivered. */
int answer_judge(const struct policy *policy, const uint8_t *data, size_t size,
		 const struct query *query, const struct verdict *asked, struct answer *answer)
	__attribute__((warn_unused_result));
