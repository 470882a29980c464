/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/base/sandbox.h"

enum {
	FRAME = 0x5ea1ed01,
	/* Result, errors and lengths, in addition to the answer. */
	FRAME_MOST = 64 + DIAG_KEEP * (DIAG_SOURCE + DIAG_MESSAGE + 16),
	ERRNO_MOST = 4095
};

/* ---- in the child ---- */

static bool is_kept(const struct sealed *sealed, int pipe, unsigned int fd)
{
	bool kept = fd == (unsigned int)pipe;

	for (size_t i = 0; i < sealed->keeps; i++)
		kept |= fd == (unsigned int)sealed->keep[i];
	/* Sanitizers say there what they found. */
	return kept || (!HARDENED && fd == STDERR_FILENO);
}

static int close_others(const struct sealed *sealed, int pipe)
{
	unsigned int last = (unsigned int)pipe, from = 0;

	for (size_t i = 0; i < sealed->keeps; i++)
		last = (unsigned int)sealed->keep[i] > last ? (unsigned int)sealed->keep[i] : last;
	for (; from <= last || from <= STDERR_FILENO; from++) {
		if (!is_kept(sealed, pipe, from))
			close((int)from);
	}
	return close_range(from, ~0U, 0) < 0 ? -errno : 0;
}

/* A deleted folder: no file can be made in it, and it leaves nothing behind. */
static int enter_nowhere(void)
{
	static const char *const parent[] = { "/run", "/tmp", "/dev/shm" };
	char path[64];
	int error = -ENOENT;

	for (size_t i = 0; i < sizeof(parent) / sizeof(*parent); i++) {
		snprintf(path, sizeof(path), "%s/cordon-sealed-XXXXXX", parent[i]);
		if (!mkdtemp(path)) {
			error = -errno;
			continue;
		}
		error = chdir(path) < 0 ? -errno : 0;
		if (remove(path) < 0 && !error)
			error = -errno;
		return error;
	}
	return error;
}

static unsigned int seconds(const struct sealed *sealed)
{
	return sealed->seconds ? sealed->seconds : SEALED_SECONDS;
}

static int enter(const struct sealed *sealed, int pipe, const char **step)
{
	static const int syscalls[] = { SYS_pread64 };
	const struct sandbox sandbox = {
		.root = ".", .uid = SEALED_UID, .syscalls = syscalls, .syscall_count = 1,
		.memory = sealed->memory ? sealed->memory : SEALED_MEMORY,
		.cpu_seconds = seconds(sealed), .unprivileged = geteuid() != 0, .with_parent = true,
	};
	int error;

	*step = "descriptors";
	error = close_others(sealed, pipe);
	*step = error ? *step : "empty root";
	if (!error && !sandbox.unprivileged)
		error = enter_nowhere();
	return error ? error : sandbox_enter(&sandbox, step);
}

static void say(int result, const struct diag *diag, const struct text *answer, int pipe)
{
	struct text out = TEXT_EMPTY;

	sealed_put32(&out, FRAME);
	sealed_put32(&out, (uint32_t)-result);
	diag_encode(diag, &out);
	sealed_put_bytes(&out, answer->data, result ? 0 : answer->length);
	if (!text_failed(&out))
		(void)!file_write_all(pipe, out.data, out.length);
}

static void be_sealed(const struct sealed *sealed, int pipe)
{
	static struct diag diag;
	struct text answer = TEXT_EMPTY;
	const char *step;
	int error = enter(sealed, pipe, &step);

	diag_init(&diag);
	if (error)
		diag_error(&diag, sealed->what, 0, 0, "cannot be read: its reader cannot be "
			   "confined (%s: %s): restart and try again", step, strerror(-error));
	else
		error = sealed->work(sealed->context, &answer, &diag);
	if (!error && text_failed(&answer))
		error = -ENOMEM;
	say(error < -ERRNO_MOST || error > 0 ? -EINVAL : error, &diag, &answer, pipe);
	_exit(0);
}

/* ---- in the parent ---- */

/* Reads until the pipe is closed (0); otherwise *late or *loud says why not. */
static void hear(int fd, int64_t end, size_t most, struct text *in, bool *late, bool *loud)
{
	char buffer[16384];
	ssize_t got = 1;

	while (got > 0 && !*late && !*loud) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		const int64_t left = end - clock_uptime_ms();
		const int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;

		*late = ready == 0;
		if (ready <= 0)
			continue;
		got = read(fd, buffer, sizeof(buffer));
		if (got > 0)
			text_put(in, buffer, (size_t)got);
		else if (got < 0 && errno == EINTR)
			got = 1;
		*loud = in->length > most || text_failed(in);
	}
}

static int refuse(const char *what, int error, const char *why, struct diag *diag)
{
	diag_error(diag, what, 0, 0, "cannot be read: its reader %s, so nothing of it is used: "
		   "make the file again, or leave it out", why);
	return error;
}

int sealed_refuse(const char *what, struct diag *diag)
{
	return refuse(what, -EBADMSG, "gave a malformed answer", diag);
}

static bool used_up(const struct rusage *usage, unsigned int limit)
{
	return (uint64_t)usage->ru_utime.tv_sec + (uint64_t)usage->ru_stime.tv_sec + 1 >= limit;
}

