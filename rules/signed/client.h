/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/signed/source.h"
#include "rules/signed/store.h"
#include "rules/signed/trust.h"

/*
 * The TUF client: leads a source's bytes through the trust workflow and keeps what was accepted in
 * the store, file by file as the specification says. It holds no clock and no socket.
 */
struct client_options {
	int64_t now;			/* update start time, seconds since 1970 */
	size_t root_limit;		/* bytes of one file */
	size_t timestamp_limit;
	size_t snapshot_limit;
	size_t targets_limit;
	size_t target_limit;		/* of one target, whatever the metadata says */
	unsigned int roots;		/* newer roots in one refresh */
	unsigned int delegations;	/* roles visited in one search */
	bool past_expiry;		/* trust_pass_expiry: never on an appliance */
	bool keep_targets;		/* in the store, under their digest: not fetched twice */
};
extern const struct client_options client_options_default;	/* now is 0, no targets kept */

struct client;

/* Loads the store's root ("root.json", must be there). Nothing is requested. */
int client_new(struct client **client, struct store *store, struct source *source,
	       const struct client_options *options, struct diag *diag)
	__attribute__((warn_unused_result));
void client_free(struct client *client);

/*
 * Everything up to the targets role (5.3 to 5.6), once. Errors as of trust.h, and those of the
 * source; -E2BIG: more new roots than options allow in one refresh, all of those kept.
 */
int client_refresh(struct client *client, struct diag *diag) __attribute__((warn_unused_result));

/* Finds a target (5.7); *role gets the name of the role that it was found in. -ENOENT: no role
 * that may speak for it lists it; -E2BIG: more delegations lead there than options allow. The
 * pointer lives as long as the client. */
int client_lookup(struct client *client, const char *path, const struct metadata_file **target,
		  const char **role, struct diag *diag) __attribute__((warn_unused_result));

/*
 * The same for a target of which only this role may speak, as targets itself delegates to it.
 * -EACCES: listed by another one that the search meets first: targets, a role that comes before it,
 * a role of the same name below another one that targets' keys for the name did not sign.
 */
int client_lookup_from(struct client *client, const char *role, const char *path,
		       const struct metadata_file **target, struct diag *diag)
	__attribute__((warn_unused_result));

/* Gets and checks the bytes; *data malloc'ed. -EBADMSG: listed, and the source has no such file. */
int client_download(struct client *client, const struct metadata_file *target, void **data,
		    size_t *size, struct diag *diag) __attribute__((warn_unused_result));

/* Removes the targets that the store keeps, but not these. */
#define CLIENT_TARGET ".target"	/* the ending of their names in the store; before it the digest */
int client_prune(struct client *client, const struct metadata_file *const *target, size_t count,
		 struct diag *diag) __attribute__((warn_unused_result));

const struct trust *client_trust(const struct client *client);

/* Who signed a targets role, as key ids; how many. */
size_t client_signers(const struct client *client, const char *role,
		      char (*signer)[METADATA_KEYID], size_t signers);
