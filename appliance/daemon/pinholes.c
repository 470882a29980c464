/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/pinholes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 4096,		/* a power of two */
	LEADS = RULESET_PINHOLES,	/* no fewer than one set has room for */
	COMMENT = 250,		/* bytes of a name's text that fit beside an element */
	TRIES = 4		/* of judging what changes meanwhile */
};

/* A name led to an address. */
struct lead {
	struct lead *next;
	struct addr address;
	struct name name;
};

int pinholes_init(struct pinholes *pinholes, struct kernel *kernel, const struct settings *settings)
{
	pinholes->kernel = kernel;
	pinholes->settings = settings;
	pinholes->bucket = calloc(BUCKETS, sizeof(*pinholes->bucket));
	return pinholes->bucket ? 0 : -ENOMEM;
}

/* ---- which name led where ---- */

static struct lead **bucket_of(struct pinholes *pinholes, const struct addr *address)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < sizeof(address->bytes); i++)
		hash = (hash ^ address->bytes[i]) * 16777619U;
	return &pinholes->bucket[hash % BUCKETS];
}

static bool names_equal(const struct name *a, const struct name *b)
{
	return a->length == b->length && memcmp(a->wire, b->wire, a->length) == 0;
}

static bool is_known(struct pinholes *pinholes, const struct addr *address, const struct name *name)
{
	for (const struct lead *lead = *bucket_of(pinholes, address); lead; lead = lead->next) {
		if (addr_compare(&lead->address, address) == 0 && names_equal(&lead->name, name))
			return true;
	}
	return false;
}

static int remember(struct pinholes *pinholes, const struct addr *address, const struct name *name)
{
	struct lead **bucket = bucket_of(pinholes, address), *lead;

	if (is_known(pinholes, address, name))
		return 0;
	if (pinholes->leads == LEADS)
		return -ENOSPC;
	lead = malloc(sizeof(*lead));
	if (!lead)
		return -ENOMEM;
	*lead = (struct lead){ .next = *bucket, .address = *address, .name = *name };
	*bucket = lead;
	pinholes->leads++;
	return 0;
}

/* ---- opening ---- */

/* The name as it fits beside an element: a long one without its first labels, down to the rule's.
 */
static void name_fit(struct name *name, const struct policy *policy)
{
	uint8_t depth = policy_lookup_name(policy, name->wire).depth;
	char text[NAME_TEXT];

	while (strlen(name_print(name->wire, text)) > COMMENT && name->labels > depth) {
		uint8_t skip = (uint8_t)(name->wire[0] + 1);

		memmove(name->wire, name->wire + skip, name->length - skip);
		name->length = (uint8_t)(name->length - skip);
		name->labels--;
	}
}

static bool is_forwarder(const struct pinholes *pinholes, const struct addr *client)
{
	for (size_t i = 0; i < pinholes->settings->forwarders; i++) {
		if (addr_compare(&pinholes->settings->forwarder[i], client) == 0)
			return true;
	}
	return false;
}

static int open_ports(struct pinholes *pinholes, struct pinhole *pinhole,
		      const struct opening *opening, uint32_t seconds)
{
	int error = 0;

	for (size_t i = 0; i < opening->count && !error; i++) {
		pinhole->port = opening->port[i];
		error = kernel_pinhole(pinholes->kernel, pinhole, seconds);
	}
	return error;
}

static int open_by_mac(struct pinholes *pinholes, struct pinhole *pinhole,
		       const struct pinhole_request *request, const struct opening *opening,
		       uint32_t seconds)
{
	struct neighbour neighbour;

	neighbours_lookup(&pinholes->neighbours, &request->client, request->interface, &neighbour);
	if (!neighbour.has_mac)
		return -EHOSTUNREACH;
	pinhole->kind = PINHOLE_MAC;
	memcpy(pinhole->mac, neighbour.mac, sizeof(pinhole->mac));
	return open_ports(pinholes, pinhole, opening, seconds);
}

static void forget_all(struct pinholes *pinholes)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (pinholes->bucket[i]) {
			struct lead *next = pinholes->bucket[i]->next;

			free(pinholes->bucket[i]);
			pinholes->bucket[i] = next;
		}
	}
	pinholes->leads = 0;
	pinholes->loaded = false;
}

/* When there is no more room, what the kernel still holds is all that is remembered; connections
 * that outlived their pinholes end. */
