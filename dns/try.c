/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/try.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/ipc/message.h"

enum { LARGE_SIZE = WIRE_UDP_MAX, READ_SIZE = 2048 };

static void try_ready(struct watch *watch, uint32_t events);

static const struct endpoint *server_of(const struct try *try)
{
	return &try->forward->target.server[try->server];
}

static struct server *known(const struct try *try)
{
	struct core *core = try->forward->core;

	return servers_at(&core->servers, server_of(try), core->now);
}

static struct manner *manner_of(const struct try *try)
{
	return &try->forward->manner[try->server];
}

uint8_t *forward_hold(struct forward *forward, size_t size)
{
	struct share *bytes = &forward->core->bytes;
	uint8_t *held;

	if (!share_take(bytes, &forward->path.client, size))
		return NULL;
	held = malloc(size);
	if (!held)
		share_give(bytes, &forward->path.client, size);
	return held;
}

void forward_drop(struct forward *forward, uint8_t *held, size_t size)
{
	if (held)
		share_give(&forward->core->bytes, &forward->path.client, size);
	free(held);
}

void try_end(struct try *try)
{
	struct core *core = try->forward->core;

	if (try->state == TRY_FREE)
		return;
	if (try->watch.fd >= 0) {
		loop_remove(&core->loop, &try->watch);
		close(try->watch.fd);
	}
	if (try->extra)
		share_give(&core->sockets, &try->forward->path.client, 1);
	core->asked_of[core_hash(&server_of(try)->addr)]--;
	forward_drop(try->forward, try->message, try->room);
	*try = (struct try){ .watch.fd = -1, .forward = try->forward };
}

/* ---- in another manner ---- */

/* Asks the same server again in the manner that now applies; otherwise another one. */
static void ask_again(struct forward *forward, size_t server, enum trouble trouble)
{
	if (try_start(forward, server) < 0)
		forward->hooks->failed(forward, server, trouble, NULL, NULL, 0);
}

static bool tcp_gives_up(struct try *try)
{
	struct manner *manner = manner_of(try);
	struct forward *forward = try->forward;
	size_t server = try->server;

	known(try)->no_tcp = forward->core->now + SERVERS_NO_TCP_MS;
	manner->no_tcp = true;
	manner->large = manner->cut;
	try_end(try);
	return try_start(forward, server) == 0;
}

/* The socket failed. */
static void try_broken(struct try *try, enum trouble trouble)
{
	struct forward *forward = try->forward;
	size_t server = try->server;

	if (try->tcp && tcp_gives_up(try))
		return;
	try_end(try);
	servers_failed(&forward->core->servers, &forward->target.server[server], SERVERS_SILENT,
		       forward->core->now);
	forward->hooks->failed(forward, server, trouble, NULL, NULL, 0);
}

bool try_overdue(struct try *try)
{
	if (try->state == TRY_CONNECTING)
		return tcp_gives_up(try);
	/*
	 * It accepted a connection and the question twice without answering: UDP may work better.
	 */
	if (try->tcp && try->forward->rounds > 0) {
		manner_of(try)->no_tcp = true;
		manner_of(try)->large = manner_of(try)->cut;
	}
	if (try->silent)
		return false;
	try->silent = true;
	/* Some servers, or devices in front of them, drop messages with OPT. Without OPT there is
	 * no DNSSEC: for a client that wants it, OPT is tried twice. */
	if (!try->tcp && !known(try)->speaks_edns &&
	    (!try->forward->query.dnssec_ok || try->forward->rounds > 0))
		manner_of(try)->plain = true;
	servers_failed(&try->forward->core->servers, server_of(try), SERVERS_SILENT,
		       try->forward->core->now);
	return false;
}

/* ---- what came back ---- */

/*
 * An answer without OPT. It proves something only if the server was silent with OPT for the same
 * query, and never sent an OPT. Otherwise a client could take EDNS from all clients with an odd
 * question.
 */
