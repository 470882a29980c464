/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/record.h"

#include <string.h>

#include "dns/wire.h"

bool record_name(struct name *name, const ldns_rdf *field)
{
	return field && name_from_wire(name, ldns_rdf_data(field), ldns_rdf_size(field)) == 0;
}

bool record_leads(const ldns_rr *record, const struct name *name, struct name *target)
{
	int type = (int)ldns_rr_get_type(record), prefix;
	struct name owner;
	uint8_t wire[2 * NAME_WIRE_MAX];

	if ((type != TYPE_CNAME && type != TYPE_DNAME) ||
	    !record_name(&owner, ldns_rr_owner(record)) ||
	    !record_name(target, ldns_rr_rdf(record, 0)))
		return false;
	prefix = name_prefix(name, &owner);
	if (type == TYPE_CNAME || prefix <= 0)
		return type == TYPE_CNAME && prefix == 0;
	memcpy(wire, name->wire, (size_t)prefix);
	memcpy(wire + prefix, target->wire, target->length);
	return name_from_wire(target, wire, (size_t)prefix + target->length) == 0;
}