static int judge_end(const struct sealed *sealed, int status, bool late, const struct rusage *usage,
		     struct diag *diag)
{
	const int ended_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (ended_by == SIGSYS)
		return refuse(sealed->what, -EPERM, "tried something forbidden and was ended",
			      diag);
	if (late || ended_by == SIGXCPU || (ended_by == SIGKILL && used_up(usage, seconds(sealed))))
		return refuse(sealed->what, -ETIMEDOUT, "did not end in time", diag);
	if (ended_by == SIGKILL)
		return refuse(sealed->what, -ENOMEM, "was ended for lack of memory", diag);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return refuse(sealed->what, -EFAULT, "crashed", diag);
	return 0;
}

/* Decodes the answer of a child that ended properly. */
static int decode(const struct sealed *sealed, const struct text *in, struct text *answer,
		  struct diag *diag)
{
	struct cursor cursor = cursor_reader(in->data, in->length);
	const uint32_t frame = cursor_get32(&cursor), result = cursor_get32(&cursor);
	struct cursor skip = cursor;
	static struct diag said;
	const void *bytes;
	size_t size;

	diag_init(&said);
	if (frame != FRAME || result > ERRNO_MOST || diag_decode(&said, &skip) < 0)
		return sealed_refuse(sealed->what, diag);
	bytes = sealed_take_bytes(&skip, sealed->answer, &size);
	if (!bytes || cursor_left(&skip) || (result && size) || diag_decode(diag, &cursor) < 0)
		return sealed_refuse(sealed->what, diag);
	if (result)
		return -(int)result;
	if (size)
		text_put(answer, bytes, size);
	return text_failed(answer) ? -ENOMEM : 0;
}

/* A child that has sent its whole answer may still be running. */
static int wait_for(pid_t pid, int64_t end, bool *late, struct rusage *usage)
{
	const struct timespec pause = { .tv_nsec = 500000 };
	int status = 0;
	pid_t got;

	while ((got = wait4(pid, &status, WNOHANG, usage)) == 0 && clock_uptime_ms() < end)
		nanosleep(&pause, NULL);
	if (got != 0)
		return status;
	*late = true;
	kill(pid, SIGKILL);
	while (wait4(pid, &status, 0, usage) < 0 && errno == EINTR)
		;
	return status;
}

static int follow(const struct sealed *sealed, pid_t pid, int fd, struct text *answer,
		  struct diag *diag)
{
	struct text in = TEXT_EMPTY;
	struct rusage usage = { .ru_utime = { .tv_sec = 0 } };
	const int64_t end = clock_uptime_ms() + 1000 * (int64_t)seconds(sealed);
	bool late = false, loud = false;
	int status, error;

	hear(fd, end, sealed->answer + FRAME_MOST, &in, &late, &loud);
	close(fd);
	status = wait_for(pid, loud ? 0 : end, &late, &usage);
	if (text_failed(&in))
		error = -ENOMEM;
	else if (loud)
		error = refuse(sealed->what, -EBADMSG, "said too much", diag);
	else
		error = judge_end(sealed, status, late, &usage, diag);
	if (!error)
		error = decode(sealed, &in, answer, diag);
	text_release(&in);
	return error;
}

int sealed_run(const struct sealed *sealed, struct text *answer, struct diag *diag)
{
	int ends[2], error = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	pid_t pid;

	if (!error) {
		pid = fork();
		if (pid == 0)
			be_sealed(sealed, ends[1]);
		error = pid < 0 ? -errno : 0;
		close(ends[1]);
		if (!error)
			return follow(sealed, pid, ends[0], answer, diag);
		close(ends[0]);
	}
	diag_error(diag, sealed->what, 0, 0, "cannot be read now: no process could be started for "
		   "it: %s", strerror(-error));
	return error;
}

/* ---- fields ---- */

void sealed_put32(struct text *out, uint32_t value)
{
	uint8_t bytes[4];
	struct cursor cursor = cursor_writer(bytes, sizeof(bytes));

	cursor_put32(&cursor, value);
	text_put(out, bytes, sizeof(bytes));
}

void sealed_put64(struct text *out, uint64_t value)
{
	sealed_put32(out, (uint32_t)(value >> 32));
	sealed_put32(out, (uint32_t)value);
}

void sealed_put_bytes(struct text *out, const void *bytes, size_t size)
{
	sealed_put32(out, (uint32_t)size);
	if (size)
		text_put(out, bytes, size);
}

const void *sealed_take_bytes(struct cursor *cursor, size_t most, size_t *size)
{
	*size = cursor_get32(cursor);
	if (*size > most)
		cursor->failed = true;
	return cursor_take(cursor, *size);
}

void sealed_take_text(struct cursor *cursor, char *out, size_t size)
{
	size_t length;
	const char *text = sealed_take_bytes(cursor, size - 1, &length);

	out[0] = '\0';
	if (!text)
		return;
	if (memchr(text, '\0', length) || !text_is_plain(text, length, "")) {
		cursor->failed = true;
		return;
	}
	memcpy(out, text, length);
	out[length] = '\0';
}
