/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The update role is taken over: it met the network, and now offers what it likes to the parent.
 * Nothing may be taken that people did not sign, and nothing else may be left behind.
 */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "rules/signed/offer.h"

static struct archive archive, edited;
static struct bundle bundle;
static struct diag diag;
static struct text kept;
static int64_t root_version;

/* ---- what is published ---- */

/* A release of two lists, by the role rules; the timestamp says when it was signed. */
static void put_release(struct forge *forge, int64_t version, const char *a, const char *b)
{
	static struct release release;
	struct text text = TEXT_EMPTY;

	release = (struct release){ .version = version, .published = FORGE_NOW, .lists = 2 };
	snprintf(release.list[0].name, RELEASE_WORD, "a");
	snprintf(release.list[1].name, RELEASE_WORD, "b");
	assert_int_equal(digest_sha256(a, strlen(a), release.list[0].sha256), 0);
	assert_int_equal(digest_sha256(b, strlen(b), release.list[1].sha256), 0);
	assert_int_equal(release_print(&release, &text), 0);
	forge_target(forge, "rules", "rules/a.rules", a);
	forge_target(forge, "rules", "rules/b.rules", b);
	forge_target(forge, "rules", RELEASE_TARGET, text.data);
	text_release(&text);
}

static void sign_time(struct forge *forge, int64_t when)
{
	char text[32];

	metadata_time_print(when, text);
	json_object_set_new(forge_role(forge, "timestamp")->document, "x-cordon-signed-at",
			    json_string(text));
}

static int prepare(void **state)
{
	struct forge *forge = forge_new();

	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	put_release(forge, 1, "list a of 1", "list b of 1");
	sign_time(forge, FORGE_NOW);
	forge_publish_all(forge);
	*state = forge;
	return 0;
}

static int finish(void **state)
{
	text_release(&kept);
	forge_free(*state);
	return 0;
}

static const struct forge_file *served(const struct forge *forge, const char *name)
{
	for (size_t i = 0; i < forge->files; i++) {
		if (strcmp(forge->file[i].name, name) == 0)
			return &forge->file[i];
	}
	return NULL;
}

/* ---- what is offered ---- */

static void add(const struct forge *forge, const char *from, const char *name)
{
	const struct forge_file *file = served(forge, from);

	assert_non_null(file);
	assert_int_equal(archive_add(&archive, name, file->data, file->size), 0);
}

/* What an honest role offers of what is served now. */
static struct text offer_of(const struct forge *forge)
{
	static const char *const names[] = { "root", "timestamp", "snapshot", "targets", "rules" };
	struct text text = TEXT_EMPTY;
	char from[64], name[32];

	archive.count = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(from, sizeof(from), "metadata/%s.json", names[i]);
		snprintf(name, sizeof(name), "%s.json", names[i]);
		add(forge, from, name);
	}
	for (int version = 1; version < 9; version++) {
		snprintf(from, sizeof(from), "metadata/%d.root.json", version);
		snprintf(name, sizeof(name), "%d.root.json", version);
		if (served(forge, from))
			add(forge, from, name);
	}
	add(forge, "targets/" RELEASE_TARGET, "release.json");
	add(forge, "targets/rules/a.rules", "a.rules");
	add(forge, "targets/rules/b.rules", "b.rules");
	archive_print(&archive, &text);
	assert_false(text_failed(&text));
	return text;
}

/* The same with one file changed, added, or, with data NULL, taken away. */
static void change(struct text *offer, const char *name, const char *data, size_t size)
{
	struct text text = TEXT_EMPTY;

	assert_int_equal(archive_parse(&archive, offer->data, offer->length), 0);
	edited.count = 0;
	for (size_t i = 0; i < archive.count; i++) {
		if (strcmp(archive.file[i].name, name) != 0)
			assert_int_equal(archive_add(&edited, archive.file[i].name,
						     archive.file[i].data, archive.file[i].size),
					 0);
	}
	if (data)
		assert_int_equal(archive_add(&edited, name, data, size), 0);
	archive_print(&edited, &text);
	text_release(offer);
	*offer = text;
}

/* As the compiling child does it: in_force NULL: nothing yet, the settings' root. */
static int judge_from(const struct forge_file *root, const struct text *offer,
		      const struct text *in_force, int64_t now)
{
	struct offer_trust trust = { .root = root->data, .root_size = root->size, .now = now };
	int error;

	if (in_force) {
		assert_int_equal(archive_parse(&edited, in_force->data, in_force->length), 0);
		trust.bundle = &edited;
	}
	text_release(&kept);
	diag_init(&diag);
	assert_int_equal(archive_parse(&archive, offer->data, offer->length), 0);
	error = offer_verify(&bundle, &archive, &trust, &root_version, &kept, &diag);
	assert_true(error == 0 || diag.count > 0);
	bundle_release(&bundle);
	return error;
}

