/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ipc/message.h"
#include "nft/kernel.h"
#include "policy/policy.h"

/*
 * Which pinholes are open, and for which name: when a new policy no longer carries that name, the
 * pinhole is closed and its connections ended. A ring of the newest PINHOLES; an older one simply
 * runs out by itself.
 */
enum { PINHOLES = 4096 };

struct pinholes {
	struct pinhole_request open[PINHOLES];
	int64_t until[PINHOLES];	/* uptime in ms; 0: unused */
	size_t next;
};

void pinholes_add(struct pinholes *pinholes, const struct pinhole_request *request, int64_t now);
void pinholes_judge(struct pinholes *pinholes, const struct policy *policy, struct kernel *kernel);
