/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pinholes.h"

#include "base/clock.h"
#include "daemon/log.h"

/* The same pinhole again moves to its newest end, so that a busy client does not fill the ring. */
void pinholes_add(struct pinholes *pinholes, const struct pinhole_request *request, int64_t now)
{
	int64_t until = now + (int64_t)request->seconds * 1000;
	size_t last = (pinholes->next + PINHOLES - 1) % PINHOLES;
	size_t place = pinholes->next;

	if (pinholes->until[last] && addr_compare(&pinholes->open[last].client,
						  &request->client) == 0 &&
	    addr_compare(&pinholes->open[last].address, &request->address) == 0)
		place = last;
	else
		pinholes->next = (pinholes->next + 1) % PINHOLES;
	pinholes->open[place] = *request;
	pinholes->until[place] = until;
}

void pinholes_judge(struct pinholes *pinholes, const struct policy *policy, struct kernel *kernel)
{
	int64_t now = clock_uptime_ms();

	for (size_t i = 0; i < PINHOLES; i++) {
		const struct pinhole_request *request = &pinholes->open[i];
		struct verdict verdict;

		if (pinholes->until[i] <= now)
			continue;
		verdict = policy_lookup_name(policy, request->name.wire);
		if (verdict.action == ACTION_ALLOW || verdict.action == ACTION_MONITOR)
			continue;
		pinholes->until[i] = 0;
		if (kernel_pinhole_close(kernel, &request->client, &request->address) < 0)
			log_warning("a pinhole could not be closed: it ends with its time");
	}
}
