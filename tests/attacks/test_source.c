/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile mirrors and sticks: what they hold back, cut short, change, or answer. */
#include "tests/attacks/forge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- 28: a stick ---- */

struct stick {
	char folder[64];
	struct source *source;
};

static void make_folders(const char *path)
{
	char part[512];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		assert_true(mkdir(part, 0755) == 0 || errno == EEXIST);
	}
}

static void put_file(const char *folder, const struct forge_file *file)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, file->name);
	make_folders(path);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(file->data, 1, file->size, out), file->size);
	assert_int_equal(fclose(out), 0);
}

/* A copy of what is published, on which the client's source then stands. */
static void stick_open(struct stick *stick, struct forge *forge)
{
	snprintf(stick->folder, sizeof(stick->folder), "/tmp/cordon-stick-XXXXXX");
	assert_non_null(mkdtemp(stick->folder));
	for (size_t i = 0; i < forge->files; i++)
		put_file(stick->folder, &forge->file[i]);
	assert_int_equal(source_folder(&stick->source, stick->folder), 0);
	forge->source = *stick->source;
}

static void stick_close(struct stick *stick)
{
	char command[128];

	source_free(stick->source);
	snprintf(command, sizeof(command), "rm -rf %s", stick->folder);
	assert_int_equal(system(command), 0);
}

static void fill(struct forge *forge)
{
	forge_delegate(forge, "targets", "rules", forge_p256(4), "rules/*");
	forge_target(forge, "rules", "rules/a", "a");
	forge_publish_all(forge);
}

static void attack_28_honest_stick(void **state)
{
	struct forge *forge = *state;
	struct stick stick;
	char *content = NULL;

	fill(forge);
	stick_open(&stick, forge);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	assert_string_equal(content, "a");
	free(content);
	stick_close(&stick);
}

static void attack_28_old_but_valid_stick(void **state)
{
	struct forge *forge = *state;
	struct source mirror = forge->source;
	struct stick stick;

	fill(forge);
	stick_open(&stick, forge);
	forge->source = mirror;
	forge_publish_all(forge);
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 3);
	forge->source = *stick.source;
	forge_refuses(forge, -EEXIST);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 3);
	stick_close(&stick);
}

#define TARGET "targets/rules/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.a"

/* Each file in turn cut in half, empty, or missing; then everything as it should be. */
static void attack_28_half_copied_stick(void **state)
{
	static const char *const name[] = { "metadata/timestamp.json", "metadata/2.snapshot.json",
					    "metadata/2.targets.json", "metadata/1.rules.json",
					    TARGET };

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name) * 3; i++) {
		struct forge *forge = forge_new();
		struct stick stick;
		struct stat status;
		char path[512], *content = NULL;

		fill(forge);
		stick_open(&stick, forge);
		snprintf(path, sizeof(path), "%s/%s", stick.folder, name[i / 3]);
		assert_int_equal(stat(path, &status), 0);
		if (i % 3 == 2)
			assert_int_equal(unlink(path), 0);
		else
			assert_int_equal(truncate(path, i % 3 ? 0 : status.st_size / 2), 0);
		assert_true(forge_download(forge, "rules/a", &content) < 0);
		forge->source = *stick.source;
		stick_close(&stick);
		stick_open(&stick, forge);
		assert_int_equal(forge_download(forge, "rules/a", &content), 0);
		free(content);
		stick_close(&stick);
		forge_free(forge);
	}
}

static void attack_28_links_and_extra_files(void **state)
{
	struct forge *forge = *state;
	struct stick stick;
	char path[512], *content = NULL;

	fill(forge);
	stick_open(&stick, forge);
	snprintf(path, sizeof(path), "%s/metadata/rotation", stick.folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/metadata/root.json.new", stick.folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	free(content);
	/* A link in place of a file, even to the right bytes. */
	forge_publish(forge, "timestamp");
	stick_close(&stick);
	stick_open(&stick, forge);
	snprintf(path, sizeof(path), "%s/metadata/timestamp.json", stick.folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../metadata/timestamp.json.real", path), 0);
	assert_true(forge_refresh(forge) < 0);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 2);
	stick_close(&stick);
}

static void attack_28_names_in_another_case(void **state)
{
	struct forge *forge = *state;
	struct stick stick;
	char from[512], to[512];

	fill(forge);
	forge_publish(forge, "root");
	stick_open(&stick, forge);
	snprintf(from, sizeof(from), "%s/metadata/2.root.json", stick.folder);
	snprintf(to, sizeof(to), "%s/metadata/2.ROOT.JSON", stick.folder);
	assert_int_equal(rename(from, to), 0);
	/* To the client that is no root 2: it goes on with the one it has. */
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "root.json"), 1);
	stick_close(&stick);
}

