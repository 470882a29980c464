/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "appliance/base/clock.h"
#include "dns/wire.h"

static int init_seen(struct core *core)
{
	void *memory = calloc(1, attendance_size());
	uint64_t seed;

	if (!memory)
		return -ENOMEM;
	core_random(core, &seed, sizeof(seed));
	core->attendance = attendance_init(memory, seed);
	return 0;
}

int core_init(struct core *core, size_t jobs)
{
	int error = loop_init(&core->loop);

	core->peer = -1;
	if (!error)
		error = share_init(&core->sockets, CORE_EXTRA_SOCKETS, CORE_EXTRA_SOCKETS);
	if (!error)
		error = share_init(&core->bytes, CORE_BYTES, jobs);
	return error || core->wake < 0 ? error : init_seen(core);
}

void core_policy(struct core *core, const struct policy *policy)
{
	core->policy = policy;
	core->state = wire_get32(policy_digest(policy));
}

void core_read_clocks(struct core *core)
{
	core->now = clock_uptime_ms();
	core->wall = clock_wall_ms();
}

void core_random(struct core *core, void *bytes, size_t size)
{
	if (core->random_left < size) {
		/* Cannot fail for 256 bytes once the pool is ready (getrandom(2)). */
		if (getrandom(core->random, sizeof(core->random),
			      0) != (ssize_t)sizeof(core->random))
			abort();
		core->random_left = sizeof(core->random);
	}
	core->random_left -= size;
	memcpy(bytes, core->random + core->random_left, size);
}

size_t core_hash(const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->bytes, sizeof(half));
	return (size_t)((half[0] ^ half[1] * 0x9e3779b97f4a7c15) * 0x9e3779b97f4a7c15 >> 56);
}
