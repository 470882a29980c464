/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/cursor.h"
#include "appliance/daemon/log.h"
#include "appliance/ipc/update_message.h"
#include "rules/policy/explain.h"
#include "rules/signed/canary.h"
#include "rules/signed/offer.h"
#include "rules/signed/strict.h"

/*
 * The compile role: a throw-away child that reads what people wrote. It has the lists' descriptors,
 * memory and a time limit, and nothing else. Each user of its block checks it again.
 *
 * It verifies signed lists itself, from the trust that the parent keeps: the role that fetched them
 * met the network, and is not believed.
 */
enum { METADATA_BUDGET = 48 << 20 };

struct compile {
	struct role_start start;
	struct policy_options options;
	int64_t now;
	bool held;
	char floor_key[METADATA_KEYID];	/* raised the floor of time; "": none did */
	struct bundle bundle;
	struct archive current, offered;
	const void *in_force;		/* bytes of the bundle in force; NULL: none */
	size_t in_force_size;
	struct text kept;		/* what would take its place */
	void *block;
	size_t size;
	struct diag diag;
};

static void tell(int result, const struct diag *diag, int fd)
{
	struct text body = TEXT_EMPTY;
	uint8_t head[4];
	struct cursor cursor = cursor_writer(head, sizeof(head));

	cursor_put32(&cursor, (uint32_t)result);
	text_put(&body, head, sizeof(head));
	diag_print(diag, &body);
	if (!text_failed(&body))
		role_tell(MESSAGE_COMPILED, body.data,
			  body.length < MESSAGE_MAX ? body.length : MESSAGE_MAX, fd);
	text_release(&body);
}

static int read_options(struct compile *compile)
{
	static struct message message;
	struct cursor cursor;

	settings_policy_options(&compile->start.settings, &compile->options);
	if (message_receive(MESSAGE_CHANNEL, &message) != 1 || message.type != MESSAGE_OPTIONS)
		return -EBADMSG;
	cursor = cursor_reader(message.body, message.size);
	compile->options.monitor = cursor_get32(&cursor);
	compile->options.disarmed = cursor_get8(&cursor);
	compile->now = (int64_t)cursor_get64(&cursor);
	compile->held = cursor_get8(&cursor);
	if (cursor_left(&cursor) >= sizeof(compile->floor_key))
		return -EBADMSG;
	cursor_get(&cursor, compile->floor_key, cursor_left(&cursor));
	return cursor.failed ? -EBADMSG : 0;
}

/* ---- signed lists ---- */

static int open_archive(struct archive *archive, int fd, const char *what, void **data,
			size_t *size, struct diag *diag)
{
	int error = message_map(fd, data, size);

	if (!error)
		error = archive_parse(archive, *data, *size);
	if (error)
		diag_error(diag, what, 0, 0, "damaged: expected an archive of a release (%s)",
			   strerror(-error));
	return error;
}

/* The key that raised the floor is no longer one of those that may sign the time. */
static bool is_withdrawn(const struct compile *compile)
{
	const struct bundle *bundle = &compile->bundle;

	for (size_t i = 0; i < bundle->onlines; i++) {
		if (strcmp(bundle->online[i], compile->floor_key) == 0)
			return false;
	}
	return compile->floor_key[0] != '\0';
}

/* fd: the bundle to keep when it comes into force; -1: none. */
static void tell_verified(const struct compile *compile, int64_t root_version, int64_t due, int fd)
{
	const struct bundle *bundle = &compile->bundle;
	struct bundle_info info = {
		.release = bundle->release.version, .published = bundle->release.published,
		.signed_at = bundle->signed_at, .expires = bundle->expires, .due = due,
		.root_version = root_version, .withdrawn = is_withdrawn(compile),
	};
	uint8_t body[UPDATE_BODY_MAX];

	memcpy(info.online, bundle->timestamp_signer, sizeof(info.online));
	memcpy(info.owner, bundle->timestamp_owner, sizeof(info.owner));
	memcpy(info.digest, bundle->digest, sizeof(info.digest));
	for (size_t i = 0; i < bundle->signers && i < UPDATE_SIGNERS; i++)
		memcpy(info.signer[info.signers++], bundle->signer[i], UPDATE_KEYID);
	role_tell(MESSAGE_VERIFIED, body, (size_t)bundle_info_encode(&info, body), fd);
}