static void learn_plain(const struct try *try, struct server *server, uint16_t rcode)
{
	const int64_t now = try->forward->core->now;
	const struct manner *manner = manner_of(try);

	if (try->hop.opt.present || !manner->plain || server->speaks_edns ||
	    rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP)
		return;
	if (manner->refused)
		server->no_edns = now + SERVERS_ABILITY_MS;
	else if (++server->drops >= SERVERS_DROPS)
		server->no_edns = now + SERVERS_DROPS_MS;
}

static void learn(struct try *try, const struct hop_answer *answer)
{
	struct server *server = known(try);

	if (answer->opt.present) {
		server->speaks_edns = true;
		server->no_edns = server->drops = 0;
	} else {
		learn_plain(try, server, answer->rcode);
	}
	if (answer->opt.server_size && try->hop.opt.cookie &&
	    memcmp(server->cookie, try->hop.opt.client, COOKIE_CLIENT) == 0) {
		memcpy(server->server_cookie, answer->opt.server, answer->opt.server_size);
		server->server_cookie_size = answer->opt.server_size;
	}
}

static void was_cut(struct try *try, uint8_t *data, size_t size)
{
	struct manner *manner = manner_of(try);
	struct forward *forward = try->forward;
	size_t server = try->server;
	/*
	 * No other way brought more: the client is told that there is more, if it can ask for it.
	 */
	struct hop_answer answer = { .bare = true, .cut = !forward->stream,
				     .rcode = forward->stream ? RCODE_SERVFAIL : RCODE_NOERROR };

	if (manner->large) {
		forward->hooks->failed(forward, server, TROUBLE_NETWORK, &answer, data, size);
		return;
	}
	try_end(try);
	manner->no_tcp = manner->no_tcp || !ENABLED(CONFIG_DNS_TCP);
	manner->large = manner->no_tcp;
	manner->cut = true;
	ask_again(forward, server, TROUBLE_NETWORK);
}

static void bad_cookie(struct try *try, const struct hop_answer *answer, uint8_t *data, size_t size)
{
	struct manner *manner = manner_of(try);
	struct forward *forward = try->forward;
	size_t server = try->server;

	if (try->tcp || manner->bad_cookies == 2) {
		forward->hooks->failed(forward, server, TROUBLE_NETWORK, answer, data, size);
		return;
	}
	try_end(try);
	manner->bad_cookies++;
	ask_again(forward, server, TROUBLE_NETWORK);
}

static void no_edns(struct try *try)
{
	struct forward *forward = try->forward;
	size_t server = try->server;

	manner_of(try)->plain = manner_of(try)->refused = true;
	try_end(try);
	ask_again(forward, server, TROUBLE_NETWORK);
}

/* False: not an answer to this try, wait on. data has HOP_ROOM after size. */
static bool take(struct try *try, uint8_t *data, size_t size)
{
	struct forward *forward = try->forward;
	struct hop_answer answer;
	enum hop_result result;
	size_t server = try->server;

	if (forward->message) {
		if (!wire_matches(data, size, try->hop.id, &forward->query) &&
		    !wire_matches_bare(data, size, try->hop.id, &forward->query))
			return false;
		forward->hooks->relayed(forward, server, data, size);
		return true;
	}
	result = hop_take(&try->hop, &forward->query, try->tcp, data, &size, &answer);
	if (result == HOP_FOREIGN)
		return false;
	if (result >= HOP_BAD_COOKIE)
		learn(try, &answer);
	switch (result) {
	case HOP_CUT:
		was_cut(try, data, size);
		return true;
	case HOP_BAD_COOKIE:
		bad_cookie(try, &answer, data, size);
		return true;
	case HOP_NO_EDNS:
		no_edns(try);
		return true;
	case HOP_BROKEN:
		forward->hooks->failed(forward, server, TROUBLE_UNJUDGED, NULL, NULL, 0);
		return true;
	case HOP_ERROR:
		forward->hooks->failed(forward, server, TROUBLE_NETWORK, &answer, data, size);
		return true;
	default:
		forward->hooks->answered(forward, server, &answer, data, size);
		return true;
	}
}

