/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/box/base/device.h"

static void disks_and_sticks_may_be(void **state)
{
	static const char *const row[] = { "sda", "sdb1", "nvme0n1p1", "mmcblk0p2", "vda", "xvda" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		assert_false(device_is_never_a_disk(row[i]));
}

static void other_devices_are_none(void **state)
{
	static const char *const row[] = { "loop0", "ram1", "zram0", "dm-0", "md127", "nbd0",
					   "mtdblock0", "fd0", "sr0", ".", ".." };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		assert_true(device_is_never_a_disk(row[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_and_sticks_may_be),
		cmocka_unit_test(other_devices_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
