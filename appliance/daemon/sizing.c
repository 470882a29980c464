/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/sizing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sizing_ranges(const struct policy *policy)
{
	return (uint64_t)policy_ranges(policy, POLICY_NETWORKS) +
	       policy_ranges(policy, POLICY_RESOLVERS) + policy_port_ranges(policy);
}

/*
 * Ranges weighted by how much longer each takes in a large set: n up to SIZING_LINEAR, then
 * n * (n / SIZING_LINEAR)^1.4, as whole numbers: x^1.4 is between x and x^1.5, and the larger one
 * is the safer estimate, so it is n * x * sqrt(x).
 */
static uint64_t root(uint64_t value)
{
	uint64_t low = 0, high = 1 << 16;

	while (low + 1 < high) {
		uint64_t middle = (low + high) / 2;

		if (middle * middle <= value)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static uint64_t weight(uint64_t ranges)
{
	/* x with three decimals, at most 4000 times the linear part: beyond that nothing fits. */
	uint64_t x = ranges * 1000 / SIZING_LINEAR;

	if (ranges <= SIZING_LINEAR)
		return ranges;
	if (x > 4000000)
		x = 4000000;
	return ranges * x / 1000 * root(x * 1000) / 1000;
}

void sizing_estimate(struct sizing *sizing, uint64_t ranges, uint32_t rate)
{
	const uint64_t most = 1ULL << 32;

	if (ranges > most)
		ranges = most;
	if (rate == 0 || rate > SIZING_RATE_MAX)
		rate = SIZING_RATE;
	*sizing = (struct sizing){ .ranges = ranges };
	sizing->bytes = SIZING_BASE_BYTES + ranges * (SIZING_RANGE_BYTES + SIZING_KERNEL_BYTES);
	sizing->expected_ms = (int64_t)(weight(ranges) / 1000 * rate + 999);
	sizing->patience_ms = 3 * sizing->expected_ms;
	if (sizing->patience_ms < SIZING_SILENCE_MS)
		sizing->patience_ms = SIZING_SILENCE_MS;
}

bool sizing_fits(const struct sizing *sizing, uint64_t available, char *text, size_t size,
		 bool *passes)
{
	const unsigned long long ranges = sizing->ranges;

	*passes = false;
	if (sizing->expected_ms > SIZING_TIME_MAX_MS) {
		snprintf(text, size, "the policy has %llu address and port ranges, which this "
			 "machine applies in about %lld s; at most %d s: shorten the lists, or "
			 "join networks\n", ranges, (long long)(sizing->expected_ms / 1000),
			 SIZING_TIME_MAX_MS / 1000);
		return false;
	}
	if (!available || sizing->bytes + SIZING_SPARE_BYTES <= available ||
	    sizing->ranges < SIZING_MEASURABLE)
		return true;
	*passes = true;
	snprintf(text, size, "the policy has %llu address and port ranges, which take %llu MB to "
		 "apply; this machine has %llu MB free: shorten the lists, or give it more "
		 "memory\n",
		 ranges, (unsigned long long)(sizing->bytes >> 20),
		 (unsigned long long)(available >> 20));
	return false;
}

uint32_t sizing_learn(uint32_t rate, uint64_t ranges, int64_t elapsed_ms)
{
	uint64_t measured;

	if (ranges < SIZING_MEASURABLE || elapsed_ms <= 0)
		return rate;
	measured = (uint64_t)elapsed_ms * 1000 / weight(ranges) + 1;
	/* A small change of a large policy is quick, and says little of a start. */
	if (measured < rate)
		measured = (3 * (uint64_t)rate + measured) / 4;
	return measured > SIZING_RATE_MAX ? SIZING_RATE_MAX : (uint32_t)measured;
}

uint64_t sizing_available(const char *meminfo)
{
	static const char key[] = "MemAvailable:";
	const char *line = strstr(meminfo, key);

	return line ? strtoull(line + sizeof(key) - 1, NULL, 10) * 1024 : 0;
}
