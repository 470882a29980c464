/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "rules/signed/release.h"

#define DIGEST "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

static const char whole[] =
	"{ \"version\": 7, \"published\": \"2026-11-24T10:00:00Z\", \"x-later\": [1],\n"
	"  \"lists\": [ { \"name\": \"kaspersky\", \"sha256\": \"" DIGEST "\", \"x\": 1 },\n"
	"             { \"name\": \"oem\", \"sha256\": \"" DIGEST "\" } ],\n"
	"  \"rings\": { \"canary\": 0, \"early\": 3600, \"broad\": 86400 },\n"
	"  \"limits\": { \"max-rules\": 100000, \"max-address-share\": 64 },\n"
	"  \"canaries\": { \"block\": [ \"downloads.upd.kaspersky.com\", \"2001:db8::1\" ],\n"
	"                \"pass\": [ \"www.gsa.gov\" ] } }";

static void reads_all_of_it(void **state)
{
	struct release release;

	(void)state;
	assert_int_equal(release_parse(&release, whole, strlen(whole), NULL), 0);
	assert_int_equal(release.version, 7);
	assert_int_equal(release.published, 1795514400);
	assert_int_equal(release.lists, 2);
	assert_string_equal(release.list[0].name, "kaspersky");
	assert_string_equal(release.list[1].name, "oem");
	assert_int_equal(release.list[1].sha256[0], 0xca);
	assert_int_equal(release.rings, 3);
	assert_int_equal(release.max_rules, 100000);
	assert_int_equal(release.max_share, 64);
	assert_int_equal(release.blocks, 2);
	assert_string_equal(release.block[1], "2001:db8::1");
	assert_int_equal(release.passes, 1);
	assert_string_equal(release.pass[0], "www.gsa.gov");
}

static void delay_of_a_ring(void **state)
{
	struct release release;

	(void)state;
	assert_int_equal(release_parse(&release, whole, strlen(whole), NULL), 0);
	assert_int_equal(release_delay(&release, "canary"), 0);
	assert_int_equal(release_delay(&release, "early"), 3600);
	/* A name with a slip of the pen waits longest. */
	assert_int_equal(release_delay(&release, "cannary"), 86400);
	release.rings = 0;
	assert_int_equal(release_delay(&release, "canary"), 0);
}

static void prints_what_it_reads(void **state)
{
	static const char least[] = "{\"version\": 1, \"published\": \"2026-11-24T10:00:00Z\", "
				    "\"lists\": [{\"name\": \"a\", \"sha256\": \"" DIGEST "\"}]}";
	static const char *const text[] = { whole, least };
	struct release first, second;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct text out = TEXT_EMPTY, again = TEXT_EMPTY;

		assert_int_equal(release_parse(&first, text[i], strlen(text[i]), NULL), 0);
		assert_int_equal(release_print(&first, &out), 0);
		assert_int_equal(release_parse(&second, out.data, out.length, NULL), 0);
		assert_memory_equal(&first, &second, sizeof(first));
		assert_int_equal(release_print(&second, &again), 0);
		assert_string_equal(out.data, again.data);
		text_release(&out);
		text_release(&again);
	}
}

/* The document with the first from replaced. */
static int parse_edited(const char *from, const char *to, struct diag *diag)
{
	static struct release release;
	struct text text = TEXT_EMPTY;
	const char *at = strstr(whole, from);
	int error;

	assert_non_null(at);
	text_put(&text, whole, (size_t)(at - whole));
	text_puts(&text, to);
	text_puts(&text, at + strlen(from));
	diag_init(diag);
	error = release_parse(&release, text.data, text.length, diag);
	text_release(&text);
	return error;
}

