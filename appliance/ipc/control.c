/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "appliance/base/cursor.h"
#include "appliance/base/text.h"
#include "rules/policy/rule.h"

const char *mode_print(enum mode mode)
{
	static const char *const words[MODE_COUNT] = { "enforce", "monitor", "disarmed" };

	return words[mode];
}

static void put_text(struct cursor *cursor, const char *text)
{
	size_t length = strlen(text);

	cursor_put8(cursor, (uint8_t)length);
	cursor_put(cursor, text, length);
}

/* A text that fits size with its NUL and has no control characters. */
static bool get_text(struct cursor *cursor, char *text, size_t size)
{
	size_t length = cursor_get8(cursor);

	if (length >= size)
		return false;
	cursor_get(cursor, text, length);
	text[length] = '\0';
	return text_is_plain(text, length, "");
}

int control_encode(const struct control_request *request, uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_writer(data, size);

	cursor_put16(&cursor, (uint16_t)request->type);
	cursor_put8(&cursor, (uint8_t)request->mode);
	cursor_put64(&cursor, request->seconds);
	cursor_put32(&cursor, request->categories);
	put_text(&cursor, request->reason);
	put_text(&cursor, request->by);
	if (request->type == CONTROL_NOTICE)
		handed_put(&cursor, &request->notice);
	return cursor.failed ? -EMSGSIZE : (int)cursor.at;
}

int control_decode(struct control_request *request, const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_reader(data, size);
	uint16_t type = cursor_get16(&cursor);
	uint8_t mode = cursor_get8(&cursor);

	*request = (struct control_request){ .type = (enum control_type)type,
					     .mode = (enum mode)mode };
	request->seconds = cursor_get64(&cursor);
	request->categories = cursor_get32(&cursor);
	if (!get_text(&cursor, request->reason, sizeof(request->reason)) ||
	    !get_text(&cursor, request->by, sizeof(request->by)) ||
	    (type == CONTROL_NOTICE && !handed_get(&cursor, &request->notice)) || cursor.failed ||
	    cursor_left(&cursor) != 0 || type >= CONTROL_TYPES || mode >= MODE_COUNT ||
	    request->categories >> CATEGORY_COUNT != 0)
		return -EBADMSG;
	return 0;
}

bool control_reads(enum control_type type)
{
	return type == CONTROL_STATUS || type == CONTROL_LOOKED;
}

static int connect_to(const char *folder, const char *name, enum control_type type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int wait_ms = type == CONTROL_UPDATE ? CONTROL_UPDATE_MS :
			    type == CONTROL_NOTICE || type == CONTROL_LOOKED ? CONTROL_NOTICE_MS :
			    CONTROL_TIMEOUT_MS;
	const struct timeval timeout = { .tv_sec = wait_ms / 1000 };
	int fd;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder,
		     name) >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

int control_ask(const char *folder, const struct control_request *request, int *code, char **reply)
{
	uint8_t data[CONTROL_REQUEST_MAX];
	int size = control_encode(request, data, sizeof(data));
	int fd = size < 0 ? size : connect_to(folder, CONTROL_SOCKET, request->type), error = 0;
	char *buffer = NULL;
	ssize_t got;

	if (fd == -EACCES && control_reads(request->type))
		fd = connect_to(folder, CONTROL_READER_SOCKET, request->type);
	if (fd < 0)
		return fd;
	buffer = malloc(CONTROL_REPLY_MAX + 1);
	if (!buffer)
		error = -ENOMEM;
	else if (send(fd, data, (size_t)size, MSG_NOSIGNAL) < 0)
		error = -errno;
	if (!error) {
		got = recv(fd, buffer, CONTROL_REPLY_MAX, 0);
		if (got < 1) {
			error = got < 0 ? -errno : -ECONNRESET;
		} else {
			*code = (unsigned char)buffer[0];
			buffer[got] = '\0';
			memmove(buffer, buffer + 1, (size_t)got);
			*reply = buffer;
		}
	}
	close(fd);
	if (error)
		free(buffer);
	return error;
}
