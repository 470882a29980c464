/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/leases_udhcpd.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/cursor.h"
#include "appliance/evidence/leases_internal.h"

enum { HOST_NAME = 20, PADDING = 2, LEASE_SIZE = 4 + 4 + MAC_SIZE + HOST_NAME + PADDING };

/* Numbers are in network byte order. expires: seconds behind the time of writing. */
static int take(struct cursor *cursor, int64_t written_ms, leases_sink *sink, void *context)
{
	struct naming naming = { .source = NAMING_LEASE, .has_address = true, .has_mac = true };
	const int64_t expires = cursor_get32(cursor);
	char name[HOST_NAME + PADDING];

	naming.address = addr_v4(cursor_get32(cursor));
	cursor_get(cursor, naming.mac, MAC_SIZE);
	cursor_get(cursor, name, sizeof(name));
	naming.until_ms = written_ms + expires * LEASES_SECOND_MS;
	naming.from_ms = naming.until_ms - LEASES_DAY_MS < written_ms ?
			 naming.until_ms - LEASES_DAY_MS : written_ms;
	naming_text(naming.name, sizeof(naming.name), name, strnlen(name, HOST_NAME));
	if (!addr_is_host(&naming.address) || !mac_is_device(naming.mac) || !naming.name[0])
		return 0;
	return sink(context, &naming);
}

int leases_udhcpd(const void *data, size_t size, leases_sink *sink, void *context)
{
	struct cursor cursor = cursor_reader(data, size);
	const int64_t written = (int64_t)cursor_get64(&cursor);
	int error = 0;

	if (cursor.failed || (size - sizeof(written)) % LEASE_SIZE != 0 || written < 0 ||
	    written > INT64_MAX / LEASES_SECOND_MS / 2)
		return -EBADMSG;
	for (size_t left = (size - sizeof(written)) / LEASE_SIZE; !error && left; left--)
		error = take(&cursor, written * LEASES_SECOND_MS, sink, context);
	return error;
}
