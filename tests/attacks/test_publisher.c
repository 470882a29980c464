/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The publisher's side: a folder in other hands, edited at every member of every file. The edits
 * are generated. Each is refused, or it shows in what is shown before a signature; and no online
 * key signs anything of it.
 */
#include "rules/publisher/publish.h"

#include <dirent.h>
#include <errno.h>

#include "appliance/base/crypto/digest.h"
#include "rules/publisher/show.h"
#include "tests/unit/rules/publisher/world.h"

enum { PATH_LENGTH = 512 };

/* ---- what a signer meets ---- */

struct view {
	struct text text;
	int error;
};

static int show_staged(void *context, const char *role)
{
	struct view *view = context;
	struct show show = { .repository = &world.repository, .now = world.now, .out = &view->text,
			     .diag = &world.diag };
	struct metadata *metadata;
	struct signing signing;
	int error = repository_staged(&world.repository, role, &metadata, &world.diag);

	if (error)
		return error == -ENOENT ? 0 : error;
	error = signing_judge(&signing, &world.repository, role, metadata, &world.diag);
	if (!error)
		signing_print(&signing, &view->text);
	if (!error)
		error = show_head(&show, role, metadata);
	if (!error && strcmp(role, "rules") == 0)
		error = show_rules(&show, metadata);
	else if (!error)
		error = show_keys(&show, role, metadata);
	if (!error && strcmp(role, "rules") != 0)
		error = show_files(&show, role, metadata);
	metadata_free(metadata);
	return error;
}

/* The digest of the whole is for comparing by telephone; here every difference has to show itself.
 */
static void drop_digests(struct view *view)
{
	char *line = view->text.data;

	while (line && (line = strstr(line, "\ndigest ")))
		memset(line + 1, ' ', strcspn(line + 1, "\n"));
}

/* In a repository that is open. */
static void look_at_staged(struct view *view)
{
	view->text = TEXT_EMPTY;
	diag_init(&world.diag);
	view->error = repository_each(&world.repository, show_staged, view, &world.diag);
	drop_digests(view);
}

static void look(struct view *view)
{
	view->text = TEXT_EMPTY;
	view->error = world_try();
	if (!view->error)
		look_at_staged(view);
	world_close();
}

static char *read_file(const char *path, size_t *size)
{
	char *data;

	assert_int_equal(file_read(AT_FDCWD, path, REPOSITORY_FILE_MAX, &data, size), 0);
	return data;
}

static void write_file(const char *path, const void *data, size_t size)
{
	assert_int_equal(file_replace(AT_FDCWD, path, data, size, 0644), 0);
}

/* ---- edits ---- */

/* What the folder was like before, and which file is edited. */
struct attack {
	const char *path;
	const char *name;	/* in the folder */
	char *before;		/* of the file */
	size_t size;
	const struct view *honest;
	json_t *document;
	bool open;		/* the repository: what is published stays as it was */
	unsigned int every;	/* edit is tried */
	unsigned int edits, refused, shown;
};

/* Signatures are not signed: one too many in a file whose digest nobody names changes nothing. */
static bool may_pass(const struct attack *attack, const char *where)
{
	return strncmp(where, "/signatures", 11) == 0 || strcmp(where, "/+") == 0 ||
	       strstr(attack->name, "staging/") == NULL;
}

/* A timestamp signed over what an edit left would be a forgery with an honest key. */
static bool online_key_signs(void)
{
	struct publish_options options = { .secret = { world.who[ONE].secret }, .secrets = 1,
					   .now = world.now };
	bool signs;

	audit_release(&world_audit);
	if (world_try()) {
		world_close();
		return false;
	}
	signs = publish_timestamp(&world_audit, &world.repository, &options, &world.diag) == 0;
	world_close();
	return signs;
}

