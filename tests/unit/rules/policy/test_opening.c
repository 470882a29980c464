/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <netinet/in.h>

static const char text[] =
	"list: l\nversion: 1\n[exempt]\n"
	"open.example\n"
	"lead.example leads-to=77.74.181.0/24,2a03:2480:9::/48\n"
	"mail.example ports=tcp/25,udp/443\n"
	"[web]\nsite.example\n[update]\nbad.example\n"
	"[network]\n77.74.176.0/21 category=infrastructure\n77.74.180.16 category=update\n"
	"77.74.180.17 category=activation\n77.74.180.18 category=telemetry\n"
	"77.74.180.19 category=distribution\n2a03:2480::/32 category=infrastructure\n";

static void *block;
static struct policy policy;

static int make(void **state)
{
	size_t size;

	(void)state;
	block = sample_block(text, NULL, &size);
	assert_int_equal(policy_open(&policy, block, size), 0);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	free(block);
	return 0;
}

/* "tcp/80 tcp/443 udp/443", "" for none. */
static const char *opened(const char *name_text, const char *addr_text)
{
	static char out[256];
	struct name name = sample_name(name_text);
	struct addr addr = sample_addr(addr_text);
	struct opening opening = policy_opening(&policy, name.wire, &addr);
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < opening.count; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s/%u", i ? " " : "",
				       opening.port[i].protocol == IPPROTO_TCP ? "tcp" : "udp",
				       opening.port[i].first);
	return out;
}

#define WEB "tcp/80 tcp/443 udp/443"

static void exempt_and_monitored_names_open(void **state)
{
	(void)state;
	assert_string_equal(opened("open.example", "77.74.176.1"), WEB);
	assert_string_equal(opened("below.open.example", "77.74.176.1"), WEB);
	assert_string_equal(opened("site.example", "2a03:2480::1"), WEB);
	assert_string_equal(opened("mail.example", "77.74.176.1"), WEB " tcp/25");
}

static void others_do_not(void **state)
{
	(void)state;
	assert_string_equal(opened("bad.example", "77.74.176.1"), "");
	assert_string_equal(opened("other.example", "77.74.176.1"), "");
	/* An address that nothing blocks needs none. */
	assert_string_equal(opened("open.example", "192.0.2.1"), "");
}

static void leads_to_is_kept(void **state)
{
	(void)state;
	assert_string_equal(opened("lead.example", "77.74.181.9"), WEB);
	assert_string_equal(opened("lead.example", "2a03:2480:9::1"), WEB);
	assert_string_equal(opened("lead.example", "77.74.182.9"), "");
	assert_string_equal(opened("lead.example", "2a03:2480:8::1"), "");
}

/* A monitored name led to the update servers, and updates worked. */
static void an_update_address_never_opens(void **state)
{
	(void)state;
	assert_string_equal(opened("open.example", "77.74.180.16"), "");
	assert_string_equal(opened("open.example", "77.74.180.17"), "");
	assert_string_equal(opened("site.example", "77.74.180.18"), "");
	assert_string_equal(opened("open.example", "77.74.180.19"), WEB);
}

/* Also when it comes in the clothes of another family. */
static void nor_does_one_inside_ipv6(void **state)
{
	(void)state;
	assert_string_equal(opened("open.example", "64:ff9b::4d4a:b410"), "");
	assert_string_equal(opened("open.example", "64:ff9b::4d4a:b413"), WEB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exempt_and_monitored_names_open),
		cmocka_unit_test(others_do_not),
		cmocka_unit_test(leads_to_is_kept),
		cmocka_unit_test(an_update_address_never_opens),
		cmocka_unit_test(nor_does_one_inside_ipv6),
	};

	return cmocka_run_group_tests(tests, make, destroy);
}
