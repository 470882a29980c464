/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/daemon/seal.h"
#include "appliance/journal/notice.h"

/*
 * What the parent signs, whatever the journal says: only what continues the tree that it signed
 * before, also after a restart.
 */

static char path[32];
static struct daemon home;
static struct devicekey key;
static struct notices notices;
static struct seal seal;
static struct tree mirror;	/* what was signed, by the test's own count */

static void start(void)
{
	struct diag diag;

	diag_init(&diag);
	key = (struct devicekey){ .daemon = &home };
	seal = (struct seal){ .daemon = &home, .key = &key, .notices = &notices };
	seal_init(&seal);
	assert_int_equal(seal_open(&seal, &diag), 0);
}

static void stop(void)
{
	secret_free(key.secret);
	key.secret = NULL;
}

static int begin(void **state)
{
	(void)state;
	strcpy(path, "/tmp/seal-XXXXXX");
	assert_non_null(mkdtemp(path));
	home = (struct daemon){ .state_path = path, .identity = "gw", .boot = "boot",
				.state = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	notices.count = 0;
	tree_init(&mirror, 0);
	start();
	return 0;
}

static void drop_notices(void)
{
	for (size_t i = 0; i < notices.count; i++)
		free(notices.waiting[i].members);
	notices.count = 0;
}

static int finish(void **state)
{
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	(void)state;
	stop();
	drop_notices();
	close(home.state);
	assert_int_equal(file_remove_tree(parent, path + strlen("/tmp/")), 0);
	return close(parent);
}

/* A head of so many batches behind what was signed. */
static struct head head_of(uint64_t batches, uint64_t last)
{
	struct head head = { .reason = CHECKPOINT_HOURLY, .last = last };

	tree_init(&head.since, mirror.end);
	for (uint64_t i = 0; i < batches; i++) {
		uint8_t hash[DIGEST_SIZE] = { (uint8_t)(mirror.end + i), 7 };

		assert_int_equal(tree_append(&head.since, hash), 0);
	}
	return head;
}

static int ask(const struct head *head)
{
	static struct message message;

	message.type = MESSAGE_HEAD;
	message.size = head_encode(head, message.body);
	home.now += 60 * 1000;
	return seal_head(&seal, &message, 1795737600000);
}

static void sign(uint64_t batches, uint64_t last)
{
	struct head head = head_of(batches, last);
	struct checkpoint checkpoint;
	uint8_t root[DIGEST_SIZE];
	struct key public;
	size_t signer;

	assert_int_equal(ask(&head), 0);
	assert_int_equal(tree_merge(&mirror, &head.since), 0);
	secret_public(key.secret, &public);
	assert_int_equal(checkpoint_verify(&checkpoint, seal.note, strlen(seal.note), &public, 1,
					   &signer), 0);
	assert_string_equal(checkpoint.origin, "cordon/gw");
	assert_string_equal(checkpoint.boot_id, "boot");
	assert_int_equal(checkpoint.size, mirror.end);
	assert_int_equal(checkpoint.last, last);
	assert_int_equal(tree_root(&mirror, root), 0);
	assert_memory_equal(checkpoint.root, root, DIGEST_SIZE);
}

static void refuses(const struct head *head)
{
	char before[sizeof(seal.note)];

	memcpy(before, seal.note, sizeof(before));
	assert_int_equal(ask(head), -EBADMSG);
	assert_memory_equal(before, seal.note, sizeof(before));
}

static void a_log_grows(void **state)
{
	(void)state;
	sign(0, 0);
	sign(1, 1);
	sign(0, 1);
	sign(1000, 5000);
}

/* Each would make two logs of one size, or one that goes back. */
static void what_a_journal_may_not_ask(void **state)
{
	struct head head;
	static struct message message = { .type = MESSAGE_HEAD };
	const uint8_t hash[DIGEST_SIZE] = { 9 };

	(void)state;
	sign(5, 10);
	/* The same batches anew, others in their place, a gap. */
	for (uint64_t begin = 0; begin < 8; begin++) {
		head = head_of(1, 1000);
		tree_init(&head.since, begin);
		assert_int_equal(tree_append(&head.since, hash), 0);
		if (begin != 5)
			refuses(&head);
	}
	/* Numbers that go back, batches without entries, entries without a batch. */
	head = head_of(1, 9);
	refuses(&head);
	head = head_of(3, 12);
	refuses(&head);
	head = head_of(0, 11);
	refuses(&head);
	/* No head at all. */
	head = head_of(2, 12);
	message.size = head_encode(&head, message.body);
	for (size_t size = 0; size < message.size; size++) {
		struct message cut = message;

		cut.size = size;
		assert_int_equal(seal_head(&seal, &cut, 0), -EBADMSG);
	}
	message.body[0] = CHECKPOINT_REASONS;
	assert_int_equal(seal_head(&seal, &message, 0), -EBADMSG);
	/* An end beyond what a tree can have. */
	head = head_of(1, 11);
	head.since.end = TREE_MAX + 1;
	refuses(&head);
	sign(1, 11);
}

static void a_restart_forgets_nothing(void **state)
{
	struct head head;
	char note[sizeof(seal.note)];

	(void)state;
	sign(5, 10);
	memcpy(note, seal.note, sizeof(note));
	stop();
	start();
	assert_string_equal(seal.note, note);
	tree_init(&mirror, 0);
	head = head_of(5, 10);
	refuses(&head);
	assert_int_equal(tree_merge(&mirror, &seal.before.tree), 0);
	sign(1, 11);
}

/* Without a place to keep it, nothing is signed. */
static void a_folder_that_cannot_be_written(void **state)
{
	struct head head;
	int folder = home.state;

	(void)state;
	sign(5, 10);
	head = head_of(1, 11);
	home.state = -1;
	assert_true(ask(&head) < 0);
	assert_int_not_equal(seal.error, 0);
	assert_int_equal(seal.before.tree.end, 5);
	home.state = folder;
	sign(1, 11);
	assert_int_equal(seal.error, 0);
}

static void a_flood_is_rationed(void **state)
{
	static struct message message = { .type = MESSAGE_HEAD };
	struct head head = head_of(0, 0);
	int got = 0;

	(void)state;
	message.size = head_encode(&head, message.body);
	for (int i = 0; i < 1000; i++)
		got += seal_head(&seal, &message, 0) == 0;
	assert_int_equal(got, seal.ration.burst);
}

/* The last notice is about a key: its members as they are. */
static const char *last_notice(void)
{
	const struct notice_waiting *last = &notices.waiting[notices.count - 1];

	assert_true(notices.count > 0);
	assert_string_equal(last->kind, NOTICE_SEAL);
	return last->members;
}

static void another_key(void **state)
{
	char old[UPDATE_KEYID], text[256];

	(void)state;
	assert_non_null(strstr(last_notice(), "\"old\":null"));
	sign(1, 1);
	memcpy(old, key.id, sizeof(old));
	assert_int_equal(seal_switch(&seal), -EAGAIN);
	assert_int_equal(seal_renew(&seal, &(struct actor){ .kind = ACTOR_BOX }), 0);
	assert_int_equal(seal_renew(&seal, &(struct actor){ .kind = ACTOR_BOX }), -EBUSY);
	snprintf(text, sizeof(text), "\"old\":\"%s\"", old);
	assert_non_null(strstr(last_notice(), text));
	/* One that was under way does not cover the notice. */
	sign(1, 2);
	assert_int_equal(seal_switch(&seal), -EAGAIN);
	assert_string_equal(key.id, old);
	seal.newest.reason = CHECKPOINT_REQUEST;
	assert_int_equal(seal_switch(&seal), 0);
	assert_string_not_equal(key.id, old);
	sign(1, 3);
	memcpy(old, key.id, sizeof(old));
	drop_notices();
	stop();
	start();
	assert_string_equal(key.id, old);
	assert_int_equal(notices.count, 0);
	sign(1, 4);
}

static void a_factory_reset(void **state)
{
	(void)state;
	sign(5, 10);
	stop();
	/* With the log: box/settings/recover.c. */
	assert_int_equal(renameat(home.state, "seal", home.state, "seal.reset"), 0);
	assert_int_equal(unlinkat(home.state, "device.pem", 0), 0);
	start();
	assert_non_null(strstr(last_notice(), "\"reset\",\"signed\":5,\"last\":10"));
	assert_int_equal(faccessat(home.state, "seal.reset", F_OK, 0), -1);
	sign(1, 11);
}

static void a_damaged_file(void **state)
{
	(void)state;
	sign(5, 10);
	stop();
	assert_int_equal(file_replace(home.state, "seal", "{}", 2, 0644), 0);
	start();
	assert_int_equal(seal.before.tree.end, 0);
	assert_int_equal(faccessat(home.state, "seal.damaged", F_OK, 0), 0);
	tree_init(&mirror, 0);
	sign(7, 12);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_log_grows),
		in_folder(what_a_journal_may_not_ask),
		in_folder(a_restart_forgets_nothing),
		in_folder(a_folder_that_cannot_be_written),
		in_folder(a_flood_is_rationed),
		in_folder(another_key),
		in_folder(a_factory_reset),
		in_folder(a_damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