static void try(struct attack *attack, const char *where, const char *what)
{
	char *text;
	struct view view;

	if (attack->edits++ % attack->every)
		return;
	text = json_dumps(attack->document, JSON_INDENT(1) | JSON_SORT_KEYS);
	assert_non_null(text);
	write_file(attack->path, text, strlen(text));
	free(text);
	if (attack->open)
		look_at_staged(&view);
	else
		look(&view);
	attack->refused += view.error != 0;
	if (!view.error && (!view.text.data || !attack->honest->text.data ||
			    strcmp(view.text.data, attack->honest->text.data) != 0))
		attack->shown++;
	else if (!view.error && !may_pass(attack, where))
		fail_msg("%s: %s %s is neither refused nor shown", attack->name, where, what);
	if (!view.error && strstr(attack->name, "metadata/") && !strstr(where, "/signatures") &&
	    strcmp(where, "/+") != 0)
		fail_msg("%s: %s %s: published metadata was edited, and believed", attack->name,
			 where, what);
	text_release(&view.text);
	write_file(attack->path, attack->before, attack->size);
}

/* Puts other values in place of one, each in turn. get and set know where it stands. */
static void edit_value(struct attack *attack, const char *where, json_t *parent, const char *name,
		       size_t index)
{
	json_t *value = json_incref(name ? json_object_get(parent, name) :
				    json_array_get(parent, index));
	json_t *other[4] = { NULL };
	size_t count = 0;

	if (json_is_string(value)) {
		other[count++] = json_sprintf("%sx", json_string_value(value));
		other[count++] = json_string("2099-01-01T00:00:00Z");
		other[count++] = json_string("a");
	}
	if (json_is_integer(value)) {
		other[count++] = json_integer(json_integer_value(value) + 1);
		other[count++] = json_integer(json_integer_value(value) - 1);
		other[count++] = json_integer((INT64_C(1) << 53) - 1);
	}
	if (json_is_boolean(value))
		other[count++] = json_boolean(!json_is_true(value));
	other[count++] = json_null();
	for (size_t i = 0; i < count; i++) {
		char *text = json_dumps(other[i], JSON_ENCODE_ANY);

		if (name)
			json_object_set(parent, name, other[i]);
		else
			json_array_set(parent, index, other[i]);
		if (!json_equal(other[i], value))
			try(attack, where, text);
		free(text);
		json_decref(other[i]);
	}
	if (name)
		json_object_set(parent, name, value);
	else
		json_array_set(parent, index, value);
	json_decref(value);
}

static void edit(struct attack *attack, const char *where, json_t *node);

static void edit_object(struct attack *attack, const char *where, json_t *object)
{
	json_t *names = json_array(), *entry;
	char below[PATH_LENGTH];
	const char *name;
	size_t index;

	json_object_foreach(object, name, entry)
		json_array_append_new(names, json_string(name));
	snprintf(below, sizeof(below), "%s/+", where);
	json_object_set_new(object, "x-unknown", json_integer(1));
	try(attack, below, "an unknown member");
	json_object_del(object, "x-unknown");
	json_array_foreach(names, index, entry) {
		json_t *value;

		name = json_string_value(entry);
		snprintf(below, sizeof(below), "%s/%s", where, name);
		value = json_incref(json_object_get(object, name));
		json_object_del(object, name);
		try(attack, below, "removed");
		json_object_set_new(object, "renamed", json_incref(value));
		try(attack, below, "renamed");
		json_object_del(object, "renamed");
		json_object_set_new(object, name, value);
		edit_value(attack, below, object, name, 0);
		edit(attack, below, json_object_get(object, name));
	}
	json_decref(names);
}

/* Their order says nothing. */
static bool is_a_set(const char *where)
{
	return strstr(where, "/keyids") || strstr(where, "/paths") || strstr(where, "/signatures");
}

