/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/sealed.h"
#include "appliance/box/settings/provision.h"

/* Root used to find what a set would change, over the bytes of a stick. Now a sealed child finds
 * it, and its answer is compared with itself and with the bytes. */

static struct provision old, new;
static struct provision_changes changes, got;
static struct text out;

static void put(struct provision *set, enum provision_file file, const char *text)
{
	assert_int_equal(provision_put(set, file, text, strlen(text)), 0);
}

static int setup(void **state)
{
	(void)state;
	put(&old, PROVISION_CORDON, "[dns]\nworkers = 1\n[mode]\nmonitor-max = 1h\n");
	put(&new, PROVISION_CORDON, "[dns]\nworkers = 2\n[mode]\nmonitor-max = 2h\n");
	put(&old, PROVISION_KEYS, "one\n");
	put(&new, PROVISION_KEYS, "two\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	provision_release(&old);
	provision_release(&new);
	text_release(&out);
	return 0;
}

/* ---- in the child ---- */

static int compare(void *context, struct text *answer, struct diag *diag)
{
	(void)context;
	(void)diag;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || geteuid() == 0)
		return -EACCES;
	provision_compare(&old, &new, &changes);
	provision_changes_encode(&changes, answer);
	return 0;
}

static void the_comparison_runs_without_rights(void **state)
{
	static struct diag diag;
	const struct sealed sealed = { .what = "a set", .work = compare, .answer = 4096 };

	(void)state;
	if (geteuid() != 0 && !HARDENED)
		skip();
	diag_init(&diag);
	assert_int_equal(sealed_run(&sealed, &out, &diag), 0);
	assert_int_equal(provision_changes_decode(&got, out.data, out.length, &old, &new), 0);
	text_release(&out);
	provision_print(&got, true, &out);
	assert_string_equal(out.data, "keys for ssh (authorized_keys), mode ([mode] monitor-max)");
	text_release(&out);
	provision_print(&got, false, &out);
	assert_string_equal(out.data, "[dns] workers");
	/* It was not here that it was found. */
	assert_int_equal(changes.count, 0);
}

/* ---- what is not believed ---- */

static int said(const struct provision_changes *what)
{
	int error;

	text_release(&out);
	provision_changes_encode(what, &out);
	error = provision_changes_decode(&got, out.data, out.length, &old, &new);
	if (error)
		assert_int_equal(got.count, 0);
	return error;
}

static void lies_are_refused(void **state)
{
	struct provision_changes lie;

	(void)state;
	provision_compare(&old, &new, &changes);
	assert_int_equal(said(&changes), 0);
	lie = (struct provision_changes){ .count = 0 };	/* nothing changed, and other bytes */
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;					/* not the keys, which anybody can see */
	lie.changed[PROVISION_AUTHORIZED] = false;
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;					/* nothing of it is protected */
	lie.protected = 0;
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;
	lie.count = 1;
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;
	lie.changed[PROVISION_MODE] = false;
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;
	lie.item[0].group = PROVISION_GROUPS;
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;
	strcpy(lie.item[0].what, "a\n\x1b[2J");
	assert_int_equal(said(&lie), -EBADMSG);
	lie = changes;
	lie.item[0].what[0] = '\0';
	assert_int_equal(said(&lie), -EBADMSG);
}

static void an_answer_that_is_cut_is_refused(void **state)
{
	(void)state;
	provision_compare(&old, &new, &changes);
	text_release(&out);
	provision_changes_encode(&changes, &out);
	for (size_t size = 0; size < out.length; size++)
		assert_int_equal(provision_changes_decode(&got, out.data, size, &old, &new),
				 -EBADMSG);
	text_put(&out, "", 1);
	assert_int_equal(provision_changes_decode(&got, out.data, out.length, &old, &new),
			 -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_comparison_runs_without_rights),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(an_answer_that_is_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
