/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/selftest.h"
#include "appliance/journal/neighbours.h"

static void command(const char *text)
{
	assert_int_equal(system(text), 0);
}

struct listed {
	char text[512];
	uint32_t interface;
};

static void list_one(void *context, const struct addr *addr, const struct neighbour *neighbour)
{
	struct listed *listed = context;
	char text[ADDR_TEXT];

	assert_true(neighbour->has_mac);
	listed->interface = neighbour->interface;
	strcat(strcat(listed->text, addr_print(addr, text)), " ");
}

static void count_one(void *context, const struct addr *addr, const struct neighbour *neighbour)
{
	struct listed *listed = context;

	(void)addr;
	(void)neighbour;
	if (!listed->text[0])
		listed->interface = 0;
	listed->text[0] = '+';
	listed->interface++;
}

/* Those that answered or spoke lately; not permanent ones, which were set, nor link-local ones. */
static void lists_the_kernels(struct neighbours *neighbours, uint32_t index)
{
	struct addr there = sample_addr("192.0.2.77");
	struct listed listed = { .interface = 0 };

	command("ip neigh add 192.0.2.6 lladdr 02:00:00:00:00:06 dev lan0 nud stale");
	command("ip neigh add 2001:db8::6 lladdr 02:00:00:00:00:06 dev lan0 nud stale");
	command("ip neigh add fe80::6 lladdr 02:00:00:00:00:06 dev lan0 nud stale");
	command("ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:06 dev lan0 nud noarp");
	assert_int_equal(neighbours_list(neighbours, list_one, &listed), 0);
	assert_true(strcmp(listed.text, "192.0.2.6 2001:db8::6 ") == 0 ||
		    strcmp(listed.text, "2001:db8::6 192.0.2.6 ") == 0);
	assert_int_equal(listed.interface, index);
	assert_int_equal(neighbours_route(neighbours, &there), index);
	/* More than one part of an answer. */
	command("for i in $(seq 1 250); do echo neigh replace 192.0.2.$i lladdr 02:00:00:00:00:06"
		" dev lan0 nud stale; done | ip -batch -");
	listed.text[0] = '\0';
	assert_int_equal(neighbours_list(neighbours, count_one, &listed), 0);
	assert_int_equal(listed.interface, 251);
}

/* The kernel's own answers, in a network namespace that nobody else has. */
static void asks_the_kernel(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 5 };
	struct neighbours neighbours;
	struct neighbour found;
	struct addr v4 = sample_addr("192.0.2.5"), v6 = sample_addr("2001:db8::5");
	struct addr far = sample_addr("198.51.100.1");
	uint32_t index;
	int fd;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
		print_message("the kernel not asked: it needs root and network namespaces\n");
		skip();
	}
	command("ip link set lo up && ip link add lan0 type bridge && ip link set lan0 up");
	command("ip addr add 192.0.2.1/24 dev lan0 && ip addr add 2001:db8::1/64 dev lan0 nodad");
	command("ip neigh add 192.0.2.5 lladdr 02:00:00:00:00:05 dev lan0");
	command("ip neigh add 2001:db8::5 lladdr 02:00:00:00:00:05 dev lan0");
	index = if_nametoindex("lan0");
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(fd >= 0);
	neighbours_init(&neighbours, fd);

	neighbours_lookup(&neighbours, &v4, index, &found);
	assert_true(found.has_mac);
	assert_memory_equal(found.mac, mac, 6);
	assert_string_equal(found.name, "lan0");
	/* The interface by route, when nobody knows it. */
	neighbours_lookup(&neighbours, &v6, 0, &found);
	assert_true(found.has_mac);
	assert_memory_equal(found.mac, mac, 6);
	assert_string_equal(found.name, "lan0");
	/* Behind a router, no such interface, and ourselves. */
	neighbours_lookup(&neighbours, &far, index, &found);
	assert_false(found.has_mac);
	assert_string_equal(found.name, "lan0");
	neighbours_lookup(&neighbours, &far, 0, &found);
	assert_false(found.has_mac);
	assert_string_equal(found.name, "");
	neighbours_lookup(&neighbours, &v4, 4711, &found);
	assert_false(found.has_mac);
	v4 = sample_addr("127.0.0.1");
	neighbours_lookup(&neighbours, &v4, 0, &found);
	assert_false(found.has_mac);
	assert_string_equal(found.name, "lo");
	lists_the_kernels(&neighbours, index);
	close(fd);
}

static void finds_without_a_socket(const char *client, uint32_t interface, const char *name)
{
	struct neighbours neighbours;
	struct neighbour found;
	struct addr addr = sample_addr(client);

	neighbours_init(&neighbours, -1);
	neighbours_lookup(&neighbours, &addr, interface, &found);
	assert_false(found.has_mac);
	assert_string_equal(found.name, name);
}

static void without_a_socket(void **state)
{
	(void)state;
	finds_without_a_socket("192.0.2.5", 1, "");
}

/* Its link is gone when its blocks are written, and nobody must look for a client of that address.
 */
static void a_self_test_is_no_client(void **state)
{
	(void)state;
	finds_without_a_socket("198.18.0.2", SELFTEST_LINK_INDEX, "selftest0");
}

/* Every truncation and every single wrong byte of an answer. */
static void every_damage(void **state)
{
	_Alignas(8) uint8_t bytes[512] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	struct ndmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct neighbour found = { .has_mac = false };
	size_t size;

	(void)state;
	message->nlmsg_type = RTM_NEWNEIGH;
	message->nlmsg_seq = 9;
	head->ndm_state = NUD_REACHABLE;
	mnl_attr_put(message, NDA_DST, 4, "\xc0\x00\x02\x05");
	mnl_attr_put(message, NDA_LLADDR, 6, "\x02\x00\x00\x00\x00\x05");
	size = message->nlmsg_len;
	assert_false(neighbours_parse(&found, bytes, size, 8));
	assert_false(found.has_mac);
	assert_true(neighbours_parse(&found, bytes, size, 9));
	assert_true(found.has_mac);
	for (size_t at = 0; at < size * 256; at++) {
		uint8_t *copy = malloc(size);

		assert_non_null(copy);
		memcpy(copy, bytes, size);
		copy[at / 256] = (uint8_t)at;
		neighbours_parse(&found, copy, size, 9);
		neighbours_parse(&found, copy, at % size, 9);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_the_kernel),
		cmocka_unit_test(without_a_socket),
		cmocka_unit_test(a_self_test_is_no_client),
		cmocka_unit_test(every_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
