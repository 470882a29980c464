/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "appliance/ipc/message.h"
#include "dns/account.h"
#include "dns/answer.h"
#include "dns/receive.h"

enum { READ_SIZE = 512 };

struct buffer {
	uint8_t *data;
	size_t start, end;	/* unread bytes */
	size_t capacity;	/* taken from tcp->bytes */
};

enum pipe_state { PIPE_FREE, PIPE_OPENING, PIPE_CONNECTING, PIPE_OPEN };

struct tcp_pipe {
	struct watch watch;
	struct link link;	/* tcp->connecting */
	struct tcp_client *client;
	enum pipe_state state;
	struct target target;
	uint8_t asked[SETTINGS_UPSTREAMS];	/* of target.server: how often it was tried */
	size_t server;		/* the one being tried, or answering */
	bool ended;		/* it was told that no more queries follow */
	uint32_t events;	/* what the loop waits for */
	uint32_t id;		/* of the request to the rules role */
	struct buffer in;	/* from the server */
	struct buffer out;	/* to the server */
};

struct tcp_client {
	struct watch watch;
	struct tcp *tcp;
	struct link link;	/* tcp->clients, by idle time */
	struct path path;
	uint32_t events;
	bool doomed;		/* ends in the next round, not in the middle of a call */
	bool finished;		/* the client asks no more, but may wait for answers */
	unsigned int jobs;	/* of its queries under way */
	struct buffer in;
	struct buffer out;
	struct tcp_pipe pipe[TCP_PIPES];
};

static struct tcp_client *client_of(struct link *link)
{
	return (struct tcp_client *)(void *)((char *)link - offsetof(struct tcp_client, link));
}

/* ---- buffers ---- */

