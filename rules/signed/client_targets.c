/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/client_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/hex.h"

enum { PATH = METADATA_NAME + 2 * 64 + 2 };

/* ---- search (5.7) ---- */

/* One search: pre-order, depth first. The names are in metadata that the trusted set keeps. */
struct target_search {
	const char *path;
	struct target_step {
		const char *role, *parent;
	} *stack;
	size_t steps, room;
	const char **visited;
	size_t visits;
};

static int push(struct target_search *search, const char *role, const char *parent)
{
	if (search->steps == search->room) {
		size_t room = search->room ? 2 * search->room : 64;
		struct target_step *stack = realloc(search->stack, room * sizeof(*stack));

		if (!stack)
			return -ENOMEM;
		search->stack = stack;
		search->room = room;
	}
	search->stack[search->steps++] = (struct target_step){ role, parent };
	return 0;
}

static bool was_visited(const struct target_search *search, const char *role)
{
	for (size_t i = 0; i < search->visits; i++) {
		if (strcmp(search->visited[i], role) == 0)
			return true;
	}
	return false;
}

/* Pushes in reverse, so that the first delegation is on top of the stack. After a terminating one
 * the search ends. */
static int push_delegations(struct target_search *search, const struct metadata *metadata,
			    const char *parent)
{
	size_t count = 0;
	int error = 0;

	for (; count < metadata->roles; count++) {
		const struct metadata_role *role = &metadata->role[count];

		if (role->terminating && metadata_role_covers(role, search->path)) {
			search->steps = 0;
			count++;
			break;
		}
	}
	while (!error && count-- > 0) {
		const struct metadata_role *role = &metadata->role[count];

		if (metadata_role_covers(role, search->path))
			error = push(search, role->name, parent);
	}
	return error;
}

static int look_into(struct client *client, struct target_search *search,
		     const struct target_step *step, const struct metadata_file **target,
		     struct diag *diag)
{
	const struct metadata *metadata;
	int error = client_visit(client, step->role, step->parent, diag);

	if (error)
		return error;
	metadata = trust_get_targets(client->trust, step->role);
	*target = metadata_file_lookup(metadata, search->path);
	return *target ? 0 : push_delegations(search, metadata, step->role);
}

static int run(struct client *client, struct target_search *search,
	       const struct metadata_file **target, const char **role, struct diag *diag)
{
	int error = push(search, "targets", NULL);

	while (!error && search->steps) {
		struct target_step step = search->stack[--search->steps];

		if (was_visited(search, step.role))
			continue;
		if (search->visits > client->options.delegations) {
			diag_error(diag, "targets", 0, 0, "more than %u delegations lead to this "
				   "target", client->options.delegations);
			return -E2BIG;
		}
		search->visited[search->visits++] = step.role;
		error = look_into(client, search, &step, target, diag);
		if (!error && *target) {
			*role = step.role;
			return 0;
		}
	}
	return error ? error : -ENOENT;
}

int client_lookup(struct client *client, const char *path, const struct metadata_file **target,
		  const char **role, struct diag *diag)
{
	struct target_search search = { .path = path };
	int error;

	if (!client->refreshed) {
		diag_error(diag, "targets", 0, 0, "not refreshed yet");
		return -EINVAL;
	}
	search.visited = calloc(client->options.delegations + 1, sizeof(*search.visited));
	*target = NULL;
	error = search.visited ? run(client, &search, target, role, diag) : -ENOMEM;
	if (error == -ENOENT)
		diag_error(diag, "targets", 0, 0, "no role that may speak for \"%s\" lists it",
			   path);
	free(search.stack);
	free(search.visited);
	return error;
}

/* ---- who may speak ---- */

/* Does targets itself let the role speak for it? */
static bool may_speak(const struct client *client, const char *role, const char *path)
{
	const struct metadata *targets = trust_get(client->trust, METADATA_TARGETS);

	for (size_t i = 0; i < targets->roles; i++) {
		if (strcmp(targets->role[i].name, role) == 0)
			return metadata_role_covers(&targets->role[i], path);
	}
	return false;
}

