/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/config.h"
#include "appliance/ipc/message.h"

void chain_append(struct chain *chain, struct link *link, int64_t deadline)
{
	link->deadline = deadline;
	link->previous = chain->last;
	link->next = NULL;
	if (chain->last)
		chain->last->next = link;
	else
		chain->first = link;
	chain->last = link;
}

void chain_remove(struct chain *chain, struct link *link)
{
	if (link->previous)
		link->previous->next = link->next;
	else
		chain->first = link->next;
	if (link->next)
		link->next->previous = link->previous;
	else
		chain->last = link->previous;
	link->previous = link->next = NULL;
}

void worker_random(struct worker *worker, void *bytes, size_t size)
{
	if (worker->random_left < size) {
		/* Cannot fail for 256 bytes once the pool is ready (getrandom(2)). */
		if (getrandom(worker->random, sizeof(worker->random), 0) !=
		    (ssize_t)sizeof(worker->random))
			abort();
		worker->random_left = sizeof(worker->random);
	}
	worker->random_left -= size;
	memcpy(bytes, worker->random + worker->random_left, size);
}

size_t worker_hash(const struct addr *addr)
{
	uint64_t half[2];

	memcpy(half, addr->bytes, sizeof(half));
	return (size_t)((half[0] ^ half[1] * 0x9e3779b97f4a7c15) * 0x9e3779b97f4a7c15 >> 56);
}

/* ---- what a worker tells the journal ---- */

void worker_log(struct worker *worker, const struct path *path, const struct query *query,
		const struct verdict *verdict, enum event_channel channel,
		const struct addr *address)
{
	uint8_t data[EVENT_MAX];
	struct event event;

	if (worker->options.wake < 0)
		return;
	event = (struct event){
		.wall_ms = worker->wall, .uptime_ms = worker->now, .channel = channel,
		.action = verdict->action, .intended = verdict->intended,
		.client = path->client, .client_port = path->client_port,
		.interface = path->interface, .has_resolver = true, .resolver = path->asked,
		.qtype = query->type, .protocol = path->protocol, .port = 53,
		.name = query->name, .has_address = address != NULL,
		.state = worker->state, .rule = verdict->rule, .count = 1,
	};
	if (address)
		event.address = *address;
	ring_write(&worker->options.shared->ring, data, event_encode(&event, data));
	worker->logged = true;
}

/* Counts and logs what sinkhole_answer decided. */
static void account(struct worker *worker, const struct path *path, const struct query *query,
		    const struct verdict *verdict)
{
	struct dns_counters *counters = &worker->options.shared->counters;

	counter_add(&counters->queries, 1);
	if (path->protocol == IPPROTO_TCP)
		counter_add(&counters->tcp, 1);
	if (verdict->action == ACTION_BLOCK)
		counter_add(&counters->blocked, 1);
	else if (verdict->action == ACTION_MONITOR)
		counter_add(&counters->monitored, 1);
	else
		return;
	worker_log(worker, path, query, verdict, CHANNEL_DNS, NULL);
}

static void wake_journal(struct worker *worker)
{
	const uint64_t one = 1;

	if (!worker->logged)
		return;
	worker->logged = false;
	if (ring_should_wake(&worker->options.shared->ring))
		(void)!write(worker->options.wake, &one, sizeof(one));
}

/* ---- where a query goes ---- */

/* The deepest internal zone at or above the name. */
static const struct internal_zone *find_zone(const struct settings *settings,
					     const struct name *name)
{
	const struct internal_zone *best = NULL;

	for (size_t i = 0; i < settings->zones; i++) {
		const struct internal_zone *zone = &settings->zone[i];

		if ((!best || best->name.labels < zone->name.labels) &&
		    name_prefix(name, &zone->name) >= 0)
			best = zone;
	}
	return best;
}