static void buffer_free(struct tcp_client *client, struct buffer *buffer)
{
	share_give(&client->tcp->bytes, &client->path.client, buffer->capacity);
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

static bool buffer_reserve(struct tcp_client *client, struct buffer *buffer, size_t size)
{
	struct share *bytes = &client->tcp->bytes;
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

/* The first complete message, or NULL; *size excludes the length field. */
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
 * Reads at most the rest of one message, or READ_SIZE: a few queries. The remainder makes the
 * descriptor ready again, so a client that sends thousands at once does not hold up the others.
 * False: the connection is over.
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

static void update_pipe(struct tcp_pipe *pipe)
{
	struct tcp_client *client = pipe->client;
	uint32_t events = 0;

	if (pipe->state < PIPE_CONNECTING)
		return;
	/* The client asks no more, so the server need not wait for queries. */
	if (client->finished && pipe->state == PIPE_OPEN && !pipe->ended &&
	    buffer_waiting(&pipe->out) == 0)
		pipe->ended = shutdown(pipe->watch.fd, SHUT_WR) == 0;
	if (pipe->state == PIPE_CONNECTING || buffer_waiting(&pipe->out))
		events |= EPOLLOUT;
	if (pipe->state == PIPE_OPEN && buffer_waiting(&client->out) < TCP_QUEUE)
		events |= EPOLLIN;
	if (events != pipe->events)
		loop_change(&client->tcp->core->loop, &pipe->watch, events);
	pipe->events = events;
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
		loop_change(&client->tcp->core->loop, &client->watch, events);
	client->events = events;
}

/* ---- ends ---- */

static void pipe_close(struct tcp_pipe *pipe)
{
	struct tcp *tcp = pipe->client->tcp;

	if (pipe->state == PIPE_OPENING || pipe->state == PIPE_CONNECTING)
		chain_remove(&tcp->connecting, &pipe->link);
	if (pipe->state >= PIPE_CONNECTING) {
		loop_remove(&tcp->core->loop, &pipe->watch);
		close(pipe->watch.fd);
	}
	pipe->state = PIPE_FREE;
}

static void pipe_end(struct tcp_pipe *pipe)
{
	pipe_close(pipe);
	buffer_free(pipe->client, &pipe->in);
	buffer_free(pipe->client, &pipe->out);
	*pipe = (struct tcp_pipe){ .client = pipe->client, .state = PIPE_FREE };
}

static void client_end(struct tcp_client *client)
{
	struct tcp *tcp = client->tcp;

	jobs_forget(tcp->jobs, client, &client->path.client);
	for (size_t i = 0; i < TCP_PIPES; i++)
		pipe_end(&client->pipe[i]);
	loop_remove(&tcp->core->loop, &client->watch);
	close(client->watch.fd);
	chain_remove(&tcp->clients, &client->link);
	buffer_free(client, &client->in);
	buffer_free(client, &client->out);
	share_give(&tcp->connections, &client->path.client, 1);
	free(client);
}

/* Dooms a client; the next round ends it, when no caller uses it any more. */
static void client_doom(struct tcp_client *client)
{
	client->doomed = true;
	chain_remove(&client->tcp->clients, &client->link);
	chain_prepend(&client->tcp->clients, &client->link);
}

static void touch(struct tcp_client *client)
{
	if (client->doomed)
		return;
	chain_remove(&client->tcp->clients, &client->link);
	chain_append(&client->tcp->clients, &client->link, client->tcp->core->now + TCP_IDLE_MS);
}

/* Half-closed (RFC 7766, 6.2.4 leaves that to the client), and nothing more to send. */
static bool client_is_done(const struct tcp_client *client)
{
	bool busy = client->jobs || buffer_waiting(&client->out);

	for (size_t i = 0; i < TCP_PIPES && !busy; i++)
		busy = client->pipe[i].target.servers > 0;
	return client->finished && !busy;
}

static void client_hold(void *context)
{
	struct tcp_client *client = context;

	client->jobs++;
}

static void client_release(void *context)
{
	struct tcp_client *client = context;

	client->jobs--;
	if (client_is_done(client) && !client->doomed)
		client_doom(client);
}

/* Queues one message for the client; the connection ends if too much is waiting. */
static void client_reply(struct tcp_client *client, const uint8_t *data, size_t size)
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

static void job_reply(void *context, const struct path *path, const uint8_t *data, size_t size)
{
	(void)path;
	client_reply(context, data, size);
}

static const struct asker_hooks asker_hooks = { job_reply, client_hold, client_release };

/* ---- pipes to internal servers ---- */

/*
 * The question of a message that answers a query. In a transfer only the first message has one, and
 * it concerns the servers alone. The judge decides whether the rest is readable.
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

/*
 * Turns the server's message into what the client may have: unchanged, or what a block leaves of
 * it.
 */
static bool pipe_message(struct tcp_pipe *pipe, uint8_t *message, size_t size)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	struct tcp_client *client = pipe->client;
	struct tcp *tcp = client->tcp;
	const struct answer_terms terms = { tcp->core->settings, tcp->core->policy,
					    pipe->target.internal };
	struct verdict asked;
	struct answer answer;
	struct query query;

	if (!read_question(message, size, &query))
		return buffer_message(client, &client->out, message, size);
	asked = policy_lookup_name(tcp->core->policy, query.name.wire);
	if (answer_judge(&terms, message, size, &query, &asked, &answer) < 0) {
		size = sinkhole_error(message, &query, RCODE_SERVFAIL, EDE_OTHER, reply);
		return buffer_message(client, &client->out, reply, size);
	}
	if (answer.verdict.action >= ACTION_MONITOR)
		account_log(tcp->core, &client->path, &query, &answer.verdict, CHANNEL_ANSWER,
			   answer.by_address ? &answer.address : NULL);
	if (answer.verdict.action != ACTION_BLOCK)
		return buffer_message(client, &client->out, message, size);
	counter_add(&tcp->core->shared->counters.blocked, 1);
	size = sinkhole_block(tcp->core->settings, tcp->core->policy, message, &query,
			      &answer.verdict, reply);
	return buffer_message(client, &client->out, reply, size);
}

static bool pipe_relay(struct tcp_pipe *pipe)
{
	size_t size;
	uint8_t *message;

	while ((message = buffer_first(&pipe->in, &size))) {
		if (!pipe_message(pipe, message, size))
			return false;
		pipe->in.start += size + 2;
	}
	if (buffer_waiting(&pipe->in) == 0)
		buffer_free(pipe->client, &pipe->in);
	touch(pipe->client);
	return buffer_write(pipe->client, &pipe->client->out, pipe->client->watch.fd);
}

/* No server accepts the waiting messages: each is answered, and the connection stays. */
static void pipe_give_up(struct tcp_pipe *pipe)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	struct tcp_client *client = pipe->client;
	const uint8_t *message;
	struct query query;
	size_t size;

	while (!client->doomed && (message = buffer_first(&pipe->out, &size))) {
		pipe->out.start += size + 2;
		if (wire_parse_query(&query, message, size) == WIRE_IGNORE)
			continue;
		counter_add(&client->tcp->core->shared->counters.failed, 1);
		client_reply(client, reply, sinkhole_error(message, &query, RCODE_SERVFAIL,
							EDE_NO_REACHABLE, reply));
	}
	pipe_end(pipe);
	if (client_is_done(client) && !client->doomed)
		client_doom(client);
}