static void edit_array(struct attack *attack, const char *where, json_t *array)
{
	const size_t count = json_array_size(array);
	char below[PATH_LENGTH];

	for (size_t i = 0; i < count; i++) {
		json_t *value = json_incref(json_array_get(array, i));

		snprintf(below, sizeof(below), "%s/%zu", where, i);
		json_array_remove(array, i);
		try(attack, below, "removed");
		json_array_insert(array, i, value);
		json_array_append(array, value);
		try(attack, below, "twice");
		json_array_remove(array, count);
		if (i + 1 < count) {
			json_array_remove(array, i);
			json_array_insert(array, i + 1, value);
			if (!is_a_set(where))
				try(attack, below, "after the next");
			json_array_remove(array, i + 1);
			json_array_insert(array, i, value);
		}
		json_decref(value);
		edit_value(attack, below, array, NULL, i);
		edit(attack, below, json_array_get(array, i));
	}
}

static void edit(struct attack *attack, const char *where, json_t *node)
{
	if (json_is_object(node))
		edit_object(attack, where, node);
	else if (json_is_array(node))
		edit_array(attack, where, node);
}

static struct view honest;
static unsigned int edits, every;

static void edit_json(const char *name)
{
	struct attack attack = { .name = name, .honest = &honest, .every = every };
	char path[PATH_LENGTH];

	snprintf(path, sizeof(path), "%s/%s", world.path, name);
	attack.path = path;
	attack.before = read_file(path, &attack.size);
	attack.document = json_loadb(attack.before, attack.size, 0, NULL);
	assert_non_null(attack.document);
	attack.open = strncmp(name, "staging/", 8) == 0;
	if (attack.open)
		world_open();
	edit(&attack, "", attack.document);
	if (attack.open)
		world_close();
	print_message("%s: %u edits, %u refused, %u shown\n", name, attack.edits, attack.refused,
		      attack.shown);
	assert_true(attack.refused > 0);
	edits += attack.edits;
	json_decref(attack.document);
	free(attack.before);
}

/* A byte of it, a byte more, a byte less, nothing at all, a link, a folder. */
static void edit_bytes(const char *name)
{
	char path[PATH_LENGTH], command[2 * PATH_LENGTH];
	struct view view;
	char *before;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", world.path, name);
	before = read_file(path, &size);
	for (int way = 0; way < 5; way++) {
		before[size / 2] ^= way == 0 ? 1 : 0;
		write_file(path, before, way == 1 ? size + 1 : way == 2 ? size - 1 : size);
		before[size / 2] ^= way == 0 ? 1 : 0;
		snprintf(command, sizeof(command), way == 3 ? "rm %s" : way == 4 ?
			 "mv %s %s.real && ln -s %s.real %s" : "true", path, path, path, path);
		assert_int_equal(system(command), 0);
		look(&view);
		if (!view.error)
			fail_msg("%s: way %d is believed", name, way);
		text_release(&view.text);
		snprintf(command, sizeof(command), "rm -rf %s %s.real", path, path);
		assert_int_equal(system(command), 0);
		write_file(path, before, size);
	}
	free(before);
}

static void each_file(const char *folder, void (*visit)(const char *name))
{
	char path[PATH_LENGTH], name[PATH_LENGTH];
	const struct dirent *entry;
	DIR *open_folder;

	snprintf(path, sizeof(path), "%s/%s", world.path, folder);
	open_folder = opendir(path);
	assert_non_null(open_folder);
	while ((entry = readdir(open_folder))) {
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_REG)
			visit(name);
	}
	closedir(open_folder);
}

/* ---- a publisher that has worked for a while ---- */

static struct seen alice;

static void learn(void)
{
	world_open();
	assert_int_equal(repository_learn(&world.repository, &alice, &world.diag), 0);
	world_close();
}

