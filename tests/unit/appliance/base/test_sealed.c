/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/sealed.h"

/* Root with all capabilities used to parse what a stick brought. The child that parses it now has
 * no rights, and its possible ends are told apart. */

static struct diag diag;

static int run_with(struct sealed sealed, struct text *answer)
{
	diag_init(&diag);
	*answer = TEXT_EMPTY;
	sealed.what = "a.conf";
	return sealed_run(&sealed, answer, &diag);
}

static int run(sealed_work *work)
{
	struct text answer;
	const int error =
		run_with((struct sealed){ .work = work, .answer = 64, .seconds = 2 }, &answer);

	assert_null(answer.data);
	return error;
}

static void assert_said(const char *text)
{
	assert_int_equal(diag.count, 1);
	assert_string_equal(diag.entry[0].source, "a.conf");
	if (!strstr(diag.entry[0].message, text))
		fail_msg("%s, and not %s", diag.entry[0].message, text);
}

/* ---- what works ---- */

static int count_bytes(void *context, struct text *answer, struct diag *said)
{
	(void)said;
	sealed_put32(answer, (uint32_t)strlen(context));
	sealed_put64(answer, UINT64_C(1) << 40);
	sealed_put_bytes(answer, context, strlen(context));
	return 0;
}

static void an_answer_comes_whole(void **state)
{
	char bytes[] = "bytes of a stick", out[32];
	struct text answer;
	struct cursor cursor;

	(void)state;
	assert_int_equal(run_with((struct sealed){ .work = count_bytes,
						   .context = bytes,
						   .answer = 64 },
				  &answer),
			 0);
	cursor = cursor_reader(answer.data, answer.length);
	assert_int_equal(cursor_get32(&cursor), strlen(bytes));
	assert_true(cursor_get64(&cursor) == UINT64_C(1) << 40);
	sealed_take_text(&cursor, out, sizeof(out));
	assert_string_equal(out, bytes);
	assert_false(cursor.failed);
	assert_int_equal(cursor_left(&cursor), 0);
	assert_int_equal(diag.count, 0);
	text_release(&answer);
}

static int many_errors(void *context, struct text *answer, struct diag *said)
{
	text_puts(answer, "which nobody gets");
	for (unsigned int i = 1; i <= 40; i++)
		diag_error(said, context, i, 7, "expected %u", i);
	return -EINVAL;
}

/* As if it had been parsed here: file, line, column, and those that are counted alone. */
static void errors_read_as_they_did(void **state)
{
	struct text here = TEXT_EMPTY, there = TEXT_EMPTY, answer;
	static struct diag same;
	char name[] = "network.conf";

	(void)state;
	assert_int_equal(run_with((struct sealed){ .work = many_errors,
						   .context = name,
						   .answer = 64 },
				  &answer),
			 -EINVAL);
	assert_null(answer.data);
	diag_init(&same);
	(void)!many_errors(name, &answer, &same);
	diag_print(&same, &here);
	diag_print(&diag, &there);
	assert_string_equal(there.data, here.data);
	assert_non_null(strstr(there.data, "network.conf:3:7: error: expected 3"));
	assert_non_null(strstr(there.data, "and 8 more errors"));
	text_release(&here);
	text_release(&there);
	text_release(&answer);
}

static int read_kept(void *context, struct text *answer, struct diag *said)
{
	const int *fd = context;
	char bytes[8];

	(void)said;
	if (pread(fd[0], bytes, sizeof(bytes), 0) != 5 || fcntl(fd[1], F_GETFD) >= 0 ||
	    fcntl(STDIN_FILENO, F_GETFD) >= 0)
		return -EIO;
	text_put(answer, bytes, 5);
	return 0;
}

static void it_has_the_descriptors_that_are_named(void **state)
{
	int fd[2] = { memfd_create("one", 0), memfd_create("two", 0) };
	struct text answer;

	(void)state;
	assert_int_equal(write(fd[0], "12345", 5), 5);
	assert_int_equal(run_with((struct sealed){ .work = read_kept,
						   .context = fd,
						   .keep = fd,
						   .keeps = 1,
						   .answer = 64 },
				  &answer),
			 0);
	assert_string_equal(answer.data, "12345");
	text_release(&answer);
	close(fd[0]);
	close(fd[1]);
}

/* ---- what it is ---- */

static int look_at_itself(void *context, struct text *answer, struct diag *said)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = ~0U } };

	(void)context;
	(void)said;
	/* The filter would end it for asking who it is, which a build with sanitizers has not. */
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	sealed_put32(answer, getuid());
	sealed_put32(answer, getegid());
	sealed_put32(answer, (uint32_t)prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	for (int i = 0; i < 2; i++)
		sealed_put32(answer, data[i].effective | data[i].permitted | data[i].inheritable);
	return 0;
}

