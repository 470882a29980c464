/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules/signed/strict.h"

/* ---- the file ---- */

static bool is_hex(const char *text)
{
	return text && strlen(text) == METADATA_KEYID - 1 &&
	       strspn(text, "0123456789abcdef") == METADATA_KEYID - 1;
}

static bool is_version(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool roles_valid(const json_t *roles)
{
	const char *name;
	json_t *role;

	if (!json_is_object(roles))
		return false;
	json_object_foreach((json_t *)(uintptr_t)roles, name, role) {
		if (!is_version(json_object_get(role, "version")) ||
		    !is_hex(json_string_value(json_object_get(role, "digest"))))
			return false;
	}
	return true;
}

static bool entry_valid(const char *name, const json_t *entry)
{
	return is_hex(name) && roles_valid(json_object_get(entry, "roles")) &&
	       roles_valid(json_object_get(entry, "signed")) &&
	       is_version(json_object_get(entry, "release")) &&
	       is_version(json_object_get(entry, "hold"));
}

static json_t *entries(const struct seen *seen)
{
	return json_object_get(seen->document, "repositories");
}

static bool valid(const struct seen *seen)
{
	const char *name;
	json_t *entry;

	if (!json_is_object(entries(seen)) || json_object_size(entries(seen)) > SEEN_REPOSITORIES)
		return false;
	json_object_foreach(entries(seen), name, entry) {
		if (!entry_valid(name, entry))
			return false;
	}
	return true;
}

int seen_parse(struct seen *seen, const void *bytes, size_t size, const char *source,
	       struct diag *diag)
{
	int error;

	seen->document = NULL;
	if (!bytes) {
		seen->document = json_pack("{s:{}}", "repositories");
		return seen->document ? 0 : -ENOMEM;
	}
	error = strict_parse(&seen->document, bytes, size, source, diag);
	if ((error && error != -EINVAL) || (!error && valid(seen)))
		return error;
	diag_error(diag, source, 0, 0, "not a file of what a key has seen, as \"cordon repo\" "
		   "writes it: restore it from a backup; without it the key trusts nothing");
	seen_release(seen);
	return -EINVAL;
}

int seen_print(const struct seen *seen, struct text *out)
{
	char *text = json_dumps(seen->document, JSON_INDENT(1) | JSON_SORT_KEYS);

	if (!text)
		return -ENOMEM;
	text_printf(out, "%s\n", text);
	free(text);
	return text_failed(out) ? -ENOMEM : 0;
}

void seen_release(struct seen *seen)
{
	json_decref(seen->document);
	seen->document = NULL;
}

/* ---- repositories ---- */

static json_t *find(const struct seen *seen, const char *repository)
{
	return json_object_get(entries(seen), repository);
}

bool seen_knows(const struct seen *seen, const char *repository)
{
	return find(seen, repository) != NULL;
}

int seen_pin(struct seen *seen, const char *repository)
{
	if (seen_knows(seen, repository))
		return 0;
	if (json_object_size(entries(seen)) >= SEEN_REPOSITORIES)
		return -E2BIG;
	return json_object_set_new(entries(seen), repository,
				   json_pack("{s:{}, s:{}, s:i, s:i}", "roles", "signed",
					     "release", 0, "hold", 0)) ? -ENOMEM : 0;
}

static int64_t version_in(const json_t *roles, const char *role, const char **digest)
{
	const json_t *entry = json_object_get(roles, role);

	if (digest)
		*digest = json_string_value(json_object_get(entry, "digest"));
	return json_integer_value(json_object_get(entry, "version"));
}

int64_t seen_version(const struct seen *seen, const char *repository, const char *role,
		     const char **digest)
{
	return version_in(json_object_get(find(seen, repository), "roles"), role, digest);
}

/* ---- what is published now ---- */

static bool counts(const struct seen_now *now, const char *role)
{
	if (strcmp(role, metadata_type_print(METADATA_TIMESTAMP)) == 0)
		return !now->rotated[METADATA_TIMESTAMP];
	return strcmp(role, metadata_type_print(METADATA_SNAPSHOT)) != 0 ||
	       !now->rotated[METADATA_SNAPSHOT];
}

static const struct audit_role *find_role(const struct audit *audit, const char *name)
{
	for (size_t i = 0; audit && i < audit->roles; i++) {
		if (strcmp(audit->role[i].name, name) == 0)
			return &audit->role[i];
	}
	return NULL;
}

/*
 * A delegated role that targets no longer delegates is gone; what was seen of it does not matter.
 */
static bool may_be_gone(const char *role)
{
	static const char *const top[] = { "root", "timestamp", "snapshot", "targets" };

	for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++) {
		if (strcmp(role, top[i]) == 0)
			return false;
	}
	return true;
}