static int judge_at(const struct forge *forge, const struct text *offer,
		    const struct text *in_force, int64_t now)
{
	return judge_from(served(forge, "metadata/1.root.json"), offer, in_force, now);
}

static int judge(const struct forge *forge, const struct text *offer, const struct text *in_force)
{
	return judge_at(forge, offer, in_force, FORGE_NOW);
}

/* The bundle in force after an offer was taken. */
static struct text take(const struct forge *forge)
{
	struct text offer = offer_of(forge), in_force;

	assert_int_equal(judge(forge, &offer, NULL), 0);
	text_release(&offer);
	in_force = kept;
	kept = TEXT_EMPTY;
	return in_force;
}

/* ---- attacks ---- */

static void attack_honest_offer_is_taken(void **state)
{
	struct forge *forge = *state;
	struct text in_force = take(forge), offer;

	put_release(forge, 2, "list a of 2", "list b of 2");
	forge_publish_all(forge);
	offer = offer_of(forge);
	assert_int_equal(judge(forge, &offer, &in_force), 0);
	assert_int_equal(root_version, 1);
	text_release(&offer);
	text_release(&in_force);
}

static void attack_older_bundle(void **state)
{
	struct forge *forge = *state;
	struct text old = offer_of(forge), in_force;

	put_release(forge, 2, "list a of 2", "list b of 2");
	forge_publish_all(forge);
	in_force = take(forge);
	assert_int_equal(judge(forge, &old, &in_force), -EEXIST);
	text_release(&old);
	text_release(&in_force);
}

/* Another repository, all in itself as it has to be. */
static void attack_another_root(void **state)
{
	static const char *const roles[] = { "root", "timestamp", "snapshot", "targets" };
	struct forge *forge = *state, *other = forge_new();
	struct text in_force = take(forge), offer;

	for (size_t i = 0; i < 4; i++) {
		const struct forge_key *key = forge_p256(20 + i);

		forge_grant(other, roles[i], &key, 1, 1);
	}
	forge_delegate(other, "targets", "rules", forge_p256(24), "rules/*");
	put_release(other, 9, "list a of 9", "list b of 9");
	forge_publish(other, "root");
	forge_publish_all(other);
	offer = offer_of(other);
	assert_int_equal(judge(forge, &offer, &in_force), -EACCES);
	assert_int_equal(judge(forge, &offer, NULL), -EACCES);
	change(&offer, "2.root.json", NULL, 0);
	assert_int_equal(judge(forge, &offer, &in_force), -EACCES);
	text_release(&offer);
	text_release(&in_force);
	forge_free(other);
}

static void attack_list_changed_or_missing(void **state)
{
	struct forge *forge = *state;
	struct text offer = offer_of(forge);

	change(&offer, "a.rules", "list a of 9", 11);
	assert_int_equal(judge(forge, &offer, NULL), -EINVAL);
	change(&offer, "a.rules", "list a of 1 and more", 20);
	assert_int_equal(judge(forge, &offer, NULL), -EFBIG);
	change(&offer, "a.rules", NULL, 0);
	assert_int_equal(judge(forge, &offer, NULL), -EBADMSG);
	text_release(&offer);
}

static void attack_release_of_one_and_lists_of_another(void **state)
{
	struct forge *forge = *state;
	struct text in_force = take(forge), offer;
	size_t size = served(forge, "targets/" RELEASE_TARGET)->size;
	char *header = strndup(served(forge, "targets/" RELEASE_TARGET)->data, size);

	put_release(forge, 2, "list a of 2", "list b of 1");
	forge_publish_all(forge);
	offer = offer_of(forge);
	change(&offer, "a.rules", "list a of 1", 11);
	assert_int_equal(judge(forge, &offer, &in_force), -EINVAL);
	text_release(&offer);
	offer = offer_of(forge);
	change(&offer, "release.json", header, size);
	assert_true(judge(forge, &offer, &in_force) < 0);
	text_release(&offer);
	/* The role rules itself signs what does not belong together. */
	forge_target(forge, "rules", "rules/a.rules", "list a of 3");
	forge_publish_all(forge);
	offer = offer_of(forge);
	assert_int_equal(judge(forge, &offer, &in_force), -EINVAL);
	text_release(&offer);
	text_release(&in_force);
	free(header);
}

