/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

/*
 * Names that no public server can know, answered here: localhost, invalid (RFC 6761), onion (RFC
 * 7686), local (RFC 6762), home.arpa (RFC 8375), and the reverse zones of private and special
 * addresses (RFC 6303, RFC 7793). Also names that would lead clients past this resolver:
 * resolver.arpa (RFC 9462, 6.4) and the service records of DNS servers (RFC 9461), of which there
 * are none.
 */
enum special {
	SPECIAL_NO,		/* an ordinary name */
	SPECIAL_DISCOVERY,	/* of other resolvers: NODATA, whatever server was asked */
	SPECIAL_NODATA,		/* the zone's own name */
	SPECIAL_NXDOMAIN,
	SPECIAL_LOCALHOST,	/* A and AAAA are the loopback's */
	SPECIAL_LOOPBACK	/* PTR is localhost */
};

/*
 * For class IN. *depth: labels of the zone that the answer speaks for. A DS query for the name of a
 * reverse zone or home.arpa is ordinary: validators behind us need the proof that it is unsigned.
 */
enum special special_find(const struct query *query, uint8_t *depth);
