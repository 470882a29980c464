/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/sandbox.h"

#include "appliance/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* For every process that waits, uses its descriptors, allocates and ends (qsort calls sysinfo to
 * learn how much memory it may take). */
static const int common_syscalls[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
	SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(writev), SCMP_SYS(readv),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(geteuid),
	SCMP_SYS(tgkill), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(sysinfo), SCMP_SYS(rseq), SCMP_SYS(set_robust_list),
	SCMP_SYS(membarrier),
};

/*
 * glibc's allocator tries these when a thread's heap shrinks (/proc/sys/vm/overcommit_memory) or
 * there are many threads (processors), and works without them.
 */
static const int refused_syscalls[] = { SCMP_SYS(openat), SCMP_SYS(sched_getaffinity) };

static int limit(int resource, uint64_t value)
{
	struct rlimit rlimit = { .rlim_cur = value, .rlim_max = value };

	return setrlimit((__rlimit_resource_t)resource, &rlimit) < 0 ? -errno : 0;
}

static int enter_limits(const struct sandbox *sandbox)
{
	int error = limit(RLIMIT_CORE, 0);

	if (!error)
		error = limit(RLIMIT_NOFILE, sandbox->files);
	if (!error)
		error = limit(RLIMIT_FSIZE, sandbox->file_size);
	if (!error && sandbox->memory && HARDENED)
		error = limit(RLIMIT_AS, sandbox->memory);
	if (!error && sandbox->cpu_seconds)
		error = limit(RLIMIT_CPU, sandbox->cpu_seconds);
	return error;
}

static int enter_root(const char *root)
{
	if (chdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

static int enter_user(uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

static int enter_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)keep, .permitted = (uint32_t)keep },
		{ .effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static bool is_allowed(const struct sandbox *sandbox, int number)
{
	for (size_t i = 0; i < sandbox->syscall_count; i++) {
		if (sandbox->syscalls[i] == number)
			return true;
	}
	return false;
}

/* Memory that a role can write can never be executed. */
static int allow_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp data = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &data);

	if (!error)
		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					       &data);
	return error;
}

/* Leaves out F_SETOWN and the like, which send signals. */
static int allow_fcntl(scmp_filter_ctx filter)
{
	static const int commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL,
					F_SETFL, F_ADD_SEALS, F_GET_SEALS };
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(commands) / sizeof(*commands); i++) {
		const struct scmp_arg_cmp command = SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)commands[i],
							       0);

		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
					       &command);
	}
	return error;
}

/* A role with sockets may shut down sending. Not receiving: a listener outlives its role. */
static int allow_shutdown(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp how = SCMP_A1_32(SCMP_CMP_EQ, SHUT_WR, 0);

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(shutdown), 1, &how);
}

static int allow_sockets(scmp_filter_ctx filter, const struct sandbox *sandbox)
{
	int error = sandbox->socket_count ? allow_shutdown(filter) : 0;

	for (size_t i = 0; !error && i < sandbox->socket_count; i++) {
		const uint32_t kind = ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);
		const struct scmp_arg_cmp arguments[] = {
			SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)sandbox->sockets[i].family, 0),
			SCMP_A1_32(SCMP_CMP_MASKED_EQ, kind, (uint32_t)sandbox->sockets[i].type),
		};

		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
					       arguments);
	}
	return error;
}

/* Not TIOCSTI and the like, which type into the terminal of another. */
static int allow_terminal(scmp_filter_ctx filter)
{
	static const unsigned long requests[] = { TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ };
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(requests) / sizeof(*requests); i++) {
		const struct scmp_arg_cmp request = SCMP_A1(SCMP_CMP_EQ, requests[i], 0);

		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
					       &request);
	}
	return error;
}

/* clone3 keeps its flags in memory, which filters cannot see; glibc falls back to clone. */
static int allow_threads(scmp_filter_ctx filter)
{
	const uint64_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
	const struct scmp_arg_cmp flags = SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread);
	int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (!error)
		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &flags);
	return error;
}

static int enter_filter(const struct sandbox *sandbox)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	const size_t common = sizeof(common_syscalls) / sizeof(*common_syscalls);
	const size_t refused = sizeof(refused_syscalls) / sizeof(*refused_syscalls);
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < common; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, common_syscalls[i], 0);
	for (size_t i = 0; !error && i < sandbox->syscall_count; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, sandbox->syscalls[i], 0);
	for (size_t i = 0; !error && i < refused; i++) {
		if (!is_allowed(sandbox, refused_syscalls[i]))
			error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
						 refused_syscalls[i], 0);
	}
	if (!error)
		error = allow_memory(filter);
	if (!error)
		error = allow_fcntl(filter);
	if (!error)
		error = allow_sockets(filter, sandbox);
	if (!error && sandbox->terminal)
		error = allow_terminal(filter);
	if (!error && sandbox->threads)
		error = allow_threads(filter);
	if (!error)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return error;
}

static int enter_root_and_user(const struct sandbox *sandbox, const char **step)
{
	int error;

	*step = "empty root";
	error = enter_root(sandbox->root);
	if (error)
		return error;
	*step = "user";
	return enter_user(sandbox->uid, sandbox->gid ? sandbox->gid : sandbox->uid);
}

int sandbox_enter(const struct sandbox *sandbox, const char **step)
{
	int error;

	*step = "resource limits";
	error = enter_limits(sandbox);
	if (!error && !sandbox->unprivileged)
		error = enter_root_and_user(sandbox, step);
	if (error)
		return error;
	*step = "capabilities";
	error = enter_capabilities(sandbox->capabilities);
	/* Changing the user clears this setting, so it comes afterwards. */
	if (!error && sandbox->with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		error = -errno;
	if (error || !HARDENED)
		return error;
	*step = "system-call filter";
	return enter_filter(sandbox);
}
