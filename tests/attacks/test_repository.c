/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of one repository in another one, whose people and machines are the same: all signatures
 * hold, and only the files themselves say where they belong.
 */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <string.h>

/* Of the root that is served as version 1. */
static void first_root_id(const struct forge *forge, char id[METADATA_KEYID])
{
	const struct forge_file *file = forge_find(forge, "metadata/1.root.json");
	struct metadata *root;

	assert_int_equal(metadata_parse(&root, METADATA_ROOT, file->data, file->size, "root",
					NULL), 0);
	assert_int_equal(metadata_fingerprint(root, id), 0);
	metadata_free(root);
}

/* role says that it was made for the repository of this id. */
static void made_for(struct forge *forge, const char *role, const char *id)
{
	json_object_set_new(forge_role(forge, role)->document, "x-cordon-repository",
			    json_string(id));
}

static void other_id(const struct forge *forge, char id[METADATA_KEYID])
{
	first_root_id(forge, id);
	id[0] = id[0] == '0' ? '1' : '0';
}

static void attack_31_file_of_another_repository(void **state)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets", "rules" };
	char ours[METADATA_KEYID], other[METADATA_KEYID];

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		struct forge *forge = forge_new();
		struct forge_role *role;

		first_root_id(forge, ours);
		other_id(forge, other);
		forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
		forge_target(forge, "rules", "rules/a", "a");
		made_for(forge, roles[i], other);
		forge_publish_all(forge);
		assert_int_equal(forge_download(forge, "rules/a", NULL), -EACCES);
		assert_non_null(strstr(forge->diag.entry[0].message,
				       "another repository"));
		made_for(forge, roles[i], ours);
		forge_publish_all(forge);
		forge_accepts(forge);
		role = forge_role(forge, roles[i]);
		json_object_del(role->document, "x-cordon-repository");
		forge_publish_all(forge);
		forge_accepts(forge);
		forge_free(forge);
	}
}

static void attack_31_root_moves_to_another_repository(void **state)
{
	struct forge *forge = *state;
	char ours[METADATA_KEYID], other[METADATA_KEYID];

	first_root_id(forge, ours);
	other_id(forge, other);
	made_for(forge, "root", ours);
	forge_publish(forge, "root");
	forge_accepts(forge);
	made_for(forge, "root", other);
	forge_publish(forge, "root");
	forge_refuses(forge, -EACCES);
	assert_int_equal(forge_kept(forge, "root.json"), 2);
}

/* An appliance that began with version 1 has long forgotten it: what version 2 says is enough. */
static void attack_31_later_root_says_which_it_is(void **state)
{
	struct forge *forge = *state;
	char ours[METADATA_KEYID], other[METADATA_KEYID];

	first_root_id(forge, ours);
	other_id(forge, other);
	made_for(forge, "root", ours);
	forge_publish(forge, "root");
	forge_accepts(forge);
	forge_drop(forge, "metadata/1.root.json");
	made_for(forge, "timestamp", other);
	forge_publish(forge, "timestamp");
	forge_refuses(forge, -EACCES);
	made_for(forge, "timestamp", ours);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
}

/* A repository that is older than this member goes on as it was. */
static void attack_31_root_that_does_not_say(void **state)
{
	struct forge *forge = *state;
	char other[METADATA_KEYID];

	other_id(forge, other);
	forge_publish(forge, "root");
	forge_accepts(forge);
	made_for(forge, "timestamp", other);
	forge_publish(forge, "timestamp");
	forge_accepts(forge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_31_file_of_another_repository),
		FORGE_TEST(attack_31_root_moves_to_another_repository),
		FORGE_TEST(attack_31_later_root_says_which_it_is),
		FORGE_TEST(attack_31_root_that_does_not_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
