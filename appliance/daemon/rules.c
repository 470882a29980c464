/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/role.h"

#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/base/arena.h"
#include "appliance/base/clock.h"
#include "appliance/base/cursor.h"
#include "appliance/base/repeats.h"
#include "appliance/daemon/guard.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/pinholes.h"
#include "appliance/daemon/sockets.h"
#include "appliance/daemon/working.h"
#include "rules/nft/kernel.h"

/*
 * The rules role: the only process that may change the kernel's tables. It reads no text and hears
 * nobody but the parent and the dns role, whose requests it checks against settings and policy.
 */
struct rules_role {
	struct role_start start;
	struct kernel *kernel;
	struct policy policy;
	bool has_policy;
	bool disarmed;
	int peer[SETTINGS_WORKERS];
	struct pinholes pinholes;
	struct repeats unopened;
	struct guard guard;
	struct arena arena;	/* of the ruleset in force */
	bool applied;
	bool told_far;
	bool judge_again;
};

enum { RULESET_BUDGET = 512 << 20 };

/* For queries from a client's own address (open_transparent). */
static const struct sandbox_socket sockets[] = {
	{ AF_INET, SOCK_DGRAM }, { AF_INET, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
	{ AF_INET6, SOCK_STREAM },
};

static const int syscalls[] = {
	SYS_connect, SYS_bind, SYS_setsockopt, SYS_getsockopt, SYS_getsockname,
};

/* What could not be judged is judged again with the next poll of the counters. */
static void judge_pinholes(struct rules_role *role)
{
	int error = pinholes_judge(&role->pinholes, &role->policy);

	if (error && !role->judge_again)
		log_error(
			"pinholes and their connections could not be held against the policy (%s): "
			"it is tried again",
			strerror(-error));
	role->judge_again = error != 0;
}

/* Makes it, and lets the guard keep it. A refused one leaves everything as it was. */
static int put_in_force(struct rules_role *role, const struct policy *policy,
			enum ruleset_mode mode, bool *changed, struct diag *diag)
{
	struct ruleset *ruleset;
	struct arena arena;
	int error;

	arena_init(&arena, RULESET_BUDGET);
	ruleset = ruleset_build(&arena, &role->start.settings, policy, mode,
				&role->guard.outside);
	error = ruleset ? kernel_apply(role->kernel, ruleset, changed, diag) : -ENOMEM;
	if (error) {
		arena_release(&arena);
		return error;
	}
	guard_applied(&role->guard, ruleset);
	if (role->applied)
		arena_release(&role->arena);
	role->arena = arena;
	role->applied = true;
	return 0;
}

static void apply_now(struct rules_role *role, struct message *message)
{
	struct policy policy;
	static struct diag diag;
	bool disarmed, changed = false;
	int error = role_policy(message, &policy, &disarmed);

	diag_init(&diag);
	if (error) {
		diag_error(&diag, "compiled policy", 0, 0, "%s", strerror(-error));
		role_applied(error, false, &diag);
		return;
	}
	guard_poll(&role->guard);
	error = put_in_force(role, &policy, disarmed ? RULESET_DISARMED : RULESET_ENFORCE,
			     &changed, &diag);
	if (error) {
		if (diag.count == 0)
			diag_error(&diag, "nftables", 0, 0, "%s", strerror(-error));
		role_policy_release(&policy);
	} else {
		if (role->has_policy)
			role_policy_release(&role->policy);
		role->policy = policy;
		role->has_policy = true;
		role->disarmed = disarmed;
		judge_pinholes(role);
	}
	role_applied(error, changed, &diag);
}

static void apply(struct rules_role *role, struct message *message)
{
	working_begin();
	apply_now(role, message);
	working_end();
}

/* Another way out, or one less: what is guarded changes with it. */
static void apply_outside(struct rules_role *role)
{
	static struct diag diag;
	struct ruleset_outside *outside = &role->guard.outside;
	struct text names = TEXT_EMPTY;
	bool changed;
	int error;

	for (size_t i = 0; i < outside->count; i++)
		text_printf(&names, " %s", outside->name[i]);
	log_info("the outside is now:%s", outside->count && !text_failed(&names) ? names.data
										: " nothing");
	text_release(&names);
	diag_init(&diag);
	error = put_in_force(role, role->has_policy ? &role->policy : NULL,
			     !role->has_policy ? RULESET_CLOSED :
			     role->disarmed ? RULESET_DISARMED : RULESET_ENFORCE, &changed, &diag);
	if (!error)
		return;
	log_diag(&diag);
	log_error("the ruleset for it was refused (%s): this role begins anew", strerror(-error));
	_exit(1);
}

static void look_after(struct rules_role *role)
{
	unsigned int bits = guard_work(&role->guard);

	if (bits & GUARD_OUTSIDE && role->applied) {
		working_begin();
		apply_outside(role);
		working_end();
	}
	if (bits & GUARD_PINHOLES && role->has_policy)
		judge_pinholes(role);
}

static void tell_counters(struct rules_role *role)
{
	struct kernel_counter counter[KERNEL_COUNTERS];
	uint8_t body[KERNEL_COUNTERS * 48];
	struct cursor cursor = cursor_writer(body, sizeof(body));
	int count = kernel_counters(role->kernel, counter);

	guard_check(&role->guard);
	/* Connections with our mark come from others, too: a restored or synchronised conntrack
	 * table. */
	if (role->has_policy && (role->judge_again || pinholes_judge_connections(
							      &role->pinholes, &role->policy) < 0))
		judge_pinholes(role);
	for (int i = 0; i < count; i++) {
		cursor_put(&cursor, counter[i].name, sizeof(counter[i].name));
		cursor_put64(&cursor, counter[i].packets);
		cursor_put64(&cursor, counter[i].bytes);
	}
	role_tell(MESSAGE_COUNTERS, body, cursor.at, -1);
}

/* ---- what the dns role asks for ---- */

static void tell_far(struct rules_role *role, const struct addr *client)
{
	char text[ADDR_TEXT];

	if (!role->told_far)
		log_warning(
			"pinhole: the client %s asked for an address of the other family and is "
			"behind a router, so the address with which it will connect is unknown: "
			"its connection is refused, and so is that of others like it "
			"(logged once)",
			addr_print(client, text));
	role->told_far = true;
}

/* A client that asks for exempt names without end fills the sets, and must not fill the messages.
 */
static void tell_unopened(struct rules_role *role, int error)
{
	uint64_t more;

	if (!repeats_say(&role->unopened, clock_uptime_ms(), &more))
		return;
	log_warning("pinhole: %s: the answer goes out without it%s%.0llu%s",
		    error == -ENOSPC ? "no room for one more" : strerror(-error),
		    more ? ", as " : "", (unsigned long long)more,
		    more ? " more did since that was said last" : "");
}

static int open_pinhole(struct rules_role *role, const struct pinhole_request *request)
{
	int error;

	if (!role->has_policy || role->disarmed)
		return 0;
	error = pinholes_open(&role->pinholes, &role->policy, request);
	if (error == -EHOSTUNREACH)
		tell_far(role, &request->client);
	else if (error && error != -EPERM)
		tell_unopened(role, error);
	return error;
}

/* A socket from the client's own address to an internal-dns server, so that the agency's server
 * sees who asks, or from such a server's to whom it asks. Only CAP_NET_ADMIN may make it. */
static int open_transparent(const struct rules_role *role, const struct connect_request *request)
{
	struct sockaddr_storage client, server;
	socklen_t client_size = addr_to_sockaddr(&request->client, 0, &client);
	socklen_t server_size = addr_to_sockaddr(&request->server, request->port, &server);
	bool v4 = client.ss_family == AF_INET;
	int type = request->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	const int on = 1;
	int fd;

	if ((!settings_is_internal_dns(&role->start.settings, &request->server) &&
	     !settings_is_internal_dns(&role->start.settings, &request->client)) ||
	    request->port != 53 || client.ss_family != server.ss_family)
		return -EPERM;
	fd = socket(client.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on,
		       sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&client, client_size) < 0 ||
	    (connect(fd, (struct sockaddr *)&server, server_size) < 0 && errno != EINPROGRESS)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static int answer_peer(struct rules_role *role, int peer, const struct message *message)
{
	struct pinhole_request pinhole;
	struct connect_request request;
	int fd, error;

	if (message->type == MESSAGE_PINHOLE && message_read_pinhole(message, &pinhole) == 0)
		return message_send_result(peer, MESSAGE_PINHOLED, pinhole.id,
					   open_pinhole(role, &pinhole), -1);
	if (message->type != MESSAGE_CONNECT || message_read_connect(message, &request) < 0)
		return -EBADMSG;
	fd = open_transparent(role, &request);
	error = message_send_result(peer, MESSAGE_CONNECTED, request.id, fd < 0 ? fd : 0, fd);
	if (fd >= 0)
		close(fd);
	return error;
}

static void peer_ready(struct rules_role *role, unsigned int index)
{
	static struct message message;
	int got = message_receive(role->peer[index], &message);
	int error = got == 1 ? answer_peer(role, role->peer[index], &message) : got;

	if (got == 1)
		message_close(&message);
	/* A worker that is too busy to read its answers does without one (SO_SNDTIMEO). */
	if (error == -EAGAIN || (got == 1 && error == 0))
		return;
	close(role->peer[index]);
	role->peer[index] = -1;
}

/* ---- the loop ---- */

static void parent_ready(struct rules_role *role)
{
	static struct message message;
	int got = message_receive(MESSAGE_CHANNEL, &message);

	if (got != 1)
		_exit(got == 0 ? 0 : 1);
	if (message.type == MESSAGE_POLICY) {
		apply(role, &message);
	} else if (message.type == MESSAGE_COUNTERS) {
		tell_counters(role);
	} else if (message.type == MESSAGE_PEER && message.size == 1 && message.fd >= 0 &&
		   message.body[0] < SETTINGS_WORKERS) {
		unsigned int index = message.body[0];

		if (role->peer[index] >= 0)
			close(role->peer[index]);
		role->peer[index] = message.fd;
	} else {
		log_error("an unexpected message of the parent");
		_exit(1);
	}
}

/* Without neighbours there are pinholes by address alone. */
static void open_neighbours(struct rules_role *role)
{
	struct diag diag;
	int fd;

	diag_init(&diag);
	fd = socket_route(&diag);
	log_diag(&diag);
	neighbours_init(&role->pinholes.neighbours, fd < 0 ? -1 : fd);
}

/* A table of this name without our counters was made by another program, and closes nothing. */
static bool is_ours(const struct kernel_counter *counter, int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(counter[i].name, "closed") == 0)
			return true;
	}
	return false;
}