static int begin(void **state)
{
	const struct rotation rotation = { .role = "targets", .threshold = 1 };
	struct text notes = TEXT_EMPTY;

	if (world_setup(state))
		return -1;
	world_begin();
	assert_int_equal(seen_parse(&alice, NULL, 0, "alice.seen", &world.diag), 0);
	learn();
	world.seen = &alice;
	/* Something of everything is staged. */
	assert_int_equal(world_add("b.example\nc.example"), 0);
	world_open();
	assert_int_equal(rotation_stage(&world.repository, &rotation, world.now, &notes,
					&world.diag), 0);
	assert_int_equal(rotation_renew(&world.repository, "targets", world.now, 0, &world.diag),
			 0);
	assert_int_equal(rotation_renew(&world.repository, "images", world.now, 0, &world.diag), 0);
	world_close();
	text_release(&notes);
	return 0;
}

static int end(void **state)
{
	seen_release(&alice);
	world.seen = NULL;
	return world_teardown(state);
}

/* One in so many of the published files, of which every edit meets the same signatures; of what is
 * staged one in others. */
static void edit_everything(unsigned int published, unsigned int staged)
{
	edits = 0;
	every = published;
	look(&honest);
	assert_int_equal(honest.error, 0);
	assert_non_null(strstr(honest.text.data, "b.example"));
	each_file("metadata", edit_json);
	every = staged;
	each_file("staging", edit_json);
	each_file("targets/rules", edit_bytes);
	each_file("staging/targets/rules", edit_bytes);
	text_release(&honest.text);
	assert_true(edits > 500);
}

static void edited_member_is_refused_or_shown(void **state)
{
	(void)state;
	edit_everything(5, 1);
}

/* What has expired is reported, and ends no check. */
static void edited_member_after_everything_expired(void **state)
{
	(void)state;
	world.now += 400 * DAY;
	edit_everything(11, 9);
}

static void online_key_signs_no_edited_snapshot(void **state)
{
	char path[PATH_LENGTH], command[2 * PATH_LENGTH];
	char *before;
	size_t size;

	(void)state;
	snprintf(path, sizeof(path), "%s/metadata/1.snapshot.json", world.path);
	before = read_file(path, &size);
	for (int expired = 0; expired < 2; expired++) {
		snprintf(command, sizeof(command), "sed -i 's/\"version\": 1/\"version\": "
			 "9007199254740990/' %s", path);
		assert_int_equal(system(command), 0);
		assert_false(online_key_signs());
		write_file(path, before, size);
		world.now += 400 * DAY;
	}
	free(before);
}

/* ---- older, or another ---- */

static void copy_folder(const char *from, const char *to)
{
	char command[2 * PATH_LENGTH];

	snprintf(command, sizeof(command), "rm -rf %s%s && cp -a %s%s %s%s", world.path, to,
		 world.path, from, world.path, to);
	assert_int_equal(system(command), 0);
}

static void folder_that_went_back_is_refused(void **state)
{
	(void)state;
	copy_folder("", ".old");
	world.now += DAY;
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_SET), 0);
	learn();
	copy_folder("", ".new");
	copy_folder(".old", "");
	assert_int_equal(world_try(), -EEXIST);
	assert_true(world_says("this key has seen version 2"));
	world_close();
	assert_false(online_key_signs());
	copy_folder(".new", "");
	/* Nothing published at all is older still. */
	copy_folder("", ".some");
	assert_int_equal(system("true"), 0);
	world_open();
	assert_int_equal(unlinkat(world.repository.metadata, "timestamp.json", 0), 0);
	world_close();
	assert_int_not_equal(world_try(), 0);
	world_close();
}

/* One command has read the folder, another publishes with the same key: what is newer stays. */
static void a_slow_look_takes_no_floor_back(void **state)
{
	struct repository slow;
	const struct repository_how how = { .now = world.now };
	int64_t version;

	(void)state;
	assert_int_equal(repository_open(&slow, world.path, &how, &world.diag), 0);
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_KEEP), 0);
	learn();
	version = seen_version(&alice, slow.id, "timestamp", NULL);
	assert_int_equal(repository_learn(&slow, &alice, &world.diag), 0);
	assert_int_equal(seen_version(&alice, slow.id, "timestamp", NULL), version);
	repository_close(&slow);
}

