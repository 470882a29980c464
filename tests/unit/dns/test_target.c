/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include "appliance/settings/settings.h"
#include "dns/chain.h"
#include "dns/target.h"

/* Where a query goes on to, by who asked, whom, and what. */

static const char conf[] = "[network]\nlan = lo\ninternal-dns = 10.20.0.53\n"
			   "[dns]\nupstream = 9.9.9.9 149.112.112.112\n"
			   "internal-zone = agency.test -> 10.20.0.54\n"
			   "internal-zone = deep.agency.test -> 10.20.0.55\n";
static struct settings settings;
static struct target target;

static int parse(void **state)
{
	static struct diag diag;

	(void)state;
	diag_init(&diag);
	if (settings_parse(&settings, "cordon.conf", conf, sizeof(conf) - 1, &diag) == 0)
		return 0;
	sample_no_errors(&diag);
	return -1;
}

static struct query query_of(const char *name, uint16_t type)
{
	return (struct query){ .name = sample_name(name), .type = type, .class = 1 };
}

static void find(const char *client, const char *asked, const char *name, uint16_t type)
{
	const struct path path = { .client = sample_addr(client), .asked = sample_addr(asked) };
	const struct query query = query_of(name, type);

	target_find(&settings, &path, &query, &target);
}

static void goes_to(const char *server)
{
	const struct addr expected = sample_addr(server);

	assert_true(target.servers >= 1);
	assert_int_equal(addr_compare(&target.server[0].addr, &expected), 0);
}

static void a_name_of_the_world_goes_to_the_upstreams(void **state)
{
	(void)state;
	find("192.168.1.2", "192.168.1.1", "www.example.org", TYPE_A);
	goes_to("9.9.9.9");
	assert_int_equal(target.servers, 2);
	assert_true(target.open && !target.internal && !target.untouched && !target.transparent);
}

static void the_deepest_internal_zone_counts(void **state)
{
	(void)state;
	find("192.168.1.2", "192.168.1.1", "host.agency.test", TYPE_A);
	goes_to("10.20.0.54");
	find("192.168.1.2", "8.8.8.8", "host.deep.agency.test", TYPE_A);
	goes_to("10.20.0.55");
	assert_true(target.internal && !target.open && !target.transparent);
	find("192.168.1.2", "192.168.1.1", "agency.test.example.org", TYPE_A);
	goes_to("9.9.9.9");
}

static void an_internal_server_is_asked_itself(void **state)
{
	(void)state;
	find("192.168.1.2", "10.20.0.53", "www.example.org", TYPE_A);
	goes_to("10.20.0.53");
	assert_true(target.internal && target.transparent && !target.untouched);
	find("192.168.1.2", "10.20.0.53", "agency.test", TYPE_AXFR);
	assert_true(target.untouched);
}

static void what_an_internal_server_asks_goes_where_it_asked(void **state)
{
	(void)state;
	find("10.20.0.53", "198.51.100.7", "www.example.org", TYPE_A);
	goes_to("198.51.100.7");
	assert_true(!target.internal && target.transparent && !target.open);
}

static void upstreams_are_asked_queries_only(void **state)
{
	struct query query = query_of("example.org", TYPE_AXFR);

	(void)state;
	find("192.168.1.2", "192.168.1.1", "example.org", TYPE_AXFR);
	assert_int_equal(target_refusal(&target, &query), RCODE_REFUSED);
	query.opcode = OPCODE_UPDATE;
	assert_int_equal(target_refusal(&target, &query), RCODE_NOTIMP);
	find("192.168.1.2", "10.20.0.53", "agency.test", TYPE_AXFR);
	assert_int_equal(target_refusal(&target, &query), RCODE_NOERROR);
}

static void a_chain_keeps_its_order(void **state)
{
	struct chain chain = { .first = NULL };
	struct link link[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		chain_append(&chain, &link[i], i);
	chain_remove(&chain, &link[1]);
	chain_prepend(&chain, &link[1]);
	assert_ptr_equal(chain.first, &link[1]);
	assert_ptr_equal(chain.first->next, &link[0]);
	assert_ptr_equal(chain.last, &link[2]);
	for (int i = 0; i < 3; i++)
		chain_remove(&chain, &link[i]);
	assert_null(chain.first);
	assert_null(chain.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_of_the_world_goes_to_the_upstreams),
		cmocka_unit_test(the_deepest_internal_zone_counts),
		cmocka_unit_test(an_internal_server_is_asked_itself),
		cmocka_unit_test(what_an_internal_server_asks_goes_where_it_asked),
		cmocka_unit_test(upstreams_are_asked_queries_only),
		cmocka_unit_test(a_chain_keeps_its_order),
	};

	return cmocka_run_group_tests(tests, parse, NULL);
}
