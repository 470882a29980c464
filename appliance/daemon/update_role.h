/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/crypto/digest.h"
#include "daemon/role.h"
#include "signed/client.h"
#include "signed/freshness.h"

/* What the update role's files share. */
struct update_role {
	struct role_start start;
	int folder;
	struct store *store;
	char *ca;
	struct freshness freshness;
	int64_t next_ms;		/* uptime of the next look */
	unsigned int failures;		/* looks without success, one after the other */
	char offered[2 * DIGEST_SIZE + 1];	/* digest of the metadata offered last; "" none */
	int64_t signed_at;		/* of the newest timestamp that was followed; 0: not known */
	int64_t again;			/* when to offer the same again; 0: not */
	uint32_t look;			/* the number of the one under way; 0: nobody asked */
	char *problem;			/* why no look can go well; NULL */
};

enum { UPDATE_ROOT_MAX = 1 << 20 };

/* ---- update_offer.c ---- */

/* Which metadata is trusted now, in a few bytes: nothing new means nothing to offer. */
int update_digest(struct update_role *role, char digest[2 * DIGEST_SIZE + 1])
	__attribute__((warn_unused_result));
/* What a refreshed client found, sent to the parent. */
int update_offer(struct update_role *role, struct client *client, struct diag *diag)
	__attribute__((warn_unused_result));
