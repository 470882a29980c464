/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/edition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "rules/policy/compile.h"
#include "rules/policy/explain.h"
#include "rules/publisher/content.h"
#include "rules/signed/canary.h"

enum { PARSE_BUDGET = 1 << 30 };

/* ---- from the folder ---- */

static int load_list(struct bundle *bundle, size_t index, const struct repository *repository,
		     const struct metadata *rules, struct diag *diag)
{
	const struct release_list *list = &bundle->release.list[index];
	const struct metadata_file *target;
	char path[METADATA_NAME];

	snprintf(path, sizeof(path), "rules/%s.rules", list->name);
	target = metadata_file_lookup(rules, path);
	if (!target || !target->has_sha256 ||
	    memcmp(target->sha256, list->sha256, sizeof(list->sha256)) != 0) {
		diag_error(diag, repository->path, 0, 0,
			   "release %" PRId64 " names the list %s, but the metadata lists %s",
			   bundle->release.version, list->name,
			   target ? "another content" : "none");
		return -EINVAL;
	}
	return content_read(repository, target, RELEASE_LIST_MAX, &bundle->list[index],
			    &bundle->size[index], diag);
}

int edition_load(struct bundle *bundle, const struct repository *repository,
		 const struct metadata *rules, struct diag *diag)
{
	const struct metadata_file *target = metadata_file_lookup(rules, RELEASE_TARGET);
	char *text;
	size_t size;
	int error;

	memset(bundle, 0, sizeof(*bundle));
	if (!target)
		return -ENOENT;
	error = content_read(repository, target, RELEASE_TARGET_MAX, &text, &size, diag);
	if (error)
		return error == -ENOENT ? -EINVAL : error;
	error = release_parse(&bundle->release, text, size, diag);
	if (!error)
		error = digest_sha256(text, size, bundle->digest);
	free(text);
	for (size_t i = 0; !error && i < bundle->release.lists; i++)
		error = load_list(bundle, i, repository, rules, diag);
	if (error)
		bundle_release(bundle);
	return error == -ENOENT ? -EINVAL : error;
}

int edition_published(struct bundle *bundle, const struct repository *repository,
		      struct diag *diag)
{
	struct metadata *rules;
	int error = repository_published(repository, "rules", &rules, diag);

	if (!error)
		error = edition_load(bundle, repository, rules, diag);
	metadata_free(rules);
	return error;
}

int edition_staged(struct bundle *bundle, const struct repository *repository, struct diag *diag)
{
	struct metadata *rules;
	int error = repository_staged(repository, "rules", &rules, diag);

	if (!error)
		error = edition_load(bundle, repository, rules, diag);
	metadata_free(rules);
	return error;
}

/* The release in a published version of the role; -ENOENT if there is no such file. */
static int find_at(struct bundle *bundle, const struct repository *repository, int64_t at,
		   struct diag *diag)
{
	struct metadata *rules;
	int error = repository_past(repository, "rules", at, &rules, diag);

	if (!error)
		error = edition_load(bundle, repository, rules, diag);
	metadata_free(rules);
	return error;
}

int edition_find(struct bundle *bundle, const struct repository *repository, int64_t version,
		 struct diag *diag)
{
	struct bundle current;
	int64_t newest;
	int error = edition_published(&current, repository, diag);

	if (error) {
		if (error == -ENOENT)
			diag_error(diag, repository->path, 0, 0, "nothing is published yet");
		return error;
	}
	newest = current.release.version;
	bundle_release(&current);
	for (int64_t at = repository_version(repository, "rules"); at > 0; at--) {
		error = find_at(bundle, repository, at, diag);
		if (error == -ENOENT)
			continue;
		if (error)
			return error;
		if (version ? bundle->release.version == version : bundle->release.version < newest)
			return 0;
		bundle_release(bundle);
	}
	diag_error(diag, repository->path, 0, 0,
		   version ? "there is no published release %" PRId64
			   : "there is no release before the current one",
		   version);
	return -ENOENT;
}

/* ---- lists ---- */

int edition_add(struct bundle *bundle, const char *path, char *text, size_t size,
		struct diag *diag)
{
	struct release *release = &bundle->release;
	struct release_list *entry = &release->list[release->lists];
	struct rule_list list;
	struct arena arena;
	int error;

