/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/role.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/daemon/log.h"

/*
 * The dns role: worker threads on the parent's sockets. Its main thread only takes messages: a new
 * policy (answered once no worker looks at the old one any more) or a new way to the rules role.
 */
struct dns_role {
	struct role_start start;
	struct worker *worker[SETTINGS_WORKERS];
	struct cookie_secrets secrets;	/* made at each start: no client needs longer ones */
	struct policy slot[2];	/* workers hold pointers: the newest and the one before */
	unsigned int newest;
	bool running;
	bool settling;	/* the one before is still in use somewhere */
	bool asked;	/* the parent wants to know whether the workers are there */
};

static const int syscalls[] = {
	SYS_connect, SYS_accept4, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_recvmmsg,
	SYS_sendmmsg, SYS_eventfd2, SYS_sigaltstack,
};

/* To upstreams and internal servers. */
static const struct sandbox_socket sockets[] = {
	{ AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_DGRAM }, { AF_INET, SOCK_STREAM },
	{ AF_INET6, SOCK_STREAM },
};

static void *run(void *worker)
{
	worker_run(worker);
	return NULL;
}

static int start_workers(struct dns_role *role)
{
	if (getrandom(&role->secrets, sizeof(role->secrets), 0) != sizeof(role->secrets))
		return -EIO;
	for (unsigned int i = 0; i < role->start.workers; i++) {
		struct worker_options *options = &role->start.worker[i];
		pthread_attr_t attributes;
		pthread_t thread;
		int error;

		options->settings = &role->start.settings;
		options->wake = role->start.wake;
		options->secrets = &role->secrets;
		error = worker_new(&role->worker[i], options, &role->slot[role->newest]);
		if (error)
			return error;
		/* The largest thing on a worker's stack is one TCP-sized message. */
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, 512 * 1024);
		error = pthread_create(&thread, &attributes, run, role->worker[i]);
		pthread_attr_destroy(&attributes);
		if (error)
			return -error;
	}
	role->running = true;
	return 0;
}

static void take_policy(struct dns_role *role, struct message *message)
{
	struct diag diag;
	struct policy policy;
	bool disarmed;
	int error = role_policy(message, &policy, &disarmed);

	diag_init(&diag);
	/* The parent waits for the answer to the last one, so there is always a free place. */
	if (!error && role->settling) {
		role_policy_release(&policy);
		error = -EBUSY;
	}
	if (error) {
		diag_error(&diag, "compiled policy", 0, 0, "%s", strerror(-error));
		role_applied(error, false, &diag);
		return;
	}
	role->newest ^= 1;
	role->slot[role->newest] = policy;
	if (!role->running) {
		error = start_workers(role);
		if (error)
			role_fail("the workers cannot be started: %s", strerror(-error));
		role_applied(0, true, &diag);
		return;
	}
	role->settling = true;
	for (unsigned int i = 0; i < role->start.workers; i++)
		worker_policy(role->worker[i], &role->slot[role->newest]);
}

static void settle(struct dns_role *role)
{
	struct diag diag;

	if (!role->settling)
		return;
	for (unsigned int i = 0; i < role->start.workers; i++) {
		if (!worker_settled(role->worker[i]))
			return;
	}
	diag_init(&diag);
	role_policy_release(&role->slot[role->newest ^ 1]);
	role->settling = false;
	role_applied(0, true, &diag);
}

static void ask_workers(struct dns_role *role)
{
	role->asked = true;
	for (unsigned int i = 0; role->running && i < role->start.workers; i++)
		worker_ask(role->worker[i]);
}

static void answer(struct dns_role *role)
{
	for (unsigned int i = 0; role->running && i < role->start.workers; i++) {
		if (!worker_answered(role->worker[i]))
			return;
	}
	if (role->asked)
		role_tell(MESSAGE_ALIVE, NULL, 0, -1);
	role->asked = false;
}

static void take_peer(struct dns_role *role, const struct message *message)
{
	unsigned int index = message->size == 1 ? message->body[0] : SETTINGS_WORKERS;

	if (index < role->start.workers && message->fd >= 0 && role->running)
		worker_peer(role->worker[index], message->fd);
	else if (message->fd >= 0)
		close(message->fd);
}

int role_dns(void)
{
	static struct dns_role role;
	static struct message message;
	struct sandbox sandbox = { .root = ".", .file_size = 1ULL << 40, .syscalls = syscalls,
				   .syscall_count = sizeof(syscalls) / sizeof(*syscalls),
				   .sockets = sockets,
				   .socket_count = sizeof(sockets) / sizeof(*sockets),
				   .threads = true };

	role_begin(&role.start, ROLE_DNS);
	sandbox.memory = role_dns_room(role.start.workers);
	sandbox.uid = settings_uid(&role.start.settings, ROLE_DNS);
	sandbox.files = 64 + (uint64_t)role.start.workers * WORKER_FILES;
	role_seal(&sandbox);
	role_tell(MESSAGE_READY, NULL, 0, -1);
	for (;;) {
		struct pollfd poll_fd = { .fd = MESSAGE_CHANNEL, .events = POLLIN };
		int got;

		if (poll(&poll_fd, 1, role.settling || role.asked ? 5 : -1) == 0) {
			settle(&role);
			answer(&role);
			continue;
		}
		got = message_receive(MESSAGE_CHANNEL, &message);
		if (got != 1)
			return got == 0 ? 0 : 1;
		if (message.type == MESSAGE_POLICY)
			take_policy(&role, &message);
		else if (message.type == MESSAGE_PEER)
			take_peer(&role, &message);
		else if (message.type == MESSAGE_ALIVE)
			ask_workers(&role);
		else
			return 1;
	}
}
