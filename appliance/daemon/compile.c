/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cursor.h"
#include "daemon/log.h"

/*
 * The compile role: a throw-away child that reads what people wrote. It has the lists' descriptors,
 * memory and a time limit, and nothing else; what it makes is checked again by whoever uses it.
 */
static void tell(int result, const struct diag *diag, int fd)
{
	struct text body = TEXT_EMPTY;
	uint8_t head[4];
	struct cursor cursor = cursor_writer(head, sizeof(head));

	cursor_put32(&cursor, (uint32_t)result);
	text_put(&body, head, sizeof(head));
	diag_print(diag, &body);
	if (!text_failed(&body))
		role_tell(MESSAGE_COMPILED, body.data,
			  body.length < MESSAGE_MAX ? body.length : MESSAGE_MAX, fd);
	text_release(&body);
}

static int read_options(const struct settings *settings, struct policy_options *options)
{
	static struct message message;
	struct cursor cursor;

	settings_policy_options(settings, options);
	if (message_receive(MESSAGE_CHANNEL, &message) != 1 || message.type != MESSAGE_OPTIONS)
		return -EBADMSG;
	cursor = cursor_reader(message.body, message.size);
	options->monitor = cursor_get32(&cursor);
	options->disarmed = cursor_get8(&cursor);
	return cursor.failed ? -EBADMSG : 0;
}

int role_compile(void)
{
	static struct role_start start;
	static const int syscalls[] = { SYS_memfd_create, SYS_pread64 };
	struct sandbox sandbox = { .root = ".", .files = 64, .file_size = 1ULL << 31,
				   .memory = 3ULL << 30, .cpu_seconds = 120,
				   .syscalls = syscalls, .syscall_count = 2 };
	struct policy_options options;
	static struct diag diag;
	void *block = NULL;
	size_t size = 0;
	int error, fd = -1;

	role_begin(&start, ROLE_COMPILE);
	sandbox.uid = settings_uid(&start.settings, ROLE_COMPILE);
	role_seal(&sandbox);
	role_tell(MESSAGE_READY, NULL, 0, -1);
	error = read_options(&start.settings, &options);
	if (error)
		return 1;
	diag_init(&diag);
	error = lists_compile(start.list, start.lists, &start.settings, &options, &block, &size,
			      &diag);
	if (!error) {
		fd = message_seal("policy", block, size);
		error = fd < 0 ? fd : 0;
	}
	if (error && diag.count == 0)
		diag_error(&diag, "rule lists", 0, 0, "%s", strerror(-error));
	tell(error, &diag, fd);
	free(block);
	lists_close(start.list, start.lists);
	return 0;
}