	if (release->lists == RELEASE_LISTS) {
		diag_error(diag, path, 0, 0, "a release has at most %d lists", RELEASE_LISTS);
		free(text);
		return -E2BIG;
	}
	bundle->list[release->lists] = text;
	bundle->size[release->lists++] = size;
	arena_init(&arena, PARSE_BUDGET);
	error = rule_list_parse(&list, &arena, path, text, size, diag);
	if (!error) {
		snprintf(entry->name, sizeof(entry->name), "%s", list.name);
		error = digest_sha256(text, size, entry->sha256);
	}
	arena_release(&arena);
	for (size_t i = 0; !error && i + 1 < release->lists; i++) {
		if (strcmp(release->list[i].name, entry->name) != 0)
			continue;
		diag_error(diag, path, 0, 0, "another list is also named \"%s\"", entry->name);
		error = -EEXIST;
	}
	return error;
}

static bool has_list(const struct bundle *bundle, const char *name)
{
	for (size_t i = 0; i < bundle->release.lists; i++) {
		if (strcmp(bundle->release.list[i].name, name) == 0)
			return true;
	}
	return false;
}

static void swap_lists(struct bundle *bundle, size_t a, size_t b)
{
	struct release_list list = bundle->release.list[a];
	char *text = bundle->list[a];
	size_t size = bundle->size[a];

	bundle->release.list[a] = bundle->release.list[b];
	bundle->list[a] = bundle->list[b];
	bundle->size[a] = bundle->size[b];
	bundle->release.list[b] = list;
	bundle->list[b] = text;
	bundle->size[b] = size;
}

static void sort_lists(struct bundle *bundle)
{
	for (size_t i = 1; i < bundle->release.lists; i++) {
		for (size_t j = i; j > 0 && strcmp(bundle->release.list[j - 1].name,
						   bundle->release.list[j].name) > 0; j--)
			swap_lists(bundle, j - 1, j);
	}
}

int edition_keep(struct bundle *bundle, struct bundle *last, struct diag *diag)
{
	for (size_t i = 0; i < last->release.lists; i++) {
		size_t at = bundle->release.lists;

		if (has_list(bundle, last->release.list[i].name))
			continue;
		if (at == RELEASE_LISTS) {
			diag_error(diag, last->release.list[i].name, 0, 0,
				   "a release has at most %d lists",
				   RELEASE_LISTS);
			return -E2BIG;
		}
		bundle->release.list[at] = last->release.list[i];
		bundle->list[at] = last->list[i];
		bundle->size[at] = last->size[i];
		bundle->release.lists++;
		last->list[i] = NULL;
	}
	sort_lists(bundle);
	return 0;
}

bool edition_drop(struct bundle *bundle, const char *name)
{
	size_t last = bundle->release.lists - 1;

	for (size_t i = 0; i < bundle->release.lists; i++) {
		if (strcmp(bundle->release.list[i].name, name) != 0)
			continue;
		swap_lists(bundle, i, last);
		free(bundle->list[last]);
		bundle->list[last] = NULL;
		bundle->release.lists--;
		sort_lists(bundle);
		return true;
	}
	return false;
}

/* Parses every list of a bundle into the arena. */
static int parse_lists(const struct bundle *bundle, struct arena *arena,
		       struct rule_list list[RELEASE_LISTS], struct diag *diag)
{
	int error = 0;

	for (size_t i = 0; i < bundle->release.lists; i++) {
		int failed = rule_list_parse(&list[i], arena, bundle->release.list[i].name,
					     bundle->list[i], bundle->size[i], diag);

		error = error ? error : failed;
	}
	return error;
}

static int compile(const struct bundle *bundle, const struct rule_list *list, size_t count,
		   void **block, size_t *size, struct diag *diag)
{
	struct policy_options options;

	policy_options_init(&options);
	options.max_v4_share = bundle->release.max_share;
	return policy_compile(list, count, &options, block, size, diag);
}

/* What an appliance with default settings would enforce. */
static int compile_default(const struct bundle *bundle, const struct rule_list *all, void **block,
			   struct policy *policy, struct diag *diag)
{
	struct rule_list list[RELEASE_LISTS];
	size_t count = 0, size;
	int error;