static void refuses_other_shapes(void **state)
{
	static const char *const row[][2] = {
		{ "\"version\": 7", "\"version\": 0" },
		{ "\"version\": 7", "\"version\": 7.0" },
		{ "\"version\": 7", "\"version\": \"7\"" },
		{ "\"version\": 7", "\"version\": 9007199254740992" },
		{ "\"version\": 7,", "" },
		{ "\"version\": 7", "\"version\": 7, \"version\": 8" },
		{ "2026-11-24T10:00:00Z", "2026-11-24" },
		{ "\"name\": \"kaspersky\"", "\"name\": \"oem\"" },
		{ "\"name\": \"kaspersky\"", "\"name\": \"../x\"" },
		{ "\"name\": \"kaspersky\"", "\"name\": \"a/b\"" },
		{ "\"name\": \"kaspersky\"", "\"name\": \"A\"" },
		{ "\"name\": \"kaspersky\"", "\"name\": \"\"" },
		{ "\"name\": \"kaspersky\"", "\"name\": \"012345678901234567890123456789012\"" },
		{ "\"sha256\": \"ca", "\"sha256\": \"CA" },
		{ "\"sha256\": \"ca", "\"sha256\": \"" },
		{ "\"lists\": [", "\"lists\": [ 1," },
		{ "\"lists\": [", "\"lists\": [], \"x-lists\": [" },
		{ "\"canary\": 0", "\"canary\": -1" },
		{ "\"canary\": 0", "\"Canary\": 0" },
		{ "\"canary\": 0", "\"canary\": 9999999999" },
		{ "\"canary\": 0", "\"canary\": null" },
		{ "\"rings\": {", "\"rings\": null, \"x-rings\": {" },
		{ "\"max-rules\": 100000", "\"max-rules\": 0" },
		{ "\"max-rules\": 100000", "\"max-rules\": -1" },
		{ "\"max-address-share\": 64", "\"max-address-share\": 65537" },
		{ "\"max-address-share\": 64", "\"max-address-share\": 0" },
		{ "\"block\": [", "\"block\": [ 1," },
		{ "\"block\": [", "\"block\": [ \"a b\"," },
		{ "\"block\": [", "\"block\": [ \"\"," },
		{ "\"pass\": [", "\"pass\": \"x\", \"y\": [" },
		{ "\"pass\": [", "\"pass\": [ \"a\\nb\"," },
	};
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		if (parse_edited(row[i][0], row[i][1], &diag) != -EINVAL)
			fail_msg("accepted: %s", row[i][1]);
		assert_true(diag.count > 0);
		assert_string_equal(diag.entry[0].source, RELEASE_TARGET);
	}
}

static void more_than_fits(void **state)
{
	struct text many = TEXT_EMPTY;
	struct diag diag;

	(void)state;
	text_puts(&many, "\"block\": [");
	for (int i = 0; i < RELEASE_CANARIES; i++)
		text_printf(&many, "\"c%d.example\",", i);
	assert_int_equal(parse_edited("\"block\": [", many.data, &diag), -EINVAL);
	text_release(&many);
	many = TEXT_EMPTY;
	text_puts(&many, "\"rings\": {");
	for (int i = 0; i < RELEASE_RINGS; i++)
		text_printf(&many, "\"r%d\": 1,", i);
	assert_int_equal(parse_edited("\"rings\": {", many.data, &diag), -EINVAL);
	text_release(&many);
	many = TEXT_EMPTY;
	text_puts(&many, "\"lists\": [");
	for (int i = 0; i < RELEASE_LISTS; i++)
		text_printf(&many, "{\"name\": \"l%d\", \"sha256\": \"" DIGEST "\"},", i);
	assert_int_equal(parse_edited("\"lists\": [", many.data, &diag), -EINVAL);
	text_release(&many);
}

/* ---- bundles ---- */

/* Lists a and b in release 3, by the role rules. */
static void put_release(struct forge *forge, const char *role, const char *a, const char *b)
{
	static struct release release;
	struct text text = TEXT_EMPTY;

	release = (struct release){ .version = 3, .published = FORGE_NOW, .lists = 2 };
	snprintf(release.list[0].name, RELEASE_WORD, "a");
	snprintf(release.list[1].name, RELEASE_WORD, "b");
	assert_int_equal(digest_sha256(a, strlen(a), release.list[0].sha256), 0);
	assert_int_equal(digest_sha256(b, strlen(b), release.list[1].sha256), 0);
	assert_int_equal(release_print(&release, &text), 0);
	forge_target(forge, role, RELEASE_TARGET, text.data);
	text_release(&text);
}

static void prepare(struct forge *forge)
{
	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(forge, "rules", "rules/a.rules", "list a");
	forge_target(forge, "rules", "rules/b.rules", "list b");
	put_release(forge, "rules", "list a", "list b");
	json_object_set_new(forge_role(forge, "timestamp")->document, "x-cordon-signed-at",
			    json_string("2027-01-15T08:00:00Z"));
	json_object_set_new(forge_role(forge, "timestamp")->document, "x-cordon-hold",
			    json_integer(3));
	forge_expire(forge, "rules", FORGE_NOW + FORGE_DAY);
}

static int take(struct forge *forge, bool lists, struct bundle *bundle)
{
	struct client *client = NULL;
	struct store *store;
	int error;

	forge->options.keep_targets = true;
	diag_init(&forge->diag);
	text_release(&forge->requests);
	assert_int_equal(store_folder(&store, forge->fd, NULL), 0);
	error = client_new(&client, store, &forge->source, &forge->options, &forge->diag);
	if (!error)
		error = client_refresh(client, &forge->diag);
	if (!error)
		error = bundle_take(bundle, client, lists, &forge->diag);
	client_free(client);
	store_free(store);
	assert_true(error == 0 || forge->diag.count > 0);
	return error;
}

