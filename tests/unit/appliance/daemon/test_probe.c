/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/daemon/probe.h"
#include "dns/sinkhole.h"

/* What every worker answers itself, whatever the policy is. */
static void question_is_answered_here(void **state)
{
	static struct settings settings;
	uint8_t question[PROBE_SIZE], reply[PROBE_SIZE + SINKHOLE_ROOM];
	struct verdict verdict;
	struct query query;
	size_t size = 0;

	(void)state;
	settings_init(&settings);
	probe_ask(question, 0xbeef);
	assert_false(probe_is_answer(question, sizeof(question), 0xbeef));
	assert_int_equal(sinkhole_answer(&settings, NULL, NULL, question, sizeof(question), &query,
					 &verdict, reply, &size), SINKHOLE_REPLY);
	assert_true(probe_is_answer(reply, size, 0xbeef));
	assert_false(probe_is_answer(reply, size, 0xbeee));
	assert_false(probe_is_answer(reply, PROBE_SIZE - 1, 0xbeef));
}

static int bound_socket(int type, struct endpoint *endpoint)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*endpoint = (struct endpoint){ addr_v4(0x7f000001), ntohs(address.sin_port) };
	return fd;
}

/* connect() on a socket that the parent shares outlived the role that did it. */
static void connected_socket_is_deaf(void **state)
{
	struct sockaddr_in other = { .sin_family = AF_INET, .sin_port = htons(9),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct endpoint endpoint, elsewhere;
	int fd = bound_socket(SOCK_DGRAM, &endpoint);

	(void)state;
	assert_null(probe_socket(fd, &endpoint, IPPROTO_UDP));
	elsewhere = endpoint;
	elsewhere.port ^= 1;
	assert_non_null(probe_socket(fd, &elsewhere, IPPROTO_UDP));
	assert_int_equal(connect(fd, (struct sockaddr *)&other, sizeof(other)), 0);
	assert_non_null(probe_socket(fd, &endpoint, IPPROTO_UDP));
	close(fd);
}

static void socket_that_was_shut_down_is_deaf(void **state)
{
	struct endpoint endpoint;
	int fd = bound_socket(SOCK_STREAM, &endpoint);

	(void)state;
	assert_int_equal(listen(fd, 1), 0);
	assert_null(probe_socket(fd, &endpoint, IPPROTO_TCP));
	assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
	assert_non_null(probe_socket(fd, &endpoint, IPPROTO_TCP));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_is_answered_here),
		cmocka_unit_test(connected_socket_is_deaf),
		cmocka_unit_test(socket_that_was_shut_down_is_deaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
