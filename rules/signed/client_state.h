/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/client.h"

/* Shared by the files of the client. */
struct client {
	struct store *store;
	struct source *source;
	struct client_options options;
	struct trust *trust;
	bool refreshed;
	bool marked;	/* a withdrawn key is written down */
};

/* Puts a file into the store. */
int client_keep(struct client *client, const char *name, const void *data, size_t size,
		struct diag *diag) __attribute__((warn_unused_result));

/* Makes trust_get_targets(role) the role as delegated by parent, from the store or the source. */
int client_visit(struct client *client, const char *role, const char *parent, struct diag *diag)
	__attribute__((warn_unused_result));
