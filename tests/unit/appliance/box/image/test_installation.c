/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include "appliance/box/image/installation.h"

enum { BUILT = 1780000000 };

static const struct manifest running = { .arch = "x86_64", .build = BUILT };

static void by_the_time_of_the_build(void **state)
{
	struct manifest offered = { .arch = "x86_64", .build = BUILT + 1 };

	(void)state;
	assert_int_equal(installation_judge(&offered, &running), INSTALLATION_FITS);
	offered.build = BUILT;
	assert_int_equal(installation_judge(&offered, &running), INSTALLATION_FITS);
	offered.build = BUILT - 1;
	assert_int_equal(installation_judge(&offered, &running), INSTALLATION_OLDER);
}

/* No option installs an image of another architecture, whatever its age. */
static void another_architecture_comes_first(void **state)
{
	const struct manifest newer = { .arch = "aarch64", .build = BUILT + 1 };
	const struct manifest older = { .arch = "aarch64", .build = BUILT - 1 };

	(void)state;
	assert_int_equal(installation_judge(&newer, &running), INSTALLATION_OTHER_ARCH);
	assert_int_equal(installation_judge(&older, &running), INSTALLATION_OTHER_ARCH);
}

static void going_back_needs_both(void **state)
{
	(void)state;
	assert_true(installation_may_go_back(true, true));
	assert_false(installation_may_go_back(true, false));
	assert_false(installation_may_go_back(false, true));
	assert_false(installation_may_go_back(false, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_time_of_the_build),
		cmocka_unit_test(another_architecture_comes_first),
		cmocka_unit_test(going_back_needs_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
