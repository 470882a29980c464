/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/box/folder.h"

#include "appliance/box/settings/set_offer.h"

static struct set_offer offer;
static struct diag diag;

/* A folder of the box, as a stick has it. */
#define STICK "/stick"

static int open_stick(void)
{
	char path[BOX_PATH];
	int fd;

	folder_above(STICK "/file");
	fd = open(box_path(path, STICK), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int read_stick(void)
{
	int fd = open_stick(), result;

	set_offer_release(&offer);
	diag_init(&diag);
	result = set_offer_read(fd, &offer, &diag);
	close(fd);
	return result;
}

static int setup(void **state)
{
	memset(&offer, 0, sizeof(offer));
	return folder_make(state);
}

static int teardown(void **state)
{
	set_offer_release(&offer);
	return folder_drop(state);
}

static void a_folder_without_settings_has_no_set(void **state)
{
	(void)state;
	assert_int_equal(read_stick(), 1);
	folder_put(STICK "/photo.jpg", "x");
	folder_put(STICK "/network.conf~", "x");
	folder_put(STICK "/cordon.conf.bak", "x");
	assert_int_equal(read_stick(), 1);
	assert_int_equal(diag.count, 0);
}

static void whole_files_are_read(void **state)
{
	(void)state;
	folder_put(STICK "/network.conf", "[wan]\n");
	folder_put(STICK "/settings.json", "{}");
	assert_int_equal(read_stick(), 0);
	assert_string_equal(offer.set.file[PROVISION_NETWORK].data, "[wan]\n");
	assert_int_equal(offer.set.file[PROVISION_NETWORK].size, 6);
	assert_null(offer.set.file[PROVISION_CORDON].data);
	assert_string_equal(offer.approval, "{}");
	assert_int_equal(offer.approval_size, 2);
	assert_false(offer.has_errors);
	folder_put(STICK "/errors.txt", "");
	assert_int_equal(read_stick(), 0);
	assert_true(offer.has_errors);
}

/* Otherwise the rest of the set would be taken, without the file that its author meant. */
static void a_name_that_is_nearly_right_is_an_error(void **state)
{
	static const char *const row[] = { "network.conf.txt", "Network.conf", "cordon.cfg",
					   "authorized-keys", "root(1).json", "admin-secret.txt" };
	char path[64], full[BOX_PATH];

	(void)state;
	folder_put(STICK "/mirror-ca.pem", "x");
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		snprintf(path, sizeof(path), STICK "/%s", row[i]);
		folder_put(path, "x");
		assert_int_equal(read_stick(), -EINVAL);
		assert_int_equal(diag.count, 1);
		assert_string_equal(diag.entry[0].source, row[i]);
		assert_int_equal(unlink(box_path(full, path)), 0);
	}
	assert_int_equal(read_stick(), 0);
}

static void an_approval_alone_is_an_error(void **state)
{
	(void)state;
	folder_put(STICK "/settings.json", "{}");
	assert_int_equal(read_stick(), -ENOENT);
	assert_int_equal(diag.count, 1);
}

static void links_pipes_and_large_files_are_errors(void **state)
{
	char path[BOX_PATH], *large = malloc(70000);

	(void)state;
	box_path(path, STICK "/network.conf");
	folder_above(STICK "/network.conf");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_true(read_stick() < 0);
	assert_null(offer.set.file[PROVISION_NETWORK].data);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(read_stick() < 0);
	unlink(path);
	assert_non_null(large);
	memset(large, ' ', 69999);
	large[69999] = '\0';
	folder_put(STICK "/network.conf", large);
	assert_true(read_stick() < 0);
	assert_non_null(strstr(diag.entry[0].message, "65536 bytes"));
	free(large);
}

static void notes_come_and_go(void **state)
{
	char path[BOX_PATH];
	int fd = open_stick();

	(void)state;
	set_offer_note(fd, "what is wrong\n");
	assert_true(box_has(STICK "/errors.txt"));
	set_offer_note(fd, NULL);
	assert_false(box_has(STICK "/errors.txt"));
	/* A link is replaced, not followed. */
	assert_int_equal(symlink("outside", box_path(path, STICK "/errors.txt")), 0);
	set_offer_note(fd, "what is wrong\n");
	assert_false(box_has(STICK "/outside"));
	assert_true(box_has(STICK "/errors.txt"));
	close(fd);
}

/* ---- digests ---- */

static void digest_of(uint8_t digest[DIGEST_SIZE], const char *network, const char *secret,
		      const char *approval)
{
	struct set_offer made = { .approval = approval ? strdup(approval) : NULL,
				  .approval_size = approval ? strlen(approval) : 0 };

	if (network)
		assert_int_equal(provision_put(&made.set, PROVISION_NETWORK, network,
					       strlen(network)), 0);
	if (secret)
		assert_int_equal(provision_put(&made.set, PROVISION_SECRET, secret,
					       strlen(secret)), 0);
	assert_int_equal(set_offer_digest(&made, digest), 0);
	set_offer_release(&made);
}

static void a_set_is_known_by_files_and_approval(void **state)
{
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];

	(void)state;
	digest_of(one, "a", NULL, NULL);
	digest_of(other, "a", NULL, NULL);
	assert_memory_equal(one, other, DIGEST_SIZE);
	digest_of(other, "b", NULL, NULL);
	assert_memory_not_equal(one, other, DIGEST_SIZE);
	digest_of(other, "a", NULL, "{}");
	assert_memory_not_equal(one, other, DIGEST_SIZE);
	digest_of(one, "a", NULL, "{ }");
	assert_memory_not_equal(one, other, DIGEST_SIZE);
	digest_of(one, "b", NULL, "{}");
	assert_memory_not_equal(one, other, DIGEST_SIZE);
}

/* Ledgers on boxes have digests of sets without an approval: they are those of the files alone. */
static void without_an_approval_the_files_count(void **state)
{
	struct provision set = { 0 };
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];

	(void)state;
	digest_of(one, "a", NULL, NULL);
	assert_int_equal(provision_put(&set, PROVISION_NETWORK, "a", 1), 0);
	assert_int_equal(provision_digest(&set, other), 0);
	assert_memory_equal(one, other, DIGEST_SIZE);
	provision_release(&set);
}

/* A kept digest must not answer a guess at the secret. */
static void a_plain_secret_is_not_in_the_digest(void **state)
{
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];

	(void)state;
	digest_of(one, "a", "a secret, long enough", NULL);
	digest_of(other, "a", "another one, long enough", NULL);
	assert_memory_equal(one, other, DIGEST_SIZE);
	digest_of(other, "a", NULL, NULL);
	assert_memory_not_equal(one, other, DIGEST_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_without_settings_has_no_set, setup,
						teardown),
		cmocka_unit_test_setup_teardown(whole_files_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_that_is_nearly_right_is_an_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_approval_alone_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(links_pipes_and_large_files_are_errors,
						setup, teardown),
		cmocka_unit_test_setup_teardown(notes_come_and_go, setup, teardown),
		cmocka_unit_test(a_set_is_known_by_files_and_approval),
		cmocka_unit_test(without_an_approval_the_files_count),
		cmocka_unit_test(a_plain_secret_is_not_in_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