/* An address of the gateway's own? A way to it from itself ends where it began. */
static bool is_own(const struct addr *addr)
{
	struct sockaddr_storage to, from;
	socklen_t size = addr_to_sockaddr(addr, 53, &to), from_size = sizeof(from);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr source;
	uint16_t port;
	bool own;

	if (fd < 0)
		return false;
	/* To a link-local address, or where no way leads, nothing could be sent on. */
	own = connect(fd, (struct sockaddr *)&to, size) < 0 ||
	      (getsockname(fd, (struct sockaddr *)&from, &from_size) == 0 &&
	       addr_from_sockaddr((struct sockaddr *)&from, &source, &port) == 0 &&
	       addr_compare(&source, addr) == 0);
	close(fd);
	return own;
}

/* To the one server that was asked itself. */
static void target_asked(const struct path *path, struct target *target)
{
	target->server[0] = (struct endpoint){ path->asked, 53 };
	target->servers = 1;
	target->transparent = true;
}

/* Signed messages, negotiations of keys, updates, transfers: the server alone can answer them. */
static bool is_between_ends(const struct query *query)
{
	return query->opcode != OPCODE_QUERY || query->records || query->type == TYPE_AXFR ||
	       query->type == TYPE_IXFR || query->type == TYPE_TKEY;
}

/* Where a query goes that was asked of path->asked. */
static void worker_target(const struct worker *worker, const struct path *path,
			  const struct query *query, struct target *target)
{
	const struct settings *settings = worker->settings;
	const struct internal_zone *zone;

	*target = (struct target){ .internal = true, .untouched = is_between_ends(query) };
	if (settings_is_internal_dns(settings, &path->asked)) {
		target_asked(path, target);
		return;
	}
	/* What the agency's servers ask of others, they have to hear from those. */
	if (settings_is_internal_dns(settings, &path->client) && !is_own(&path->asked)) {
		target->internal = false;
		target_asked(path, target);
		return;
	}
	zone = find_zone(settings, &query->name);
	if (zone) {
		memcpy(target->server, zone->server, zone->servers * sizeof(*zone->server));
		target->servers = zone->servers;
		return;
	}
	target->internal = target->untouched = false;
	target->servers = settings->upstreams;
	memcpy(target->server, settings->upstream,
	       settings->upstreams * sizeof(*settings->upstream));
	target->open = true;
}

/* Updates and the like are the agency's servers' matter: the upstreams are asked queries only.
 * Transfers are refused, too: no public resolver gives one. */
static uint8_t refusal(const struct target *target, const struct query *query)
{
	if (!target->open)
		return RCODE_NOERROR;
	if (query->opcode != OPCODE_QUERY)
		return RCODE_NOTIMP;
	return query->type == TYPE_AXFR || query->type == TYPE_IXFR ? RCODE_REFUSED : RCODE_NOERROR;
}

/*
 * Our own question, come back: it carries a cookie that we showed a server, or comes from a server
 * that is asked the same and would be asked it again. What an internal server asks of others is not
 * meant: to answer us it may have to.
 */
static bool is_loop(const struct worker *worker, const struct path *path,
		    const struct query *query, const struct target *target)
{
	if (target->transparent || query->opcode != OPCODE_QUERY ||
	    (!target->internal && !target->open))
		return false;
	if (query->cookie && cookie_is_own(worker->options.secrets->own, query->client_cookie))
		return true;
	for (size_t i = 0; i < target->servers; i++) {
		if (addr_compare(&target->server[i].addr, &path->client) == 0)
			return jobs_ask(worker, query, &path->client);
	}
	return false;
}