int client_lookup_from(struct client *client, const char *role, const char *path,
		       const struct metadata_file **target, struct diag *diag)
{
	const char *found;
	int error = client_lookup(client, path, target, &found, diag);

	if (error)
		return error;
	if (strcmp(found, role) != 0 || !may_speak(client, role, path)) {
		diag_error(diag, path, 0, 0, "listed by the role \"%s\": only \"%s\", as delegated "
			   "by targets, may list it", found, role);
		return -EACCES;
	}
	error = client_visit(client, role, "targets", diag);
	if (error)
		return error;
	*target = metadata_file_lookup(trust_get_targets(client->trust, role), path);
	return *target ? 0 : -ENOENT;
}

/* ---- download ---- */

/* The digest that names the content, in the repository and in the store. */
static void print_digest(const struct metadata_file *target, char text[2 * 64 + 1])
{
	if (target->has_sha256)
		hex_print(target->sha256, sizeof(target->sha256), text);
	else
		hex_print(target->sha512, sizeof(target->sha512), text);
}

static int check_target(const struct client *client, const struct metadata_file *target,
			struct diag *diag)
{
	if (!target->has_sha256 && !target->has_sha512) {
		diag_error(diag, target->name, 0, 0, "no known hash to check it by: expected "
			   "sha256 or sha512");
		return -EINVAL;
	}
	if ((uint64_t)target->length > client->options.target_limit) {
		diag_error(diag, target->name, 0, 0, "has %lld bytes: expected at most %zu",
			   (long long)target->length, client->options.target_limit);
		return -EFBIG;
	}
	return source_check_path(client->source, target->name, diag);
}

static int fetch_target(struct client *client, const struct metadata_file *target,
			const char *digest, void **data, size_t *size, struct diag *diag)
{
	const char *slash = strrchr(target->name, '/'), *base = slash ? slash + 1 : target->name;
	char path[PATH];
	int error;

	if (trust_get(client->trust, METADATA_ROOT)->consistent_snapshot)
		snprintf(path, sizeof(path), "%.*s%s.%s", (int)(base - target->name), target->name,
			 digest, base);
	else
		snprintf(path, sizeof(path), "%s", target->name);
	error = client->source->get(client->source, SOURCE_TARGETS, path, (size_t)target->length,
				    data, size, diag);
	/* To the caller, -ENOENT means that no role lists the target. */
	if (error)
		return error == -ENOENT ? -EBADMSG : error;
	error = metadata_file_check(target, *data, *size, target->name, diag);
	if (error)
		free(*data);
	return error;
}

int client_download(struct client *client, const struct metadata_file *target, void **data,
		    size_t *size, struct diag *diag)
{
	char digest[2 * 64 + 1], name[sizeof(digest) + sizeof(CLIENT_TARGET)];
	int error = check_target(client, target, diag);

	if (error)
		return error;
	print_digest(target, digest);
	snprintf(name, sizeof(name), "%s" CLIENT_TARGET, digest);
	if (client->options.keep_targets &&
	    client->store->load(client->store, name, (size_t)target->length, data, size) == 0) {
		if (metadata_file_check(target, *data, *size, target->name, NULL) == 0)
			return 0;
		free(*data);
	}
	error = fetch_target(client, target, digest, data, size, diag);
	if (error || !client->options.keep_targets)
		return error;
	error = client_keep(client, name, *data, *size, diag);
	if (error)
		free(*data);
	return error;
}

int client_prune(struct client *client, const struct metadata_file *const *target, size_t count,
		 struct diag *diag)
{
	char (*name)[2 * 64 + 1 + sizeof(CLIENT_TARGET)] = calloc(count + 1, sizeof(*name));
	const char **list = calloc(count + 1, sizeof(*list));
	int error = name && list ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < count; i++) {
		print_digest(target[i], name[i]);
		strcat(name[i], CLIENT_TARGET);
		list[i] = name[i];
	}
	if (!error)
		error = client->store->prune(client->store, CLIENT_TARGET, list, count);
	if (error)
		diag_error(diag, "targets", 0, 0, "cannot remove old files: %s", strerror(-error));
	free(list);
	free(name);
	return error;
}
