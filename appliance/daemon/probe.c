/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

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
		return "it is connected to a peer";
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
	loop_remove(slot->loop, &slot->watch);
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
			loop_change(slot->loop, watch, EPOLLIN);
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
static void begin(struct probes *probe, const struct listeners *listeners, unsigned int index)
{
	struct probe_slot *slot = &probe->slot[index];
	const struct endpoint *to = &listeners->at[index];
	bool tcp = listeners->protocol[index] == IPPROTO_TCP;
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&to->addr, to->port, &address);
	int fd = socket(address.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK |
			SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	slot->loop = probe->loop;
	slot->tcp = tcp;
	slot->sent = false;
	slot->watch = (struct watch){ fd, slot_ready, slot };
	if (getrandom(&slot->id, sizeof(slot->id), GRND_NONBLOCK) != sizeof(slot->id) ||
	    loop_add(probe->loop, &slot->watch, EPOLLOUT) < 0) {
		close(fd);
		slot->watch.fd = -1;
		return;
	}
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
		end(slot, false);
}

/* ---- rounds ---- */

void probe_init(struct probes *probe, struct loop *loop)
{
	*probe = (struct probes){ .loop = loop };
	for (unsigned int i = 0; i < WORKER_LISTENERS; i++)
		probe->slot[i].watch.fd = -1;
}

void probe_reset(struct probes *probe, int64_t now)
{
	for (unsigned int i = 0; i < WORKER_LISTENERS; i++) {
		end(&probe->slot[i], true);
		probe->slot[i].misses = 0;
	}
	probe->round = now;
}

static const char *check_sockets(const struct listeners *listeners, unsigned int slot)
{
	const char *wrong = NULL;

	for (unsigned int i = 0; !wrong && i < listeners->daemon->workers; i++) {
		if (listeners->fd[i][slot] >= 0)
			wrong = probe_socket(listeners->fd[i][slot], &listeners->at[slot],
					     listeners->protocol[slot]);
	}
	return wrong;
}

/* One question in five seconds is enough; a listener that is busy with others is not deaf. */
const char *probe_tick(struct probes *probe, const struct listeners *listeners, uint64_t queries,
		       int64_t now, unsigned int *slot)
{
	bool busy;
	const char *wrong = NULL;

	for (unsigned int i = 0; i < listeners->count; i++) {
		if (probe->slot[i].watch.fd >= 0 && now - probe->round >= PROBE_WAIT_MS)
			end(&probe->slot[i], false);
	}
	if (now - probe->round < PROBE_ROUND_MS)
		return NULL;
	busy = queries - probe->queries >= PROBE_BUSY;
	for (unsigned int i = 0; !wrong && i < listeners->count; i++) {
		if (busy)
			probe->slot[i].misses = 0;
		*slot = i;
		wrong = check_sockets(listeners, i);
		if (!wrong && probe->slot[i].misses >= PROBE_MISSES)
			wrong = "it does not answer";
	}
	probe->round = now;
	probe->queries = queries;
	for (unsigned int i = 0; !wrong && i < listeners->count; i++) {
		if (listeners->fd[0][i] >= 0)
			begin(probe, listeners, i);
	}
	return wrong;
}
