/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/cursor.h"
#include "appliance/base/file.h"

int message_send(int socket, enum message_type type, const void *body, size_t size, int fd)
{
	uint8_t head[2] = { (uint8_t)(type >> 8), (uint8_t)type };
	struct iovec parts[2] = { { .iov_base = head, .iov_len = sizeof(head) },
				  { .iov_base = (void *)(uintptr_t)body, .iov_len = size } };
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = size ? 2 : 1 };
	ssize_t sent;

	if (size > MESSAGE_MAX)
		return -EMSGSIZE;
	if (fd >= 0) {
		struct cmsghdr *header;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* The one descriptor of a message; -1 if there is none. Extra ones are closed. */
static int take_fd(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int got;

			memcpy(&got, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			if (fd < 0)
				fd = got;
			else
				close(got);
		}
	}
	return fd;
}

void message_close(struct message *message)
{
	if (message->fd >= 0)
		close(message->fd);
	message->fd = -1;
}

int message_receive(int socket, struct message *message)
{
	uint8_t head[2];
	struct iovec parts[2] = { { .iov_base = head, .iov_len = sizeof(head) },
				  { .iov_base = message->body, .iov_len = MESSAGE_MAX } };
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) };
	ssize_t got;
	unsigned int type;

	do
		got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;
	message->fd = take_fd(&header);
	if (got == 0) {
		message_close(message);
		return 0;
	}
	type = (unsigned int)(head[0] << 8 | head[1]);
	if (got < 2 || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || type >= MESSAGE_TYPES) {
		message_close(message);
		return -EBADMSG;
	}
	message->type = (enum message_type)type;
	message->size = (size_t)got - 2;
	return 1;
}

enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };

int message_seal(const char *name, const void *data, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error;

	if (fd < 0)
		return -errno;
	error = file_write_all(fd, data, size);
	if (!error && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		error = -errno;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int message_map(int fd, void **data, size_t *size)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Unsealed memory could change after it was checked. */
	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EBADMSG;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size <= 0)
		return -EBADMSG;
	*size = (size_t)status.st_size;
	*data = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
	return *data == MAP_FAILED ? -errno : 0;
}

int message_send_pinhole(int socket, const struct pinhole_request *request)
{
	uint8_t body[320];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, request->id);
	cursor_put32(&cursor, request->interface);
	cursor_put(&cursor, request->client.bytes, 16);
	cursor_put(&cursor, request->address.bytes, 16);
	cursor_put32(&cursor, request->seconds);
	cursor_put(&cursor, request->name.wire, request->name.length);
	return message_send(socket, MESSAGE_PINHOLE, body, cursor.at, -1);
}

int message_read_pinhole(const struct message *message, struct pinhole_request *request)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	request->id = cursor_get32(&cursor);
	request->interface = cursor_get32(&cursor);
	cursor_get(&cursor, request->client.bytes, 16);
	cursor_get(&cursor, request->address.bytes, 16);
	request->seconds = cursor_get32(&cursor);
	if (cursor.failed ||
	    name_from_wire(&request->name, message->body + cursor.at, cursor_left(&cursor)) < 0 ||
	    request->name.length != cursor_left(&cursor))
		return -EBADMSG;
	return 0;
}

int message_send_connect(int socket, const struct connect_request *request)
{
	uint8_t body[64];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, request->id);
	cursor_put8(&cursor, request->protocol);
	cursor_put(&cursor, request->client.bytes, 16);
	cursor_put(&cursor, request->server.bytes, 16);
	cursor_put16(&cursor, request->port);
	return message_send(socket, MESSAGE_CONNECT, body, cursor.at, -1);
}

int message_read_connect(const struct message *message, struct connect_request *request)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	request->id = cursor_get32(&cursor);
	request->protocol = cursor_get8(&cursor);
	cursor_get(&cursor, request->client.bytes, 16);
	cursor_get(&cursor, request->server.bytes, 16);
	request->port = cursor_get16(&cursor);
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}

int message_send_result(int socket, enum message_type type, uint32_t id, int result, int fd)
{
	uint8_t body[8];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, id);
	cursor_put32(&cursor, (uint32_t)result);
	return message_send(socket, type, body, cursor.at, fd);
}

int message_read_result(const struct message *message, uint32_t *id, int *result)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	*id = cursor_get32(&cursor);
	*result = (int)cursor_get32(&cursor);
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}

int message_send_notice(int socket, const struct message_notice *notice)
{
	static uint8_t body[MESSAGE_NOTICE_BODY + 1024];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put64(&cursor, notice->number);
	cursor_put64(&cursor, (uint64_t)notice->wall_ms);
	cursor_put64(&cursor, (uint64_t)notice->uptime_ms);
	cursor_put(&cursor, notice->kind, strlen(notice->kind) + 1);
	cursor_put(&cursor, notice->actor, strlen(notice->actor) + 1);
	cursor_put(&cursor, notice->members, strlen(notice->members) + 1);
	if (cursor.failed)
		return -EMSGSIZE;
	return message_send(socket, MESSAGE_NOTICE, body, cursor.at, -1);
}

/* Up to its NUL; NULL: there is none. */
static const char *get_string(struct cursor *cursor)
{
	const char *text = (const char *)cursor->data + cursor->at;
	const char *end = memchr(text, '\0', cursor_left(cursor));

	return end ? (const char *)cursor_take(cursor, (size_t)(end - text) + 1) : NULL;
}

int message_read_notice(const struct message *message, struct message_notice *notice)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	notice->number = cursor_get64(&cursor);
	notice->wall_ms = (int64_t)cursor_get64(&cursor);
	notice->uptime_ms = (int64_t)cursor_get64(&cursor);
	if (cursor.failed)
		return -EBADMSG;
	notice->kind = get_string(&cursor);
	notice->actor = get_string(&cursor);
	notice->members = get_string(&cursor);
	return notice->kind && notice->actor && notice->members && cursor_left(&cursor) == 0 ?
	       0 : -EBADMSG;
}

int message_send_noted(int socket, uint64_t number, int result)
{
	uint8_t body[12];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put64(&cursor, number);
	cursor_put32(&cursor, (uint32_t)result);
	return message_send(socket, MESSAGE_NOTED, body, cursor.at, -1);
}

int message_read_noted(const struct message *message, uint64_t *number, int *result)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	*number = cursor_get64(&cursor);
	*result = (int)cursor_get32(&cursor);
	return cursor.failed || cursor_left(&cursor) ? -EBADMSG : 0;
}

int message_send_progress(int socket, uint32_t done, uint32_t total)
{
	uint8_t body[8];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, done);
	cursor_put32(&cursor, total);
	return message_send(socket, MESSAGE_PROGRESS, body, cursor.at, -1);
}

int message_read_progress(const struct message *message, uint32_t *done, uint32_t *total)
{
	struct cursor cursor = cursor_reader(message->body, message->size);

	*done = cursor_get32(&cursor);
	*total = cursor_get32(&cursor);
	return cursor.failed || cursor_left(&cursor) || *done > *total ? -EBADMSG : 0;
}
