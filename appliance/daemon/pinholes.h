/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ipc/message.h"
#include "journal/neighbours.h"
#include "nft/kernel.h"
#include "policy/policy.h"

/*
 * Which pinholes are open, and for which name: when a new policy no longer carries that name, the
 * pinhole is closed and its connections ended. A ring of the newest PINHOLES; an older one simply
 * runs out by itself.
 *
 * A host has one IPv4 address and several of IPv6, and may ask over either for an address of the
 * other. So between two IPv4 addresses the client is known by its own, between two of IPv6 by its
 * own and its MAC, and across the families by its MAC alone.
 */
enum { PINHOLES = 4096 };

struct pinhole {
	struct pinhole_request request;
	bool by_address;
	bool by_mac;
	uint8_t mac[KERNEL_MAC];
	bool used;
};

struct pinholes {
	struct neighbours neighbours;	/* the caller's to initialise */
	struct pinhole open[PINHOLES];
	size_t next;
};

/* -EHOSTUNREACH: only the MAC could tell the client, and it is not on a link of ours. */
int pinholes_open(struct pinholes *pinholes, struct kernel *kernel,
		  const struct pinhole_request *request) __attribute__((warn_unused_result));
void pinholes_judge(struct pinholes *pinholes, const struct policy *policy, struct kernel *kernel);
