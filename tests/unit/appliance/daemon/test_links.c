/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/daemon/links.h"

static void default_routes_of_the_kernels_lists(void **state)
{
	(void)state;
	assert_true(
		links_default_v4("eth0\t00000000\t01C8A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"));
	assert_false(links_default_v4(
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n"));
	assert_false(
		links_default_v4("eth0\t00C8A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"));
	/* 0.0.0.0/1, and one that refuses. */
	assert_false(
		links_default_v4("tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"));
	assert_false(links_default_v4("*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"));
	assert_true(links_default_v6(
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"));
	/* Where the kernel has none it shows one that refuses. */
	assert_false(links_default_v6(
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"));
	/* Where captured packets go. */
	assert_false(links_default_v6(
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000400 00000001 00000000 80000001       lo\n"));
	assert_false(links_default_v6(
		"20010db8000000000000000000000000 20 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"));
	assert_false(links_default_v6(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(default_routes_of_the_kernels_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
