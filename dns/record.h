/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <ldns/ldns.h>
#include <stdbool.h>

#include "policy/name.h"

/* What is read out of the records of an answer, by whoever walks one with ldns. */

/* A name in the record: its owner, or a field that is one. field may be NULL. */
bool record_name(struct name *name, const ldns_rdf *field);

/* Where a record leads this name: CNAME, or DNAME of a name above it (RFC 6672, 2.2). */
bool record_leads(const ldns_rr *record, const struct name *name, struct name *target);
