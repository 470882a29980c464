/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/base/cursor.h"
#include "appliance/base/text.h"
#include "appliance/box/image/manifest.h"

/* What a sealed child found in a bundle crosses to its parent, which holds it to what the parser
 * takes. */

static struct text out;

static struct manifest sample(void)
{
	struct manifest manifest = { .arch = "x86_64", .version = "0.2.0", .build = 1763900000,
				     .root_size = 8192, .kernel_size = 100,
				     .name = "cordon-0.2.0-00000000.efi" };

	return manifest;
}

static int told(const struct manifest *manifest)
{
	struct manifest back;
	struct cursor cursor;
	int error;

	text_release(&out);
	manifest_encode(manifest, &out);
	assert_true(out.length <= MANIFEST_ENCODED);
	cursor = cursor_reader(out.data, out.length);
	error = manifest_decode(&back, &cursor);
	if (!error)
		assert_memory_equal(&back, manifest, sizeof(back));
	return error;
}

static void a_manifest_is_held_to_what_its_parser_takes(void **state)
{
	struct manifest manifest = sample();

	(void)state;
	assert_int_equal(told(&manifest), 0);
	manifest.root_size = 8193;
	assert_int_equal(told(&manifest), -EBADMSG);
	manifest = sample();
	manifest.kernel_size = (uint64_t)MANIFEST_KERNEL_MAX + 1;
	assert_int_equal(told(&manifest), -EBADMSG);
	manifest = sample();
	manifest.build = -1;
	assert_int_equal(told(&manifest), -EBADMSG);
	manifest = sample();
	strcpy(manifest.arch, "a b");
	assert_int_equal(told(&manifest), -EBADMSG);
	manifest = sample();
	strcpy(manifest.name, "../../x-00000000.efi");
	assert_int_equal(told(&manifest), -EBADMSG);
	manifest = sample();
	manifest.root_hash[0] = 1;	/* its name says another root */
	assert_int_equal(told(&manifest), -EBADMSG);
	text_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_is_held_to_what_its_parser_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