/* The same version with other content: another person used the online key. */
static void another_content_of_the_same_version_is_refused(void **state)
{
	(void)state;
	copy_folder("", ".fork");
	assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_KEEP), 0);
	learn();
	copy_folder(".fork", "");
	world.now += HOUR;
	world.seen = NULL;
	assert_int_equal(world_online(publish_timestamp, TWO, PUBLISH_HOLD_KEEP), 0);
	world.seen = &alice;
	assert_int_equal(world_try(), -EEXIST);
	assert_true(world_says("is not the one that this key has seen"));
	world_close();
}

/* Versions that a thief pushed ahead are forgiven once the key is withdrawn, and only then. */
static void versions_of_a_withdrawn_key_do_not_count(void **state)
{
	const char *const remove[] = { "one" };
	const struct rotation rotation = { .role = "timestamp",
					   .add = &world.who[THREE].key,
					   .adds = 1,
					   .remove = remove,
					   .removes = 1 };
	struct text notes = TEXT_EMPTY;

	(void)state;
	copy_folder("", ".before");
	for (int i = 0; i < 5; i++)
		assert_int_equal(world_online(publish_timestamp, ONE, PUBLISH_HOLD_KEEP), 0);
	learn();
	copy_folder(".before", "");
	assert_int_equal(world_try(), -EEXIST);
	world_close();
	world.seen = NULL;
	world_open();
	repository_unstage(&world.repository, NULL);
	assert_int_equal(rotation_stage(&world.repository, &rotation, world.now, &notes,
					&world.diag), 0);
	world_close();
	text_release(&notes);
	world_sign(ALICE);
	world_sign(BOB);
	world_sign(CAROL);
	assert_int_equal(world_publish(THREE), -EACCES);
	world_sign(DAVE);
	assert_int_equal(world_online(publish_staged, TWO, PUBLISH_HOLD_KEEP), 0);
	world.seen = &alice;
	world_open();
	world_close();
}

/* ---- what was shown ---- */

/* Between the question and the signature an attacker exchanges the file. */
static void exchanged_after_it_was_shown_is_not_signed(void **state)
{
	struct metadata *shown, *after;
	struct signing signing;

	(void)state;
	world_open();
	assert_int_equal(repository_staged(&world.repository, "rules", &shown, &world.diag), 0);
	assert_int_equal(signing_judge(&signing, &world.repository, "rules", shown, &world.diag),
			 0);
	world_close();
	assert_int_equal(world_add("d.example"), 0);
	world_open();
	assert_int_equal(signing_sign(&signing, shown, world.who[ALICE].secret, &world.diag), 0);
	assert_int_equal(signing_unchanged(&world.repository, "rules", shown, &world.diag), -EBUSY);
	assert_int_equal(signing_merge(&world.repository, "rules", shown, &world.diag), -EBUSY);
	assert_true(world_says("nothing was signed"));
	assert_int_equal(repository_staged(&world.repository, "rules", &after, &world.diag), 0);
	assert_int_equal(json_array_size(json_object_get(after->document, "signatures")), 0);
	metadata_free(after);
	world_close();
	metadata_free(shown);
}

/* Both looked at the same file, and each writes what they have: nobody's signature is lost. */
static void two_people_at_once_lose_no_signature(void **state)
{
	struct metadata *one, *two, *after;
	struct signing signing;

	(void)state;
	world_open();
	assert_int_equal(repository_staged(&world.repository, "rules", &one, &world.diag), 0);
	assert_int_equal(repository_staged(&world.repository, "rules", &two, &world.diag), 0);
	assert_int_equal(signing_judge(&signing, &world.repository, "rules", one, &world.diag), 0);
	assert_int_equal(signing_sign(&signing, one, world.who[ALICE].secret, &world.diag), 0);
	assert_int_equal(signing_sign(&signing, two, world.who[BOB].secret, &world.diag), 0);
	assert_int_equal(signing_merge(&world.repository, "rules", one, &world.diag), 0);
	assert_int_equal(signing_merge(&world.repository, "rules", two, &world.diag), 0);
	assert_int_equal(repository_staged(&world.repository, "rules", &after, &world.diag), 0);
	assert_int_equal(signing_judge(&signing, &world.repository, "rules", after, &world.diag),
			 0);
	assert_true(signing_complete(&signing));
	metadata_free(after);
	metadata_free(one);
	metadata_free(two);
	world_close();
}