enum sinkhole_step worker_take(struct worker *worker, const struct path *path,
			       const uint8_t *data, size_t size, uint8_t *reply,
			       size_t *reply_size, struct query *query, struct target *target)
{
	const struct sinkhole_client client = {
		.secret = worker->options.secrets->server, .address = path->client,
		.now = (uint32_t)(worker->wall / 1000),
	};
	struct verdict verdict;
	enum sinkhole_step step = sinkhole_answer(worker->settings, worker->policy, &client, data,
						  size, query, &verdict, reply, reply_size);
	enum special special;
	uint8_t rcode, depth;

	if (step == SINKHOLE_DROP) {
		counter_add(&worker->options.shared->counters.dropped, 1);
		return step;
	}
	account(worker, path, query, &verdict);
	if (step == SINKHOLE_REPLY)
		return step;
	if (path->protocol == IPPROTO_TCP)
		query->udp_size = UINT16_MAX;
	worker_target(worker, path, query, target);
	special = query->opcode == OPCODE_QUERY ? special_find(query, &depth) : SPECIAL_NO;
	/* The agency's servers may know the name; the way to other resolvers not even theirs. */
	if (special && (!target->internal || (special == SPECIAL_DISCOVERY && target->transparent))) {
		*reply_size = sinkhole_special(data, query, special, depth, reply);
		return SINKHOLE_REPLY;
	}
	rcode = refusal(target, query);
	if (rcode != RCODE_NOERROR) {
		*reply_size = sinkhole_error(data, query, rcode, 0, reply);
		return SINKHOLE_REPLY;
	}
	if (!is_loop(worker, path, query, target))
		return SINKHOLE_FORWARD;
	counter_add(&worker->options.shared->counters.looped, 1);
	*reply_size = sinkhole_say(data, query, RCODE_SERVFAIL, EDE_OTHER,
				   "a loop: this question came from this gateway", reply);
	return SINKHOLE_REPLY;
}

/* ---- the rules role ---- */

static void peer_close(struct worker *worker)
{
	if (worker->peer.fd < 0)
		return;
	loop_remove(&worker->loop, &worker->peer);
	close(worker->peer.fd);
	worker->peer.fd = -1;
	jobs_peer_lost(worker);
	if (ENABLED(CONFIG_DNS_TCP))
		tcp_peer_lost(worker);
}

/* Ids of TCP pipes have the top bit, so that both tables can be asked for. */
static void dispatch(struct worker *worker, struct message *message)
{
	uint32_t id;
	int result;

	if (message_read_result(message, &id, &result) < 0) {
		message_close(message);
		peer_close(worker);
	} else if (ENABLED(CONFIG_DNS_TCP) && message->type == MESSAGE_CONNECTED && id >> 31) {
		tcp_connected(worker, id, result, message->fd);
	} else if (message->type == MESSAGE_CONNECTED) {
		job_connected(worker, id, result, message->fd);
	} else {
		message_close(message);
		if (message->type == MESSAGE_PINHOLED)
			job_pinholed(worker, id, result);
		else
			peer_close(worker);
	}
}

static void peer_ready(struct watch *watch, uint32_t events)
{
	struct worker *worker = watch->context;
	static _Thread_local struct message message;
	int got = 1;

	(void)events;
	while (worker->peer.fd >= 0 && (got = message_receive(watch->fd, &message)) == 1)
		dispatch(worker, &message);
	if (worker->peer.fd >= 0 && got != -EAGAIN)
		peer_close(worker);
}

/* ---- hand-over from the main thread ---- */

static void take_policy(struct worker *worker)
{
	worker->policy = atomic_load_explicit(&worker->newest, memory_order_acquire);
	worker->state = wire_get32(policy_digest(worker->policy));
	atomic_store_explicit(&worker->settled, worker->policy, memory_order_release);
}

static void take_peer(struct worker *worker)
{
	int fd;

	pthread_mutex_lock(&worker->lock);
	fd = worker->new_peer;
	worker->new_peer = -1;
	pthread_mutex_unlock(&worker->lock);
	if (fd < 0)
		return;
	peer_close(worker);
	worker->peer.fd = fd;
	if (loop_add(&worker->loop, &worker->peer, EPOLLIN) < 0) {
		close(fd);
		worker->peer.fd = -1;
	}
}

static void mail_ready(struct watch *watch, uint32_t events)
{
	struct worker *worker = watch->context;
	uint64_t count;

	(void)events;
	(void)!read(watch->fd, &count, sizeof(count));
	take_policy(worker);
	take_peer(worker);
	atomic_store_explicit(&worker->answered,
			      atomic_load_explicit(&worker->asked, memory_order_acquire),
			      memory_order_release);
}