static void attack_expired_at_the_parents_time(void **state)
{
	struct forge *forge = *state;
	struct text offer = offer_of(forge), in_force = take(forge);

	assert_int_equal(judge_at(forge, &offer, &in_force, FORGE_NOW + 31 * FORGE_DAY), -ESTALE);
	text_release(&offer);
	text_release(&in_force);
}

/*
 * What the trust has already is not looked at in an offer. Kept as it came, this one would be
 * unreadable at the next start, and the lists of the image would take its place.
 */
static void attack_junk_where_nobody_looks(void **state)
{
	static const char *const unseen[] = { "root.json", "snapshot.json", "targets.json",
					      "rules.json" };
	struct forge *forge = *state;
	struct text in_force = take(forge), offer = offer_of(forge);

	for (size_t i = 0; i < sizeof(unseen) / sizeof(*unseen); i++)
		change(&offer, unseen[i], "junk", 4);
	change(&offer, "99.root.json", "junk", 4);
	change(&offer, "never-asked-for", "junk", 4);
	assert_int_equal(judge(forge, &offer, &in_force), 0);
	assert_int_equal(kept.length, in_force.length);
	assert_memory_equal(kept.data, in_force.data, kept.length);
	assert_int_equal(archive_parse(&archive, kept.data, kept.length), 0);
	assert_int_equal(offer_reopen(&bundle, &archive, &root_version, &diag), 0);
	bundle_release(&bundle);
	text_release(&offer);
	text_release(&in_force);
}

/* A newer root is proven, and the archive names an older one, or the attacker's, as the newest. */
static void attack_root_other_than_the_proven(void **state)
{
	struct forge *forge = *state;
	struct text offer, in_force = take(forge);
	const struct forge_file *first, *second;

	forge_publish(forge, "root");
	offer = offer_of(forge);
	first = served(forge, "metadata/1.root.json");
	second = served(forge, "metadata/2.root.json");
	change(&offer, "root.json", first->data, first->size);
	assert_int_equal(judge(forge, &offer, &in_force), 0);
	assert_int_equal(root_version, 2);
	assert_int_equal(archive_parse(&archive, kept.data, kept.length), 0);
	assert_int_equal(archive_lookup(&archive, "root.json")->size, second->size);
	assert_memory_equal(archive_lookup(&archive, "root.json")->data, second->data,
			    second->size);
	text_release(&offer);
	text_release(&in_force);
}

/* With a stolen online key: the floor of time must not move to where nothing is valid any more. */
static void attack_signed_in_the_far_future(void **state)
{
	struct forge *forge = *state;
	struct text in_force = take(forge), offer;

	forge_expire(forge, "timestamp", FORGE_NOW + 9000 * (int64_t)FORGE_DAY);
	sign_time(forge, FORGE_NOW + 30 * FORGE_DAY);
	forge_publish(forge, "timestamp");
	offer = offer_of(forge);
	assert_int_equal(judge(forge, &offer, &in_force), -ESTALE);
	text_release(&offer);
	sign_time(forge, FORGE_NOW + 30 * FORGE_DAY - 1);
	forge_publish(forge, "timestamp");
	offer = offer_of(forge);
	assert_int_equal(judge(forge, &offer, &in_force), 0);
	text_release(&offer);
	text_release(&in_force);
}

static void attack_archives_of_odd_shapes(void **state)
{
	struct forge *forge = *state;
	struct text offer = offer_of(forge);
	size_t length;
	char name[32];

	assert_int_equal(archive_parse(&archive, offer.data, offer.length), 0);
	for (int i = 0; archive.count < ARCHIVE_FILES; i++) {
		snprintf(name, sizeof(name), "%d.root.json", 100 + i);
		assert_int_equal(archive_add(&archive, name, "x", 1), 0);
	}
	assert_int_equal(archive_add(&archive, "one-more", "x", 1), -ENOSPC);
	edited = archive;
	text_release(&kept);
	archive_print(&edited, &kept);
	text_release(&offer);
	offer = kept;
	kept = TEXT_EMPTY;
	assert_int_equal(judge(forge, &offer, NULL), 0);
	assert_true(kept.length < offer.length);
	length = offer.length;
	for (size_t cut = 1; cut < length; cut += 97)
		assert_int_equal(archive_parse(&archive, offer.data, length - cut), -EBADMSG);
	text_release(&offer);
}

static bool says(const char *words)
{
	return strstr(diag.entry[0].message, words) != NULL;
}

