/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/sandbox.h"

/* Filters went by the number of the system call alone: a role could make any socket, run what it
 * had written into memory, and start processes. Needs root, and a build that has the filter. */

static const struct sandbox_socket sockets[] = { { AF_INET, SOCK_DGRAM },
						 { AF_INET6, SOCK_STREAM } };

static void enter(void)
{
	const struct sandbox sandbox = { .root = "/", .uid = 64999, .files = 64,
					 .file_size = 1 << 20, .sockets = sockets,
					 .socket_count = 2, .threads = true };
	const char *step;

	if (sandbox_enter(&sandbox, &step) < 0)
		_exit(99);
}

/* What became of it: 0 done, SIGSYS ended by the filter, 99 no sandbox. */
static int tried(void (*what)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		enter();
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

#define CANNOT_RUN (geteuid() != 0 || !HARDENED)

static void *nothing(void *unused)
{
	return unused;
}

static void make_allowed_sockets(void)
{
	if (socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) < 0 ||
	    socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
		_exit(1);
}

static void make_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		_exit(1);
}

static void use_memory(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, 4096, PROT_READ) < 0 || !malloc(1 << 20))
		_exit(1);
}

static void use_descriptors(void)
{
	if (fcntl(0, F_GETFL) < 0 || fcntl(0, F_DUPFD_CLOEXEC, 3) < 0)
		_exit(1);
}

static void what_a_role_needs_works(void **state)
{
	(void)state;
	if (CANNOT_RUN)
		skip();
	assert_int_equal(tried(make_allowed_sockets), 0);
	assert_int_equal(tried(make_thread), 0);
	assert_int_equal(tried(use_memory), 0);
	assert_int_equal(tried(use_descriptors), 0);
}

/* The dns role was killed when a client of an internal server closed its half of the connection. */
static void send_no_more(void)
{
	(void)!shutdown(socket(AF_INET6, SOCK_STREAM, 0), SHUT_WR);
}

static void hear_no_more(void) { (void)!shutdown(0, SHUT_RD); }
static void do_neither(void) { (void)!shutdown(0, SHUT_RDWR); }

static void sockets_are_shut_down_for_sending_alone(void **state)
{
	(void)state;
	if (CANNOT_RUN)
		skip();
	assert_int_equal(tried(send_no_more), 0);
	assert_int_equal(tried(hear_no_more), SIGSYS);
	assert_int_equal(tried(do_neither), SIGSYS);
}

static void make_netlink(void) { (void)!socket(AF_NETLINK, SOCK_RAW, 0); }
static void make_packet(void) { (void)!socket(AF_PACKET, SOCK_RAW, 0); }
static void make_raw(void) { (void)!socket(AF_INET, SOCK_RAW, 1); }
static void make_other_type(void) { (void)!socket(AF_INET, SOCK_STREAM, 0); }

static void sockets_of_other_kinds_end_it(void **state)
{
	(void)state;
	if (CANNOT_RUN)
		skip();
	assert_int_equal(tried(make_netlink), SIGSYS);
	assert_int_equal(tried(make_packet), SIGSYS);
	assert_int_equal(tried(make_raw), SIGSYS);
	assert_int_equal(tried(make_other_type), SIGSYS);
}

static void map_code(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void protect_code(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)!mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

static void memory_never_becomes_code(void **state)
{
	(void)state;
	if (CANNOT_RUN)
		skip();
	assert_int_equal(tried(map_code), SIGSYS);
	assert_int_equal(tried(protect_code), SIGSYS);
}

static void start_process(void) { (void)!syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL); }
static void own_signals(void) { (void)!fcntl(0, F_SETOWN, getppid()); }

static void clone_and_fcntl_are_no_way_out(void **state)
{
	(void)state;
	if (CANNOT_RUN)
		skip();
	assert_int_equal(tried(start_process), SIGSYS);
	assert_int_equal(tried(own_signals), SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_role_needs_works),
		cmocka_unit_test(sockets_of_other_kinds_end_it),
		cmocka_unit_test(sockets_are_shut_down_for_sending_alone),
		cmocka_unit_test(memory_never_becomes_code),
		cmocka_unit_test(clone_and_fcntl_are_no_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
