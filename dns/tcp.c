/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "appliance/ipc/message.h"

/*
 * DNS over TCP (RFC 7766): messages with two bytes of length in front. A query becomes a job. What belongs to the
 * agency's servers alone (transfers, updates, signed messages) goes untouched over a pipe: a client's connection
 * keeps one to each such server, since a transfer is many messages for one query. What a pipe brings is judged all
 * the same.
 *
 * Connections, and the bytes that wait in their buffers, are shared fairly among clients (share.h). Who asks for
 * more than its share loses its own connections.
 */
enum { READ_SIZE = 512 };

struct buffer {
	uint8_t *data;
	size_t start, end;	/* unread bytes */
	size_t capacity;	/* taken from worker->bytes */
};

enum pipe_state { PIPE_FREE, PIPE_OPENING, PIPE_CONNECTING, PIPE_OPEN };

struct tcp_pipe {
	struct watch watch;
	struct link link;	/* worker->connecting */
	struct tcp_client *client;
	enum pipe_state state;
	struct target target;
	uint8_t asked[SETTINGS_UPSTREAMS];	/* of target.server: how often it was tried */
	size_t server;		/* the one that is tried, or answers */
	bool ended;		/* it was told that nothing more comes */
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

static void buffer_free(struct tcp_client *client, struct buffer *buffer)
{
	share_give(&client->worker->bytes, &client->path.client, buffer->capacity);
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

static bool buffer_reserve(struct tcp_client *client, struct buffer *buffer, size_t size)
{
	struct share *bytes = &client->worker->bytes;
	uint8_t *data;
	size_t capacity, more;

	if (buffer->start) {
		memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
		buffer->end -= buffer->start;
		buffer->start = 0;
	}
	if (buffer->capacity - buffer->end >= size)
		return true;
	capacity = buffer->end + size + 512;
	more = capacity - buffer->capacity;
	if (!share_take(bytes, &client->path.client, more))
		return false;
	data = realloc(buffer->data, capacity);
	if (!data) {
		share_give(bytes, &client->path.client, more);
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

static bool buffer_message(struct tcp_client *client, struct buffer *buffer, const uint8_t *data,
			   size_t size)
{
	if (!buffer_reserve(client, buffer, size + 2))
		return false;
	wire_put16(buffer->data + buffer->end, (uint16_t)size);
	memcpy(buffer->data + buffer->end + 2, data, size);
	buffer->end += size + 2;
	return true;
}

/* The first complete message, or NULL; *size without the length in front. */
static uint8_t *buffer_first(const struct buffer *buffer, size_t *size)
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

/*
 * Reads at most the rest of one message, or READ_SIZE: a few queries. What is left makes the descriptor ready again, so
 * that a client that sends thousands at once does not hold up the others. False when the connection is over.
 */
static bool buffer_read(struct tcp_client *client, struct buffer *buffer, int fd)
{
	size_t want = READ_SIZE, have = buffer_waiting(buffer);
	ssize_t got;

	if (have >= 2)
		want = wire_get16(buffer->data + buffer->start) + 2U - have + 2;
	if (!buffer_reserve(client, buffer, want))
		return false;
	got = recv(fd, buffer->data + buffer->end, want, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	buffer->end += (size_t)got;
	return got > 0;
}

static bool buffer_write(struct tcp_client *client, struct buffer *buffer, int fd)
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
		buffer_free(client, buffer);
	return true;
}

/* ---- what is waited for ---- */

static void update_pipe(struct tcp_pipe *tube)
{
	struct tcp_client *client = tube->client;
	uint32_t events = 0;

	if (tube->state < PIPE_CONNECTING)
		return;
	/* The client asks no more, and the server need not wait for it. */
	if (client->finished && tube->state == PIPE_OPEN && !tube->ended &&
	    buffer_waiting(&tube->out) == 0)
		tube->ended = shutdown(tube->watch.fd, SHUT_WR) == 0;
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

static void pipe_close(struct tcp_pipe *tube)
{
	struct worker *worker = tube->client->worker;

	if (tube->state == PIPE_OPENING || tube->state == PIPE_CONNECTING)
		chain_remove(&worker->connecting, &tube->link);
	if (tube->state >= PIPE_CONNECTING) {
		loop_remove(&worker->loop, &tube->watch);
		close(tube->watch.fd);
	}
	tube->state = PIPE_FREE;
}

static void pipe_end(struct tcp_pipe *tube)
{
	pipe_close(tube);
	buffer_free(tube->client, &tube->in);
	buffer_free(tube->client, &tube->out);
	*tube = (struct tcp_pipe){ .client = tube->client, .state = PIPE_FREE };
}

static void client_end(struct tcp_client *client)
{
	struct worker *worker = client->worker;

	jobs_forget_client(worker, client, &client->path.client);
	for (size_t i = 0; i < TCP_PIPES; i++)
		pipe_end(&client->pipe[i]);
	loop_remove(&worker->loop, &client->watch);
	close(client->watch.fd);
	chain_remove(&worker->clients, &client->link);
	buffer_free(client, &client->in);
	buffer_free(client, &client->out);
	share_give(&worker->connections, &client->path.client, 1);
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
		busy = client->pipe[i].target.servers > 0;
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
	    !buffer_message(client, &client->out, data, size) ||
	    !buffer_write(client, &client->out, client->watch.fd)) {
		client_doom(client);
		return;
	}
	touch(client);
	update(client);
}

/* ---- pipes to internal servers ---- */

/*
 * The question of a message that answers a query: of a transfer only the first has one, and it is the servers' own.
 * Whether what follows it can be read is for the judge to say.
 */
static bool read_question(uint8_t *message, size_t size, struct query *query)
{
	if (size < WIRE_HEADER || !(message[2] & 0x80))
		return false;
	message[2] &= 0x7f;
	(void)wire_parse_query(query, message, size);
	message[2] |= 0x80;
	query->flags = wire_get16(message + 2);
	return query->name.length && query->opcode == OPCODE_QUERY && query->type != TYPE_AXFR &&
	       query->type != TYPE_IXFR;
}

/* What the server answers, as the client may have it: what a block leaves of it, or as it is. */
static bool pipe_message(struct tcp_pipe *tube, uint8_t *message, size_t size)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	struct tcp_client *client = tube->client;
	struct worker *worker = client->worker;
	const struct answer_terms terms = { worker->settings, worker->policy,
					    tube->target.internal };
	struct verdict asked;
	struct answer answer;
	struct query query;

	if (!read_question(message, size, &query))
		return buffer_message(client, &client->out, message, size);
	asked = policy_lookup_name(worker->policy, query.name.wire);
	if (answer_judge(&terms, message, size, &query, &asked, &answer) < 0) {
		size = sinkhole_error(message, &query, RCODE_SERVFAIL, EDE_OTHER, reply);
		return buffer_message(client, &client->out, reply, size);
	}
	if (answer.verdict.action >= ACTION_MONITOR)
		worker_log(worker, &client->path, &query, &answer.verdict, CHANNEL_ANSWER,
			   answer.by_address ? &answer.address : NULL);
	if (answer.verdict.action != ACTION_BLOCK)
		return buffer_message(client, &client->out, message, size);
	counter_add(&worker->options.shared->counters.blocked, 1);
	size = sinkhole_block(worker->settings, worker->policy, message, &query, &answer.verdict, reply);
	return buffer_message(client, &client->out, reply, size);
}

static bool pipe_relay(struct tcp_pipe *tube)
{
	size_t size;
	uint8_t *message;

	while ((message = buffer_first(&tube->in, &size))) {
		if (!pipe_message(tube, message, size))
			return false;
		tube->in.start += size + 2;
	}
	if (buffer_waiting(&tube->in) == 0)
		buffer_free(tube->client, &tube->in);
	touch(tube->client);
	return buffer_write(tube->client, &tube->client->out, tube->client->watch.fd);
}

/* No server takes what waits: each message is answered, and the connection stays. */
static void pipe_give_up(struct tcp_pipe *tube)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	struct tcp_client *client = tube->client;
	const uint8_t *message;
	struct query query;
	size_t size;

	while (!client->doomed && (message = buffer_first(&tube->out, &size))) {
		tube->out.start += size + 2;
		if (wire_parse_query(&query, message, size) == WIRE_IGNORE)
			continue;
		counter_add(&client->worker->options.shared->counters.failed, 1);
		tcp_reply(client, reply, sinkhole_error(message, &query, RCODE_SERVFAIL,
							EDE_NO_REACHABLE, reply));
	}
	pipe_end(tube);
	if (client_is_done(client) && !client->doomed)
		client_doom(client);
}

static void pipe_try(struct tcp_pipe *tube);

static void pipe_ready(struct watch *watch, uint32_t events)
{
	struct tcp_pipe *tube = watch->context;
	struct tcp_client *client = tube->client;

	if (client->doomed)
		return;
	if (tube->state == PIPE_CONNECTING && events & (EPOLLERR | EPOLLHUP)) {
		pipe_close(tube);
		pipe_try(tube);
		return;
	}
	if (tube->state == PIPE_CONNECTING) {
		chain_remove(&client->worker->connecting, &tube->link);
		tube->state = PIPE_OPEN;
	}
	if (events & EPOLLOUT && !buffer_write(client, &tube->out, watch->fd)) {
		client_doom(client);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		bool open = buffer_read(client, &tube->in, watch->fd);

		if (!pipe_relay(tube)) {
			client_doom(client);
			return;
		}
		if (!open) {
			/* The server hung up: so do we, once the client has everything. */
			pipe_end(tube);
			client->finished = true;
			if (client_is_done(client))
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
	const struct endpoint *server = &tube->target.server[tube->server];
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&server->addr, server->port, &address);
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
	const struct endpoint *server = &tube->target.server[tube->server];
	const struct connect_request request = {
		.id = tube->id = ++next_pipe_id | 1U << 31, .protocol = IPPROTO_TCP,
		.client = tube->client->path.client, .server = server->addr, .port = server->port,
	};

	tube->state = PIPE_OPENING;
	return worker->peer.fd >= 0 && message_send_connect(worker->peer.fd, &request) == 0;
}

/* Connects to the next server, as long as there is one; otherwise the pipe ends. Nothing of what waits was sent. */
static void pipe_try(struct tcp_pipe *tube)
{
	struct worker *worker = tube->client->worker;
	bool tried;

	for (;;) {
		tube->server = servers_next(&worker->servers, tube->target.server, tube->asked,
					    tube->target.servers, worker->now);
		if (tube->server >= tube->target.servers)
			break;
		tube->asked[tube->server] = SERVERS_DONE;
		tried = tube->target.transparent ? pipe_ask(tube) : pipe_connect(tube);
		if (tried) {
			chain_append(&worker->connecting, &tube->link, worker->now + TCP_CONNECT_MS);
			return;
		}
		tube->state = PIPE_FREE;
	}
	pipe_give_up(tube);
}

static struct tcp_pipe *pipe_of(struct link *link)
{
	return (struct tcp_pipe *)(void *)((char *)link - offsetof(struct tcp_pipe, link));
}

static void pipes_expire(struct worker *worker)
{
	struct link *link;

	while ((link = worker->connecting.first) && link->deadline <= worker->now) {
		struct tcp_pipe *tube = pipe_of(link);

		pipe_close(tube);
		pipe_try(tube);
	}
}

void tcp_connected(struct worker *worker, uint32_t id, int result, int fd)
{
	for (struct link *link = worker->connecting.first; link; link = link->next) {
		struct tcp_pipe *tube = pipe_of(link);

		if (tube->state != PIPE_OPENING || tube->id != id || tube->client->doomed)
			continue;
		if (result == 0 && fd >= 0 && pipe_begin(tube, fd))
			return;
		pipe_close(tube);
		pipe_try(tube);
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* Whoever waits for a socket of the rules role's is told, and asks again. */
void tcp_peer_lost(struct worker *worker)
{
	struct link *next;

	for (struct link *link = worker->connecting.first; link; link = next) {
		struct tcp_pipe *tube = pipe_of(link);

		next = link->next;
		if (tube->state != PIPE_OPENING)
			continue;
		pipe_close(tube);
		pipe_give_up(tube);
	}
}

static bool same_servers(const struct target *a, const struct target *b)
{
	return a->servers == b->servers && a->transparent == b->transparent &&
	       memcmp(a->server, b->server, a->servers * sizeof(*a->server)) == 0;
}

/* The pipe to those servers, a free one when there is none yet; NULL when there is no room. */
static struct tcp_pipe *pipe_to(struct tcp_client *client, const struct target *target)
{
	struct tcp_pipe *spare = NULL;

	for (size_t i = 0; i < TCP_PIPES; i++) {
		struct tcp_pipe *tube = &client->pipe[i];

		if (tube->target.servers == 0)
			spare = spare ? spare : tube;
		else if (same_servers(&tube->target, target))
			return tube;
	}
	if (spare)
		spare->target = *target;
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
	if (!buffer_message(client, &tube->out, data, size)) {
		client_doom(client);
	} else if (tube->state == PIPE_FREE) {
		pipe_try(tube);
	} else {
		if (tube->state == PIPE_OPEN && !buffer_write(client, &tube->out, tube->watch.fd))
			client_doom(client);
		else
			update_pipe(tube);
	}
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
	    (events & EPOLLOUT && !buffer_write(client, &client->out, watch->fd))) {
		client_doom(client);
		return;
	}
	if (events & EPOLLIN)
		open = buffer_read(client, &client->in, watch->fd);
	while (!client->doomed && (message = buffer_first(&client->in, &size))) {
		touch(client);
		/* Taken out first: the answer may make the client read on. */
		client->in.start += size + 2;
		answer(client, message, size);
	}
	if (buffer_waiting(&client->in) == 0)
		buffer_free(client, &client->in);
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

/* The connection that was idle for longest (RFC 7766, 6.2.3) of this client's, or of whoever has most. */
static struct tcp_client *find_idle(struct worker *worker, const struct addr *of)
{
	struct tcp_client *found = NULL;
	size_t most = 0;

	for (struct link *link = worker->clients.first; link; link = link->next) {
		struct tcp_client *client = client_of(link);
		size_t held = share_held(&worker->connections, &client->path.client);

		if (of ? addr_compare(of, &client->path.client) == 0 : held > most) {
			found = client;
			most = held;
			if (of)
				break;
		}
	}
	return found;
}

/* Who has its share makes room itself; when all are taken by many, whoever has most. */
static bool make_room(struct worker *worker, const struct addr *client)
{
	while (!share_take(&worker->connections, client, 1)) {
		bool own = share_held(&worker->connections, client) > 0;
		struct tcp_client *idle = find_idle(worker, own ? client : NULL);

		if (!idle)
			return false;
		client_end(idle);
	}
	return true;
}

static void client_new(struct worker *worker, int fd)
{
	struct tcp_client *client = calloc(1, sizeof(*client));

	if (!client || !read_path(fd, &client->path) || !make_room(worker, &client->path.client)) {
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
		share_give(&worker->connections, &client->path.client, 1);
		free(client);
		close(fd);
		return;
	}
	chain_append(&worker->clients, &client->link, worker->now + TCP_IDLE_MS);
}

void tcp_accept_ready(struct watch *watch, uint32_t events)
{
	struct worker *worker = watch->context;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd >= 0)
		client_new(worker, fd);
}

int tcp_init(struct worker *worker)
{
	int error = share_init(&worker->connections, TCP_CLIENTS, TCP_CLIENTS);

	return error ? error : share_init(&worker->bytes, TCP_BYTES, TCP_CLIENTS);
}

void tcp_expire(struct worker *worker)
{
	pipes_expire(worker);
	while (worker->clients.first && worker->clients.first->deadline <= worker->now) {
		struct tcp_client *client = client_of(worker->clients.first);

		/* Who waits for an answer is not idle: a job ends by itself. */
		if (client->jobs && !client->doomed)
			touch(client);
		else
			client_end(client);
	}
}
