/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/ipc/message.h"

static int channel[2];
static struct message message;

static int make(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, channel);
}

static int destroy(void **state)
{
	(void)state;
	close(channel[0]);
	close(channel[1]);
	return 0;
}

static void bodies_and_descriptors(void **state)
{
	char byte = 0;
	int pipes[2];

	(void)state;
	assert_int_equal(message_receive(channel[1], &message), -EAGAIN);
	assert_int_equal(message_send(channel[0], MESSAGE_SEAL, NULL, 0, -1), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message.type, MESSAGE_SEAL);
	assert_int_equal(message.size, 0);
	assert_int_equal(message.fd, -1);

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(message_send(channel[0], MESSAGE_LIST, "a.rules", 7, pipes[1]), 0);
	close(pipes[1]);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message.size, 7);
	assert_memory_equal(message.body, "a.rules", 7);
	assert_true(message.fd >= 0);
	assert_true(fcntl(message.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(message.fd, "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(message.fd);
	close(pipes[0]);
}

static void largest(void **state)
{
	static uint8_t body[MESSAGE_MAX + 1];

	(void)state;
	assert_int_equal(message_send(channel[0], MESSAGE_COMPILED, body, sizeof(body), -1),
			 -EMSGSIZE);
	assert_int_equal(message_send(channel[0], MESSAGE_COMPILED, body, MESSAGE_MAX, -1), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message.size, MESSAGE_MAX);
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void send_descriptors(size_t size, size_t count)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(20 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (uint8_t[2]){ 0, MESSAGE_LIST }, .iov_len = size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(rights) + i * sizeof(int), &channel[0], sizeof(int));
	assert_int_equal(sendmsg(channel[0], &header, 0), size);
}

/* Whatever was wrong with it, no descriptor of it stays open. */
static void malformed(void **state)
{
	static uint8_t body[MESSAGE_MAX + 3];
	int before = descriptors();

	(void)state;
	assert_int_equal(send(channel[0], "\0", 1, 0), 1);
	assert_int_equal(message_receive(channel[1], &message), -EBADMSG);
	assert_int_equal(message_send(channel[0], MESSAGE_TYPES, NULL, 0, channel[0]), 0);
	assert_int_equal(message_receive(channel[1], &message), -EBADMSG);
	assert_int_equal(message.fd, -1);
	assert_true(send(channel[0], body, sizeof(body), 0) > 0);
	assert_int_equal(message_receive(channel[1], &message), -EBADMSG);
	/* Nothing but a descriptor looks like the end of the connection. */
	send_descriptors(0, 1);
	assert_int_equal(message_receive(channel[1], &message), 0);
	assert_int_equal(descriptors(), before);
}

static void several_descriptors(void **state)
{
	int before = descriptors();

	(void)state;
	for (size_t count = 2; count <= 20; count += 3) {
		send_descriptors(2, count);
		if (message_receive(channel[1], &message) == 1)
			close(message.fd);
	}
	assert_int_equal(descriptors(), before);
}

static void the_other_side_is_gone(void **state)
{
	(void)state;
	shutdown(channel[0], SHUT_WR);
	assert_int_equal(message_receive(channel[1], &message), 0);
	shutdown(channel[1], SHUT_RD);
	assert_int_equal(message_send(channel[0], MESSAGE_READY, NULL, 0, -1), -EPIPE);
}

static void sealed_memory(void **state)
{
	int fd = message_seal("test", "policy", 6), open_fd;
	void *data;
	size_t size;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(message_map(fd, &data, &size), 0);
	assert_int_equal(size, 6);
	assert_memory_equal(data, "policy", 6);
	munmap(data, size);
	close(fd);
	open_fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(write(open_fd, "policy", 6), 6);
	assert_int_equal(message_map(open_fd, &data, &size), -EBADMSG);
	close(open_fd);
	fd = message_seal("test", "", 0);
	assert_int_equal(message_map(fd, &data, &size), -EBADMSG);
	close(fd);
	assert_int_equal(message_map(channel[0], &data, &size), -EBADMSG);
}

/* Reads back what was sent; every shorter body is refused. */
static void every_body(void **state)
{
	const struct pinhole_request pinhole = {
		.id = 7, .interface = 3, .client = sample_addr("192.0.2.1"),
		.address = sample_addr("2a03:2480::1"), .seconds = 300,
		.name = sample_name("tip.kaspersky.com"),
	};
	const struct connect_request request = {
		.id = 8, .protocol = 6, .client = sample_addr("192.0.2.1"),
		.server = sample_addr("192.0.2.53"), .port = 53,
	};
	struct pinhole_request pinhole_back;
	struct connect_request request_back;
	int result;
	uint32_t id;

	(void)state;
	assert_int_equal(message_send_pinhole(channel[0], &pinhole), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message_read_pinhole(&message, &pinhole_back), 0);
	assert_int_equal(pinhole_back.id, 7);
	assert_int_equal(pinhole_back.interface, 3);
	assert_int_equal(addr_compare(&pinhole.client, &pinhole_back.client), 0);
	assert_int_equal(addr_compare(&pinhole.address, &pinhole_back.address), 0);
	assert_int_equal(pinhole_back.seconds, 300);
	assert_memory_equal(pinhole_back.name.wire, pinhole.name.wire, pinhole.name.length);
	while (message.size-- > 0)
		assert_int_equal(message_read_pinhole(&message, &pinhole_back), -EBADMSG);

	assert_int_equal(message_send_connect(channel[0], &request), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message_read_connect(&message, &request_back), 0);
	assert_int_equal(request_back.id, 8);
	assert_int_equal(request_back.protocol, 6);
	assert_int_equal(addr_compare(&request.server, &request_back.server), 0);
	assert_int_equal(request_back.port, 53);
	message.size++;
	assert_int_equal(message_read_connect(&message, &request_back), -EBADMSG);
	message.size -= 2;
	assert_int_equal(message_read_connect(&message, &request_back), -EBADMSG);

	assert_int_equal(message_send_result(channel[0], MESSAGE_CONNECTED, 9, -EPERM, -1), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message_read_result(&message, &id, &result), 0);
	assert_int_equal(id, 9);
	assert_int_equal(result, -EPERM);
}

static void progress(void **state)
{
	uint32_t done, total;

	(void)state;
	assert_int_equal(message_send_progress(channel[0], 3, 700), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message.type, MESSAGE_PROGRESS);
	assert_int_equal(message_read_progress(&message, &done, &total), 0);
	assert_int_equal(done, 3);
	assert_int_equal(total, 700);
	message.size--;
	assert_int_equal(message_read_progress(&message, &done, &total), -EBADMSG);
	assert_int_equal(message_send_progress(channel[0], 701, 700), 0);
	assert_int_equal(message_receive(channel[1], &message), 1);
	assert_int_equal(message_read_progress(&message, &done, &total), -EBADMSG);
}

#define connected(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		connected(bodies_and_descriptors),
		connected(largest),
		connected(malformed),
		connected(several_descriptors),
		connected(the_other_side_is_gone),
		connected(sealed_memory),
		connected(every_body),
		connected(progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
