/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/role.h"
#include "rules/signed/client.h"
#include "rules/signed/freshness.h"

/* What the update role's files share. */
struct update_role {
	struct role_start start;
	int folder;
	struct store *store;
	char *ca;
	struct freshness freshness;	/* the parent's: MESSAGE_CLOCK */
	char *own;		/* key and certificate that the collector knows us by */
	int64_t next_ms;		/* uptime of the next poll */
	unsigned int failures;		/* polls without success, one after the other */
	/* versions of what was offered last; 0: nothing was. Every */
	int64_t offered_root;
	int64_t offered_timestamp;	/* other file that is trusted follows from these two */
	/* of the newest timestamp that was followed; 0: not known */
	int64_t signed_at;
	int64_t again;			/* when to offer the same again; 0: not */
	uint32_t poll;			/* the number of the one under way; 0: no person asked */
	char *problem;			/* why no poll can go well; NULL */
};

enum { UPDATE_ROOT_MAX = 1 << 20 };

/* ---- update_offer.c ---- */

/* What a refreshed client found, sent to the parent. */
int update_offer(struct update_role *role, struct client *client, struct diag *diag)
	__attribute__((warn_unused_result));
