/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ipc/message.h"

/*
 * DNS over TCP (RFC 7766): messages with two bytes of length in front. A client's connection keeps
 * one pipe to each internal server that it talks to, over which messages go untouched both ways
 * (a zone transfer is many messages for one query); anything else becomes a job.
 */
struct buffer {
	uint8_t *data;
	size_t start, end;	/* unread bytes */
	size_t capacity;
};

enum pipe_state { PIPE_FREE, PIPE_OPENING, PIPE_CONNECTING, PIPE_OPEN };

struct tcp_pipe {
	struct watch watch;
	struct tcp_client *client;
	enum pipe_state state;
	struct endpoint server;
	bool transparent;
	uint32_t events;	/* what the loop waits for */
	uint32_t id;		/* of the request to the rules role */
	struct buffer in;	/* from the server */
	struct buffer out;	/* to the server */
};

struct tcp_client {
	struct watch watch;
	struct worker *worker;
	struct link link;	/* worker->clients, by idle time */
	struct path path;
	uint32_t events;
	bool doomed;		/* ends at the next chance, not in the middle of a call */
	bool finished;		/* the client asks no more, but may wait for answers */
	unsigned int jobs;	/* of its queries under way */
	struct buffer in;
	struct buffer out;
	struct tcp_pipe pipe[TCP_PIPES];
};

static _Thread_local uint32_t next_pipe_id;

static struct tcp_client *client_of(struct link *link)
{
	return (struct tcp_client *)(void *)((char *)link - offsetof(struct tcp_client, link));
}

/* ---- buffers ---- */