static void takes_a_bundle(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;

	prepare(forge);
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), 0);
	assert_string_equal(bundle.timestamp_signer, forge_p256(METADATA_TIMESTAMP)->id);
	assert_string_equal(bundle.timestamp_owner, "");
	assert_int_equal(bundle.onlines, 1);
	assert_string_equal(bundle.online[0], forge_p256(METADATA_TIMESTAMP)->id);
	assert_int_equal(bundle.release.version, 3);
	assert_string_equal(bundle.list[0], "list a");
	assert_string_equal(bundle.list[1], "list b");
	assert_int_equal(bundle.size[1], 6);
	assert_int_equal(bundle.signers, 1);
	assert_string_equal(bundle.signer[0], forge_p256(4)->id);
	assert_int_equal(bundle.expires, FORGE_NOW + FORGE_DAY);
	assert_int_equal(bundle.signed_at, FORGE_NOW);
	assert_int_equal(bundle.hold, 3);
	bundle_release(&bundle);
	/* Again, and nothing is fetched but the next root and the timestamp. */
	assert_int_equal(take(forge, true, &bundle), 0);
	assert_string_equal(forge->requests.data, "2.root.json\ntimestamp.json\n");
	bundle_release(&bundle);
}

static void takes_the_header_alone(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;

	prepare(forge);
	forge_publish_all(forge);
	assert_int_equal(take(forge, false, &bundle), 0);
	assert_int_equal(bundle.release.lists, 2);
	assert_null(bundle.list[0]);
	assert_null(strstr(forge->requests.data, ".rules\n"));
	bundle_release(&bundle);
}

static void all_or_nothing(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1], name[256];

	prepare(forge);
	forge_publish_all(forge);
	assert_int_equal(digest_sha256("list b", 6, digest), 0);
	hex_print(digest, sizeof(digest), hex);
	snprintf(name, sizeof(name), "targets/rules/%s.b.rules", hex);
	forge_put(forge, name, "list X", 6);
	assert_int_equal(take(forge, true, &bundle), -EINVAL);
	assert_null(bundle.list[0]);
	forge_drop(forge, name);
	assert_int_equal(take(forge, true, &bundle), -EBADMSG);
	assert_null(bundle.list[0]);
}

/* The list is signed, and release.json names another content of it. */
static void list_of_another_release(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;

	prepare(forge);
	forge_target(forge, "rules", "rules/b.rules", "newer b");
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), -EINVAL);
	assert_non_null(strstr(forge->diag.entry[0].message, "not the list of this release"));
}

static void list_that_nobody_signed(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;

	prepare(forge);
	json_object_del(json_object_get(forge_role(forge, "rules")->document, "targets"),
			"rules/b.rules");
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), -EINVAL);
}

/* rules speaks for release.json, targets itself for one of the lists. */
static void list_by_another_role(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;

	prepare(forge);
	forge_target(forge, "targets", "rules/b.rules", "list b");
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), -EACCES);
	assert_non_null(strstr(forge->diag.entry[0].message, "only \"rules\""));
}

static void no_release_at_all(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;

	assert_int_equal(take(forge, true, &bundle), -ENOENT);
}

static void release_that_is_too_large(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;
	char *big = malloc(RELEASE_TARGET_MAX + 2);

	memset(big, ' ', RELEASE_TARGET_MAX + 1);
	big[RELEASE_TARGET_MAX + 1] = '\0';
	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(forge, "rules", RELEASE_TARGET, big);
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), -EFBIG);
	free(big);
}

static void lists_of_old_releases_go(void **state)
{
	static struct bundle bundle;
	struct forge *forge = *state;
	char *before, *after;

	prepare(forge);
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), 0);
	bundle_release(&bundle);
	before = forge_state(forge);
	forge_target(forge, "rules", "rules/b.rules", "newer b");
	put_release(forge, "rules", "list a", "newer b");
	forge_publish_all(forge);
	assert_int_equal(take(forge, true, &bundle), 0);
	assert_string_equal(bundle.list[1], "newer b");
	assert_non_null(strstr(forge->requests.data, ".b.rules\n"));
	assert_null(strstr(forge->requests.data, ".a.rules\n"));
	bundle_release(&bundle);
	after = forge_state(forge);
	/* As many files as before: the old release.json and list b are gone. */
	assert_int_equal(strlen(before), strlen(after));
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_of_it),
		cmocka_unit_test(delay_of_a_ring),
		cmocka_unit_test(prints_what_it_reads),
		cmocka_unit_test(refuses_other_shapes),
		cmocka_unit_test(more_than_fits),
		FORGE_TEST(takes_a_bundle),
		FORGE_TEST(takes_the_header_alone),
		FORGE_TEST(all_or_nothing),
		FORGE_TEST(list_of_another_release),
		FORGE_TEST(list_that_nobody_signed),
		FORGE_TEST(list_by_another_role),
		FORGE_TEST(no_release_at_all),
		FORGE_TEST(release_that_is_too_large),
		FORGE_TEST(lists_of_old_releases_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
