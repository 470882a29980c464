/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/worker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/ipc/message.h"
#include "dns/account.h"
#include "dns/tcp.h"
#include "dns/udp.h"

static_assert((int)WORKER_LISTENERS == (int)CORE_LISTENERS, "listeners of a worker");
static_assert(JOB_SOCKETS + TCP_SOCKETS + WORKER_LISTENERS + 16 <= WORKER_FILES,
	      "descriptors of a worker");

struct worker {
	struct core core;
	struct jobs jobs;
	struct udp udp;
	struct tcp tcp;
	struct watch peer;		/* rules; fd -1 while it is away */
	/* Handed over by the main thread. */
	struct watch mail;		/* eventfd: something of these changed */
	_Atomic(const struct policy *) newest;
	_Atomic(const struct policy *) settled;
	_Atomic uint32_t asked, answered;	/* is it alive? */
	pthread_mutex_t lock;		/* for new_peer */
	int new_peer;			/* -1: none */
};

/* ---- the rules role ---- */

static void peer_close(struct worker *worker)
{
	if (worker->peer.fd < 0)
		return;
	loop_remove(&worker->core.loop, &worker->peer);
	close(worker->peer.fd);
	worker->peer.fd = worker->core.peer = -1;
	jobs_peer_lost(&worker->jobs);
	if (ENABLED(CONFIG_DNS_TCP))
		tcp_peer_lost(&worker->tcp);
}

static void dispatch(struct worker *worker, struct message *message)
{
	uint32_t id;
	int result;

	if (message_read_result(message, &id, &result) < 0) {
		message_close(message);
		peer_close(worker);
	} else if (ENABLED(CONFIG_DNS_TCP) && message->type == MESSAGE_CONNECTED && id & TCP_ID) {
		tcp_connected(&worker->tcp, id, result, message->fd);
	} else if (message->type == MESSAGE_CONNECTED) {
		job_connected(&worker->jobs, id, result, message->fd);
	} else {
		message_close(message);
		if (message->type == MESSAGE_PINHOLED)
			job_pinholed(&worker->jobs, id, result);
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
	core_policy(&worker->core, atomic_load_explicit(&worker->newest, memory_order_acquire));
	atomic_store_explicit(&worker->settled, worker->core.policy, memory_order_release);
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
	if (loop_add(&worker->core.loop, &worker->peer, EPOLLIN) < 0) {
		close(fd);
		worker->peer.fd = -1;
	}
	worker->core.peer = worker->peer.fd;
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

int worker_new(struct worker **out, const struct worker_options *options,
	       const struct policy *policy)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	struct core *core;
	int error;

	if (!worker)
		return -ENOMEM;
	core = &worker->core;
	*core = (struct core){ .settings = options->settings, .shared = options->shared,
			       .secrets = options->secrets, .wake = options->wake };
	worker->new_peer = -1;
	worker->peer = (struct watch){ -1, peer_ready, worker };
	worker->mail = (struct watch){ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), mail_ready, worker };
	pthread_mutex_init(&worker->lock, NULL);
	atomic_init(&worker->newest, policy);
	take_policy(worker);
	error = core_init(core, JOBS);
	if (!error)
		error = worker->mail.fd < 0 ? -EMFILE :
			loop_add(&core->loop, &worker->mail, EPOLLIN);
	if (!error)
		error = jobs_init(&worker->jobs, core);
	if (!error)
		error = udp_init(&worker->udp, core, &worker->jobs, options->udp, options->udps);
	if (!error && ENABLED(CONFIG_DNS_TCP))
		error = tcp_init(&worker->tcp, core, &worker->jobs, options->tcp, options->tcps);
	/* A role that cannot start ends, so nothing needs to be freed here. */
	*out = worker;
	return error;
}

static int64_t sooner(int64_t next, const struct chain *chain)
{
	return chain->first && chain->first->deadline < next ? chain->first->deadline : next;
}

static int next_timeout(const struct worker *worker)
{
	int64_t now = worker->core.now, next = now + 60000;

	next = sooner(next, &worker->jobs.waiting);
	next = sooner(next, &worker->tcp.clients);
	next = sooner(next, &worker->tcp.connecting);
	return next > now ? (int)(next - now) : 0;
}

void worker_run(struct worker *worker)
{
	struct core *core = &worker->core;

	for (;;) {
		core_read_clocks(core);
		jobs_expire(&worker->jobs);
		if (ENABLED(CONFIG_DNS_TCP))
			tcp_expire(&worker->tcp);
		account_wake(core);
		if (loop_wait(&core->loop, next_timeout(worker)) < 0)
			abort();
		core_read_clocks(core);
		loop_deliver(&core->loop);
	}
}
