/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <string.h>

#include "rules/signed/field.h"

static const char good[] =
	"{\"object\": {}, \"array\": [1, 2], \"text\": \"word\", \"number\": 7, \"yes\": true, "
	"\"time\": \"1970-01-01T00:00:09Z\"}";

static void every_type_is_taken(void **state)
{
	struct diag diag;
	struct field field = { .source = "test", .diag = &diag };
	json_t *document = json_loads(good, 0, NULL);
	int64_t number = 0, time = 0;
	bool yes = false;

	(void)state;
	diag_init(&diag);
	assert_non_null(field_object(&field, document, "object", FIELD_REQUIRED));
	assert_non_null(field_array(&field, document, "array", 2, FIELD_REQUIRED));
	assert_string_equal(field_text(&field, document, "text", 4, FIELD_REQUIRED), "word");
	field_integer(&field, document, "number", 7, 7, FIELD_REQUIRED, &number);
	field_boolean(&field, document, "yes", FIELD_REQUIRED, &yes);
	field_time(&field, document, "time", FIELD_REQUIRED, &time);
	assert_int_equal(number, 7);
	assert_true(yes);
	assert_int_equal(time, 9);
	assert_int_equal(field.error, 0);
	assert_int_equal(diag.count, 0);
	json_decref(document);
}

static void optional_members_may_be_missing(void **state)
{
	struct diag diag;
	struct field field = { .source = "test", .diag = &diag };
	json_t *document = json_object();
	int64_t number = 5;

	(void)state;
	diag_init(&diag);
	assert_null(field_object(&field, document, "object", FIELD_OPTIONAL));
	assert_null(field_array(&field, document, "array", 2, FIELD_OPTIONAL));
	assert_string_equal(field_text(&field, document, "text", 4, FIELD_OPTIONAL), "");
	field_integer(&field, document, "number", 7, 7, FIELD_OPTIONAL, &number);
	assert_int_equal(number, 5);
	assert_int_equal(field.error, 0);
	json_decref(document);
}

/* What comes behind the first error takes nothing and adds no message. */
static void the_first_error_stays(void **state)
{
	struct diag diag;
	struct field field = { .source = "test", .diag = &diag };
	json_t *document = json_loads(good, 0, NULL);
	int64_t number = 0;

	(void)state;
	diag_init(&diag);
	field_integer(&field, document, "number", 8, 9, FIELD_REQUIRED, &number);
	assert_int_equal(field.error, -EINVAL);
	assert_null(field_object(&field, document, "object", FIELD_REQUIRED));
	assert_string_equal(field_text(&field, document, "text", 4, FIELD_REQUIRED), "");
	field_integer(&field, document, "number", 0, 9, FIELD_REQUIRED, &number);
	field_expect(&field, false, "other", "another thing");
	field_result(&field, -ENOMEM);
	assert_int_equal(number, 0);
	assert_int_equal(field.error, -EINVAL);
	assert_int_equal(diag.count, 1);
	assert_string_equal(diag.entry[0].message, "\"number\": expected an integer from 8 to 9");
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_taken),
		cmocka_unit_test(optional_members_may_be_missing),
		cmocka_unit_test(the_first_error_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
