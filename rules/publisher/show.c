/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "appliance/base/text.h"
#include "rules/publisher/change.h"
#include "rules/publisher/edition.h"
#include "rules/publisher/members.h"

enum { DAY = 24 * 3600, YEAR = 365 * DAY, DIGEST_DIGITS = 64 };

/* ---- what every file has ---- */

static void put_expiry(struct show *show, const struct metadata *metadata)
{
	const int64_t left = metadata->expires - show->now;
	char expires[32];

	metadata_time_print(metadata->expires, expires);
	if (left <= 0)
		text_printf(show->out, "valid until %s: EXPIRED\n", expires);
	else
		text_printf(show->out, "valid until %s, for %" PRId64 " days%s\n",
			    expires, left / DAY,
			    left > 2 * YEAR ? ": UNUSUALLY LONG" : "");
}

/* Appliances would refuse a file that names another repository, so do not sign one. */
static int check_repository(const struct show *show, const char *role,
			    const struct metadata *metadata)
{
	const char *id = metadata_repository(metadata);

	if (metadata->type == METADATA_ROOT && metadata->version == 1 && !id)
		return 0;
	if (id && strcmp(id, show->repository->id) == 0)
		return 0;
	diag_error(show->diag, role, 0, 0, "is made for %s%.16s: expected this one, %.16s; stage "
		   "it again", id ? "the repository " : "no repository", id ? id : "",
		   show->repository->id);
	return -EINVAL;
}

int show_head(struct show *show, const char *role, const struct metadata *metadata)
{
	char digest[METADATA_KEYID];
	int error = members_check(role, metadata, show->diag);

	if (!error)
		error = check_repository(show, role, metadata);
	if (!error)
		error = metadata_fingerprint(metadata, digest);
	if (error)
		return error;
	text_puts(show->out, "\n==== ");
	text_put_name(show->out, role);
	text_printf(show->out, ", version %" PRId64 ", ", metadata->version);
	put_expiry(show, metadata);
	text_printf(show->out, "digest %s\n", digest);
	return 0;
}

/* ---- a release ---- */

static void put_limits(struct show *show, const struct release *new, const struct release *old)
{
	text_printf(show->out, "limits: %" PRIu64 " rules, %u/65536 of the IPv4 addresses",
		    new->max_rules, new->max_share);
	if (old && (old->max_rules != new->max_rules || old->max_share != new->max_share))
		text_printf(show->out, "   CHANGED, before: %" PRIu64 " and %u/65536",
			    old->max_rules, old->max_share);
	text_puts(show->out, "\n");
}

static const struct release_ring *find_ring(const struct release *release, const char *name)
{
	for (size_t i = 0; release && i < release->rings; i++) {
		if (strcmp(release->ring[i].name, name) == 0)
			return &release->ring[i];
	}
	return NULL;
}

static void put_rings(struct show *show, const struct release *new, const struct release *old)
{
	for (size_t i = 0; i < new->rings; i++) {
		const struct release_ring *before = find_ring(old, new->ring[i].name);

		text_printf(show->out, "ring %s: %" PRIu64 " s after that", new->ring[i].name,
			    new->ring[i].delay);
		if (old && !before)
			text_puts(show->out, "   NEW");
		if (before && before->delay != new->ring[i].delay)
			text_printf(show->out, "   CHANGED, before: %" PRIu64 " s", before->delay);
		text_puts(show->out, "\n");
	}
	for (size_t i = 0; old && i < old->rings; i++) {
		if (!find_ring(new, old->ring[i].name))
			text_printf(show->out, "ring %s: GONE, before: %" PRIu64 " s\n",
				    old->ring[i].name, old->ring[i].delay);
	}
	if (new->rings == 0)
		text_puts(show->out, "no rings: every appliance takes it at once\n");
}

static bool has_canary(const char (*canary)[RELEASE_CANARY], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(canary[i], name) == 0)
			return true;
	}
	return false;
}

struct canaries {
	const char (*of)[RELEASE_CANARY];
	size_t count;
};

/* old.of: NULL for none. */
static void put_canaries(struct show *show, struct canaries new, struct canaries old,
			 const char *must)
{
	for (size_t i = 0; i < new.count; i++)
		text_printf(show->out, "canary: %s must %s%s\n", new.of[i], must,
			    old.of && !has_canary(old.of, old.count, new.of[i]) ? "   NEW" : "");
	for (size_t i = 0; old.of && i < old.count; i++) {
		if (!has_canary(new.of, new.count, old.of[i]))
			text_printf(show->out, "canary: %s must %s   GONE\n", old.of[i], must);
	}
}

static void put_release(struct show *show, const struct release *new, const struct release *old)
{
	char published[32];

	metadata_time_print(new->published, published);
	text_printf(show->out, "release %" PRId64 ", from %s on%s:", new->version, published,
		    new->published > show->now + 2 * YEAR ? ", UNUSUALLY LATE" : "");
	for (size_t i = 0; i < new->lists; i++)
		text_printf(show->out, " %s", new->list[i].name);
	text_puts(show->out, "\n");
	put_limits(show, new, old);
	put_rings(show, new, old);
	put_canaries(show, (struct canaries){ new->block, new->blocks },
		     (struct canaries){ old ? old->block : NULL, old ? old->blocks : 0 },
		     "be blocked");
	put_canaries(show, (struct canaries){ new->pass, new->passes },
		     (struct canaries){ old ? old->pass : NULL, old ? old->passes : 0 }, "pass");
}