/* A gateway that has a release keeps rules.json, a new one does not: they give the same answer. */
static void refused_by_old_and_new(struct forge *forge, const struct text *in_force,
				   const char *words)
{
	struct text offer = offer_of(forge);

	assert_int_equal(judge(forge, &offer, in_force), -EACCES);
	assert_true(says(words));
	assert_int_equal(judge(forge, &offer, NULL), -EACCES);
	assert_true(says(words));
	text_release(&offer);
}

static void attack_targets_itself_lists_the_release(void **state)
{
	struct forge *forge = *state;
	struct text in_force = take(forge);

	put_release(forge, 2, "list a of 2", "list b of 2");
	json_object_set(forge_role(forge, "targets")->document, "targets",
			json_object_get(forge_role(forge, "rules")->document, "targets"));
	forge_publish_all(forge);
	refused_by_old_and_new(forge, &in_force, "listed by the role \"targets\"");
	text_release(&in_force);
}

static void attack_targets_itself_lists_one_list(void **state)
{
	struct forge *forge = *state;
	struct text in_force = take(forge);

	put_release(forge, 2, "list a of 2", "list b of 2");
	json_object_del(json_object_get(forge_role(forge, "rules")->document, "targets"),
			"rules/b.rules");
	forge_target(forge, "targets", "rules/b.rules", "list b of 2");
	forge_publish_all(forge);
	refused_by_old_and_new(forge, &in_force, "listed by the role \"targets\"");
	text_release(&in_force);
}

/* Another role that targets lets speak for rules, and that the search meets first. */
static void attack_another_role_comes_first(void **state)
{
	struct forge *forge = *state;
	struct text in_force = take(forge), offer;
	json_t *roles;

	forge_delegate(forge, "targets", "images", forge_p256(5), "*/*");
	roles = json_object_get(json_object_get(forge_role(forge, "targets")->document,
						"delegations"), "roles");
	json_array_insert(roles, 0, json_array_get(roles, 1));
	json_array_remove(roles, 2);
	put_release(forge, 2, "list a of 2", "list b of 2");
	json_object_set(forge_role(forge, "images")->document, "targets",
			json_object_get(forge_role(forge, "rules")->document, "targets"));
	forge_publish_all(forge);
	offer = offer_of(forge);
	change(&offer, "images.json", served(forge, "metadata/images.json")->data,
	       served(forge, "metadata/images.json")->size);
	assert_int_equal(judge(forge, &offer, &in_force), -EACCES);
	assert_true(says("listed by the role \"images\""));
	assert_int_equal(judge(forge, &offer, NULL), -EACCES);
	assert_true(says("listed by the role \"images\""));
	text_release(&offer);
	text_release(&in_force);
}

/* A role "rules" that another one delegates to is not the one that targets delegates to. */
static void attack_rules_below_another_role(void **state)
{
	struct forge *forge = *state;
	struct text offer;

	json_object_del(forge_role(forge, "targets")->document, "delegations");
	forge_delegate(forge, "targets", "between", forge_p256(6), "rules/*");
	forge_role(forge, "rules")->signers = 0;
	forge_delegate(forge, "between", "rules", forge_p256(7), "rules/*");
	put_release(forge, 2, "list a of 2", "list b of 2");
	forge_publish_all(forge);
	offer = offer_of(forge);
	change(&offer, "between.json", served(forge, "metadata/between.json")->data,
	       served(forge, "metadata/between.json")->size);
	assert_int_equal(judge(forge, &offer, NULL), -EACCES);
	assert_true(says("as delegated by targets"));
	text_release(&offer);
}

static void say_repository(struct forge *forge)
{
	const struct forge_file *first = served(forge, "metadata/1.root.json");
	struct metadata *root;
	char id[METADATA_KEYID];

	assert_int_equal(metadata_parse(&root, METADATA_ROOT, first->data, first->size, "1",
					NULL), 0);
	assert_int_equal(metadata_fingerprint(root, id), 0);
	metadata_free(root);
	json_object_set_new(forge_role(forge, "root")->document, "x-cordon-repository",
			    json_string(id));
}

/* The administrator gives the newest root by hand: what was seen here stays seen. */
static void attack_rollback_after_a_newer_trust_root(void **state)
{
	struct forge *forge = *state;
	struct text old, in_force, offer;

	say_repository(forge);
	forge_publish(forge, "root");
	old = offer_of(forge);
	put_release(forge, 2, "list a of 2", "list b of 2");
	forge_publish_all(forge);
	in_force = take(forge);
	forge_publish(forge, "root");
	forge_publish(forge, "root");
	offer = offer_of(forge);
	change(&offer, "3.root.json", NULL, 0);
	assert_int_equal(judge_from(served(forge, "metadata/4.root.json"), &old, &in_force,
				    FORGE_NOW), -EEXIST);
	assert_int_equal(judge_from(served(forge, "metadata/4.root.json"), &offer, &in_force,
				    FORGE_NOW), 0);
	assert_int_equal(root_version, 4);
	text_release(&old);
	text_release(&offer);
	text_release(&in_force);
}