static bool buffer_reserve(struct buffer *buffer, size_t size)
{
	uint8_t *data;
	size_t capacity;

	if (buffer->start) {
		memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
		buffer->end -= buffer->start;
		buffer->start = 0;
	}
	if (buffer->capacity - buffer->end >= size)
		return true;
	capacity = buffer->end + size + 512;
	data = realloc(buffer->data, capacity);
	if (!data)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

static bool buffer_message(struct buffer *buffer, const uint8_t *data, size_t size)
{
	if (!buffer_reserve(buffer, size + 2))
		return false;
	wire_put16(buffer->data + buffer->end, (uint16_t)size);
	memcpy(buffer->data + buffer->end + 2, data, size);
	buffer->end += size + 2;
	return true;
}

/* The first complete message, or NULL; *size without the length in front. */
static uint8_t *buffer_first(struct buffer *buffer, size_t *size)
{
	size_t have = buffer->end - buffer->start;

	if (have < 2)
		return NULL;
	*size = wire_get16(buffer->data + buffer->start);
	return have >= *size + 2 ? buffer->data + buffer->start + 2 : NULL;
}

static size_t buffer_waiting(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

/* Reads what there is, at most one message and a bit; false when the connection is over. */
static bool buffer_read(struct buffer *buffer, int fd)
{
	size_t want = 4096, have = buffer_waiting(buffer);
	ssize_t got;

	if (have >= 2)
		want = wire_get16(buffer->data + buffer->start) + 2U - have + 2;
	if (!buffer_reserve(buffer, want))
		return false;
	got = recv(fd, buffer->data + buffer->end, want, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	buffer->end += (size_t)got;
	return got > 0;
}

static bool buffer_write(struct buffer *buffer, int fd)
{
	ssize_t sent;

	if (buffer_waiting(buffer) == 0)
		return true;
	sent = send(fd, buffer->data + buffer->start, buffer_waiting(buffer),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	buffer->start += (size_t)sent;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
	return true;
}

/* ---- what is waited for ---- */

static void update_pipe(struct tcp_pipe *tube)
{
	struct tcp_client *client = tube->client;
	uint32_t events = 0;

	if (tube->state < PIPE_CONNECTING)
		return;
	if (tube->state == PIPE_CONNECTING || buffer_waiting(&tube->out))
		events |= EPOLLOUT;
	if (tube->state == PIPE_OPEN && buffer_waiting(&client->out) < TCP_QUEUE)
		events |= EPOLLIN;
	if (events != tube->events)
		loop_change(&client->worker->loop, &tube->watch, events);
	tube->events = events;
}

static void update(struct tcp_client *client)
{
	uint32_t events = 0;
	bool full = buffer_waiting(&client->out) >= TCP_QUEUE;

	for (size_t i = 0; i < TCP_PIPES; i++) {
		update_pipe(&client->pipe[i]);
		full = full || buffer_waiting(&client->pipe[i].out) >= TCP_QUEUE;
	}
	if (!full && !client->finished)
		events |= EPOLLIN;
	if (buffer_waiting(&client->out))
		events |= EPOLLOUT;
	if (events != client->events)
		loop_change(&client->worker->loop, &client->watch, events);
	client->events = events;
}

/* ---- ends ---- */

static void pipe_end(struct tcp_pipe *tube)
{
	if (tube->state >= PIPE_CONNECTING) {
		loop_remove(&tube->client->worker->loop, &tube->watch);
		close(tube->watch.fd);
	}
	free(tube->in.data);
	free(tube->out.data);
	*tube = (struct tcp_pipe){ .client = tube->client, .state = PIPE_FREE };
}

static void client_end(struct tcp_client *client)
{
	struct worker *worker = client->worker;

	jobs_forget_client(worker, client);
	for (size_t i = 0; i < TCP_PIPES; i++)
		pipe_end(&client->pipe[i]);
	loop_remove(&worker->loop, &client->watch);
	close(client->watch.fd);
	chain_remove(&worker->clients, &client->link);
	worker->client_count--;
	free(client->in.data);
	free(client->out.data);
	free(client);
}

/* Dooms a client; the next round ends it, when nobody up the stack uses it any more. */
static void client_doom(struct tcp_client *client)
{
	client->doomed = true;
	chain_remove(&client->worker->clients, &client->link);
	client->link.next = client->worker->clients.first;
	client->link.deadline = 0;
	if (client->worker->clients.first)
		client->worker->clients.first->previous = &client->link;
	else
		client->worker->clients.last = &client->link;
	client->worker->clients.first = &client->link;
}

static void touch(struct tcp_client *client)
{
	if (client->doomed)
		return;
	chain_remove(&client->worker->clients, &client->link);
	chain_append(&client->worker->clients, &client->link, client->worker->now + TCP_IDLE_MS);
}

/* Half-closed (RFC 7766, 6.2.4 leaves that to the client), and nothing more to send. */
static bool client_is_done(const struct tcp_client *client)
{
	bool busy = client->jobs || buffer_waiting(&client->out);

	for (size_t i = 0; i < TCP_PIPES && !busy; i++)
		busy = client->pipe[i].state != PIPE_FREE;
	return client->finished && !busy;
}

void tcp_hold(struct tcp_client *client)
{
	client->jobs++;
}

void tcp_release(struct tcp_client *client)
{
	client->jobs--;
	if (client_is_done(client) && !client->doomed)
		client_doom(client);
}

void tcp_reply(struct tcp_client *client, const uint8_t *data, size_t size)
{
	if (buffer_waiting(&client->out) >= 2 * TCP_QUEUE ||
	    !buffer_message(&client->out, data, size) ||
	    !buffer_write(&client->out, client->watch.fd)) {
		client_doom(client);
		return;
	}
	touch(client);
	update(client);
}

/* ---- pipes to internal servers ---- */

/* Every complete message of the server's goes to the client as it is. */
static bool pipe_relay(struct tcp_pipe *tube)
{
	size_t size;
	const uint8_t *message;

	while ((message = buffer_first(&tube->in, &size))) {
		if (!buffer_message(&tube->client->out, message, size))
			return false;
		tube->in.start += size + 2;
	}
	touch(tube->client);
	return buffer_write(&tube->client->out, tube->client->watch.fd);
}

static void pipe_ready(struct watch *watch, uint32_t events)
{
	struct tcp_pipe *tube = watch->context;
	struct tcp_client *client = tube->client;

	if (events & EPOLLOUT) {
		tube->state = PIPE_OPEN;
		if (!buffer_write(&tube->out, watch->fd)) {
			client_doom(client);
			return;
		}
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		bool open = buffer_read(&tube->in, watch->fd);

		if (!pipe_relay(tube)) {
			client_doom(client);
			return;
		}
		if (!open) {
			/* The server hung up: so do we, once the client has everything. */
			pipe_end(tube);
			if (buffer_waiting(&client->out) == 0)
				client_doom(client);
		}
	}
	update(client);
}

static bool pipe_begin(struct tcp_pipe *tube, int fd)
{
	tube->watch = (struct watch){ fd, pipe_ready, tube };
	tube->events = EPOLLOUT;
	if (loop_add(&tube->client->worker->loop, &tube->watch, EPOLLOUT) < 0) {
		close(fd);
		return false;
	}
	tube->state = PIPE_CONNECTING;
	return true;
}

static bool pipe_connect(struct tcp_pipe *tube)
{
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&tube->server.addr, tube->server.port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) {
		close(fd);
		return false;
	}
	return pipe_begin(tube, fd);
}

static bool pipe_ask(struct tcp_pipe *tube)
{
	struct worker *worker = tube->client->worker;
	const struct connect_request request = {
		.id = tube->id = ++next_pipe_id | 1U << 31, .protocol = IPPROTO_TCP,
		.client = tube->client->path.client, .server = tube->server.addr,
		.port = tube->server.port,
	};

	tube->state = PIPE_OPENING;
	return worker->peer.fd >= 0 && message_send_connect(worker->peer.fd, &request) == 0;
}

void tcp_connected(struct worker *worker, uint32_t id, int result, int fd)
{
	for (struct link *link = worker->clients.first; link; link = link->next) {
		struct tcp_client *client = client_of(link);

		for (size_t i = 0; i < TCP_PIPES && !client->doomed; i++) {
			struct tcp_pipe *tube = &client->pipe[i];

			if (tube->state != PIPE_OPENING || tube->id != id)
				continue;
			if (result != 0 || fd < 0 || !pipe_begin(tube, fd))
				client_doom(client);
			else
				update(client);
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

/* Whoever waits for a socket of the rules role's asks again over a new connection. */
void tcp_peer_lost(struct worker *worker)
{
	struct link *next;

	for (struct link *link = worker->clients.first; link; link = next) {
		struct tcp_client *client = client_of(link);
		bool waits = false;

		next = link->next;	/* a doomed client goes to the front */
		for (size_t i = 0; i < TCP_PIPES; i++)
			waits = waits || client->pipe[i].state == PIPE_OPENING;
		if (waits)
			client_doom(client);
	}
}

/* The pipe to that server, opened when there is none; NULL when there is no room. */
static struct tcp_pipe *pipe_to(struct tcp_client *client, const struct target *target)
{
	struct tcp_pipe *spare = NULL;

	for (size_t i = 0; i < TCP_PIPES; i++) {
		struct tcp_pipe *tube = &client->pipe[i];

		if (tube->state == PIPE_FREE)
			spare = spare ? spare : tube;
		else if (tube->server.port == target->server[0].port &&
			 addr_compare(&tube->server.addr, &target->server[0].addr) == 0)
			return tube;
	}
	if (!spare)
		return NULL;
	spare->server = target->server[0];
	spare->transparent = target->transparent;
	if (!(target->transparent ? pipe_ask(spare) : pipe_connect(spare))) {
		pipe_end(spare);
		return NULL;
	}
	return spare;
}

/* ---- messages of a client ---- */

static void relay(struct tcp_client *client, const struct query *query, const uint8_t *data,
		  size_t size, const struct target *target)
{
	struct tcp_pipe *tube = pipe_to(client, target);
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	counter_add(&client->worker->options.shared->counters.forwarded, 1);
	if (!tube) {
		counter_add(&client->worker->options.shared->counters.failed, 1);
		tcp_reply(client, reply, sinkhole_error(data, query, RCODE_SERVFAIL,
							EDE_NO_REACHABLE, reply));
		return;
	}
	if (!buffer_message(&tube->out, data, size) ||
	    (tube->state == PIPE_OPEN && !buffer_write(&tube->out, tube->watch.fd)))
		client_doom(client);
	else
		update_pipe(tube);
}

static void answer(struct tcp_client *client, const uint8_t *data, size_t size)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	struct worker *worker = client->worker;
	struct target target;
	struct query query;
	size_t reply_size;

	switch (worker_take(worker, &client->path, data, size, reply, &reply_size, &query,
			    &target)) {
	case SINKHOLE_REPLY:
		tcp_reply(client, reply, reply_size);
		break;
	case SINKHOLE_FORWARD:
		if (target.untouched)
			relay(client, &query, data, size, &target);
		else
			job_start(worker, &client->path, &query, data, size, &target, -1, client);
		break;
	default:
		client_doom(client);
	}
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct tcp_client *client = watch->context;
	bool open = true;
	uint8_t *message;
	size_t size;

	if (client->doomed)
		return;
	if (events & (EPOLLERR | EPOLLHUP) ||
	    (events & EPOLLOUT && !buffer_write(&client->out, watch->fd))) {
		client_doom(client);
		return;
	}
	if (events & EPOLLIN)
		open = buffer_read(&client->in, watch->fd);
	while (!client->doomed && (message = buffer_first(&client->in, &size))) {
		touch(client);
		/* Taken out first: the answer may make the client read on. */
		client->in.start += size + 2;
		answer(client, message, size);
	}
	client->finished = client->finished || !open;
	if (client_is_done(client) && !client->doomed)
		client_doom(client);
	if (!client->doomed)
		update(client);
}

/* ---- connections ---- */

/* The interface that the connection's first packet came in on. */
static uint32_t incoming_interface(int fd, bool v4)
{
	_Alignas(struct cmsghdr) uint8_t bytes[256];
	socklen_t size = sizeof(bytes);
	struct msghdr header = { .msg_control = bytes };
	struct in6_pktinfo info6;
	struct in_pktinfo info;

	if (getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
		       v4 ? IP_PKTOPTIONS : IPV6_2292PKTOPTIONS, bytes, &size) < 0)
		return 0;
	header.msg_controllen = size;
	for (struct cmsghdr *control = CMSG_FIRSTHDR(&header); control;
	     control = CMSG_NXTHDR(&header, control)) {
		if (v4 && control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(control), sizeof(info));
			return (uint32_t)info.ipi_ifindex;
		}
		if (!v4 && control->cmsg_level == IPPROTO_IPV6 &&
		    control->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(control), sizeof(info6));
			return info6.ipi6_ifindex;
		}
	}
	return 0;
}

static bool read_path(int fd, struct path *path)
{
	struct sockaddr_storage asked;
	socklen_t size = sizeof(asked);
	uint16_t port;

	path->protocol = IPPROTO_TCP;
	path->peer_size = sizeof(path->peer);
	if (getpeername(fd, (struct sockaddr *)&path->peer, &path->peer_size) < 0 ||
	    addr_from_sockaddr((struct sockaddr *)&path->peer, &path->client,
			       &path->client_port) < 0 ||
	    getsockname(fd, (struct sockaddr *)&asked, &size) < 0 ||
	    addr_from_sockaddr((struct sockaddr *)&asked, &path->asked, &port) < 0)
		return false;
	path->interface = incoming_interface(fd, asked.ss_family == AF_INET);
	return true;
}

static void client_new(struct worker *worker, int fd)
{
	struct tcp_client *client = calloc(1, sizeof(*client));

	if (!client || !read_path(fd, &client->path)) {
		free(client);
		close(fd);
		return;
	}
	client->worker = worker;
	client->watch = (struct watch){ fd, client_ready, client };
	client->events = EPOLLIN;
	for (size_t i = 0; i < TCP_PIPES; i++)
		client->pipe[i].client = client;
	if (loop_add(&worker->loop, &client->watch, EPOLLIN) < 0) {
		free(client);
		close(fd);
		return;
	}
	chain_append(&worker->clients, &client->link, worker->now + TCP_IDLE_MS);
	worker->client_count++;
}

void tcp_accept_ready(struct watch *watch, uint32_t events)
{
	struct worker *worker = watch->context;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	/* Full: the connection that was idle for longest makes room (RFC 7766, 6.2.3). */
	if (worker->client_count >= TCP_CLIENTS)
		client_end(client_of(worker->clients.first));
	client_new(worker, fd);
}

void tcp_expire(struct worker *worker)
{
	while (worker->clients.first && worker->clients.first->deadline <= worker->now)
		client_end(client_of(worker->clients.first));
}