static int check_role(const struct seen *seen, const struct seen_now *now, const char *role,
		      const char *source, struct diag *diag)
{
	const struct audit_role *published = find_role(now->audit, role);
	const char *digest;
	const int64_t version = seen_version(seen, now->repository, role, &digest);
	const int64_t current = published ? published->version : 0;

	if (version == 0 || !counts(now, role) || (!published && now->audit && may_be_gone(role)))
		return 0;
	if (current < version) {
		diag_error(diag, source, 0, 0, "version %" PRId64 " of \"%s\" is published here, "
			   "but this key has seen version %" PRId64 ": the folder went back; "
			   "expected the newest copy of it", current, role, version);
		return -EEXIST;
	}
	if (current > version || strcmp(published->digest, digest) == 0)
		return 0;
	diag_error(diag, source, 0, 0, "version %" PRId64 " of \"%s\" is not the one that this key "
		   "has seen: two repositories under the same versions; expected the one whose "
		   "digest begins with %.16s", version, role, digest);
	return -EEXIST;
}

int seen_check(const struct seen *seen, const struct seen_now *now, const char *source,
	       struct diag *diag)
{
	json_t *entry = find(seen, now->repository), *role;
	const int64_t release = json_integer_value(json_object_get(entry, "release"));
	const char *name;

	json_object_foreach(json_object_get(entry, "roles"), name, role) {
		int error = check_role(seen, now, name, source, diag);

		if (error)
			return error;
	}
	if ((now->audit ? now->audit->release : 0) >= release)
		return 0;
	diag_error(diag, source, 0, 0, "release %" PRId64 " is published here, but this key has "
		   "seen release %" PRId64 ": the folder went back; expected the newest copy of it",
		   now->audit ? now->audit->release : 0, release);
	return -EEXIST;
}

static json_t *describe(int64_t version, const char *digest)
{
	return json_pack("{s:I, s:s}", "version", (json_int_t)version, "digest", digest);
}

int seen_learn(struct seen *seen, const struct seen_now *now)
{
	int error = seen_pin(seen, now->repository);
	json_t *entry = find(seen, now->repository), *roles = json_object();

	for (size_t i = 0; !error && now->audit && i < now->audit->roles; i++) {
		const struct audit_role *role = &now->audit->role[i];

		if (json_object_set_new(roles, role->name, describe(role->version, role->digest)))
			error = -ENOMEM;
	}
	if (!error && now->audit &&
	    (json_object_set(entry, "roles", roles) ||
	     json_object_set_new(entry, "release", json_integer(now->audit->release)) ||
	     json_object_set_new(entry, "hold", json_integer(now->audit->hold))))
		error = -ENOMEM;
	json_decref(roles);
	return error;
}

/* ---- what it signed ---- */

int seen_sign(struct seen *seen, const char *repository, const struct seen_signature *signature)
{
	int error = seen_pin(seen, repository);
	json_t *roles = json_object_get(find(seen, repository), "signed");
	json_t *entry = describe(signature->version, signature->digest);
	char time[32];

	metadata_time_print(signature->time, time);
	if (!error && (json_object_set_new(entry, "time", json_string(time)) ||
		       json_object_set(roles, signature->role, entry)))
		error = -ENOMEM;
	json_decref(entry);
	return error;
}

int64_t seen_signed(const struct seen *seen, const char *repository, const char *role,
		    const char **digest)
{
	return version_in(json_object_get(find(seen, repository), "signed"), role, digest);
}

bool seen_signed_other(const struct seen *seen, const char *repository,
		       const struct seen_signature *signature, const char **time)
{
	const json_t *roles = json_object_get(find(seen, repository), "signed");
	const char *digest;
	const int64_t version = version_in(roles, signature->role, &digest);

	*time = json_string_value(json_object_get(json_object_get(roles, signature->role), "time"));
	return version > 0 && version == signature->version &&
	       strcmp(digest, signature->digest) != 0;
}

int seen_record_print(const char *command, const char *repository,
		      const struct seen_signature *signature, const char *shown, struct text *out)
{
	char time[32], *line;
	json_t *record;

	metadata_time_print(signature->time, time);
	record = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "time", time, "command", command,
			   "repository", repository, "role", signature->role, "version",
			   (json_int_t)signature->version, "digest", signature->digest, "shown",
			   shown);
	line = record ? json_dumps(record, JSON_COMPACT) : NULL;
	json_decref(record);
	if (!line)
		return -ENOMEM;
	text_printf(out, "%s\n", line);
	free(line);
	return text_failed(out) ? -ENOMEM : 0;
}
