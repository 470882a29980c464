/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "dns/share.h"
#include "tests/unit/cmocka.h"

static struct addr client(unsigned int number)
{
	return addr_v4(0x0a000000 + number);
}

static size_t take_all(struct share *share, unsigned int number)
{
	struct addr addr = client(number);
	size_t taken = 0;

	while (share_take(share, &addr, 1))
		taken++;
	return taken;
}

static void nobody_takes_everything(void **state)
{
	struct share share;
	struct addr last = client(7);

	(void)state;
	assert_int_equal(share_init(&share, 1024, 1024), 0);
	assert_int_equal(take_all(&share, 1), 512);
	assert_int_equal(take_all(&share, 2), 256);
	assert_true(share_take(&share, &last, 1));
	assert_false(share_is_full(&share, 1));
	assert_int_equal(share_held(&share, &last), 1);
	/* What the greedy ones give back, others have. */
	last = client(1);
	share_give(&share, &last, 512);
	assert_int_equal(share_held(&share, &last), 0);
	assert_true(take_all(&share, 3) > 256);
	share_free(&share);
}

static void full_is_said(void **state)
{
	struct share share;

	(void)state;
	assert_int_equal(share_init(&share, 64, 64), 0);
	for (unsigned int i = 0; i < 64; i++) {
		struct addr addr = client(i);

		assert_true(share_take(&share, &addr, 1));
	}
	assert_true(share_is_full(&share, 1));
	assert_int_equal(take_all(&share, 99), 0);
	share_free(&share);
}

/* Against a model, which is an array: clients come and go in any order. */
static void totals_add_up(void **state)
{
	enum { CLIENTS = 300, LIMIT = 500 };
	size_t held[CLIENTS] = { 0 }, total = 0;
	struct share share;

	(void)state;
	srand(1);
	assert_int_equal(share_init(&share, LIMIT, LIMIT), 0);
	for (int round = 0; round < 200000; round++) {
		unsigned int number = (unsigned int)rand() % CLIENTS;
		size_t amount = 1 + (size_t)rand() % 3;
		struct addr addr = client(number);

		if (rand() % 2) {
			bool fair = held[number] + amount <= LIMIT - total;

			assert_int_equal(share_take(&share, &addr, amount), fair);
			held[number] += fair ? amount : 0;
			total += fair ? amount : 0;
		} else if (held[number] >= amount) {
			share_give(&share, &addr, amount);
			held[number] -= amount;
			total -= amount;
		}
		assert_int_equal(share_held(&share, &addr), held[number]);
		assert_int_equal(share.total, total);
	}
	for (unsigned int i = 0; i < CLIENTS; i++) {
		struct addr addr = client(i);

		assert_int_equal(share_held(&share, &addr), held[i]);
	}
	share_free(&share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_takes_everything),
		cmocka_unit_test(full_is_said),
		cmocka_unit_test(totals_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