/* A release that is in force already comes again with newer metadata: nothing to wait for. */
static bool is_current(struct compile *compile)
{
	const struct archive_file *ours = archive_lookup(&compile->current, "release.json");
	const struct archive_file *theirs = archive_lookup(&compile->offered, "release.json");

	return ours && theirs && ours->size == theirs->size &&
	       memcmp(ours->data, theirs->data, ours->size) == 0;
}

static int open_offer(struct compile *compile, struct offer_trust *trust, char **root)
{
	struct diag *diag = &compile->diag;
	void *data;
	size_t size;
	int error = open_archive(&compile->offered, compile->start.offered, "offer", &data, &size,
				 diag);

	if (!error && compile->start.bundle >= 0) {
		error = open_archive(&compile->current, compile->start.bundle, "bundle", &data,
				     &size, diag);
		trust->bundle = &compile->current;
		compile->in_force = data;
		compile->in_force_size = size;
		(void)role_read(compile->start.trust, "trust-root", root, &trust->root_size, NULL);
	} else if (!error) {
		error = role_read(compile->start.trust, "trust-root", root, &trust->root_size,
				  diag);
	}
	trust->root = *root;
	return error;
}

/* Nothing new at all: there is nothing to do, however often it is offered. */
static bool is_known(const struct compile *compile)
{
	return compile->in_force && compile->kept.length == compile->in_force_size &&
	       memcmp(compile->kept.data, compile->in_force, compile->in_force_size) == 0;
}

/* Says what the offer proved to be; what is kept of it goes along when its time has come. */
static int judge_offer(struct compile *compile, int64_t root_version)
{
	bool known = is_known(compile);
	int64_t due = is_current(compile) ? 0 : compile->held ? INT64_MAX :
		      offer_due(&compile->bundle, compile->start.settings.ring);
	int fd = -1;

	if (!known && due <= compile->now) {
		fd = message_seal("bundle", compile->kept.data, compile->kept.length);
		if (fd < 0)
			return fd;
	}
	tell_verified(compile, root_version, due, fd);
	if (fd >= 0)
		close(fd);
	return known ? -EALREADY : due > compile->now ? -EAGAIN : 0;
}

static int verify_offer(struct compile *compile)
{
	struct offer_trust trust = { .now = compile->now };
	int64_t root_version = 0;
	char *root = NULL;
	int error = open_offer(compile, &trust, &root);

	if (!error)
		error = offer_verify(&compile->bundle, &compile->offered, &trust, &root_version,
				     &compile->kept, &compile->diag);
	free(root);
	if (!error)
		error = judge_offer(compile, root_version);
	text_release(&compile->kept);
	return error;
}

static int verify_current(struct compile *compile)
{
	int64_t root_version = 0;
	void *data;
	size_t size;
	int error = open_archive(&compile->offered, compile->start.bundle, "bundle", &data, &size,
				 &compile->diag);

	if (!error)
		error = offer_reopen(&compile->bundle, &compile->offered, &root_version,
				     &compile->diag);
	if (!error)
		tell_verified(compile, root_version, 0, -1);
	return error;
}

/* What would cut the appliance off from its own resolvers or mirrors is never taken. The resolver
 * list may name an upstream: it acts on forwarded traffic only. */
static void check_own(const struct compile *compile, const struct policy *policy)
{
	const struct settings *settings = &compile->start.settings;
	struct diag *diag = (struct diag *)(uintptr_t)&compile->diag;
	char text[ADDR_TEXT];

	if (policy_rules(policy) > settings->max_rules)
		diag_error(diag, "limits", 0, 0, "%u rules, and max-rules of cordon.conf is %llu",
			   policy_rules(policy), (unsigned long long)settings->max_rules);
	for (size_t i = 0; i < settings->upstreams; i++) {
		if (policy_lookup_addr(policy, &settings->upstream[i].addr).intended ==
		    ACTION_BLOCK)
			diag_error(diag, "limits", 0, 0, "the lists block our own upstream %s",
				   addr_print(&settings->upstream[i].addr, text));
	}
	for (size_t i = 0; i < settings->mirrors; i++) {
		struct explanation explanation;

		if (explain(policy, settings->mirror[i].host, &explanation) == 0 &&
		    explanation.verdict.action != ACTION_NONE &&
		    explanation.verdict.intended == ACTION_BLOCK)
			diag_error(diag, "limits", 0, 0, "the lists block our own mirror %s",
				   settings->mirror[i].host);
	}
}