/* ---- 29: answers at the next root ---- */

static const char *at_path;
static int at_error;

static int fail_at(struct forge *forge, const char *path, size_t limit, void **data, size_t *size)
{
	(void)forge;
	(void)limit;
	(void)data;
	(void)size;
	return strcmp(path, at_path) == 0 ? at_error : 1;
}

static void attack_29_only_absence_ends_the_chain_of_roots(void **state)
{
	static const int error[] = { -EPROTO, -ETIMEDOUT, -ECONNREFUSED, -EBADMSG, -EFBIG, -EIO };
	struct forge *forge = *state;

	forge_accepts(forge);
	forge_publish(forge, "timestamp");
	forge->answer = fail_at;
	at_path = "2.root.json";
	for (size_t i = 0; i < sizeof(error) / sizeof(*error); i++) {
		at_error = error[i];
		forge_refuses(forge, error[i]);
		assert_string_equal(forge->requests.data, "2.root.json\n");
	}
	at_error = -ENOENT;
	forge_accepts(forge);
	assert_int_equal(forge_kept(forge, "timestamp.json"), 2);
}

/* ---- 30: no TLS, or none that is worth anything: every byte may be changed on the way ---- */

static void change_one_byte(const char *name, size_t step)
{
	struct forge *forge = forge_new();
	struct forge_file copy = { .name = NULL };
	char *content = NULL;

	fill(forge);
	forge_publish(forge, "root");
	/* The client has nothing but its first root, so that every file is fetched. */
	for (size_t i = 0; i < forge->files; i++) {
		if (strcmp(forge->file[i].name, name) == 0)
			copy = forge->file[i];
	}
	assert_non_null(copy.name);
	copy.data = memcpy(malloc(copy.size), copy.data, copy.size);
	for (size_t i = 0; i < copy.size; i += step) {
		char *bytes = memcpy(malloc(copy.size), copy.data, copy.size);

		bytes[i] = (char)(bytes[i] ^ 1);
		forge_put(forge, name, bytes, copy.size);
		free(bytes);
		if (forge_download(forge, "rules/a", &content) == 0)
			fail_msg("%s: byte %zu", name, i);
	}
	/* Whatever was kept meanwhile: the true file still leads on from there. */
	forge_put(forge, name, copy.data, copy.size);
	assert_int_equal(forge_download(forge, "rules/a", &content), 0);
	assert_string_equal(content, "a");
	free(content);
	free(copy.data);
	forge_free(forge);
}

static void attack_30_bytes_changed_on_the_way(void **state)
{
	(void)state;
	change_one_byte("metadata/2.root.json", 23);
	change_one_byte("metadata/timestamp.json", 7);
	change_one_byte("metadata/2.snapshot.json", 7);
	change_one_byte("metadata/2.targets.json", 11);
	change_one_byte("metadata/1.rules.json", 7);
	change_one_byte(TARGET, 1);
}

static void attack_30_redirect_is_an_error(void **state)
{
	struct forge *forge = *state;

	forge_accepts(forge);
	forge->answer = fail_at;
	at_error = -EPROTO;
	at_path = "timestamp.json";
	forge_refuses(forge, -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGE_TEST(attack_28_honest_stick),
		FORGE_TEST(attack_28_old_but_valid_stick),
		cmocka_unit_test(attack_28_half_copied_stick),
		FORGE_TEST(attack_28_links_and_extra_files),
		FORGE_TEST(attack_28_names_in_another_case),
		FORGE_TEST(attack_29_only_absence_ends_the_chain_of_roots),
		cmocka_unit_test(attack_30_bytes_changed_on_the_way),
		FORGE_TEST(attack_30_redirect_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
