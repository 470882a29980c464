/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/attendance.h"

#include <string.h>

#include "appliance/base/hash.h"

struct attendance_client {
	struct addr client;
	uint32_t slot;		/* of the last note */
	uint32_t used;		/* when, in calls; 0: a free place */
	uint32_t count;		/* since the last note */
	uint8_t kind;
	bool noted;		/* ever; slot counts */
};
_Static_assert(sizeof(struct attendance_client) == 32, "the header says 32 bytes");

struct attendance {
	uint64_t seed;
	uint32_t calls;
	uint32_t slot;		/* that the numbers below are of */
	uint32_t notes;
	uint16_t group[ATTENDANCE_GROUPS];
	struct attendance_client client[ATTENDANCE_SETS][ATTENDANCE_WAYS];
};

size_t attendance_size(void)
{
	return sizeof(struct attendance);
}

struct attendance *attendance_init(void *memory, uint64_t seed)
{
	struct attendance *attendance = memory;

	attendance->seed = seed;
	return attendance;
}

/* The place of the client, or of the one that was used longest ago, which is forgotten. */
static struct attendance_client *find(struct attendance *attendance, const struct addr *client,
				      uint8_t kind)
{
	const size_t hash = hash_end(hash_bytes(attendance->seed ^ kind, client->bytes,
						sizeof(client->bytes)));
	struct attendance_client *set = attendance->client[hash % ATTENDANCE_SETS], *oldest = set;

	for (size_t i = 0; i < ATTENDANCE_WAYS; i++) {
		if (set[i].used && set[i].kind == kind &&
		    addr_compare(&set[i].client, client) == 0)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*oldest = (struct attendance_client){ .client = *client, .kind = kind };
	return oldest;
}

static bool may_note(struct attendance *attendance, const struct addr *client, uint32_t slot)
{
	const size_t hash = hash_end(hash_bytes(attendance->seed, client->bytes,
						addr_is_v4(client) ? 15 : 8));
	uint16_t *group = &attendance->group[hash % ATTENDANCE_GROUPS];

	if (attendance->slot != slot) {
		attendance->slot = slot;
		attendance->notes = 0;
		memset(attendance->group, 0, sizeof(attendance->group));
	}
	if (attendance->notes >= ATTENDANCE_MOST || *group >= ATTENDANCE_SHARE)
		return false;
	attendance->notes++;
	(*group)++;
	return true;
}

bool attendance_add(struct attendance *attendance, const struct addr *client, uint8_t kind,
		    uint32_t slot, uint64_t events, uint64_t *count)
{
	struct attendance_client *place = find(attendance, client, kind);

	/* After 2^32 calls the order of places is wrong once; nothing else. */
	place->used = ++attendance->calls ? attendance->calls : ++attendance->calls;
	place->count = events > UINT32_MAX - place->count ? UINT32_MAX :
		       place->count + (uint32_t)events;
	if ((place->noted && place->slot == slot) || !may_note(attendance, client, slot))
		return false;
	place->noted = true;
	place->slot = slot;
	*count = place->count;
	place->count = 0;
	return true;
}