static void read_udp(struct try *try)
{
	uint8_t data[WIRE_TCP_MAX + HOP_ROOM];
	ssize_t got = recv(try->watch.fd, data, WIRE_TCP_MAX, MSG_DONTWAIT);

	/* ECONNREFUSED and other ICMP errors need not wait for the time-out. Stray datagrams are
	 * skipped: the real answer may still come (RFC 5452, 9.1). */
	if (got >= 0)
		(void)take(try, data, (size_t)got);
	else if (errno != EAGAIN && errno != EINTR)
		try_broken(try, TROUBLE_UNREACHABLE);
}

/* Room grows as bytes arrive: the length field alone allocates nothing. */
static bool make_room(struct try *try)
{
	size_t want = try->done < 2 ? 0 : 2U + wire_get16(try->message), room;
	uint8_t *message;

	if (try->message && (try->done < try->room - HOP_ROOM))
		return true;
	room = want && want < 2 * try->room ? want + HOP_ROOM : 2 * try->room;
	room = room < READ_SIZE ? READ_SIZE : room;
	message = forward_hold(try->forward, room);
	if (!message)
		return false;
	if (try->done)
		memcpy(message, try->message, try->done);
	forward_drop(try->forward, try->message, try->room);
	try->message = message;
	try->room = room;
	return true;
}

static void read_tcp(struct try *try)
{
	size_t want, most;
	ssize_t got;

	if (!make_room(try)) {
		try_broken(try, TROUBLE_NETWORK);
		return;
	}
	want = try->done < 2 ? 2 : 2U + wire_get16(try->message);
	most = try->room - HOP_ROOM;
	got = recv(try->watch.fd, try->message + try->done,
		   (want < most ? want : most) - try->done, MSG_DONTWAIT);
	if (got <= 0) {
		if (got == 0 || (errno != EAGAIN && errno != EINTR))
			try_broken(try, TROUBLE_NETWORK);
		return;
	}
	try->done += (size_t)got;
	if (try->done < 2 || try->done < 2U + wire_get16(try->message))
		return;
	if (!take(try, try->message + 2, try->done - 2))
		try_broken(try, TROUBLE_NETWORK);
}

/* ---- asking ---- */

static void set_opt(struct try *try)
{
	struct forward *forward = try->forward;
	struct core *core = forward->core;
	const struct manner *manner = manner_of(try);
	struct server *server = known(try);
	struct opt *opt = &try->hop.opt;

	*opt = (struct opt){ .size = manner->large ? LARGE_SIZE : WIRE_EDNS_SIZE,
			     .dnssec_ok = forward->query.dnssec_ok };
	opt->present = !manner->plain && server->no_edns <= core->now;
	/*
	 * From clients' own addresses, a shared cookie would reveal that they are behind one
	 * gateway.
	 */
	opt->cookie = opt->present && !forward->target.transparent;
	if (!opt->cookie)
		return;
	if (server->cookie_until <= core->now) {
		uint32_t nonce;

		core_random(core, &nonce, sizeof(nonce));
		cookie_own(core->secrets->own, nonce, server->cookie);
		server->server_cookie_size = 0;
		server->cookie_until = core->now + SERVERS_COOKIE_MS;
	}
	memcpy(opt->client, server->cookie, COOKIE_CLIENT);
	memcpy(opt->server, server->server_cookie, server->server_cookie_size);
	opt->server_size = server->server_cookie_size;
}

/* A query fits the buffer of a new socket. */
static int send_query(struct try *try)
{
	const struct forward *forward = try->forward;
	uint8_t packet[2 + HOP_QUERY_MAX];
	const uint8_t *data = packet + 2;
	size_t size;
	ssize_t sent;

	if (forward->message) {
		data = forward->message;
		size = forward->message_size;
	} else {
		size = hop_query(&try->hop, &forward->query, forward->question, packet + 2);
		wire_put16(packet, (uint16_t)size);
	}
	if (try->tcp) {
		data -= 2;
		size += 2;
	}
	sent = send(try->watch.fd, data, size, MSG_NOSIGNAL);
	return sent < 0 ? -errno : (size_t)sent == size ? 0 : -ENOBUFS;
}

