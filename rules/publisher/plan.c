/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { DAY = 24 * 60 * 60, YEAR = 365 * DAY };

static const struct {
	const char *name;
	const char *paths;	/* NULL: a role of root metadata */
	int64_t threshold;
	int64_t period;
} defaults[PLAN_ROLES] = {
	[PLAN_ROOT] = { "root", NULL, 3, YEAR },
	[PLAN_TARGETS] = { "targets", NULL, 2, YEAR },
	[PLAN_RULES] = { "rules", "rules/*", 2, 90 * DAY },
	[PLAN_IMAGES] = { "images", "images/*", 2, YEAR },
	[PLAN_SNAPSHOT] = { "snapshot", NULL, 1, 30 * DAY },
	[PLAN_TIMESTAMP] = { "timestamp", NULL, 1, 7 * DAY },
};

const char *plan_role_print(enum plan_name name)
{
	return defaults[name].name;
}

int plan_role_parse(enum plan_name *name, const char *text)
{
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		if (strcmp(text, defaults[i].name) == 0) {
			*name = i;
			return 0;
		}
	}
	return -EINVAL;
}

void plan_init(struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		plan->role[i].threshold = defaults[i].threshold;
		plan->role[i].period = defaults[i].period;
	}
}

int plan_add(struct plan *plan, enum plan_name name, const struct keyring_key *key,
	     struct diag *diag)
{
	struct plan_role *role = &plan->role[name];

	for (size_t i = 0; i < role->keys; i++) {
		if (!key_equal(&role->key[i].key, &key->key))
			continue;
		diag_error(diag, defaults[name].name, 0, 0, "the key of %s is given twice (as %s): "
			   "each person counts once", key->name, role->key[i].name);
		return -EEXIST;
	}
	if (role->keys == KEYRING_KEYS) {
		diag_error(diag, defaults[name].name, 0, 0, "at most %d keys", KEYRING_KEYS);
		return -E2BIG;
	}
	role->key[role->keys++] = *key;
	return 0;
}

int plan_check_threshold(const char *role, int64_t threshold, size_t keys, struct diag *diag)
{
	if (threshold >= 1 && (uint64_t)threshold < keys)
		return 0;
	if (threshold < 1)
		diag_error(diag, role, 0, 0, "a threshold of %" PRId64 ": expected at least 1",
			   threshold);
	else
		diag_error(diag, role, 0, 0,
			   "%zu key%s for a threshold of %" PRId64 ": one person's "
			   "holiday would stop every update; expected at least %" PRId64 " keys",
			   keys, keys == 1 ? "" : "s", threshold, threshold + 1);
	return -EINVAL;
}

/* The same key under two names, or two keys under one, in any role. */
static void check_pair(const struct keyring_key *a, const struct keyring_key *b, struct diag *diag)
{
	bool same_name = strcmp(a->name, b->name) == 0;

	if (same_name == key_equal(&a->key, &b->key))
		return;
	if (same_name)
		diag_error(diag, a->name, 0, 0, "two different keys have this name");
	else
		diag_error(diag, b->name, 0, 0,
			   "this is the key of %s: each person needs their own", a->name);
}

static void check_names(const struct plan *plan, enum plan_name name, struct diag *diag)
{
	const struct plan_role *role = &plan->role[name];

	for (size_t i = 0; i < role->keys; i++) {
		for (enum plan_name other = 0; other <= name; other++) {
			size_t end = other == name ? i : plan->role[other].keys;

			for (size_t j = 0; j < end; j++)
				check_pair(&plan->role[other].key[j], &role->key[i], diag);
		}
	}
}

int plan_check(const struct plan *plan, struct diag *diag)
{
	size_t errors = diag->count;

	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		if (plan_check_threshold(defaults[i].name, plan->role[i].threshold,
					 plan->role[i].keys, diag) == 0)
			check_names(plan, i, diag);
		if (plan->role[i].period <= 0)
			diag_error(diag, defaults[i].name, 0, 0,
				   "expected an expiry in the future");
	}
	return diag->count == errors ? 0 : -EINVAL;
}

/* ---- version 1 ---- */