static void it_asks_who_it_is_without_the_filter(void **state)
{
	struct text answer;
	struct cursor cursor;

	(void)state;
	if (HARDENED) {
		assert_int_equal(run(look_at_itself), -EPERM);
		skip();
	}
	assert_int_equal(run_with((struct sealed){ .work = look_at_itself, .answer = 64 }, &answer),
			 0);
	cursor = cursor_reader(answer.data, answer.length);
	assert_int_equal(cursor_get32(&cursor), geteuid() == 0 ? SEALED_UID : geteuid());
	assert_int_equal(cursor_get32(&cursor), geteuid() == 0 ? SEALED_UID : getegid());
	assert_int_equal(cursor_get32(&cursor), 1);
	assert_int_equal(cursor_get64(&cursor), 0);
	assert_false(cursor.failed);
	text_release(&answer);
}

/* With the filter: asked from outside, while it waits. */
static int wait_to_be_looked_at(void *context, struct text *answer, struct diag *said)
{
	const int *ends = context;
	const pid_t self = getpid();
	char byte;

	(void)answer;
	(void)said;
	return write(ends[1], &self, sizeof(self)) == sizeof(self) && read(ends[2], &byte, 1) == 1 ?
		       0 :
		       -EIO;
}

static long field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	assert_non_null(at);
	return strtol(at + strlen(name), NULL, strncmp(name, "Cap", 3) == 0 ? 16 : 10);
}

static void look_at(pid_t pid, char status[4096])
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	got = read(fd, status, 4095);
	assert_true(got > 0);
	status[got] = '\0';
	close(fd);
}

static void the_parse_runs_without_rights(void **state)
{
	int out[2], in[2], ends[3];
	char status[4096];
	pid_t runner, child;

	(void)state;
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(in), 0);
	ends[0] = out[0];
	ends[1] = out[1];
	ends[2] = in[0];
	runner = fork();
	assert_true(runner >= 0);
	if (runner == 0) {
		struct text answer;

		_exit(-run_with((struct sealed){ .work = wait_to_be_looked_at, .context = ends,
						 .keep = ends + 1, .keeps = 2 }, &answer));
	}
	assert_int_equal(read(out[0], &child, sizeof(child)), sizeof(child));
	look_at(child, status);
	assert_int_equal(field(status, "CapEff:"), 0);
	assert_int_equal(field(status, "CapPrm:"), 0);
	assert_int_equal(field(status, "NoNewPrivs:"), 1);
	assert_int_equal(field(status, "Seccomp:"), HARDENED ? 2 : 0);
	assert_int_equal(field(status, "Uid:"), geteuid() == 0 ? SEALED_UID : geteuid());
	assert_int_equal(write(in[1], "x", 1), 1);
	assert_int_equal(waitpid(runner, &(int){ 0 }, 0), runner);
	for (int i = 0; i < 2; i++) {
		close(out[i]);
		close(in[i]);
	}
}

/* ---- what it must not ---- */

static int open_file(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)answer;
	(void)said;
	return open("/etc/passwd", O_RDONLY) < 0 && open("x", O_WRONLY | O_CREAT, 0600) < 0 ?
		       -EACCES :
		       0;
}

static void it_opens_no_file(void **state)
{
	(void)state;
	if (!HARDENED && geteuid() != 0)
		skip();
	assert_int_equal(run(open_file), -EACCES);
}

#define DOES(name, what) \
	static int name(void *context, struct text *answer, struct diag *said) \
	{ \
		(void)context; \
		(void)answer; \
		(void)said; \
		what; \
		return 0; \
	}
DOES(make_socket, (void)!socket(AF_INET, SOCK_STREAM, 0))
DOES(make_unix, (void)!socket(AF_UNIX, SOCK_STREAM, 0))
DOES(make_process, (void)!fork())
DOES(end_parent, (void)!kill(getppid(), SIGKILL))
DOES(trace_parent, (void)!syscall(SYS_ptrace, 16, getppid(), 0, 0))
DOES(change_mode, (void)!chmod("/", 0777))
DOES(make_a_folder, (void)!mkdir("/x", 0777))
DOES(crash, abort())
DOES(end_early, _exit(0))
DOES(end_wrong, _exit(3))
DOES(loop, for (;;);)
DOES(sleep_for_ever, for (;;) nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);)

static int execute(void *context, struct text *answer, struct diag *said)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	(void)context;
	(void)answer;
	(void)said;
	(void)!execv("/bin/true", argv);
	return 0;
}

static void what_it_has_no_right_to_ends_it(void **state)
{
	sealed_work *const work[] = { make_socket, make_unix,	 make_process, execute,
				      end_parent,  trace_parent, change_mode,  make_a_folder };

	(void)state;
	if (!HARDENED)
		skip();
	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++) {
		assert_int_equal(run(work[i]), -EPERM);
		assert_said("tried something forbidden");
	}
}

static void it_does_not_go_on_for_ever(void **state)
{
	(void)state;
	assert_int_equal(run(loop), -ETIMEDOUT);
	assert_said("did not end in time");
	assert_int_equal(run(sleep_for_ever), -ETIMEDOUT);
	assert_said("did not end in time");
}

