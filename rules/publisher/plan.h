/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/keyring.h"
#include "rules/publisher/repository.h"

/*
 * Who signs what in a new repository. root, snapshot and timestamp are roles of root metadata.
 * targets delegates rules/ to rules and images/ to images, both terminating.
 */
enum plan_name { PLAN_ROOT, PLAN_TARGETS, PLAN_RULES, PLAN_IMAGES, PLAN_SNAPSHOT, PLAN_TIMESTAMP,
		 PLAN_ROLES };

struct plan_role {
	struct keyring_key key[KEYRING_KEYS];
	size_t keys;
	int64_t threshold;
	int64_t period;		/* seconds from signing to expiry */
};

struct plan {
	struct plan_role role[PLAN_ROLES];
};

const char *plan_role_print(enum plan_name name);		/* "rules" */
/* 0 or -EINVAL. */
int plan_role_parse(enum plan_name *name, const char *text) __attribute__((warn_unused_result));

/* No keys; thresholds 3, 2, 2, 2, 1, 1; lifetimes of a year, but 90, 30 and 7 days for rules,
 * snapshot and timestamp. */
void plan_init(struct plan *plan);

/* 0, or -EEXIST with diag for the same key again. */
int plan_add(struct plan *plan, enum plan_name name, const struct keyring_key *key,
	     struct diag *diag) __attribute__((warn_unused_result));

/*
 * Every role needs more keys than its threshold; one name per key, one key per name. 0 or -EINVAL
 * with diag.
 */
int plan_check(const struct plan *plan, struct diag *diag) __attribute__((warn_unused_result));

/* Stages version 1 of root, targets, rules and images, without signatures. 0 or -errno with diag;
 * -EEXIST: the folder has a repository already. */
int plan_stage(const struct repository *repository, const struct plan *plan, int64_t now,
	       struct diag *diag) __attribute__((warn_unused_result));

/* ---- what changes of roles share ---- */

/*
 * One holiday must not stop every update, and one person must not suffice by mistake: 0, or -EINVAL
 * with diag unless 1 <= threshold < keys.
 */
int plan_check_threshold(const char *role, int64_t threshold, size_t keys, struct diag *diag)
	__attribute__((warn_unused_result));

/* How long a role's signature lasts, in seconds, as the root says, or by default. */
int64_t plan_period(const struct metadata *root, const char *role);
