/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/daemon.h"
#include "dns/worker.h"

/* The sockets of the dns role: one for each worker, address and protocol. The parent holds them, so
 * that queries wait while the role is started again. */
struct listeners {
	const struct daemon *daemon;
	int fd[SETTINGS_WORKERS][WORKER_LISTENERS];	/* -1: not open */
	uint8_t protocol[WORKER_LISTENERS];
	struct endpoint at[WORKER_LISTENERS];
	unsigned int count;	/* per worker */
};

/* Those of the settings; none is open. */
void listeners_plan(struct listeners *listeners, const struct daemon *daemon);
/* Opens those that are not open; *opened: at least one is new. 0, or -errno of the last one that
 * cannot be. */
int listeners_open(struct listeners *listeners, bool *opened, struct diag *diag)
	__attribute__((warn_unused_result));
/* Closes all and opens new ones; what cannot be opened anew stays as it was. */
void listeners_renew(struct listeners *listeners);
bool listeners_any(const struct listeners *listeners);