	for (size_t i = 0; i < bundle->release.lists; i++) {
		if (all[i].on_by_default)
			list[count++] = all[i];
	}
	error = compile(bundle, list, count, block, &size, diag);
	return error ? error : policy_open(policy, *block, size);
}

static int check_alone(const struct bundle *bundle, const struct rule_list *list,
		       struct diag *diag)
{
	void *block = NULL;
	size_t size;
	int error = compile(bundle, list, 1, &block, &size, diag);

	free(block);
	return error;
}

int edition_check(const struct bundle *bundle, size_t *rules, struct diag *diag)
{
	struct rule_list list[RELEASE_LISTS];
	struct policy policy;
	struct arena arena;
	void *block = NULL;
	int error;

	arena_init(&arena, PARSE_BUDGET);
	error = parse_lists(bundle, &arena, list, diag);
	for (size_t i = 0; !error && i < bundle->release.lists; i++) {
		if (!list[i].on_by_default)
			error = check_alone(bundle, &list[i], diag);
	}
	if (!error)
		error = compile_default(bundle, list, &block, &policy, diag);
	if (!error) {
		*rules = policy_rules(&policy);
		error = canary_check(&bundle->release, &policy, diag);
	}
	free(block);
	arena_release(&arena);
	return error;
}

int edition_diff(struct diff **diff, const struct bundle *old, const struct bundle *new,
		 struct diag *diag)
{
	struct rule_list before[RELEASE_LISTS], after[RELEASE_LISTS];
	struct arena arena;
	int error;

	arena_init(&arena, PARSE_BUDGET);
	error = old ? parse_lists(old, &arena, before, diag) : 0;
	if (!error)
		error = parse_lists(new, &arena, after, diag);
	if (!error)
		error = diff_new(diff, before, old ? old->release.lists : 0, after,
				 new->release.lists, NULL, diag);
	arena_release(&arena);
	return error;
}

/* ---- canaries ---- */

static bool blocks(const struct policy *policy, const char *name)
{
	struct explanation explanation;

	return explain(policy, name, &explanation) == 0 &&
	       explanation.verdict.action == ACTION_BLOCK;
}

static void add_canary(char (*canary)[RELEASE_CANARY], size_t *count, const char *name)
{
	if (*count < RELEASE_CANARIES)
		snprintf(canary[(*count)++], RELEASE_CANARY, "%s", name);
}

/*
 * The names that must stay blocked, one of each kind: the vendor's update host, its network, a
 * foreign resolver's encrypted service, the port of DNS over TLS. If the lists do not have the
 * host, the first name that they block replaces it.
 */
static void choose_block(struct release *release, const struct policy *policy)
{
	static const char *const usual[] = {
		"downloads.upd.kaspersky.com", "77.74.176.10:tcp/443", "8.8.8.8:tcp/443",
		"8.8.8.8:tcp/853", "192.0.2.1:tcp/853",
	};
	struct policy_rule rule;

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		if (blocks(policy, usual[i]))
			add_canary(release->block, &release->blocks, usual[i]);
	}
	for (uint32_t i = 0; !release->blocks && policy_rule(policy, i, &rule); i++) {
		const char *pattern = strrchr(rule.id, ':') + 1;

		if (rule.kind > PATTERN_EXACT)
			continue;
		pattern += *pattern == '=';
		if (blocks(policy, pattern))
			add_canary(release->block, &release->blocks, pattern);
	}
}

int edition_default_canaries(struct bundle *bundle, struct diag *diag)
{
	static const char *const innocent[] = {
		"www.gsa.gov", "www.cisa.gov", "time.nist.gov", "www.debian.org",
		"192.0.2.1:tcp/443", "192.0.2.1:udp/123", "2001:db8::1:tcp/443",
	};
	struct release *release = &bundle->release;
	const bool given = release->passes > 0;
	struct rule_list list[RELEASE_LISTS];
	struct policy policy;
	struct arena arena;
	void *block = NULL;
	int error;

	if (release->blocks && given)
		return 0;
	arena_init(&arena, PARSE_BUDGET);
	error = parse_lists(bundle, &arena, list, diag);
	if (!error)
		error = compile_default(bundle, list, &block, &policy, diag);
	if (!error) {
		if (!release->blocks)
			choose_block(release, &policy);
		for (size_t i = 0; !given && i < sizeof(innocent) / sizeof(*innocent); i++)
			add_canary(release->pass, &release->passes, innocent[i]);
	}
	free(block);
	arena_release(&arena);
	return error;
}