/* ---- its lists ---- */

static int find_list(const struct release *release, const char *name)
{
	for (size_t i = 0; i < release->lists; i++) {
		if (strcmp(release->list[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/*
 * The bytes of a list are signed too, including comments and evidence, so report any change of
 * them.
 */
static void put_texts(struct show *show, const struct bundle *old, const struct bundle *new)
{
	for (size_t i = 0; i < new->release.lists; i++) {
		const char *name = new->release.list[i].name;
		const int before = find_list(&old->release, name);

		if (before < 0)
			text_printf(show->out, "list %s: NEW, %zu bytes\n", name, new->size[i]);
		else if (new->size[i] != old->size[before] ||
			 memcmp(new->list[i], old->list[before], new->size[i]) != 0)
			text_printf(show->out, "list %s: its text changed, %zu bytes, before: "
				    "%zu\n", name, new->size[i], old->size[before]);
	}
	for (size_t i = 0; i < old->release.lists; i++) {
		if (find_list(&new->release, old->release.list[i].name) < 0)
			text_printf(show->out, "list %s: GONE\n", old->release.list[i].name);
	}
}

static int put_verdicts(struct show *show, const struct bundle *old, const struct bundle *new)
{
	struct diff_counts counts;
	struct diff *diff;
	int error = edition_diff(&diff, old, new, show->diag);

	if (error)
		return error;
	diff_print(diff, show->out);
	diff_count(diff, &counts);
	show->counts.blocked += counts.blocked;
	show->counts.unblocked += counts.unblocked;
	show->counts.changed += counts.changed;
	diff_free(diff);
	return 0;
}

static int put_bundle(struct show *show, const struct bundle *new)
{
	struct bundle *old = malloc(sizeof(*old));
	int error = old ? edition_published(old, show->repository, show->diag) : -ENOMEM;
	const bool first = error == -ENOENT;

	if (!error || first) {
		put_release(show, &new->release, first ? NULL : &old->release);
		if (!first)
			put_texts(show, old, new);
		error = put_verdicts(show, first ? NULL : old, new);
		if (!first)
			bundle_release(old);
	}
	free(old);
	return error;
}

/* Only the release and its lists: what is not shown is not signed. */
static int check_rules(const struct show *show, const struct metadata *rules,
		       const struct bundle *bundle)
{
	size_t ignored;
	int error;

	if (rules->roles || rules->files != bundle->release.lists + 1) {
		diag_error(show->diag, "rules", 0, 0, "expected only the release and its lists, "
			   "but the metadata has more");
		return -EINVAL;
	}
	error = edition_check_next(bundle, show->repository, show->diag);
	return error ? error : edition_check(bundle, &ignored, show->diag);
}

static int show_bundle(struct show *show, const struct metadata *rules, struct bundle *bundle)
{
	int error = edition_load(bundle, show->repository, rules, show->diag);

	if (error == -ENOENT) {
		diag_error(show->diag, "rules", 0, 0, "targets without a release: expected "
			   RELEASE_TARGET);
		return -EINVAL;
	}
	if (error)
		return error;
	error = check_rules(show, rules, bundle);
	if (!error)
		error = put_bundle(show, bundle);
	bundle_release(bundle);
	return error;
}

int show_rules(struct show *show, const struct metadata *rules)
{
	struct bundle *bundle;
	int error;

	if (rules->files == 0 && rules->roles == 0 && show->repository->audit.release == 0) {
		text_puts(show->out, "no release yet\n");
		return 0;
	}
	bundle = malloc(sizeof(*bundle));
	error = bundle ? show_bundle(show, rules, bundle) : -ENOMEM;
	free(bundle);
	return error;
}

/* ---- keys ---- */

int show_keys(struct show *show, const char *role, const struct metadata *metadata)
{
	struct metadata *old;
	int error = repository_published(show->repository, role, &old, show->diag);

	if (error && error != -ENOENT)
		return error;
	change_print(old, metadata, show->out);
	metadata_free(old);
	return 0;
}

/* ---- targets of other roles ---- */

static void put_file(struct show *show, const struct metadata_file *file, const char *what)
{
	char digest[DIGEST_DIGITS + 1];

	hex_print(file->sha256, sizeof(file->sha256), digest);
	text_puts(show->out, "target ");
	text_put_name(show->out, file->name);
	text_printf(show->out, ": %s, %" PRId64 " bytes\n  sha256 %s\n", what, file->length,
		    digest);
}

static bool same_file(const struct metadata_file *one, const struct metadata_file *other)
{
	return one->length == other->length &&
	       memcmp(one->sha256, other->sha256, sizeof(one->sha256)) == 0;
}

int show_files(struct show *show, const char *role, const struct metadata *metadata)
{
	struct metadata *old;
	int error = repository_published(show->repository, role, &old, show->diag);

	if (error && error != -ENOENT)
		return error;
	for (size_t i = 0; i < metadata->files; i++) {
		const struct metadata_file *file = &metadata->file[i];
		const struct metadata_file *before = old ? metadata_file_lookup(old, file->name) :
						     NULL;

		put_file(show, file, !before ? "new" : same_file(before, file) ? "as published" :
			 "CHANGED");
	}
	for (size_t i = 0; old && i < old->files; i++) {
		if (!metadata_file_lookup(metadata, old->file[i].name))
			put_file(show, &old->file[i], "GONE");
	}
	if (metadata->files == 0)
		text_puts(show->out, "no targets\n");
	metadata_free(old);
	return 0;
}
