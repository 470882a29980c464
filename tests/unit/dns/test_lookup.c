/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/dns/query.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/lookup.h"

/* What the server does with a query; it answers on loopback in a process of its own. */
struct behaviour {
	const char *chain[4];	/* CNAMEs behind the question's name */
	const char *a[12];
	const char *aaaa[12];
	const char *owner;	/* of the addresses; NULL: the end of the chain */
	uint8_t rcode;
	bool silent, silent6, truncated, forged, garbage;
};

static struct endpoint server;
static pid_t child;

static void add_record(struct packet *packet, const char *owner, uint16_t type, const void *data,
		       size_t size)
{
	struct name name = sample_name(owner);
	const uint8_t fixed[10] = { 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, (uint8_t)(size >> 8),
				    (uint8_t)size };

	packet_add(packet, name.wire, name.length);
	packet_add(packet, fixed, sizeof(fixed));
	packet_add(packet, data, size);
	packet->bytes[7]++;
}

static struct packet reply_to(const struct behaviour *behaviour, const uint8_t *data,
			      const struct query *query)
{
	struct packet packet = { .size = 0 };
	const char *const *list = query->type == TYPE_A ? behaviour->a : behaviour->aaaa;
	char owner[NAME_TEXT];
	uint8_t head[600];

	packet_add(&packet, head, wire_begin_reply(head, data, query, behaviour->rcode));
	name_print(query->name.wire, owner);
	for (size_t i = 0; i < 4 && behaviour->chain[i]; i++) {
		struct name target = sample_name(behaviour->chain[i]);

		add_record(&packet, owner, TYPE_CNAME, target.wire, target.length);
		strcpy(owner, behaviour->chain[i]);
	}
	for (; *list; list++) {
		struct addr addr = sample_addr(*list);
		bool v4 = query->type == TYPE_A;

		add_record(&packet, behaviour->owner ? behaviour->owner : owner, query->type,
			   addr.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	}
	if (behaviour->truncated)
		packet.bytes[2] |= FLAG_TC >> 8;
	return packet;
}

/* A wrong id, another question, not an answer at all: each of them must be passed over. */
static void send_forgeries(int fd, struct packet packet, const struct sockaddr_storage *to,
			   socklen_t size)
{
	sendto(fd, packet.bytes, 3, 0, (const struct sockaddr *)to, size);
	packet.bytes[0] ^= 1;
	sendto(fd, packet.bytes, packet.size, 0, (const struct sockaddr *)to, size);
	packet.bytes[0] ^= 1;
	packet.bytes[2] &= 0x7f;
	sendto(fd, packet.bytes, packet.size, 0, (const struct sockaddr *)to, size);
	packet.bytes[2] |= 0x80;
	packet.bytes[WIRE_HEADER + 1] ^= 1;
	sendto(fd, packet.bytes, packet.size, 0, (const struct sockaddr *)to, size);
}

static void serve(int fd, const struct behaviour *behaviour)
{
	for (;;) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		uint8_t data[600];
		ssize_t got = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &size);
		struct query query;
		struct packet packet;

		if (got < 0 || wire_parse_query(&query, data, (size_t)got) != WIRE_OK ||
		    !query.edns || query.udp_size != WIRE_EDNS_SIZE || !(query.flags & FLAG_RD))
			_exit(1);
		if (behaviour->silent || (behaviour->silent6 && query.type == TYPE_AAAA))
			continue;
		packet = reply_to(behaviour, data, &query);
		if (behaviour->garbage)
			packet.bytes[7] = 99;
		if (behaviour->forged) {
			struct packet forged = reply_to(&(struct behaviour){
				.a = { "6.6.6.6" }, .aaaa = { "2001:db8::666" } }, data, &query);

			send_forgeries(fd, forged, &from, size);
		}
		sendto(fd, packet.bytes, packet.size, 0, (struct sockaddr *)&from, size);
	}
}

static void start(const struct behaviour *behaviour)
{
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&(struct addr){ .bytes = { [10] = 0xff, 0xff, 127, 0, 0,
								      1 } }, 0, &address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&address, &server.addr,
					    &server.port), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		serve(fd, behaviour);
	close(fd);
}

static int stop(void **state)
{
	(void)state;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
	return 0;
}

/* expected: addresses in their order, separated by spaces. */
static void finds(const struct behaviour *behaviour, unsigned int ms, const char *expected)
{
	struct addr address[LOOKUP_ADDRESSES];
	char all[LOOKUP_ADDRESSES * ADDR_TEXT] = "", text[ADDR_TEXT];
	struct diag diag;
	int count;

	diag_init(&diag);
	start(behaviour);
	count = lookup_addresses(&server, "Mirror.example", ms, address, LOOKUP_ADDRESSES, &diag);
	sample_no_errors(&diag);
	for (int i = 0; i < count; i++) {
		strcat(all, i ? " " : "");
		strcat(all, addr_print(&address[i], text));
	}
	assert_string_equal(all, expected);
}