static void pipe_try(struct tcp_pipe *pipe);

static void pipe_ready(struct watch *watch, uint32_t events)
{
	struct tcp_pipe *pipe = watch->context;
	struct tcp_client *client = pipe->client;

	if (client->doomed)
		return;
	if (pipe->state == PIPE_CONNECTING && events & (EPOLLERR | EPOLLHUP)) {
		pipe_close(pipe);
		pipe_try(pipe);
		return;
	}
	if (pipe->state == PIPE_CONNECTING) {
		chain_remove(&client->tcp->connecting, &pipe->link);
		pipe->state = PIPE_OPEN;
	}
	if (events & EPOLLOUT && !buffer_write(client, &pipe->out, watch->fd)) {
		client_doom(client);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		bool open = buffer_read(client, &pipe->in, watch->fd);

		if (!pipe_relay(pipe)) {
			client_doom(client);
			return;
		}
		if (!open) {
			/*
			 * The server closed the connection: so do we, once the client has
			 * everything.
			 */
			pipe_end(pipe);
			client->finished = true;
			if (client_is_done(client))
				client_doom(client);
		}
	}
	update(client);
}

static bool pipe_begin(struct tcp_pipe *pipe, int fd)
{
	pipe->watch = (struct watch){ fd, pipe_ready, pipe };
	pipe->events = EPOLLOUT;
	if (loop_add(&pipe->client->tcp->core->loop, &pipe->watch, EPOLLOUT) < 0) {
		close(fd);
		return false;
	}
	pipe->state = PIPE_CONNECTING;
	return true;
}

static bool pipe_connect(struct tcp_pipe *pipe)
{
	const struct endpoint *server = &pipe->target.server[pipe->server];
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&server->addr, server->port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) {
		close(fd);
		return false;
	}
	return pipe_begin(pipe, fd);
}

static bool pipe_ask(struct tcp_pipe *pipe)
{
	struct tcp *tcp = pipe->client->tcp;
	const struct endpoint *server = &pipe->target.server[pipe->server];
	const struct connect_request request = {
		.id = pipe->id = ++tcp->ids | TCP_ID, .protocol = IPPROTO_TCP,
		.client = pipe->client->path.client, .server = server->addr, .port = server->port,
	};

	pipe->state = PIPE_OPENING;
	return tcp->core->peer >= 0 && message_send_connect(tcp->core->peer, &request) == 0;
}

/* Connects to the next server, as long as there is one; otherwise the pipe ends. None of the
 * waiting messages was sent. */
