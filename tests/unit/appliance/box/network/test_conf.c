/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/network/conf.h"
#include "appliance/box/network/facts.h"
#include "appliance/command/command.h"
#include "appliance/settings/settings.h"

static struct conf_found found;
static struct network network;
static struct diag diag;
static struct text out;

static int teardown(void **state)
{
	text_release(&found.digests);
	text_release(&out);
	return folder_drop(state);
}

static void has(const char *part)
{
	if (!out.data || !strstr(out.data, part))
		fail_msg("\"%s\" is not in: %s", part, out.data ? out.data : "(nothing)");
}

static int compose(const char *conf)
{
	text_release(&out);
	text_release(&found.digests);
	diag_init(&diag);
	assert_int_equal(facts_network(&network), EXIT_YES);
	conf_find(&found, PATH_SETTINGS);
	return conf_compose(&found, &network, conf, strlen(conf), &out, &diag);
}

static void files_that_are_there_are_named(void **state)
{
	char path[BOX_PATH + 32];

	(void)state;
	conf_find(&found, PATH_SETTINGS);
	assert_null(found.trust_root);
	assert_null(found.mirror_ca);
	assert_null(found.watchdog);
	assert_int_equal(found.digests.length, 0);
	folder_put(PATH_SETTINGS "/mirror-ca.pem", "ca");
	folder_put("/dev/watchdog", "");
	assert_int_equal(compose(""), 0);
	snprintf(path, sizeof(path), "mirror-ca = %s" PATH_SETTINGS "/mirror-ca.pem\n", folder);
	has(path);
	has("watchdog = ");
}

/* The root among the settings wins over that of the image. */
static void the_root_of_the_settings_comes_first(void **state)
{
	(void)state;
	folder_put(PATH_IMAGE_ROOT, "image");
	conf_find(&found, PATH_SETTINGS);
	assert_non_null(strstr(found.trust_root, PATH_IMAGE_ROOT));
	text_release(&found.digests);
	folder_put(PATH_SETTINGS "/root.json", "settings");
	conf_find(&found, PATH_SETTINGS);
	assert_non_null(strstr(found.trust_root, PATH_SETTINGS "/root.json"));
	assert_null(strstr(found.trust_root, PATH_IMAGE_ROOT));
}

static void resolvers_of_dhcp_are_filled_in(void **state)
{
	(void)state;
	folder_put(PATH_UPSTREAMS, "4 192.0.2.7/24 192.0.2.1 192.0.2.53\n"
				   "6 2001:db8:5::/56 - 2001:db8::53\n");
	assert_int_equal(compose(""), 0);
	has("upstream = 192.0.2.53\nupstream = 2001:db8::53\n");
	/* A WAN with a fixed address asks no DHCP server, so an old lease counts no longer. */
	folder_put(PATH_SETTINGS "/network.conf",
		   "[wan]\ninterface = eth0\naddress = 198.51.100.2/24\ngateway = 198.51.100.1\n"
		   "address6 = auto\n");
	assert_int_equal(compose(""), 0);
	has("upstream = 2001:db8::53\n");
	assert_null(strstr(out.data, "192.0.2.53"));
	folder_put(PATH_SETTINGS "/network.conf",
		   "[wan]\ninterface = eth0\naddress = 198.51.100.2/24\ngateway = 198.51.100.1\n"
		   "address6 = none\n");
	assert_int_equal(compose(""), -EINVAL);
	assert_int_equal(compose("[dns]\nupstream = 198.51.100.53\n"), 0);
	assert_null(strstr(out.data, "192.0.2.53"));
}

static void what_cordond_would_refuse_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(compose("[dns]\nnothing = 1\n"), -EINVAL);
	assert_int_equal(diag.entry[0].line, 2);
}

/* ---- the file ---- */

static bool written(int code)
{
	bool changed = false;

	assert_int_equal(conf_write(&changed), code);
	return changed;
}

static int setup(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	folder_above(PATH_CONFIG);
	return 0;
}

static void only_a_change_writes(void **state)
{
	(void)state;
	assert_true(written(EXIT_YES));
	assert_true(box_has(PATH_CONFIG));
	assert_false(written(EXIT_YES));
	folder_put(PATH_SETTINGS "/cordon.conf", "[dns]\nworkers = 1\n");
	assert_true(written(EXIT_YES));
	assert_false(written(EXIT_YES));
}

/* cordond reads these files itself, so another one under the same name has to start it again. */
static void other_contents_of_a_named_file_are_a_change(void **state)
{
	(void)state;
	folder_put(PATH_SETTINGS "/root.json", "{\"one\": 1}");
	assert_true(written(EXIT_YES));
	assert_false(written(EXIT_YES));
	folder_put(PATH_SETTINGS "/root.json", "{\"one\": 2}");
	assert_true(written(EXIT_YES));
	folder_put(PATH_SETTINGS "/mirror-ca.pem", "one");
	assert_true(written(EXIT_YES));
	folder_put(PATH_SETTINGS "/mirror-ca.pem", "two");
	assert_true(written(EXIT_YES));
}

/* The file of before stays: cordond goes on with it. */
static void wrong_settings_write_nothing(void **state)
{
	size_t size;
	char *before, *after;

	(void)state;
	assert_true(written(EXIT_YES));
	before = box_read(PATH_CONFIG, SETTINGS_TEXT_MAX, &size);
	folder_put(PATH_SETTINGS "/cordon.conf", "[dns]\nnothing = 1\n");
	assert_false(written(EXIT_NO));
	after = box_read(PATH_CONFIG, SETTINGS_TEXT_MAX, &size);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_that_are_there_are_named),
		TEST(the_root_of_the_settings_comes_first),
		TEST(resolvers_of_dhcp_are_filled_in),
		TEST(what_cordond_would_refuse_is_an_error),
		TEST(only_a_change_writes),
		TEST(other_contents_of_a_named_file_are_a_change),
		TEST(wrong_settings_write_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
