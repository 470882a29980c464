/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/cursor.h"
#include "appliance/base/file.h"
#include "appliance/evidence/leases_udhcpd.h"
#include "appliance/evidence/names.h"

static char folder[64], state_path[80];

static int make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/cordon-names.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(state_path, sizeof(state_path), "%s/state", folder);
	return mkdir(state_path, 0700);
}

static int destroy(void **state)
{
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(file_remove_tree(parent, strrchr(folder, '/') + 1), 0);
	return close(parent);
}

static struct naming one(const char *address, const char *name, int64_t from_ms, int64_t until_ms)
{
	struct naming naming = { .source = NAMING_FOREIGN_LEASE, .has_address = true,
				 .address = sample_addr(address), .from_ms = from_ms,
				 .until_ms = until_ms };

	strcpy(naming.name, name);
	return naming;
}

static void write_file(const char *name, const void *data, size_t size)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void labels(void **state)
{
	enum naming_source source;

	(void)state;
	assert_true(names_label("hand", &source));
	assert_int_equal(source, NAMING_HAND);
	assert_true(names_label("windows-dhcp.dc-01_B", &source));
	assert_int_equal(source, NAMING_FOREIGN_LEASE);
	assert_true(names_label("table", &source));
	assert_int_equal(source, NAMING_TABLE);
	assert_false(names_label("", &source));
	assert_false(names_label("tables", &source));
	assert_false(names_label("table.", &source));
	assert_false(names_label("table.a.b", &source));
	assert_false(names_label("table/../x", &source));
	assert_false(names_label("table.a/b", &source));
	assert_false(names_label("table.\xc3\xa4", &source));
	assert_false(names_label("table.0123456789012345678901234567890123456789012", &source));
}

/* What was written is read again, with the source that the file's name says. */
static void there_and_back(void **state)
{
	struct naming some[3] = {
		one("10.0.0.5", "pc, \"5\"", 1000, NAMING_FOR_EVER),
		one("2001:db8::5", "", NAMING_SINCE_EVER, 86400000),
		one("10.0.0.6", "scan", NAMING_SINCE_EVER, NAMING_FOR_EVER),
	};
	struct merge merge = { .a = { .is_mac = true, .mac = { 0, 1, 2, 3, 4, 5 } },
			       .b = { .address = sample_addr("10.0.0.6") } };
	struct names names;

	(void)state;
	strcpy(some[1].user, "=cmd|'/c calc'!A1");
	some[2].tool = true;
	assert_int_equal(names_read(&names, state_path), 0);
	assert_int_equal(names.count, 0);
	names_free(&names);
	assert_int_equal(names_write(state_path, "isc", some, 3), 0);
	assert_int_equal(names_write(state_path, "hand", some + 2, 1), 0);
	assert_int_equal(names_write_merges(state_path, &merge, 1), 0);
	assert_int_equal(names_read(&names, state_path), 0);
	assert_int_equal(names.damaged, 0);
	assert_int_equal(names.files, 2);
	assert_string_equal(names.file[0].label, "hand");
	assert_int_equal(names.count, 4);
	assert_int_equal(names.naming[0].source, NAMING_HAND);
	assert_true(names.naming[0].tool);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(&names.naming[1 + i], &some[i], sizeof(some[i]));
	assert_int_equal(names.merges, 1);
	assert_true(selector_equal(&names.merge[0].a, &merge.a));
	assert_true(selector_equal(&names.merge[0].b, &merge.b));
	names_free(&names);
	assert_int_equal(names_write(state_path, "isc", NULL, 0), 0);
	assert_int_equal(names_write(state_path, "isc", NULL, 0), -ENOENT);
	assert_int_equal(names_read_label(&names, state_path, "isc"), 0);
	assert_int_equal(names.count, 0);
	names_free(&names);
}

