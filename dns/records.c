/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/records.h"

#include <errno.h>
#include <string.h>

#include "dns/wire.h"

enum { POINTER = 0xc0, FIXED = 10 };	/* type, class, TTL, RDLENGTH */

int records_name(const uint8_t *message, size_t limit, size_t at, struct name *name, size_t *end)
{
	uint8_t wire[NAME_WIRE_MAX];
	size_t length = 0, bound = at, behind = 0;

	for (;;) {
		size_t size;

		if (at >= limit)
			return -EBADMSG;
		if (message[at] >= POINTER) {
			if (limit - at < 2)
				return -EBADMSG;
			behind = behind ? behind : at + 2;
			at = wire_get16(message + at) & 0x3fff;
			/*
			 * Each pointer must lead to before the name that it ends, so there is no
			 * loop.
			 */
			if (at >= bound)
				return -EBADMSG;
			limit = bound;
			bound = at;
			continue;
		}
		size = message[at] + 1U;
		if (size > NAME_LABEL_MAX + 1 || size > limit - at || size > sizeof(wire) - length)
			return -EBADMSG;
		memcpy(wire + length, message + at, size);
		length += size;
		at += size;
		if (size == 1)
			break;
	}
	*end = behind ? behind : at;
	return name_from_wire(name, wire, length);
}

int records_begin(struct records *records, const uint8_t *message, size_t size)
{
	if (size < WIRE_HEADER)
		return -EBADMSG;
	*records = (struct records){ .message = message, .size = size, .at = WIRE_HEADER };
	for (unsigned int section = 0; section < SECTIONS; section++)
		records->left[section] = wire_get16(message + 6 + 2 * (size_t)section);
	for (unsigned int questions = wire_get16(message + 4); questions; questions--) {
		struct name name;
		int error = records_name(message, size, records->at, &name, &records->at);

		if (error || size - records->at < 4)
			return -EBADMSG;
		records->at += 4;
	}
	return 0;
}

int records_next(struct records *records, struct record *record)
{
	const uint8_t *fixed;
	unsigned int section = 0;
	size_t at, end, behind;

	while (section < SECTIONS && records->left[section] == 0)
		section++;
	if (section == SECTIONS)
		return 0;
	end = wire_skip_record(records->message, records->size, records->at, &at);
	if (end == 0 ||
	    records_name(records->message, at, records->at, &record->owner, &behind) < 0)
		return -EBADMSG;
	fixed = records->message + at;
	record->section = (enum section)section;
	record->start = records->at;
	record->type = wire_get16(fixed);
	record->class = wire_get16(fixed + 2);
	record->ttl = wire_get32(fixed + 4);
	record->data = at + FIXED;
	record->end = records->at = end;
	records->left[section]--;
	return 1;
}

bool records_data_name(const struct records *records, const struct record *record,
		       struct name *name)
{
	size_t end;

	return records_name(records->message, record->end, record->data, name, &end) == 0 &&
	       end == record->end;
}

bool records_lead(const struct records *records, const struct record *record,
		  const struct name *name, struct name *target)
{
	uint8_t wire[2 * NAME_WIRE_MAX];
	int prefix;

	if (record->type != TYPE_CNAME && record->type != TYPE_DNAME)
		return false;
	prefix = name_prefix(name, &record->owner);
	if (prefix < 0 || (prefix > 0) != (record->type == TYPE_DNAME) ||
	    !records_data_name(records, record, target))
		return false;
	memcpy(wire, name->wire, (size_t)prefix);
	memcpy(wire + prefix, target->wire, target->length);
	return name_from_wire(target, wire, (size_t)prefix + target->length) == 0;
}
