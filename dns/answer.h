/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"
#include "dns/wire.h"
#include "rules/policy/policy.h"

/*
 * Judges a server's answer by the same policy before a client sees it: the CNAME and DNAME chain to
 * its end, addresses (also those inside IPv6 addresses), and the targets and address hints of HTTPS
 * and SVCB (RFC 9460).
 *
 * A name that a rule exempts or monitors carries its answer. From there on, along the chain that
 * begins at the question, nothing is blocked, and addresses inside a blocked network need a pinhole
 * each. A name that an update, activation or telemetry rule blocks ends that. SVCB and HTTPS lead
 * on as CNAME does, in whatever order the records come. Records of names off the chain carry
 * nothing. In the answer section, which some clients use unfiltered, they are judged as without an
 * exemption.
 *
 * The walk is that of dns/records.h. A judged record must match its type to the last byte;
 * otherwise the answer is refused, because clients would read it in different ways. The data of
 * other records are ignored.
 */
struct answer_terms {
	const struct settings *settings;
	const struct policy *policy;
	bool internal;	/* from one of the agency's own servers */
};

enum { ANSWER_PINHOLES = 16, ANSWER_PINHOLE_TTL_MIN = 5, ANSWER_PINHOLE_TTL_MAX = 86400 };

struct answer {
	struct verdict verdict;		/* block: do not deliver; monitor: deliver and log */
	bool by_address;		/* verdict comes from address, not from a name */
	struct addr address;
	struct name carrier;		/* name whose rule carries the addresses below */
	struct addr pinhole[ANSWER_PINHOLES];
	uint32_t seconds[ANSWER_PINHOLES];
	size_t pinholes;
	bool rebinds;			/* a private address that is not allowed: do not deliver */
};

/*
 * asked: the verdict on the question's name. 0, or -EBADMSG: the message is malformed and must not
 * be delivered.
 */
int answer_judge(const struct answer_terms *terms, const uint8_t *data, size_t size,
		 const struct query *query, const struct verdict *asked, struct answer *answer)
	__attribute__((warn_unused_result));