/* Closes the pipe as if it were through, and is not. */
static int answer_and_stay(void *context, struct text *answer, struct diag *said)
{
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	return sleep_for_ever(context, answer, said);
}

static void one_that_is_silent_is_ended_too(void **state)
{
	(void)state;
	assert_int_equal(run(answer_and_stay), -ETIMEDOUT);
}

static int take_memory(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)answer;
	(void)said;
	for (size_t i = 0; i < 4096; i++) {
		char *memory = malloc(1 << 20);

		if (!memory)
			return -ENOMEM;
		memset(memory, 1, 1 << 20);
	}
	return 0;
}

static void memory_has_an_end(void **state)
{
	struct text answer;

	(void)state;
	if (!HARDENED)
		skip();
	assert_int_equal(run_with((struct sealed){ .work = take_memory, .answer = 64 }, &answer),
			 -ENOMEM);
}

static void a_crash_is_told(void **state)
{
	(void)state;
	assert_int_equal(run(crash), -EFAULT);
	assert_said("crashed");
	assert_int_equal(run(end_wrong), -EFAULT);
}

/* ---- answers that are none ---- */

static int say_much(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)said;
	for (int i = 0; i < 65; i++)
		text_puts(answer, "x");
	return 0;
}

static int flood(void *context, struct text *answer, struct diag *said)
{
	static char bytes[1 << 16];

	(void)context;
	(void)answer;
	(void)said;
	for (int i = 0; i < 1000; i++) {
		for (int fd = 3; fd < 64; fd++)
			(void)!write(fd, bytes, sizeof(bytes));
	}
	return 0;
}

/* Not through the frame, but beside it. */
static int write_raw(const char *bytes, size_t size)
{
	for (int fd = 3; fd < 64; fd++)
		(void)!write(fd, bytes, size);
	_exit(0);
}

static int garbage(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)answer;
	(void)said;
	return write_raw("\x01\x02garbage", 9);
}

static int cut_frame(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)answer;
	(void)said;
	return write_raw("\x5e\xa1\xed\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff", 20);
}

static int too_many_errors(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)answer;
	(void)said;
	return write_raw("\x5e\xa1\xed\x01\0\0\0\0\0\0\0\x7f\0\0\0\x7f\0\0\0\0", 20);
}

static void an_answer_that_is_none_is_refused(void **state)
{
	sealed_work *const work[] = { say_much,	 flood,		  garbage,
				      cut_frame, too_many_errors, end_early };

	(void)state;
	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++) {
		assert_int_equal(run(work[i]), -EBADMSG);
		assert_int_equal(diag.count, 1);
	}
}

static int steer_the_terminal(void *context, struct text *answer, struct diag *said)
{
	(void)context;
	(void)answer;
	said->count = 1;
	said->entry[0] =
		(struct diag_entry){ .source = "a\x1b[2J", .message = "b\nroot.conf: fine" };
	return -EINVAL;
}

/* It fills its memory as it likes: what it says is masked by who hears it. */
static void errors_do_not_steer_the_terminal(void **state)
{
	(void)state;
	assert_int_equal(run(steer_the_terminal), -EINVAL);
	assert_string_equal(diag.entry[0].source, "a?[2J");
	assert_string_equal(diag.entry[0].message, "b root.conf: fine");
}

static void a_field_beyond_its_bound_fails(void **state)
{
	struct text text = TEXT_EMPTY;
	struct cursor cursor;
	char out[8];
	size_t size;

	(void)state;
	sealed_put_bytes(&text, "12345678", 8);
	cursor = cursor_reader(text.data, text.length);
	sealed_take_text(&cursor, out, sizeof(out));
	assert_true(cursor.failed);
	assert_string_equal(out, "");
	cursor = cursor_reader(text.data, text.length - 1);
	assert_null(sealed_take_bytes(&cursor, 8, &size));
	text_release(&text);
	sealed_put_bytes(&text, "a\nb", 3);
	cursor = cursor_reader(text.data, text.length);
	sealed_take_text(&cursor, out, sizeof(out));
	assert_true(cursor.failed);
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_whole),
		cmocka_unit_test(errors_read_as_they_did),
		cmocka_unit_test(it_has_the_descriptors_that_are_named),
		cmocka_unit_test(it_asks_who_it_is_without_the_filter),
		cmocka_unit_test(the_parse_runs_without_rights),
		cmocka_unit_test(it_opens_no_file),
		cmocka_unit_test(what_it_has_no_right_to_ends_it),
		cmocka_unit_test(it_does_not_go_on_for_ever),
		cmocka_unit_test(one_that_is_silent_is_ended_too),
		cmocka_unit_test(memory_has_an_end),
		cmocka_unit_test(a_crash_is_told),
		cmocka_unit_test(an_answer_that_is_none_is_refused),
		cmocka_unit_test(errors_do_not_steer_the_terminal),
		cmocka_unit_test(a_field_beyond_its_bound_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
