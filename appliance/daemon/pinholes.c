/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/pinholes.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"

/* The same pinhole again moves to its newest end, so that a busy client does not fill the ring. */
static void add(struct pinholes *pinholes, const struct pinhole *pinhole)
{
	const struct pinhole *last = &pinholes->open[(pinholes->next + PINHOLES - 1) % PINHOLES];
	size_t place = pinholes->next;

	if (last->used && last->by_mac == pinhole->by_mac &&
	    memcmp(last->mac, pinhole->mac, sizeof(last->mac)) == 0 &&
	    addr_compare(&last->request.client, &pinhole->request.client) == 0 &&
	    addr_compare(&last->request.address, &pinhole->request.address) == 0)
		place = (size_t)(last - pinholes->open);
	else
		pinholes->next = (pinholes->next + 1) % PINHOLES;
	pinholes->open[place] = *pinhole;
}

static int open_by_mac(struct pinholes *pinholes, struct kernel *kernel, struct pinhole *pinhole)
{
	const struct pinhole_request *request = &pinhole->request;
	struct neighbour neighbour;
	int error;

	neighbours_lookup(&pinholes->neighbours, &request->client, request->interface, &neighbour);
	if (!neighbour.has_mac)
		return -EHOSTUNREACH;
	memcpy(pinhole->mac, neighbour.mac, sizeof(pinhole->mac));
	error = kernel_pinhole_mac(kernel, pinhole->mac, &request->address, request->seconds);
	pinhole->by_mac = !error;
	return error;
}

int pinholes_open(struct pinholes *pinholes, struct kernel *kernel,
		  const struct pinhole_request *request)
{
	bool v4 = addr_is_v4(&request->client), same = addr_is_v4(&request->address) == v4;
	struct pinhole pinhole = { .used = true, .request = *request };
	int error = 0;

	if (same) {
		error = kernel_pinhole(kernel, &request->client, &request->address,
				       request->seconds);
		pinhole.by_address = !error;
	}
	if (!error && !(same && v4)) {
		error = open_by_mac(pinholes, kernel, &pinhole);
		/* Behind a router, the address that asked is the best guess. */
		if (same && error == -EHOSTUNREACH)
			error = 0;
	}
	if (pinhole.by_address || pinhole.by_mac)
		add(pinholes, &pinhole);
	return error;
}

static void close_pinhole(struct pinhole *pinhole, struct kernel *kernel)
{
	const struct pinhole_request *request = &pinhole->request;
	bool closed = true;

	pinhole->used = false;
	if (pinhole->by_address &&
	    kernel_pinhole_close(kernel, &request->client, &request->address) < 0)
		closed = false;
	if (pinhole->by_mac &&
	    kernel_pinhole_mac_close(kernel, pinhole->mac, &request->address) < 0)
		closed = false;
	if (!closed)
		log_warning("a pinhole could not be closed: it ends with its time");
}

void pinholes_judge(struct pinholes *pinholes, const struct policy *policy, struct kernel *kernel)
{
	for (size_t i = 0; i < PINHOLES; i++) {
		struct pinhole *pinhole = &pinholes->open[i];
		struct verdict verdict;

		/* One whose time is over may still have a connection that outlived it. */
		if (!pinhole->used)
			continue;
		verdict = policy_lookup_name(policy, pinhole->request.name.wire);
		if (verdict.action != ACTION_ALLOW && verdict.action != ACTION_MONITOR)
			close_pinhole(pinhole, kernel);
	}
}
