/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/evidence/csv.h"

static void cell(const char *text, const char *wanted)
{
	struct text out = TEXT_EMPTY;

	csv_cell(text, &out);
	assert_string_equal(out.data ? out.data : "", wanted);
	text_release(&out);
}

static void cells(void **state)
{
	(void)state;
	cell("", "");
	cell("plain", "plain");
	cell("a,b", "\"a,b\"");
	cell("say \"x\"", "\"say \"\"x\"\"\"");
	cell("two\nlines", "\"two lines\"");
	cell("\x1b[2J", "?[2J");
}

/* A spreadsheet must not run what a client sent. */
static void formulas(void **state)
{
	(void)state;
	cell("=1+1", "'=1+1");
	cell("+1", "'+1");
	cell("-1", "'-1");
	cell("@SUM(A1)", "'@SUM(A1)");
	cell("\t=1", "\"' =1\"");
	cell("\r=1", "\"' =1\"");
	cell("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
	cell("a=1", "a=1");
}

static size_t columns(const char *row)
{
	size_t count = 1;
	bool quoted = false;

	for (; *row; row++) {
		quoted ^= *row == '"';
		count += *row == ',' && !quoted;
	}
	return count;
}

static void rows(void **state)
{
	struct reader_entry entry = {
		.entry = { .type = ENTRY_EVENT, .sequence = 7,
			   .event = { .event = { .action = ACTION_BLOCK, .count = 3 } } },
		.context = { .appliance = "=box", .boot_id = "3f2a91c4-1111" },
	};
	struct text header = TEXT_EMPTY, row = TEXT_EMPTY;
	unsigned int column;

	(void)state;
	assert_int_equal(name_parse(&entry.entry.event.event.name, "-x.example.com", 14, &column),
			 0);
	csv_header(&header);
	assert_int_equal(csv_row(&entry, &row), 0);
	assert_int_equal(columns(header.data), columns(row.data));
	assert_ptr_equal(strstr(row.data, "3f2a91c4:7,1970-01-01T00:00:00.000Z,3f2a91c4-1111,"),
			 row.data);
	assert_non_null(strstr(row.data, ",'=box,"));
	assert_non_null(strstr(row.data, ",'-x.example.com,"));
	assert_string_equal(row.data + row.length - 2, "\r\n");
	text_release(&row);
	/* What a notice brings itself is one cell. */
	entry.entry = (struct log_entry){
		.type = ENTRY_NOTICE, .sequence = 8,
		.notice = { .kind = "mode", .actor = "timer",
			    .body = "\"mode\":\"enforce\",\"n\":1" },
	};
	assert_int_equal(csv_row(&entry, &row), 0);
	assert_int_equal(columns(header.data), columns(row.data));
	assert_non_null(strstr(row.data, ",mode,timer,\"{\"\"mode\"\":\"\"enforce\"\","
					 "\"\"n\"\":1}\""));
	text_release(&row);
	text_release(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells), cmocka_unit_test(formulas), cmocka_unit_test(rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