static void try_ready(struct watch *watch, uint32_t events)
{
	struct try *try = watch->context;

	(void)events;
	if (!try->tcp) {
		read_udp(try);
	} else if (try->state == TRY_CONNECTING) {
		if (send_query(try) < 0) {
			try_broken(try, TROUBLE_UNREACHABLE);
			return;
		}
		try->state = TRY_ASKED;
		loop_change(&try->forward->core->loop, &try->watch, EPOLLIN);
	} else {
		read_tcp(try);
	}
}

/* A connected socket, taken over. */
static int begin(struct try *try, int fd)
{
	int error;

	try->watch = (struct watch){ fd, try_ready, try };
	try->state = try->tcp ? TRY_CONNECTING : TRY_ASKED;
	error = loop_add(&try->forward->core->loop, &try->watch, try->tcp ? EPOLLOUT : EPOLLIN);
	if (error) {
		close(fd);
		try->watch.fd = -1;
		return error;
	}
	return try->tcp ? 0 : send_query(try);
}

static int open_socket(const struct try *try)
{
	const struct endpoint *server = server_of(try);
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&server->addr, server->port, &address);
	int type = try->tcp ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static int ask_for_socket(struct try *try)
{
	const struct endpoint *server = server_of(try);
	struct forward *forward = try->forward;
	const struct connect_request request = {
		.id = forward->id | (uint32_t)(try - forward->try) << TRY_ID,
		.client = forward->path.client,
		.server = server->addr,
		.port = server->port,
		.protocol = try->tcp ? IPPROTO_TCP : IPPROTO_UDP,
	};

	if (forward->core->peer < 0)
		return -ENOTCONN;
	try->state = TRY_OPENING;
	return message_send_connect(forward->core->peer, &request);
}

void try_connected(struct try *try, int result, int fd)
{
	if (result == 0 && fd >= 0)
		result = begin(try, fd);
	if (result != 0 || fd < 0)
		try_broken(try, TROUBLE_NETWORK);
}

/* A free place for a try; without one, or without a share, the oldest try is dropped. */
static struct try *new_try(struct forward *forward)
{
	struct core *core = forward->core;
	struct try *place = NULL, *oldest = NULL;

	for (size_t i = 0; i < FORWARD_TRIES; i++) {
		struct try *try = &forward->try[i];

		if (try->state == TRY_FREE)
			place = place ? place : try;
		else if (!oldest || try->began < oldest->began)
			oldest = try;
	}
	if (oldest && place && share_take(&core->sockets, &forward->path.client, 1)) {
		place->extra = true;
	} else if (oldest) {
		bool extra = oldest->extra;

		oldest->extra = false;
		try_end(oldest);
		place = oldest;
		place->extra = extra;
	}
	return place;
}

int try_start(struct forward *forward, size_t server)
{
	struct core *core = forward->core;
	const struct manner *manner = &forward->manner[server];
	struct try *try = new_try(forward);
	int fd, error;

	try->server = server;
	try->state = TRY_OPENING;
	try->began = core->now;
	core->asked_of[core_hash(&server_of(try)->addr)]++;
	try->tcp = ENABLED(CONFIG_DNS_TCP) && !forward->message && !manner->no_tcp &&
		   (manner->cut || manner->bad_cookies == 2 ||
		    (forward->stream && known(try)->no_tcp <= core->now));
	set_opt(try);
	if (forward->message)
		try->hop.id = forward->query.id;
	else
		core_random(core, &try->hop.id, sizeof(try->hop.id));
	if (forward->target.transparent) {
		error = ask_for_socket(try);
	} else {
		fd = open_socket(try);
		error = fd < 0 ? fd : begin(try, fd);
	}
	if (error)
		try_end(try);
	return error;
}
