/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/settings/settings.h"
#include "dns/wire.h"
#include "rules/policy/policy.h"

/*
 * What a server answered, judged by the same policy before a client sees it: the CNAME and DNAME
 * chain to its end, addresses (those inside IPv6 addresses, too), and the targets and address hints
 * of HTTPS and SVCB (RFC 9460).
 *
 * A name that a rule exempts or monitors carries its answer with it: from there on along the chain
 * that begins at the question, nothing is blocked, and addresses inside a blocked network need a
 * pinhole each; but a name that a rule of update, activation or telemetry blocks ends that. SVCB
 * and HTTPS lead on as CNAME does, in whatever order the records come. Records of names that are
 * not on the chain carry nothing; in the answer section, which some clients take as it comes, they
 * are judged as without an exemption.
 *
 * The walk is that of dns/records.h. A record that is judged has to be what its type says, to the
 * last byte, or the answer is refused, since clients would read it in several ways; of all others
 * nobody looks at the data.
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
	bool rebinds;			/* a private address where none may be: do not deliver */
};

/* asked: the verdict on the question's name. -EBADMSG when the message is malformed: not to be
 * delivered. */
int answer_judge(const struct answer_terms *terms, const uint8_t *data, size_t size,
		 const struct query *query, const struct verdict *asked, struct answer *answer)
	__attribute__((warn_unused_result));
