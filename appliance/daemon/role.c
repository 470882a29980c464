/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/role.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/base/cursor.h"
#include "appliance/base/file.h"
#include "appliance/daemon/log.h"

enum { READ_MAX = 1 << 20 };

/* The parent says it: once, however often the role is started again. */
void role_fail(const char *format, ...)
{
	char text[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	if (length > 0)
		(void)!message_send(MESSAGE_CHANNEL, MESSAGE_TROUBLE, text, (size_t)length, -1);
	_exit(1);
}

static void take_settings(struct role_start *start, const struct message *message, enum role role)
{
	struct diag diag;

	diag_init(&diag);
	start->text = malloc(message->size + 1);
	if (!start->text)
		role_fail("out of memory");
	memcpy(start->text, message->body, message->size);
	start->text[message->size] = '\0';
	start->length = message->size;
	if (settings_parse(&start->settings, "settings", start->text, start->length, &diag) < 0)
		role_fail("settings from the parent are damaged");
	log_open(role, start->settings.level);
}

static struct worker_options *worker_at(struct role_start *start, const struct message *message)
{
	unsigned int index = message->size ? message->body[0] : SETTINGS_WORKERS;

	if (index >= SETTINGS_WORKERS || message->fd < 0)
		role_fail("a message of the parent is damaged");
	if (index >= start->workers)
		start->workers = index + 1;
	return &start->worker[index];
}

static void take_listener(struct role_start *start, const struct message *message)
{
	struct worker_options *worker = worker_at(start, message);

	if (message->size != 2 || worker->udps + worker->tcps >= WORKER_LISTENERS)
		role_fail("a message of the parent is damaged");
	if (message->body[1] == IPPROTO_UDP)
		worker->udp[worker->udps++] = message->fd;
	else
		worker->tcp[worker->tcps++] = message->fd;
}

static void take_shared(struct role_start *start, const struct message *message)
{
	struct worker_options *worker = worker_at(start, message);
	void *memory = mmap(NULL, sizeof(struct worker_shared), PROT_READ | PROT_WRITE, MAP_SHARED,
			    message->fd, 0);

	if (memory == MAP_FAILED)
		role_fail("cannot map the shared memory");
	worker->shared = memory;
	close(message->fd);
}

static void take_list(struct role_start *start, const struct message *message)
{
	struct list_file *file = &start->list[start->lists];

	if (start->lists == SETTINGS_LISTS || message->fd < 0 ||
	    message->size >= sizeof(file->name))
		role_fail("a message of the parent is damaged");
	memcpy(file->name, message->body, message->size);
	file->name[message->size] = '\0';
	file->fd = message->fd;
	start->lists++;
}

void role_clock(const struct message *message, struct freshness *freshness)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	freshness->people = (int64_t)cursor_get64(&cursor);
	freshness->online = (int64_t)cursor_get64(&cursor);
	freshness->at_ms = (int64_t)cursor_get64(&cursor);
	freshness->ntp = (int64_t)cursor_get64(&cursor);
	freshness->ntp_ms = (int64_t)cursor_get64(&cursor);
	if (cursor.failed || cursor_left(&cursor))
		role_fail("a message of the parent is damaged");
}

static void take(struct role_start *start, const struct message *message, enum role role)
{
	switch (message->type) {
	case MESSAGE_SETTINGS:
		take_settings(start, message, role);
		break;
	case MESSAGE_LISTEN:
		take_listener(start, message);
		break;
	case MESSAGE_SHARED:
		take_shared(start, message);
		break;
	case MESSAGE_LIST:
		take_list(start, message);
		break;
	case MESSAGE_NFLOG:
		start->nflog = message->fd;
		break;
	case MESSAGE_ROUTE:
		start->route = message->fd;
		break;
	case MESSAGE_WAKE:
		start->wake = message->fd;
		break;
	case MESSAGE_TABLE:
		start->table = message->fd;
		break;
	case MESSAGE_TRUST:
		start->trust = message->fd;
		break;
	case MESSAGE_CA:
		start->ca = message->fd;
		break;
	case MESSAGE_OWN:
		start->own = message->fd;
		break;
	case MESSAGE_BUNDLE:
		start->bundle = message->fd;
		break;
	case MESSAGE_OFFERED:
		start->offered = message->fd;
		break;
	case MESSAGE_CLOCK:
		role_clock(message, &start->freshness);
		break;
	case MESSAGE_SIGNED:
		if (head_signed_decode(&start->before, message->body, message->size) < 0)
			role_fail("a message of the parent is damaged");
		break;
	case MESSAGE_IDENTITY:
		if (message->size >= sizeof(start->identity))
			role_fail("a message of the parent is damaged");
		memcpy(start->identity, message->body, message->size);
		start->identity[message->size] = '\0';
		break;
	default:
		role_fail("an unexpected message of the parent");
	}
}

void role_begin(struct role_start *start, enum role role)
{
	static struct message message;

	*start = (struct role_start){ .nflog = -1,
				      .route = -1,
				      .wake = -1,
				      .table = -1,
				      .trust = -1,
				      .ca = -1,
				      .own = -1,
				      .bundle = -1,
				      .offered = -1 };
	log_open(role, LEVEL_INFO);
	for (;;) {
		int got = message_receive(MESSAGE_CHANNEL, &message);

		if (got != 1)
			_exit(1);
		if (message.type == MESSAGE_SEAL)
			break;
		take(start, &message, role);
	}
	if (!start->text)
		role_fail("no settings from the parent");
}

void role_seal(const struct sandbox *sandbox)
{
	const char *step;
	int error = sandbox_enter(sandbox, &step);

	if (error)
		role_fail("the sandbox refuses it: %s: %s", step, strerror(-error));
}

int role_read(int fd, const char *what, char **text, size_t *size, struct diag *diag)
{
	int error = fd < 0 ? -ENOENT : file_read_fd(fd, READ_MAX, text, size);

	if (error)
		diag_error(diag, what, 0, 0, "cannot read: %s", strerror(-error));
	return error;
}

void role_tell(enum message_type type, const void *body, size_t size, int fd)
{
	if (message_send(MESSAGE_CHANNEL, type, body, size, fd) < 0)
		_exit(1);
}

void role_applied(int result, bool changed, const struct diag *diag)
{
	struct text text = TEXT_EMPTY;
	uint8_t head[5];
	struct cursor cursor = cursor_writer(head, sizeof(head));
	struct text body = TEXT_EMPTY;

	diag_print(diag, &text);
	cursor_put32(&cursor, (uint32_t)result);
	cursor_put8(&cursor, changed);
	text_put(&body, head, sizeof(head));
	if (text.data && text.length < 8192)
		text_put(&body, text.data, text.length);
	role_tell(MESSAGE_APPLIED, body.data, body.length, -1);
	text_release(&text);
	text_release(&body);
}

int role_policy(struct message *message, struct policy *policy, bool *disarmed)
{
	void *block;
	size_t size;
	int error;

	if (message->size != 1 || message->fd < 0)
		role_fail("a message of the parent is damaged");
	*disarmed = message->body[0];
	error = message_map(message->fd, &block, &size);
	close(message->fd);
	if (error)
		return error;
	error = policy_open(policy, block, size);
	if (error)
		munmap(block, size);
	return error;
}

void role_policy_release(const struct policy *policy)
{
	munmap((void *)(uintptr_t)policy->block, policy->size);
}