static int check_candidate(struct compile *compile)
{
	struct policy policy;
	int error = policy_open(&policy, compile->block, compile->size);

	if (!error && compile->start.settings.lists == 0)
		error = canary_check(&compile->bundle.release, &policy, &compile->diag);
	if (!error)
		check_own(compile, &policy);
	return error ? error : compile->diag.count ? -EINVAL : 0;
}

static int compile_bundle(struct compile *compile)
{
	return bundle_compile(&compile->bundle, &compile->start.settings, &compile->options,
			      &compile->block, &compile->size, &compile->diag);
}

/* The canaries speak of the release's lists as they are on by default. Which of them this appliance
 * chose is its own business and makes the release neither good nor bad. */
static int check_by_default(struct compile *compile)
{
	const size_t chosen = compile->start.settings.lists;
	struct policy policy;
	int error;

	if (chosen == 0)
		return 0;
	compile->start.settings.lists = 0;
	error = compile_bundle(compile);
	compile->start.settings.lists = chosen;
	if (!error)
		error = policy_open(&policy, compile->block, compile->size);
	if (!error)
		error = canary_check(&compile->bundle.release, &policy, &compile->diag);
	free(compile->block);
	compile->block = NULL;
	return error;
}

/* What a release may do is asked of it enforced, whatever the mode is now: the mode ends, and then
 * it is in force already. */
static int compile_offer(struct compile *compile)
{
	const struct policy_options options = compile->options;
	int error;

	compile->options.disarmed = false;
	compile->options.monitor = 0;
	error = check_by_default(compile);
	if (!error)
		error = compile_bundle(compile);
	if (!error)
		error = check_candidate(compile);
	compile->options = options;
	if (error || (!options.disarmed && !options.monitor))
		return error;
	free(compile->block);
	compile->block = NULL;
	return compile_bundle(compile);
}

static int make(struct compile *compile)
{
	const struct role_start *start = &compile->start;
	bool offered = start->offered >= 0;
	int error;

	if (!ENABLED(CONFIG_UPDATE) || (!offered && start->bundle < 0))
		return lists_compile(start->list, start->lists, &start->settings,
				     &compile->options, &compile->block, &compile->size,
				     &compile->diag);
	strict_budget(METADATA_BUDGET);
	error = offered ? verify_offer(compile) : verify_current(compile);
	if (error)
		return error;
	return offered ? compile_offer(compile) : compile_bundle(compile);
}

int role_compile(void)
{
	static struct compile compile;
	static const int syscalls[] = { SYS_memfd_create, SYS_pread64 };
	struct sandbox sandbox = { .root = ".", .files = 64, .file_size = 1ULL << 31,
				   .memory = 3ULL << 30, .cpu_seconds = 120,
				   .syscalls = syscalls, .syscall_count = 2 };
	int error, fd = -1;

	role_begin(&compile.start, ROLE_COMPILE);
	sandbox.uid = settings_uid(&compile.start.settings, ROLE_COMPILE);
	role_seal(&sandbox);
	role_tell(MESSAGE_READY, NULL, 0, -1);
	if (read_options(&compile) < 0)
		return 1;
	if (ENABLED(CONFIG_APPLIANCE_ED25519))
		key_use_ed25519();
	diag_init(&compile.diag);
	error = make(&compile);
	if (!error) {
		fd = message_seal("policy", compile.block, compile.size);
		error = fd < 0 ? fd : 0;
	}
	if (error && compile.diag.count == 0)
		diag_error(&compile.diag, "rule lists", 0, 0, "%s", strerror(-error));
	tell(error, &compile.diag, fd);
	return 0;
}
