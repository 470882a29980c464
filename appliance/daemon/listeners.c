/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/listeners.h"

#include <netinet/in.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/sockets.h"

/* The sockets of the dns role: one for each worker, address and protocol. */

static uint8_t protocol_of(unsigned int slot)
{
	return ENABLED(CONFIG_DNS_TCP) && slot % 2 ? IPPROTO_TCP : IPPROTO_UDP;
}

static const struct endpoint *endpoint_of(const struct daemon *daemon, unsigned int slot)
{
	return &daemon->settings.listen[ENABLED(CONFIG_DNS_TCP) ? slot / 2 : slot];
}

void listeners_plan(struct listeners *listeners, const struct daemon *daemon)
{
	listeners->daemon = daemon;
	listeners->count = (unsigned int)daemon->settings.listens *
			    (ENABLED(CONFIG_DNS_TCP) ? 2 : 1);
	for (unsigned int i = 0; i < listeners->count; i++) {
		listeners->protocol[i] = protocol_of(i);
		listeners->at[i] = *endpoint_of(daemon, i);
		for (unsigned int j = 0; j < SETTINGS_WORKERS; j++)
			listeners->fd[j][i] = -1;
	}
}

/* Opens those that are not open; an address that fails is not tried for the other workers. */
int listeners_open(struct listeners *listeners, bool *opened, struct diag *diag)
{
	int error = 0;

	*opened = false;
	for (unsigned int i = 0; i < listeners->count; i++) {
		int fd = 0;

		for (unsigned int j = 0; fd >= 0 && j < listeners->daemon->workers; j++) {
			if (listeners->fd[j][i] >= 0)
				continue;
			fd = socket_listen(&listeners->at[i], listeners->protocol[i], diag);
			listeners->fd[j][i] = fd < 0 ? -1 : fd;
			*opened = *opened || fd >= 0;
		}
		error = fd < 0 ? fd : error;
	}
	return error;
}

void listeners_renew(struct listeners *listeners)
{
	struct diag diag;

	diag_init(&diag);
	for (unsigned int i = 0; i < listeners->count; i++) {
		int fd = 0;

		for (unsigned int j = 0; fd >= 0 && j < listeners->daemon->workers; j++) {
			if (listeners->fd[j][i] < 0)
				continue;
			/* The new one first: the port is never free, and no query is refused. */
			fd = socket_listen(&listeners->at[i], listeners->protocol[i], &diag);
			if (fd < 0)
				continue;
			close(listeners->fd[j][i]);
			listeners->fd[j][i] = fd;
		}
	}
	if (diag.count) {
		log_diag(&diag);
		log_error("the listening sockets could not all be made anew: the old ones stay");
	}
}

bool listeners_any(const struct listeners *listeners)
{
	for (unsigned int i = 0; i < listeners->count; i++) {
		if (listeners->fd[0][i] >= 0)
			return true;
	}
	return false;
}