static void fails(const struct behaviour *behaviour, unsigned int ms, int error,
		  const char *message)
{
	struct addr address[LOOKUP_ADDRESSES];
	struct diag diag;

	diag_init(&diag);
	start(behaviour);
	assert_int_equal(lookup_addresses(&server, "mirror.example", ms, address,
					  LOOKUP_ADDRESSES, &diag), error);
	assert_int_equal(diag.count, 1);
	assert_non_null(strstr(diag.entry[0].message, message));
}

static void both_families_in_turn(void **state)
{
	static const struct behaviour behaviour = {
		.a = { "192.0.2.1", "192.0.2.2" }, .aaaa = { "2001:db8::1" } };

	(void)state;
	finds(&behaviour, 5000, "192.0.2.1 2001:db8::1 192.0.2.2");
}

static void at_most_eight(void **state)
{
	static const struct behaviour behaviour = {
		.a = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5",
		       "192.0.2.6", "192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10" } };

	(void)state;
	finds(&behaviour, 5000, "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 "
				"192.0.2.7 192.0.2.8");
}

static void aliases_are_followed(void **state)
{
	static const struct behaviour behaviour = { .chain = { "a.cdn.example", "b.cdn.example" },
						    .a = { "192.0.2.1" } };

	(void)state;
	finds(&behaviour, 5000, "192.0.2.1");
}

static void addresses_of_other_names_do_not_count(void **state)
{
	static const struct behaviour behaviour = { .a = { "192.0.2.1" },
						    .owner = "other.example" };

	(void)state;
	fails(&behaviour, 5000, -ENOENT, "has no address");
}

static void aliases_in_a_circle(void **state)
{
	static const struct behaviour behaviour = { .chain = { "a.example", "mirror.example" },
						    .a = { "192.0.2.1" } };

	(void)state;
	fails(&behaviour, 5000, -ELOOP, "cannot look");
}

static void no_such_name(void **state)
{
	static const struct behaviour behaviour = { .rcode = RCODE_NXDOMAIN };

	(void)state;
	fails(&behaviour, 5000, -ENOENT, "has no address");
}

static void server_that_fails(void **state)
{
	static const struct behaviour behaviour = { .rcode = RCODE_SERVFAIL };

	(void)state;
	fails(&behaviour, 5000, -EREMOTEIO, "server failed");
}

static void silent_server(void **state)
{
	static const struct behaviour behaviour = { .silent = true };

	(void)state;
	fails(&behaviour, 50, -ETIMEDOUT, "timed out");
}

static void one_family_is_enough(void **state)
{
	static const struct behaviour behaviour = { .a = { "192.0.2.1" }, .silent6 = true };

	(void)state;
	finds(&behaviour, 200, "192.0.2.1");
}

static void forgeries_are_passed_over(void **state)
{
	static const struct behaviour behaviour = { .a = { "192.0.2.1" }, .forged = true };

	(void)state;
	finds(&behaviour, 5000, "192.0.2.1");
}

static void malformed_answer(void **state)
{
	static const struct behaviour behaviour = { .a = { "192.0.2.1" }, .garbage = true };

	(void)state;
	fails(&behaviour, 5000, -EBADMSG, "cannot look");
}

static void truncated_answer_has_what_fits(void **state)
{
	static const struct behaviour behaviour = { .a = { "192.0.2.1" }, .truncated = true };

	(void)state;
	finds(&behaviour, 5000, "192.0.2.1");
}

static void nobody_listens(void **state)
{
	static const struct behaviour behaviour = { .silent = true };
	struct addr address[LOOKUP_ADDRESSES];
	struct diag diag;

	start(&behaviour);
	stop(state);
	diag_init(&diag);
	assert_int_equal(lookup_addresses(&server, "mirror.example", 5000, address,
					  LOOKUP_ADDRESSES, &diag), -ECONNREFUSED);
	assert_int_equal(lookup_addresses(&server, "not a name", 5000, address, LOOKUP_ADDRESSES,
					  &diag), -EINVAL);
	assert_int_equal(diag.count, 2);
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, NULL, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_server(both_families_in_turn),
		with_server(at_most_eight),
		with_server(aliases_are_followed),
		with_server(addresses_of_other_names_do_not_count),
		with_server(aliases_in_a_circle),
		with_server(no_such_name),
		with_server(server_that_fails),
		with_server(silent_server),
		with_server(one_family_is_enough),
		with_server(forgeries_are_passed_over),
		with_server(malformed_answer),
		with_server(truncated_answer_has_what_fits),
		with_server(nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