/* The root that is given withdraws the timestamp's key, which had pushed the versions ahead. */
static void attack_versions_pushed_ahead_before_a_newer_trust_root(void **state)
{
	struct forge *forge = *state;
	const struct forge_key *fresh = forge_p256(8);
	struct text in_force, offer;

	say_repository(forge);
	forge_publish(forge, "root");
	forge_set_version(forge, "timestamp", 1000);
	forge_publish(forge, "timestamp");
	in_force = take(forge);
	forge_publish(forge, "root");
	forge_grant(forge, "timestamp", &fresh, 1, 1);
	forge_publish(forge, "root");
	forge_set_version(forge, "timestamp", 7);
	forge_publish(forge, "timestamp");
	offer = offer_of(forge);
	change(&offer, "3.root.json", NULL, 0);
	assert_int_equal(judge_from(served(forge, "metadata/4.root.json"), &offer, &in_force,
				    FORGE_NOW), 0);
	text_release(&offer);
	text_release(&in_force);
}

/* The root of another repository takes the place of all, when the administrator gives it. */
static void attack_another_repository_begins_anew(void **state)
{
	static const char *const roles[] = { "root", "timestamp", "snapshot", "targets" };
	struct forge *forge = *state, *other = forge_new();
	struct text in_force, offer;

	put_release(forge, 2, "list a of 2", "list b of 2");
	forge_publish_all(forge);
	in_force = take(forge);
	for (size_t i = 0; i < 4; i++) {
		const struct forge_key *key = forge_p256(20 + i);

		forge_grant(other, roles[i], &key, 1, 1);
	}
	forge_delegate(other, "targets", "rules", forge_p256(24), "rules/*");
	put_release(other, 1, "list a of 1", "list b of 1");
	forge_set_version(other, "root", 1);
	forge_role(other, "root")->published = false;
	forge_publish(other, "root");
	forge_publish_all(other);
	offer = offer_of(other);
	assert_int_equal(judge(forge, &offer, &in_force), -EACCES);
	assert_int_equal(judge(other, &offer, &in_force), 0);
	text_release(&offer);
	text_release(&in_force);
	forge_free(other);
}

/* Two people signed it, under a role of another name. */
static void attack_release_by_another_role(void **state)
{
	struct forge *forge = *state;
	struct text offer;

	json_object_del(forge_role(forge, "targets")->document, "delegations");
	forge_delegate(forge, "targets", "others", forge_p256(4), "rules/*");
	json_object_set(forge_role(forge, "others")->document, "targets",
			json_object_get(forge_role(forge, "rules")->document, "targets"));
	forge_publish_all(forge);
	offer = offer_of(forge);
	change(&offer, "others.json", served(forge, "metadata/others.json")->data,
	       served(forge, "metadata/others.json")->size);
	assert_int_equal(judge(forge, &offer, NULL), -EACCES);
	assert_true(says("listed by the role \"others\""));
	text_release(&offer);
}

#define OFFER_TEST(function) cmocka_unit_test_setup_teardown(function, prepare, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFER_TEST(attack_honest_offer_is_taken),
		OFFER_TEST(attack_older_bundle),
		OFFER_TEST(attack_another_root),
		OFFER_TEST(attack_list_changed_or_missing),
		OFFER_TEST(attack_release_of_one_and_lists_of_another),
		OFFER_TEST(attack_expired_at_the_parents_time),
		OFFER_TEST(attack_junk_where_nobody_looks),
		OFFER_TEST(attack_root_other_than_the_proven),
		OFFER_TEST(attack_signed_in_the_far_future),
		OFFER_TEST(attack_archives_of_odd_shapes),
		OFFER_TEST(attack_targets_itself_lists_the_release),
		OFFER_TEST(attack_targets_itself_lists_one_list),
		OFFER_TEST(attack_another_role_comes_first),
		OFFER_TEST(attack_rules_below_another_role),
		OFFER_TEST(attack_release_by_another_role),
		OFFER_TEST(attack_rollback_after_a_newer_trust_root),
		OFFER_TEST(attack_versions_pushed_ahead_before_a_newer_trust_root),
		OFFER_TEST(attack_another_repository_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