/* ---- staging ---- */

static int stage_lists(const struct bundle *bundle, const struct repository *repository,
		       json_t *targets, struct diag *diag)
{
	int error = 0;

	for (size_t i = 0; !error && i < bundle->release.lists; i++) {
		char path[METADATA_NAME];

		snprintf(path, sizeof(path), "rules/%s.rules", bundle->release.list[i].name);
		error = content_stage(repository, path, bundle->list[i], bundle->size[i], diag);
		if (!error && json_object_set_new(targets, path,
						  document_describe(bundle->list[i],
								    bundle->size[i])))
			error = -ENOMEM;
	}
	return error;
}

static int stage_release(const struct bundle *bundle, const struct repository *repository,
			 json_t *targets, struct diag *diag)
{
	struct text text = TEXT_EMPTY;
	int error = release_print(&bundle->release, &text);

	if (!error)
		error = content_stage(repository, RELEASE_TARGET, text.data, text.length, diag);
	if (!error && json_object_set_new(targets, RELEASE_TARGET,
					  document_describe(text.data, text.length)))
		error = -ENOMEM;
	text_release(&text);
	return error;
}

/*
 * Are these the bytes that we would write for the release? Then nothing is hidden between the
 * members.
 */
static int check_exact(const struct bundle *bundle, struct diag *diag)
{
	uint8_t digest[DIGEST_SIZE];
	struct text text = TEXT_EMPTY;
	int error = release_print(&bundle->release, &text);

	if (!error)
		error = digest_sha256(text.data, text.length, digest);
	text_release(&text);
	if (error || memcmp(digest, bundle->digest, sizeof(digest)) == 0)
		return error;
	diag_error(diag, RELEASE_TARGET, 0, 0, "has members that cannot be shown, or is not in the "
		   "form that \"cordon repo add\" writes: stage it again");
	return -EINVAL;
}

int edition_check_next(const struct bundle *bundle, const struct repository *repository,
		       struct diag *diag)
{
	const int64_t last = repository->audit.release;
	struct bundle *old = malloc(sizeof(*old));
	int error = old ? edition_published(old, repository, diag) : -ENOMEM;
	bool same = false;

	if (!error) {
		same = memcmp(old->digest, bundle->digest, sizeof(old->digest)) == 0;
		bundle_release(old);
	}
	free(old);
	if ((error && error != -ENOENT) || same)
		return error;
	error = check_exact(bundle, diag);
	if (error || bundle->release.version == last + 1)
		return error;
	diag_error(diag, RELEASE_TARGET, 0, 0, "is release %" PRId64 ": expected release %" PRId64
		   ", the next after the published one; stage it again with \"cordon repo add\"",
		   bundle->release.version, last + 1);
	return -EINVAL;
}

int edition_stage(struct bundle *bundle, const struct repository *repository, int64_t now,
		  int64_t start, int64_t period, struct diag *diag)
{
	json_t *document = document_new("targets", repository_version(repository, "rules") + 1,
					now + period);
	json_t *targets = json_object();
	int error = 0;

	bundle->release.version = repository->audit.release + 1;
	bundle->release.published = now + start;
	/*
	 * Remove the metadata first: an interruption then leaves nothing staged rather than half of
	 * it.
	 */
	repository_unstage(repository, "rules");
	content_unstage(repository, "rules");
	if (json_object_set(document_signed(document), "targets", targets))
		error = -ENOMEM;
	if (!error)
		error = stage_lists(bundle, repository, targets, diag);
	if (!error)
		error = stage_release(bundle, repository, targets, diag);
	if (!error)
		error = repository_stage(repository, "rules", document, diag);
	json_decref(targets);
	json_decref(document);
	return error;
}
