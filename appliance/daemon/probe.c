/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/daemon/parent.h"

/* ---- pure ---- */

void probe_ask(uint8_t message[PROBE_SIZE], uint16_t id)
{
	/* A query without a question (RFC 1035, 4.1.1: QDCOUNT 0). */
	memset(message, 0, PROBE_SIZE);
	message[0] = (uint8_t)(id >> 8);
	message[1] = (uint8_t)id;
}

bool probe_is_answer(const uint8_t *message, size_t size, uint16_t id)
{
	return size >= PROBE_SIZE && message[0] == id >> 8 && message[1] == (id & 0xff) &&
	       message[2] & 0x80 && (message[3] & 15) == 1;
}

const char *probe_socket(int fd, const struct endpoint *bound, uint8_t protocol)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int listening = 0;
	struct addr at;
	uint16_t port;

	if (getpeername(fd, (struct sockaddr *)&address, &size) == 0)
		return "it is connected to somebody";
	size = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
	    addr_from_sockaddr((struct sockaddr *)&address, &at, &port) < 0 ||
	    port != bound->port || addr_compare(&at, &bound->addr) != 0)
		return "it is bound elsewhere";
	size = sizeof(listening);
	if (protocol == IPPROTO_TCP &&
	    (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening))
		return "it does not listen";
	return NULL;
}

/* ---- one question ---- */

static void end(struct probe_slot *slot, bool answered)
{
	if (slot->watch.fd < 0)
		return;
	loop_remove(&slot->parent->loop, &slot->watch);
	close(slot->watch.fd);
	slot->watch.fd = -1;
	slot->misses = answered ? 0 : slot->misses + 1;
}

static bool send_question(struct probe_slot *slot)
{
	uint8_t message[2 + PROBE_SIZE] = { 0, PROBE_SIZE };
	size_t skip = slot->tcp ? 0 : 2;

	probe_ask(message + 2, slot->id);
	slot->sent = true;
	return send(slot->watch.fd, message + skip, sizeof(message) - skip,
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(sizeof(message) - skip);
}

static void slot_ready(struct watch *watch, uint32_t events)
{
	struct probe_slot *slot = watch->context;
	uint8_t message[2 + 64];
	size_t skip = slot->tcp ? 2 : 0;
	ssize_t got;

	if (events & EPOLLOUT && !slot->sent) {
		if (send_question(slot))
			loop_change(&slot->parent->loop, watch, EPOLLIN);
		else
			end(slot, false);
		return;
	}
	got = recv(watch->fd, message, sizeof(message), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	end(slot, got > (ssize_t)skip &&
	    probe_is_answer(message + skip, (size_t)got - skip, slot->id));
}

/* What the parent cannot do now, for want of a descriptor, is not the listener's fault. */
static void begin(struct parent *parent, unsigned int index)
{
	struct probe_slot *slot = &parent->probe.slot[index];
	const struct endpoint *to = &parent->listens_at[index];
	bool tcp = parent->protocol[index] == IPPROTO_TCP;
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&to->addr, to->port, &address);
	int fd = socket(address.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK |
			SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	slot->parent = parent;
	slot->tcp = tcp;
	slot->sent = false;
	slot->watch = (struct watch){ fd, slot_ready, slot };
	if (getrandom(&slot->id, sizeof(slot->id), GRND_NONBLOCK) != sizeof(slot->id) ||
	    loop_add(&parent->loop, &slot->watch, EPOLLOUT) < 0) {
		close(fd);
		slot->watch.fd = -1;
		return;
	}
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
		end(slot, false);
}

/* ---- rounds ---- */

void probe_init(struct probe *probe)
{
	*probe = (struct probe){ .round = 0 };
	for (unsigned int i = 0; i < WORKER_LISTENERS; i++)
		probe->slot[i].watch.fd = -1;
}

void probe_reset(struct parent *parent)
{
	for (unsigned int i = 0; i < WORKER_LISTENERS; i++) {
		end(&parent->probe.slot[i], true);
		parent->probe.slot[i].misses = 0;
	}
	parent->probe.round = parent->now;
}

static uint64_t count_queries(const struct parent *parent)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < parent->workers; i++)
		sum += counter_get(&parent->shared[i]->counters.queries);
	return sum;
}

static const char *look_at_sockets(const struct parent *parent, unsigned int slot)
{
	const char *wrong = NULL;

	for (unsigned int i = 0; !wrong && i < parent->workers; i++) {
		if (parent->listen[i][slot] >= 0)
			wrong = probe_socket(parent->listen[i][slot], &parent->listens_at[slot],
					     parent->protocol[slot]);
	}
	return wrong;
}

/* One question in five seconds is enough; a listener that is busy with others is not deaf. */
const char *probe_tick(struct parent *parent, unsigned int *slot)
{
	struct probe *probe = &parent->probe;
	bool busy;
	const char *wrong = NULL;

	for (unsigned int i = 0; i < parent->listeners; i++) {
		if (probe->slot[i].watch.fd >= 0 && parent->now - probe->round >= PROBE_WAIT_MS)
			end(&probe->slot[i], false);
	}
	if (parent->now - probe->round < PROBE_ROUND_MS)
		return NULL;
	busy = count_queries(parent) - probe->queries >= PROBE_BUSY;
	for (unsigned int i = 0; !wrong && i < parent->listeners; i++) {
		if (busy)
			probe->slot[i].misses = 0;
		*slot = i;
		wrong = look_at_sockets(parent, i);
		if (!wrong && probe->slot[i].misses >= PROBE_MISSES)
			wrong = "it does not answer";
	}
	probe->round = parent->now;
	probe->queries = count_queries(parent);
	for (unsigned int i = 0; !wrong && i < parent->listeners; i++) {
		if (parent->listen[0][i] >= 0)
			begin(parent, i);
	}
	return wrong;
}