static void somebody_else_works_in_the_folder(void **state)
{
	struct repository other;
	const struct repository_how how = { .alone = true, .now = world.now };
	struct diag diag;

	(void)state;
	diag_init(&diag);
	world_open();
	assert_int_equal(repository_open(&other, world.path, &how, &diag), -EWOULDBLOCK);
	repository_close(&other);
	world_close();
	assert_int_equal(repository_open(&other, world.path, &how, &diag), 0);
	repository_close(&other);
}

/* ---- names and numbers ---- */

/* What is staged for a role, for another edit. */
static json_t *copy_staged(const char *role)
{
	struct metadata *metadata;
	json_t *document;

	world_open();
	assert_int_equal(repository_staged(&world.repository, role, &metadata, &world.diag), 0);
	document = json_deep_copy(metadata->document);
	metadata_free(metadata);
	world_close();
	return document;
}

static void stage_document(const char *role, json_t *document)
{
	world_open();
	assert_int_equal(repository_stage(&world.repository, role, document, &world.diag), 0);
	world_close();
	json_decref(document);
}

/* One person, written down twice: nothing of it would be shown, and a client that counts ids counts
 * two. */
static void key_under_two_ids_is_refused(void **state)
{
	struct view view;
	json_t *document, *keys, *key, *ids, *brief;
	char id[METADATA_KEYID];

	(void)state;
	document = copy_staged("root");
	keys = json_object_get(document_signed(document), "keys");
	ids = json_object_get(json_object_get(json_object_get(document_signed(document), "roles"),
					      "root"), "keyids");
	key = json_object_get(keys, json_string_value(json_array_get(ids, 0)));
	brief = json_deep_copy(key);
	json_object_del(brief, "x-cordon-name");
	assert_int_equal(metadata_keyid(brief, id), 0);
	json_decref(brief);
	json_object_set(keys, id, key);
	json_array_append_new(ids, json_string(id));
	stage_document("root", document);
	look(&view);
	assert_int_equal(view.error, -EINVAL);
	assert_true(world_says("the same key"));
	text_release(&view.text);
}

/* It delegates nothing, and is a member that nobody saw all the same. */
static void empty_delegations_are_refused(void **state)
{
	struct view view;
	json_t *document;

	(void)state;
	document = copy_staged("rules");
	json_object_set_new(document_signed(document), "delegations",
			    json_pack("{s:{}, s:[]}", "keys", "roles"));
	stage_document("rules", document);
	look(&view);
	assert_int_equal(view.error, -EINVAL);
	assert_true(world_says("expected none"));
	text_release(&view.text);
}

/* "targets" may not speak for the rules, with any signature. */
static void role_targets_lists_a_release(void **state)
{
	struct view view;
	json_t *document;

	(void)state;
	document = copy_staged("targets");
	json_object_set_new(json_object_get(document_signed(document), "targets"), RELEASE_TARGET,
			    document_describe("{}", 2));
	stage_document("targets", document);
	look(&view);
	assert_int_equal(view.error, -EINVAL);
	assert_true(world_says("may not speak for it"));
	text_release(&view.text);
}