static void send_mail(struct worker *worker)
{
	const uint64_t one = 1;

	(void)!write(worker->mail.fd, &one, sizeof(one));
}

void worker_policy(struct worker *worker, const struct policy *policy)
{
	atomic_store_explicit(&worker->newest, policy, memory_order_release);
	send_mail(worker);
}

bool worker_settled(const struct worker *worker)
{
	return atomic_load_explicit(&worker->settled, memory_order_acquire) ==
	       atomic_load_explicit(&worker->newest, memory_order_relaxed);
}

void worker_ask(struct worker *worker)
{
	atomic_fetch_add_explicit(&worker->asked, 1, memory_order_release);
	send_mail(worker);
}

bool worker_answered(const struct worker *worker)
{
	return atomic_load_explicit(&worker->answered, memory_order_acquire) ==
	       atomic_load_explicit(&worker->asked, memory_order_relaxed);
}

void worker_peer(struct worker *worker, int fd)
{
	pthread_mutex_lock(&worker->lock);
	if (worker->new_peer >= 0)
		close(worker->new_peer);
	worker->new_peer = fd;
	pthread_mutex_unlock(&worker->lock);
	send_mail(worker);
}

/* ---- life ---- */

static int add_listeners(struct worker *worker)
{
	const struct worker_options *options = &worker->options;
	int error = 0;

	for (unsigned int i = 0; !error && i < options->udps; i++) {
		struct watch *watch = &worker->udp[i].watch;

		*watch = (struct watch){ options->udp[i], udp_ready, worker };
		error = loop_add(&worker->loop, watch, EPOLLIN);
	}
	for (unsigned int i = 0; ENABLED(CONFIG_DNS_TCP) && !error && i < options->tcps; i++) {
		struct watch *watch = &worker->tcp[i].watch;

		*watch = (struct watch){ options->tcp[i], tcp_accept_ready, worker };
		error = loop_add(&worker->loop, watch, EPOLLIN);
	}
	return error;
}

int worker_new(struct worker **out, const struct worker_options *options,
	       const struct policy *policy)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int error;

	if (!worker)
		return -ENOMEM;
	worker->options = *options;
	worker->settings = options->settings;
	worker->new_peer = -1;
	worker->peer = (struct watch){ -1, peer_ready, worker };
	worker->mail = (struct watch){ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), mail_ready, worker };
	pthread_mutex_init(&worker->lock, NULL);
	atomic_init(&worker->newest, policy);
	take_policy(worker);
	error = loop_init(&worker->loop);
	if (!error)
		error = worker->mail.fd < 0 ? -EMFILE :
			loop_add(&worker->loop, &worker->mail, EPOLLIN);
	if (!error)
		error = udp_init(worker);
	if (!error)
		error = jobs_init(worker);
	if (!error && ENABLED(CONFIG_DNS_TCP))
		error = tcp_init(worker);
	if (!error)
		error = add_listeners(worker);
	/* A role that cannot start ends; there is nothing to give back before that. */
	*out = worker;
	return error;
}

static int next_timeout(const struct worker *worker)
{
	int64_t next = worker->now + 60000;

	if (worker->waiting.first && worker->waiting.first->deadline < next)
		next = worker->waiting.first->deadline;
	if (worker->clients.first && worker->clients.first->deadline < next)
		next = worker->clients.first->deadline;
	if (worker->connecting.first && worker->connecting.first->deadline < next)
		next = worker->connecting.first->deadline;
	return next > worker->now ? (int)(next - worker->now) : 0;
}

static void read_clocks(struct worker *worker)
{
	worker->now = clock_uptime_ms();
	worker->wall = clock_wall_ms();
}

void worker_run(struct worker *worker)
{
	for (;;) {
		read_clocks(worker);
		jobs_expire(worker);
		if (ENABLED(CONFIG_DNS_TCP))
			tcp_expire(worker);
		wake_journal(worker);
		if (loop_wait(&worker->loop, next_timeout(worker)) < 0)
			abort();
		read_clocks(worker);
		loop_deliver(&worker->loop);
	}
}