static int remember_or_clear(struct pinholes *pinholes, const struct policy *policy,
			     const struct pinhole *pinhole)
{
	int error = remember(pinholes, &pinhole->address, &pinhole->name);

	if (error != -ENOSPC)
		return error;
	forget_all(pinholes);
	error = pinholes_judge(pinholes, policy);
	return error ? error : remember(pinholes, &pinhole->address, &pinhole->name);
}

int pinholes_open(struct pinholes *pinholes, const struct policy *policy,
		  const struct pinhole_request *request)
{
	bool v4 = addr_is_v4(&request->client), same = addr_is_v4(&request->address) == v4;
	struct opening opening = policy_opening(policy, request->name.wire, &request->address);
	uint32_t seconds = request->seconds < PINHOLE_LONGEST ? request->seconds : PINHOLE_LONGEST;
	struct pinhole pinhole = { .kind = PINHOLE_CLIENT, .client = request->client,
				   .address = request->address, .name = request->name };
	int error;

	if (opening.count == 0)
		return -EPERM;
	name_fit(&pinhole.name, policy);
	error = remember_or_clear(pinholes, policy, &pinhole);
	if (error)
		return error;
	if (is_forwarder(pinholes, &request->client)) {
		pinhole.kind = PINHOLE_ANY;
		return open_ports(pinholes, &pinhole, &opening, seconds);
	}
	if (same)
		error = open_ports(pinholes, &pinhole, &opening, seconds);
	if (error || (same && v4))
		return error;
	error = open_by_mac(pinholes, &pinhole, request, &opening, seconds);
	/* Behind a router, the address that asked is the best guess. */
	return same && error == -EHOSTUNREACH ? 0 : error;
}

/* ---- judging ---- */

struct pinholes_judging {
	struct pinholes *pinholes;
	const struct policy *policy;
};

static bool opens(const struct policy *policy, const struct name *name, const struct addr *address,
		  const struct ports *port)
{
	struct opening opening = policy_opening(policy, name->wire, address);

	for (size_t i = 0; i < opening.count; i++) {
		if (opening.port[i].protocol == port->protocol &&
		    opening.port[i].first == port->first)
			return true;
	}
	return false;
}

/* At the start the kernel's own word is all there is, and the policy judges it; later only what
 * this process opened is let through. */
static bool keep_pinhole(const struct pinhole *pinhole, void *context)
{
	const struct pinholes_judging *judging = context;
	struct pinholes *pinholes = judging->pinholes;

	if (pinhole->name.length == 0 ||
	    !opens(judging->policy, &pinhole->name, &pinhole->address, &pinhole->port))
		return false;
	return pinholes->loaded ? is_known(pinholes, &pinhole->address, &pinhole->name) :
				  remember(pinholes, &pinhole->address, &pinhole->name) == 0;
}

static bool keep_connection(const struct addr *address, const struct ports *port, void *context)
{
	const struct pinholes_judging *judging = context;

	for (const struct lead *lead = *bucket_of(judging->pinholes, address); lead;
	     lead = lead->next) {
		if (addr_compare(&lead->address, address) == 0 &&
		    opens(judging->policy, &lead->name, address, port))
			return true;
	}
	return false;
}

static void forget_withdrawn(struct pinholes *pinholes, const struct policy *policy)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct lead **at = &pinholes->bucket[i];

		while (*at) {
			struct lead *lead = *at;

			if (policy_opening(policy, lead->name.wire, &lead->address).count > 0) {
				at = &lead->next;
				continue;
			}
			*at = lead->next;
			free(lead);
			pinholes->leads--;
		}
	}
}

int pinholes_judge_connections(struct pinholes *pinholes, const struct policy *policy)
{
	struct pinholes_judging judging = { .pinholes = pinholes, .policy = policy };

	return kernel_connections_judge(pinholes->kernel, keep_connection, &judging);
}

int pinholes_judge(struct pinholes *pinholes, const struct policy *policy)
{
	struct pinholes_judging judging = { .pinholes = pinholes, .policy = policy };
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++)
		error = kernel_pinholes_judge(pinholes->kernel, keep_pinhole, &judging);
	if (!error)
		pinholes->loaded = true;
	forget_withdrawn(pinholes, policy);
	/* Pinholes first: a connection that is ended must not come back through one. */
	if (pinholes_judge_connections(pinholes, policy) < 0 && !error)
		error = -EIO;
	return error;
}
