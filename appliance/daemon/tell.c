/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/cursor.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/role.h"
#include "appliance/settings/lists.h"
#include "rules/signed/metadata.h"

enum { PEER_SEND_MS = 200 };

static int tell_workers(struct parent *parent, struct child *child)
{
	int error = 0;

	for (uint8_t i = 0; !error && i < parent->daemon.workers; i++) {
		error = child_send(child, MESSAGE_SHARED, &i, 1, parent->shared_fd[i]);
		for (unsigned int j = 0; !error && child->role == ROLE_DNS &&
		     j < parent->listeners.count; j++) {
			const uint8_t body[2] = { i, parent->listeners.protocol[j] };

			if (parent->listeners.fd[i][j] < 0)
				continue;
			error = child_send(child, MESSAGE_LISTEN, body, 2,
					   parent->listeners.fd[i][j]);
		}
	}
	if (!error && parent->wake >= 0)
		error = child_send(child, MESSAGE_WAKE, NULL, 0, parent->wake);
	return error;
}

static int tell_journal(struct parent *parent, struct child *child)
{
	uint8_t before[HEAD_BYTES];
	int error = tell_workers(parent, child);

	if (!error)
		error = child_send(child, MESSAGE_NFLOG, NULL, 0, parent->nflog);
	if (!error)
		error = child_send(child, MESSAGE_ROUTE, NULL, 0, parent->route);
	if (!error)
		error = child_send(child, MESSAGE_TABLE, NULL, 0, parent->table);
	if (!error)
		error = child_send(child, MESSAGE_IDENTITY, parent->daemon.identity,
				   strlen(parent->daemon.identity), -1);
	if (!error && parent->seal.open)
		error = child_send(child, MESSAGE_SIGNED, before, seal_tell(&parent->seal, before),
				   -1);
	return error;
}

/* For a compiler: the rule lists of the source. */
static int tell_lists(struct parent *parent, struct child *child)
{
	const enum rules_source source = parent->change.source;
	struct list_file file[SETTINGS_LISTS];
	struct diag diag;
	size_t count;
	int error;

	if (source == SOURCE_BUNDLE)
		return updates_tell_compile(&parent->updates, child,
					    parent->change.cause == CAUSE_UPDATE);
	parent->updates.has_verified = false;
	diag_init(&diag);
	error = copies_open(&parent->copies, source, file, &count, &diag);
	if (error) {
		log_diag(&diag);
		return error;
	}
	for (size_t i = 0; !error && i < count; i++)
		error = child_send(child, MESSAGE_LIST, file[i].name, strlen(file[i].name),
				   file[i].fd);
	lists_close(file, count);
	return error;
}

int tell_role(struct parent *parent, struct child *child)
{
	int error = child_send(child, MESSAGE_SETTINGS, parent->daemon.text, parent->daemon.length,
			       -1);

	if (error)
		return error;
	switch (child->role) {
	case ROLE_DNS:
		return tell_workers(parent, child);
	case ROLE_COMPILE:
		return tell_lists(parent, child);
	case ROLE_UPDATE:
		return updates_tell_update(&parent->updates, child);
	case ROLE_JOURNAL:
		return tell_journal(parent, child);
	default:
		return 0;
	}
}

int tell_options(struct parent *parent, struct child *compiler)
{
	const struct mode_record *mode = &parent->standing.mode;
	const struct updates *updates = &parent->updates;
	const char *key = updates->freshness.key;
	uint8_t body[14 + METADATA_KEYID];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, mode_monitor_mask(mode));
	cursor_put8(&cursor, mode->mode == MODE_DISARMED);
	cursor_put64(&cursor, (uint64_t)updates_now(updates));
	cursor_put8(&cursor, updates->held);
	cursor_put(&cursor, key, strlen(key));
	return child_send(compiler, MESSAGE_OPTIONS, body, cursor.at, -1);
}

void tell_connect(struct parent *parent)
{
	struct child *dns = parent_role(parent, ROLE_DNS), *rules = parent_role(parent, ROLE_RULES);
	const struct timeval patience = { .tv_usec = PEER_SEND_MS * 1000 };

	for (uint8_t i = 0; i < parent->daemon.workers; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
			log_error("dns and rules cannot be connected: %s: exempt services in "
				  "blocked networks stay closed", strerror(errno));
			return;
		}
		children_buffers(pair[0]);
		children_buffers(pair[1]);
		/* A worker never waits; the rules role waits a moment for a busy worker. */
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		setsockopt(pair[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		(void)(child_send(dns, MESSAGE_PEER, &i, 1, pair[0]) ||
		       child_send(rules, MESSAGE_PEER, &i, 1, pair[1]));
		close(pair[0]);
		close(pair[1]);
	}
}

/* Before the dns role gets a policy: the address space that it may take with it. */
static void make_room(struct parent *parent, struct child *child,
		      const struct generation *generation)
{
	uint64_t room = role_dns_room(parent->daemon.workers) + generation->policy.size +
			parent->change.current.policy.size + parent->change.next.policy.size;
	const struct rlimit limit = { .rlim_cur = room, .rlim_max = room };

	/* Refused, it has what it began with, and says so when that is not enough. */
	if (HARDENED && child->pid && prlimit(child->pid, RLIMIT_AS, &limit, NULL) < 0)
		log_debug("dns: address space: %s", strerror(errno));
}

void tell_policy(struct parent *parent, struct child *child, const struct generation *generation)
{
	const uint8_t disarmed = generation->disarmed;
	struct change *change = &parent->change;

	child->sent = generation->number;
	child->sent_at = parent->daemon.now;
	child->progress = 0;
	child->patience = parent->daemon.now + patience_ms(&parent->patience);
	if (change->patience < child->patience)
		change->patience = child->patience;
	if (child->role == ROLE_DNS)
		make_room(parent, child, generation);
	child->owes = child_send(child, MESSAGE_POLICY, &disarmed, 1, generation->fd) == 0;
}
