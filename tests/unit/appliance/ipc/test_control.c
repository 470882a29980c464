/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "appliance/ipc/control.h"
#include "rules/policy/rule.h"

static struct control_request sample(void)
{
	return (struct control_request){
		.type = CONTROL_MODE, .mode = MODE_MONITOR, .seconds = 7200,
		.categories = 1U << CATEGORY_UPDATE,
		.reason = "ticket 4711, \xc3\xa4", .by = "jdoe",
	};
}

static void round_trip(void **state)
{
	struct control_request request = sample(), back;
	uint8_t data[CONTROL_REQUEST_MAX];
	int size = control_encode(&request, data, sizeof(data));

	(void)state;
	assert_true(size > 0);
	assert_int_equal(control_decode(&back, data, (size_t)size), 0);
	assert_int_equal(back.type, request.type);
	assert_int_equal(back.mode, request.mode);
	assert_int_equal(back.seconds, request.seconds);
	assert_int_equal(back.categories, request.categories);
	assert_string_equal(back.reason, request.reason);
	assert_string_equal(back.by, request.by);
	memset(request.reason, 'x', sizeof(request.reason) - 1);
	memset(request.by, 'y', sizeof(request.by) - 1);
	size = control_encode(&request, data, sizeof(data));
	assert_true(size > 0);
	assert_int_equal(control_decode(&back, data, (size_t)size), 0);
	assert_string_equal(back.by, request.by);
	assert_int_equal(control_encode(&request, data, 100), -EMSGSIZE);
}

static void refused(const struct control_request *request)
{
	uint8_t data[CONTROL_REQUEST_MAX];
	struct control_request back;
	int size = control_encode(request, data, sizeof(data));

	assert_true(size > 0);
	assert_int_equal(control_decode(&back, data, (size_t)size), -EBADMSG);
}

static void bad_values(void **state)
{
	struct control_request request = sample();

	(void)state;
	request.type = CONTROL_TYPES;
	refused(&request);
	request = sample();
	request.mode = MODE_COUNT;
	refused(&request);
	request = sample();
	request.categories = 1U << CATEGORY_COUNT;
	refused(&request);
	request = sample();
	strcpy(request.reason, "two\nlines");
	refused(&request);
	request = sample();
	strcpy(request.by, "\x1b[2J");
	refused(&request);
	request = sample();
	strcpy(request.by, "\x7f");
	refused(&request);
}

static void every_damage(void **state)
{
	struct control_request request = sample(), back;
	uint8_t data[CONTROL_REQUEST_MAX];
	size_t size = (size_t)control_encode(&request, data, sizeof(data));

	(void)state;
	for (size_t length = 0; length < size; length++) {
		uint8_t *copy = malloc(length ? length : 1);

		assert_non_null(copy);
		memcpy(copy, data, length);
		assert_int_equal(control_decode(&back, copy, length), -EBADMSG);
		free(copy);
	}
	assert_int_equal(control_decode(&back, data, size + 1), -EBADMSG);
	for (size_t at = 0; at < size; at++) {
		uint8_t was = data[at];

		for (int value = 0; value < 256; value++) {
			data[at] = (uint8_t)value;
			if (control_decode(&back, data, size) == 0)
				assert_true(strlen(back.reason) < CONTROL_REASON &&
					    strlen(back.by) < CONTROL_BY);
		}
		data[at] = was;
	}
}

static void *answer(void *context)
{
	int fd = accept(*(int *)context, NULL, NULL);
	uint8_t data[CONTROL_REQUEST_MAX];
	struct control_request request;
	ssize_t got = recv(fd, data, sizeof(data), 0);

	/* Code 1 and a text that ends without a NUL. */
	if (got > 0 && control_decode(&request, data, (size_t)got) == 0 &&
	    request.type == CONTROL_MODE)
		send(fd, "\1no", 3, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void asks_over_the_socket(void **state)
{
	char folder[] = "/tmp/cordon-control.XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct control_request request = sample();
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), code = 9;
	pthread_t thread;
	char *reply;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/control",
			     folder) < (int)sizeof(address.sun_path));
	assert_int_equal(control_ask(folder, &request, &code, &reply), -ENOENT);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(control_ask(folder, &request, &code, &reply), -ECONNREFUSED);
	assert_int_equal(listen(fd, 1), 0);

	assert_int_equal(pthread_create(&thread, NULL, answer, &fd), 0);
	assert_int_equal(control_ask(folder, &request, &code, &reply), 0);
	assert_int_equal(code, 1);
	assert_string_equal(reply, "no");
	free(reply);
	pthread_join(thread, NULL);

	/* The daemon hangs up without an answer. */
	request.type = CONTROL_STATUS;
	assert_int_equal(pthread_create(&thread, NULL, answer, &fd), 0);
	assert_int_equal(control_ask(folder, &request, &code, &reply), -ECONNRESET);
	pthread_join(thread, NULL);
	close(fd);
	unlink(address.sun_path);
	rmdir(folder);
	memset(address.sun_path, 'x', sizeof(address.sun_path) - 1);
	address.sun_path[sizeof(address.sun_path) - 1] = '\0';
	assert_int_equal(control_ask(address.sun_path, &request, &code, &reply), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(every_damage),
		cmocka_unit_test(asks_over_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