/*
 * The first thing that reaches the kernel. A table that is there already was made by a policy and
 * stays in force until this daemon has one.
 */
static enum kernel_state close_first(struct rules_role *role)
{
	struct kernel_counter counter[KERNEL_COUNTERS];
	static struct diag diag;
	bool changed;
	int error;

	guard_poll(&role->guard);
	if (is_ours(counter, kernel_counters(role->kernel, counter)))
		return KERNEL_EARLIER;
	diag_init(&diag);
	error = put_in_force(role, NULL, RULESET_CLOSED, &changed, &diag);
	log_diag(&diag);
	if (error)
		log_error("nothing closes the gateway until there is a policy: %s",
			  strerror(-error));
	return error ? KERNEL_UNKNOWN : KERNEL_CLOSED;
}

int role_rules(void)
{
	static struct rules_role role;
	/* It writes no file but the daemon's messages, where standard error is one. */
	struct sandbox sandbox = { .root = ".", .files = 1024, .file_size = 1ULL << 40,
				   .syscalls = syscalls,
				   .syscall_count = sizeof(syscalls) / sizeof(*syscalls),
				   .sockets = sockets,
				   .socket_count = sizeof(sockets) / sizeof(*sockets),
				   .threads = true,
				   .capabilities = 1ULL << CAP_NET_ADMIN };
	uint8_t state;
	int error;

	role_begin(&role.start, ROLE_RULES);
	for (unsigned int i = 0; i < SETTINGS_WORKERS; i++)
		role.peer[i] = -1;
	error = kernel_open(&role.kernel);
	if (!error)
		error = guard_open(&role.guard, role.kernel, &role.start.settings);
	if (error)
		role_fail("netlink: %s: is nf_tables in this kernel?", strerror(-error));
	if (role.start.settings.table_owner)
		kernel_own(role.kernel);
	state = (uint8_t)close_first(&role);
	open_neighbours(&role);
	if (pinholes_init(&role.pinholes, role.kernel, &role.start.settings) < 0)
		role_fail("pinholes: %s", strerror(ENOMEM));
	sandbox.uid = settings_uid(&role.start.settings, ROLE_RULES);
	role_seal(&sandbox);
	error = working_start();
	if (error)
		role_fail("a thread could not be started: %s", strerror(-error));
	role_tell(MESSAGE_READY, &state, 1, -1);
	for (;;) {
		/* Parent and workers come before the guard: a flood of changes delays neither. */
		enum { PEERS = 1, GUARDS = PEERS + SETTINGS_WORKERS, FDS = GUARDS + GUARD_SOCKETS };
		struct pollfd fds[FDS] = { { .fd = MESSAGE_CHANNEL, .events = POLLIN } };

		for (unsigned int i = 0; i < SETTINGS_WORKERS; i++)
			fds[PEERS + i] = (struct pollfd){ .fd = role.peer[i], .events = POLLIN };
		guard_fds(&role.guard, fds + GUARDS);
		if (poll(fds, FDS, guard_timeout(&role.guard)) < 0)
			continue;
		if (fds[0].revents)
			parent_ready(&role);
		for (unsigned int i = 0; i < SETTINGS_WORKERS; i++) {
			if (fds[PEERS + i].revents && role.peer[i] == fds[PEERS + i].fd)
				peer_ready(&role, i);
		}
		look_after(&role);
	}
}
