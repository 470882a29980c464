/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/settings/ledger.h"

static struct ledger ledger;

static const uint8_t *digest(uint8_t number)
{
	static uint8_t bytes[DIGEST_SIZE];

	memset(bytes, number, sizeof(bytes));
	return bytes;
}

static int empty(void **state)
{
	(void)state;
	ledger_parse(&ledger, NULL);
	return 0;
}

static void a_set_is_known_once_it_is_added(void **state)
{
	(void)state;
	assert_false(ledger_knows(&ledger, digest(1)));
	ledger_add(&ledger, digest(1));
	ledger_add(&ledger, digest(1));
	assert_true(ledger_knows(&ledger, digest(1)));
	assert_false(ledger_knows(&ledger, digest(2)));
	assert_int_equal(ledger.count, 1);
}

static void the_oldest_set_is_forgotten(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < LEDGER_TAKEN + 1; i++)
		ledger_add(&ledger, digest(i));
	assert_int_equal(ledger.count, LEDGER_TAKEN);
	assert_false(ledger_knows(&ledger, digest(0)));
	for (uint8_t i = 1; i < LEDGER_TAKEN + 1; i++)
		assert_true(ledger_knows(&ledger, digest(i)));
}

static void it_reads_what_it_prints(void **state)
{
	struct text out = TEXT_EMPTY;
	struct ledger again;

	(void)state;
	ledger.version = 4711;
	memcpy(ledger.approved, digest(9), DIGEST_SIZE);
	ledger_add(&ledger, digest(3));
	ledger_add(&ledger, digest(4));
	ledger_print(&ledger, &out);
	ledger_parse(&again, out.data);
	assert_int_equal(again.version, 4711);
	assert_memory_equal(again.approved, digest(9), DIGEST_SIZE);
	assert_int_equal(again.count, 2);
	assert_memory_equal(again.taken, ledger.taken, sizeof(again.taken));
	text_release(&out);
}

#define DIGITS "0101010101010101010101010101010101010101010101010101010101010101"

static void lines_that_do_not_read_are_skipped(void **state)
{
	static const char *const row[] = {
		"taken\n", "taken 01\n", "taken " DIGITS "01\n", "taken " DIGITS " \n",
		"Taken " DIGITS "\n", "untaken " DIGITS "\n", "taken g" DIGITS "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		ledger_parse(&ledger, row[i]);
		assert_int_equal(ledger.count, 0);
	}
	ledger_parse(&ledger, "nothing\ntaken 01\ntaken " DIGITS);
	assert_int_equal(ledger.count, 1);
	assert_true(ledger_knows(&ledger, digest(1)));
}

/* Older boxes wrote the version alone. */
static void a_version_may_have_no_digest(void **state)
{
	(void)state;
	ledger_parse(&ledger, "version 7\ntaken " DIGITS "\n");
	assert_int_equal(ledger.version, 7);
	assert_memory_equal(ledger.approved, digest(0), DIGEST_SIZE);
	assert_int_equal(ledger.count, 1);
	ledger_parse(&ledger, "version 8 " DIGITS "\n");
	assert_int_equal(ledger.version, 8);
	assert_memory_equal(ledger.approved, digest(1), DIGEST_SIZE);
}

static void more_sets_than_it_holds_are_not_read(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	for (int i = 0; i < LEDGER_TAKEN + 3; i++)
		text_puts(&text, "taken " DIGITS "\n");
	ledger_parse(&ledger, text.data);
	assert_int_equal(ledger.count, LEDGER_TAKEN);
	text_release(&text);
}

static void it_lies_beside_its_set(void **state)
{
	(void)state;
	ledger_load(&ledger);
	assert_int_equal(ledger.count, 0);
	folder_put(LEDGER_PATH, "version 5\ntaken " DIGITS "\n");
	ledger_load(&ledger);
	assert_int_equal(ledger.version, 5);
	ledger_load_from(PATH_DATA "/settings.waiting", &ledger);
	assert_int_equal(ledger.version, 0);
	assert_int_equal(ledger.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_set_is_known_once_it_is_added, empty),
		cmocka_unit_test_setup(the_oldest_set_is_forgotten, empty),
		cmocka_unit_test_setup(it_reads_what_it_prints, empty),
		cmocka_unit_test_setup(lines_that_do_not_read_are_skipped, empty),
		cmocka_unit_test_setup(a_version_may_have_no_digest, empty),
		cmocka_unit_test_setup(more_sets_than_it_holds_are_not_read, empty),
		cmocka_unit_test_setup_teardown(it_lies_beside_its_set, folder_make, folder_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
