/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <netinet/in.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parent.h"
#include "appliance/daemon/sockets.h"

/* The sockets of the dns role: one for each worker, address and protocol. */

static uint8_t protocol_of(unsigned int slot)
{
	return ENABLED(CONFIG_DNS_TCP) && slot % 2 ? IPPROTO_TCP : IPPROTO_UDP;
}

static const struct endpoint *endpoint_of(const struct parent *parent, unsigned int slot)
{
	return &parent->settings.listen[ENABLED(CONFIG_DNS_TCP) ? slot / 2 : slot];
}

void listeners_plan(struct parent *parent)
{
	parent->listeners = (unsigned int)parent->settings.listens *
			    (ENABLED(CONFIG_DNS_TCP) ? 2 : 1);
	for (unsigned int i = 0; i < parent->listeners; i++) {
		parent->protocol[i] = protocol_of(i);
		parent->listens_at[i] = *endpoint_of(parent, i);
		for (unsigned int j = 0; j < SETTINGS_WORKERS; j++)
			parent->listen[j][i] = -1;
	}
}

/* Opens those that are not open; an address that fails is not tried for the other workers. */
int listeners_open(struct parent *parent, struct diag *diag)
{
	int error = 0;
	bool opened = false;

	for (unsigned int i = 0; i < parent->listeners; i++) {
		int fd = 0;

		for (unsigned int j = 0; fd >= 0 && j < parent->workers; j++) {
			if (parent->listen[j][i] >= 0)
				continue;
			fd = socket_listen(&parent->listens_at[i], parent->protocol[i], diag);
			parent->listen[j][i] = fd < 0 ? -1 : fd;
			opened = opened || fd >= 0;
		}
		error = fd < 0 ? fd : error;
	}
	/* It was started with fewer. */
	if (opened && parent->child[ROLE_DNS].pid)
		child_kill(&parent->child[ROLE_DNS], "there are more addresses to listen on");
	return error;
}

void listeners_renew(struct parent *parent)
{
	struct diag diag;

	diag_init(&diag);
	for (unsigned int i = 0; i < parent->listeners; i++) {
		int fd = 0;

		for (unsigned int j = 0; fd >= 0 && j < parent->workers; j++) {
			if (parent->listen[j][i] < 0)
				continue;
			/* The new one first: the port is never free, and no query is refused. */
			fd = socket_listen(&parent->listens_at[i], parent->protocol[i], &diag);
			if (fd < 0)
				continue;
			close(parent->listen[j][i]);
			parent->listen[j][i] = fd;
		}
	}
	if (diag.count) {
		log_diag(&diag);
		log_error("the listening sockets could not all be made anew: the old ones stay");
	}
}

bool listeners_any(const struct parent *parent)
{
	for (unsigned int i = 0; i < parent->listeners; i++) {
		if (parent->listen[0][i] >= 0)
			return true;
	}
	return false;
}