static void release_number(int64_t number, int expected)
{
	struct bundle *bundle = calloc(1, sizeof(*bundle));
	struct text text = TEXT_EMPTY;

	world_open();
	assert_int_equal(edition_staged(bundle, &world.repository, &world.diag), 0);
	bundle->release.version = number;
	assert_int_equal(release_print(&bundle->release, &text), 0);
	assert_int_equal(digest_sha256(text.data, text.length, bundle->digest), 0);
	assert_int_equal(edition_check_next(bundle, &world.repository, &world.diag), expected);
	bundle_release(bundle);
	text_release(&text);
	free(bundle);
	world_close();
}

/* A role that nobody can ever sign, and times that no person means. */
static void absurd_thresholds_and_times_stand_out(void **state)
{
	struct view view;
	json_t *document;

	(void)state;
	document = copy_staged("targets");
	assert_int_equal(document_set_time(document_signed(document), "expires",
					   world.now + 3650 * (int64_t)DAY), 0);
	stage_document("targets", json_incref(document));
	look(&view);
	assert_int_equal(view.error, 0);
	assert_non_null(strstr(view.text.data, "UNUSUALLY LONG"));
	text_release(&view.text);
	json_object_set_new(json_array_get(json_object_get(json_object_get(document_signed(
										   document),
									   "delegations"),
							   "roles"),
					   0),
			    "threshold", json_integer(1000));
	stage_document("targets", document);
	look(&view);
	assert_int_equal(view.error, -EINVAL);
	assert_true(world_says("it exceeds the number of the role's keys"));
	text_release(&view.text);
}

static void release_numbers_follow_one_another(void **state)
{
	(void)state;
	release_number(2, 0);
	release_number(1, -EINVAL);
	release_number(3, -EINVAL);
	release_number((INT64_C(1) << 53) - 1, -EINVAL);
	assert_true(world_says("expected release 2"));
}

/* Links in the folder lead nowhere: nothing outside is read, written or removed. */
static void links_in_the_folder_are_not_followed(void **state)
{
	char command[4 * PATH_LENGTH];

	(void)state;
	snprintf(command, sizeof(command),
		 "mkdir -p %s.outside/rules && cp -a %s/staging/targets/rules/* "
		 "%s.outside/rules/ && touch %s.outside/rules/mine && rm -r %s/staging/targets && "
		 "ln -s %s.outside %s/staging/targets",
		 world.path, world.path, world.path, world.path, world.path, world.path,
		 world.path);
	assert_int_equal(system(command), 0);
	assert_int_not_equal(world_add("e.example"), 0);
	assert_true(world_says("there is a symbolic link in its path"));
	snprintf(command, sizeof(command),
		 "test -e %s.outside/rules/mine && test $(ls %s.outside/rules | "
		 "wc -l) -gt 2",
		 world.path, world.path);
	assert_int_equal(system(command), 0);
}

static int clean(void **state)
{
	char command[4 * PATH_LENGTH];

	snprintf(command, sizeof(command),
		 "rm -rf %s.old %s.new %s.some %s.fork %s.before %s.outside", world.path,
		 world.path, world.path, world.path, world.path, world.path);
	if (system(command))
		return -1;
	return end(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(edited_member_is_refused_or_shown),
		TEST(edited_member_after_everything_expired),
		TEST(online_key_signs_no_edited_snapshot),
		TEST(folder_that_went_back_is_refused),
		TEST(a_slow_look_takes_no_floor_back),
		TEST(another_content_of_the_same_version_is_refused),
		TEST(versions_of_a_withdrawn_key_do_not_count),
		TEST(exchanged_after_it_was_shown_is_not_signed),
		TEST(two_people_at_once_lose_no_signature),
		TEST(somebody_else_works_in_the_folder),
		TEST(key_under_two_ids_is_refused),
		TEST(empty_delegations_are_refused),
		TEST(role_targets_lists_a_release),
		TEST(absurd_thresholds_and_times_stand_out),
		TEST(release_numbers_follow_one_another),
		TEST(links_in_the_folder_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