/* {"keyids", "threshold"}; adds the keys themselves to the map. */
static json_t *print_role(const struct plan_role *role, json_t *keys)
{
	json_t *keyids = json_array();

	for (size_t i = 0; i < role->keys; i++) {
		if (json_array_append_new(keyids, json_string(role->key[i].id)) ||
		    json_object_set_new(keys, role->key[i].id, keyring_json(&role->key[i]))) {
			json_decref(keyids);
			return NULL;
		}
	}
	return json_pack("{s:o, s:I}", "keyids", keyids, "threshold", (json_int_t)role->threshold);
}

static json_t *print_root(const struct plan *plan, int64_t now)
{
	json_t *document = document_new("root", 1, now + plan->role[PLAN_ROOT].period);
	json_t *content = document_signed(document);
	json_t *keys = json_object(), *roles = json_object(), *periods = json_object();
	int bad = 0;

	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		bad |= json_object_set_new(periods, defaults[i].name,
					   json_integer(plan->role[i].period));
		if (!defaults[i].paths)
			bad |= json_object_set_new(roles, defaults[i].name,
						   print_role(&plan->role[i], keys));
	}
	bad |= json_object_set_new(content, "consistent_snapshot", json_true());
	bad |= json_object_set_new(content, "keys", keys);
	bad |= json_object_set_new(content, "roles", roles);
	bad |= json_object_set_new(content, "x-cordon-periods", periods);
	if (!bad)
		return document;
	json_decref(document);
	return NULL;
}

static json_t *print_delegation(const struct plan *plan, enum plan_name name, json_t *keys)
{
	json_t *role = print_role(&plan->role[name], keys);
	int bad = json_object_set_new(role, "name", json_string(defaults[name].name)) |
		  json_object_set_new(role, "paths", json_pack("[s]", defaults[name].paths)) |
		  json_object_set_new(role, "terminating", json_true());

	if (!bad)
		return role;
	json_decref(role);
	return NULL;
}

static json_t *print_targets(const struct plan *plan, enum plan_name name, int64_t now)
{
	json_t *document = document_new("targets", 1, now + plan->role[name].period);
	json_t *content = document_signed(document);
	int bad = json_object_set_new(content, "targets", json_object());

	if (name == PLAN_TARGETS) {
		json_t *keys = json_object();
		json_t *rules = print_delegation(plan, PLAN_RULES, keys);
		json_t *images = print_delegation(plan, PLAN_IMAGES, keys);

		bad |= json_object_set_new(content, "delegations",
					   json_pack("{s:o, s:[o, o]}", "keys", keys, "roles",
						     rules, images));
	}
	if (!bad)
		return document;
	json_decref(document);
	return NULL;
}

static int stage(const struct repository *repository, const char *role, json_t *document,
		 struct diag *diag)
{
	int error = document ? repository_stage(repository, role, document, diag) : -ENOMEM;

	json_decref(document);
	return error;
}

static bool is_fresh(const struct repository *repository)
{
	struct metadata *staged;

	if (repository->root || repository->timestamp)
		return false;
	if (repository_staged(repository, "root", &staged, NULL) == -ENOENT)
		return true;
	metadata_free(staged);
	return false;
}

int plan_stage(const struct repository *repository, const struct plan *plan, int64_t now,
	       struct diag *diag)
{
	static const enum plan_name targets[] = { PLAN_TARGETS, PLAN_RULES, PLAN_IMAGES };
	int error = plan_check(plan, diag);

	if (error)
		return error;
	if (!is_fresh(repository)) {
		diag_error(diag, repository->path, 0, 0, "there is already a repository; \"cordon "
			   "repo rotate\" changes its keys");
		return -EEXIST;
	}
	error = stage(repository, "root", print_root(plan, now), diag);
	for (size_t i = 0; !error && i < sizeof(targets) / sizeof(*targets); i++)
		error = stage(repository, defaults[targets[i]].name,
			      print_targets(plan, targets[i], now), diag);
	return error;
}

int64_t plan_period(const struct metadata *root, const char *role)
{
	json_t *periods = root ? json_object_get(document_signed(root->document),
						 "x-cordon-periods") : NULL;
	json_int_t period = json_integer_value(json_object_get(periods, role));
	enum plan_name name;

	if (period > 0 && period <= DOCUMENT_PERIOD_MAX)
		return period;
	return plan_role_parse(&name, role) ? YEAR : defaults[name].period;
}