/* Renewals of a lease are one naming. */
static void overlapping_times_are_one(void **state)
{
	struct names names = { .count = 0 };
	const struct naming some[] = {
		one("10.0.0.5", "a", 500, 900), one("10.0.0.5", "b", 100, 200),
		one("10.0.0.5", "a", 100, 300), one("10.0.0.5", "a", 300, 600),
		one("10.0.0.5", "a", 1000, 1100),
	};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(names_add(&names, &some[i]), 0);
	names_join(&names);
	assert_int_equal(names.count, 3);
	assert_int_equal(names.naming[0].from_ms, 100);
	assert_int_equal(names.naming[0].until_ms, 900);
	assert_int_equal(names.naming[1].from_ms, 1000);
	assert_string_equal(names.naming[2].name, "b");
	names_free(&names);
}

/* Files of strangers: what is wrong is counted and left out, and the rest counts. */
static void hostile_files(void **state)
{
	static const char table[] = "ip,name\n10.0.0.5,\x1b[31mred\n10.0.0.999,x\n10.0.0.6,ok\n";
	struct names names;

	(void)state;
	assert_int_equal(names_write_merges(state_path, NULL, 0), 0);
	write_file("state/names/table.csv", table, sizeof(table) - 1);
	write_file("state/names/isc.csv", "\xff\xfe", 2);
	write_file("state/names/unknown.csv", table, sizeof(table) - 1);
	write_file("state/names/readme.txt", "x", 1);
	write_file("state/names/merges", "10.0.0.5\nx y\n10.0.0.5 10.0.0.6\n", 32);
	assert_int_equal(names_read(&names, state_path), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.naming[0].name, "?[31mred");
	assert_int_equal(names.merges, 1);
	assert_true(names.damaged >= 5);
	names_free(&names);
}

static void selectors(void **state)
{
	struct selector selector;
	char text[SELECTOR_TEXT];

	(void)state;
	assert_int_equal(selector_parse(&selector, "00-1B-21-00-00-01"), 0);
	assert_string_equal(selector_print(&selector, text), "00:1b:21:00:00:01");
	assert_int_equal(selector_parse(&selector, "2001:DB8::1"), 0);
	assert_string_equal(selector_print(&selector, text), "2001:db8::1");
	assert_int_equal(selector_parse(&selector, "pc-17"), -EINVAL);
	assert_int_equal(selector_parse(&selector, "224.0.0.1"), -EINVAL);
	assert_int_equal(selector_parse(&selector, "ff:ff:ff:ff:ff:ff"), -EINVAL);
	assert_int_equal(selector_parse(&selector, ""), -EINVAL);
}

/* ---- busybox's lease file ---- */

static size_t lease_file(uint8_t *data, size_t size)
{
	static const char *const name[] = { "pc-17", "", "\x1b]0;x\x07" };
	struct cursor cursor = cursor_writer(data, size);

	cursor_put64(&cursor, 1764400000);
	for (uint8_t i = 0; i < 3; i++) {
		char text[22] = { 0 };

		strcpy(text, name[i]);
		cursor_put32(&cursor, 3600);
		cursor_put32(&cursor, 0x0a000005 + i);
		cursor_put(&cursor, "\x00\x1b\x21\x00\x00\x01", 6);
		cursor_put(&cursor, text, sizeof(text));
	}
	return cursor.at;
}

static void own_leases(void **state)
{
	uint8_t data[512];
	const size_t size = lease_file(data, sizeof(data));
	struct names names;

	(void)state;
	write_file("leases.lan0", data, size);
	write_file("leases.broken", data, size - 1);
	assert_int_equal(names_read(&names, state_path), 0);
	assert_int_equal(names.count, 2);
	assert_int_equal(names.naming[0].source, NAMING_LEASE);
	assert_string_equal(names.naming[0].name, "pc-17");
	assert_string_equal(names.naming[1].name, "?]0;x?");
	assert_int_equal(names.naming[0].until_ms, 1764403600000);
	names_free(&names);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(leases_udhcpd(data, i, names_sink, &names), -EBADMSG);
	memset(data, 0xff, 8);
	assert_int_equal(leases_udhcpd(data, size, names_sink, &names), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(labels),
		TEST(there_and_back),
		TEST(overlapping_times_are_one),
		TEST(hostile_files),
		TEST(selectors),
		TEST(own_leases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