static void pipe_try(struct tcp_pipe *pipe)
{
	struct tcp *tcp = pipe->client->tcp;
	bool tried;

	for (;;) {
		pipe->server = servers_next(&tcp->core->servers, pipe->target.server, pipe->asked,
					    pipe->target.servers, tcp->core->now);
		if (pipe->server >= pipe->target.servers)
			break;
		pipe->asked[pipe->server] = SERVERS_DONE;
		tried = pipe->target.transparent ? pipe_ask(pipe) : pipe_connect(pipe);
		if (tried) {
			chain_append(&tcp->connecting, &pipe->link,
				     tcp->core->now + TCP_CONNECT_MS);
			return;
		}
		pipe->state = PIPE_FREE;
	}
	pipe_give_up(pipe);
}

static struct tcp_pipe *pipe_of(struct link *link)
{
	return (struct tcp_pipe *)(void *)((char *)link - offsetof(struct tcp_pipe, link));
}

static void pipes_expire(struct tcp *tcp)
{
	struct link *link;

	while ((link = tcp->connecting.first) && link->deadline <= tcp->core->now) {
		struct tcp_pipe *pipe = pipe_of(link);

		pipe_close(pipe);
		pipe_try(pipe);
	}
}

void tcp_connected(struct tcp *tcp, uint32_t id, int result, int fd)
{
	for (struct link *link = tcp->connecting.first; link; link = link->next) {
		struct tcp_pipe *pipe = pipe_of(link);

		if (pipe->state != PIPE_OPENING || pipe->id != id || pipe->client->doomed)
			continue;
		if (result == 0 && fd >= 0 && pipe_begin(pipe, fd))
			return;
		pipe_close(pipe);
		pipe_try(pipe);
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* Pipes that wait for a socket of the rules role are told, and ask again. */
void tcp_peer_lost(struct tcp *tcp)
{
	struct link *next;

	for (struct link *link = tcp->connecting.first; link; link = next) {
		struct tcp_pipe *pipe = pipe_of(link);

		next = link->next;
		if (pipe->state != PIPE_OPENING)
			continue;
		pipe_close(pipe);
		pipe_give_up(pipe);
	}
}

static bool same_servers(const struct target *a, const struct target *b)
{
	return a->servers == b->servers && a->transparent == b->transparent &&
	       memcmp(a->server, b->server, a->servers * sizeof(*a->server)) == 0;
}

/* The pipe to those servers, or a free one; NULL if there is no room. */
static struct tcp_pipe *pipe_to(struct tcp_client *client, const struct target *target)
{
	struct tcp_pipe *spare = NULL;

	for (size_t i = 0; i < TCP_PIPES; i++) {
		struct tcp_pipe *pipe = &client->pipe[i];

		if (pipe->target.servers == 0)
			spare = spare ? spare : pipe;
		else if (same_servers(&pipe->target, target))
			return pipe;
	}
	if (spare)
		spare->target = *target;
	return spare;
}

/* ---- messages of a client ---- */

static void relay(struct tcp_client *client, const struct query *query, const uint8_t *data,
		  size_t size, const struct target *target)
{
	struct tcp_pipe *pipe = pipe_to(client, target);
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];

	counter_add(&client->tcp->core->shared->counters.forwarded, 1);
	if (!pipe) {
		counter_add(&client->tcp->core->shared->counters.failed, 1);
		client_reply(client, reply, sinkhole_error(data, query, RCODE_SERVFAIL,
							EDE_NO_REACHABLE, reply));
		return;
	}
	if (!buffer_message(client, &pipe->out, data, size)) {
		client_doom(client);
	} else if (pipe->state == PIPE_FREE) {
		pipe_try(pipe);
	} else {
		if (pipe->state == PIPE_OPEN && !buffer_write(client, &pipe->out, pipe->watch.fd))
			client_doom(client);
		else
			update_pipe(pipe);
	}
}

static void answer(struct tcp_client *client, const uint8_t *data, size_t size)
{
	uint8_t reply[WIRE_HEADER + NAME_WIRE_MAX + 4 + SINKHOLE_ROOM];
	const struct asker asker = { &asker_hooks, client };
	struct tcp *tcp = client->tcp;
	struct target target;
	struct query query;
	size_t reply_size;

	switch (receive_query(tcp->jobs, &client->path, data, size, reply, &reply_size, &query,
			    &target)) {
	case SINKHOLE_REPLY:
		client_reply(client, reply, reply_size);
		break;
	case SINKHOLE_FORWARD:
		if (target.untouched)
			relay(client, &query, data, size, &target);
		else
			job_start(tcp->jobs, &client->path, &query, data, size, &target, &asker);
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
		/* Remove it first: the answer may make the client read on. */
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

/* The interface on which the connection's first packet came in. */
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

/* The connection that was idle for longest (RFC 7766, 6.2.3): of that client, or (NULL) of the one
 * that has most. */
static struct tcp_client *find_idle(struct tcp *tcp, const struct addr *of)
{
	struct tcp_client *found = NULL;
	size_t most = 0;

	for (struct link *link = tcp->clients.first; link; link = link->next) {
		struct tcp_client *client = client_of(link);
		size_t held = share_held(&tcp->connections, &client->path.client);

		if (of ? addr_compare(of, &client->path.client) == 0 : held > most) {
			found = client;
			most = held;
			if (of)
				break;
		}
	}
	return found;
}

/* A client that has its share gives up one of its own. If many clients hold all of them, the one
 * that has most gives one up. */
static bool make_room(struct tcp *tcp, const struct addr *client)
{
	while (!share_take(&tcp->connections, client, 1)) {
		bool own = share_held(&tcp->connections, client) > 0;
		struct tcp_client *idle = find_idle(tcp, own ? client : NULL);

		if (!idle)
			return false;
		client_end(idle);
	}
	return true;
}

static void client_new(struct tcp *tcp, int fd)
{
	struct tcp_client *client = calloc(1, sizeof(*client));

	if (!client || !read_path(fd, &client->path) || !make_room(tcp, &client->path.client)) {
		free(client);
		close(fd);
		return;
	}
	client->tcp = tcp;
	client->watch = (struct watch){ fd, client_ready, client };
	client->events = EPOLLIN;
	for (size_t i = 0; i < TCP_PIPES; i++)
		client->pipe[i].client = client;
	if (loop_add(&tcp->core->loop, &client->watch, EPOLLIN) < 0) {
		share_give(&tcp->connections, &client->path.client, 1);
		free(client);
		close(fd);
		return;
	}
	chain_append(&tcp->clients, &client->link, tcp->core->now + TCP_IDLE_MS);
}

static void accept_ready(struct watch *watch, uint32_t events)
{
	struct tcp *tcp = watch->context;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd >= 0)
		client_new(tcp, fd);
}

int tcp_init(struct tcp *tcp, struct core *core, struct jobs *jobs, const int *sockets,
	     size_t count)
{
	int error;

	*tcp = (struct tcp){ .core = core, .jobs = jobs };
	error = share_init(&tcp->connections, TCP_CLIENTS, TCP_CLIENTS);
	if (!error)
		error = share_init(&tcp->bytes, TCP_BYTES, TCP_CLIENTS);
	for (size_t i = 0; !error && i < count; i++) {
		tcp->listener[i] = (struct watch){ sockets[i], accept_ready, tcp };
		error = loop_add(&core->loop, &tcp->listener[i], EPOLLIN);
	}
	return error;
}

void tcp_expire(struct tcp *tcp)
{
	pipes_expire(tcp);
	while (tcp->clients.first && tcp->clients.first->deadline <= tcp->core->now) {
		struct tcp_client *client = client_of(tcp->clients.first);

		/* A client that waits for an answer is not idle: a job ends by itself. */
		if (client->jobs && !client->doomed)
			touch(client);
		else
			client_end(client);
	}
}
