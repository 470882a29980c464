/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/lease.h"
#include "appliance/box/network/wiring.h"

/* What a lease comes to as time goes by. */

enum {
	STALE_STEP = 60,	/* how often what is stale is announced with what is left of it */
	DAY = 86400
};

uint32_t lease_left(const struct lease *lease, uint32_t lifetime, int64_t now)
{
	int64_t gone = (now - lease->since) / 1000;

	if (lifetime == (uint32_t)LEASE_FOREVER || gone <= 0)
		return lifetime;
	return gone >= lifetime ? 0 : lifetime - (uint32_t)gone;
}

bool lease_over(const struct lease *lease, int64_t now)
{
	return lease_left(lease, lease->valid, now) == 0;
}

enum lease_event lease_judge(const struct lease *lease, const struct lease *old, int64_t asked,
			     int64_t now)
{
	const bool has = old->v6 ? old->has_prefix : old->has_address;
	const bool first = old->since == 0;

	switch (lease->event) {
	case LEASE_GONE:
		if (first && !has)
			return LEASE_OTHER;
		return has && asked > old->since && !lease_over(old, now) ? LEASE_OTHER
									  : LEASE_GONE;
	case LEASE_FAILED:
		return has ? lease_over(old, now) ? LEASE_GONE : LEASE_OTHER
			   : first && old->stales ? LEASE_GONE : LEASE_OTHER;
	case LEASE_REFUSED:
		return LEASE_GONE;
	default:
		return lease->event;
	}
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && addr_compare(&a->addr, &b->addr) == 0;
}

static void add_stale(struct lease *lease, const struct lease_stale *stale, int64_t now)
{
	if (stale->until <= now ||
	    (lease->has_prefix && same_prefix(&lease->prefix, &stale->prefix)))
		return;
	for (size_t i = 0; i < lease->stales; i++) {
		if (same_prefix(&lease->stale[i].prefix, &stale->prefix))
			return;
	}
	if (lease->stales < WIRING_STALES)
		lease->stale[lease->stales++] = *stale;
}

/* Clients know it for what was announced last, which is no more than this. */
static int64_t known_ms(const struct lease *lease, int64_t now)
{
	uint32_t left = lease_left(lease, lease->valid, now);

	return INT64_C(1000) * (left < WIRING_VALID_MOST ? left : WIRING_VALID_MOST);
}

void lease_follow(struct lease *lease, const struct lease *old, int64_t now)
{
	lease->since = now;
	lease->stales = 0;
	if (!lease->v6)
		return;
	if (old->has_prefix)
		add_stale(lease, &(struct lease_stale){ old->prefix, now + known_ms(old, now) },
			  now);
	for (size_t i = 0; i < old->stales; i++)
		add_stale(lease, &old->stale[i], now);
}

void lease_announce(const struct lease *lease, int64_t now, struct wiring_facts *facts)
{
	const uint32_t preferred = lease_left(lease, lease->preferred, now),
		       valid = lease_left(lease, lease->valid, now);
	uint32_t again = DAY;

	facts->has_delegated = lease->has_prefix;
	facts->delegated = lease->prefix;
	facts->preferred = preferred < WIRING_PREFERRED_MOST ? preferred : WIRING_PREFERRED_MOST;
	facts->valid = valid < WIRING_VALID_MOST ? valid : WIRING_VALID_MOST;
	facts->counts_down = preferred <= WIRING_PREFERRED_MOST || valid <= WIRING_VALID_MOST;
	if (lease->has_prefix && !facts->counts_down) {
		again = preferred - WIRING_PREFERRED_MOST < again
				? preferred - WIRING_PREFERRED_MOST
				: again;
		again = valid - WIRING_VALID_MOST < again ? valid - WIRING_VALID_MOST : again;
	}
	facts->stales = 0;
	for (size_t i = 0; i < lease->stales; i++) {
		int64_t left = (lease->stale[i].until - now) / 1000;

		if (left <= 0)
			continue;
		/* It is announced until the next step, and never for longer than what is left. */
		facts->stale[facts->stales++] =
			(struct wiring_stale){ lease->stale[i].prefix,
					       left > STALE_STEP ? (uint32_t)(left - STALE_STEP)
								 : 0 };
		again = left < STALE_STEP    ? (uint32_t)left
			: again < STALE_STEP ? again
					     : STALE_STEP;
	}
	facts->again = again ? again : 1;
}
