/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rules/signed/source.h"
#include "rules/signed/store.h"
#include "rules/signed/trust.h"

/*
 * The TUF client: it leads a source's bytes through the trust workflow and stores what was
 * accepted, file by file as the specification requires. It has no clock and no socket.
 */
struct client_options {
	int64_t now;			/* update start time, seconds since 1970 */
	size_t root_limit;		/* bytes of one file */
	size_t timestamp_limit;
	size_t snapshot_limit;
	size_t targets_limit;
	size_t target_limit;		/* bytes of one target, whatever the metadata says */
	unsigned int roots;		/* newer roots in one refresh */
	unsigned int delegations;	/* roles visited in one search */
	bool past_expiry;		/* trust_pass_expiry: never on an appliance */
	bool keep_targets;		/* in the store, by digest: not fetched twice */
};
extern const struct client_options client_options_default;	/* now is 0, no targets kept */

struct client;

/*
 * Loads the store's root ("root.json", which must exist). Nothing is requested. The caller frees
 * *client. 0 or -errno with diag.
 */
int client_new(struct client **client, struct store *store, struct source *source,
	       const struct client_options *options, struct diag *diag)
	__attribute__((warn_unused_result));
void client_free(struct client *client);

/*
 * Everything up to the targets role (5.3 to 5.6), once. Errors of trust.h and of the source;
 * -E2BIG: more new roots than options allow in one refresh; all of the allowed ones are kept.
 */
int client_refresh(struct client *client, struct diag *diag) __attribute__((warn_unused_result));

/*
 * Finds a target (5.7); *role gets the name of the role that lists it. The pointers live as long as
 * the client. -ENOENT: no role that may speak for the target lists it; -E2BIG: more delegations
 * lead there than options allow.
 */
int client_lookup(struct client *client, const char *path, const struct metadata_file **target,
		  const char **role, struct diag *diag) __attribute__((warn_unused_result));

/*
 * The same for a target that only this role may list, as delegated by targets itself. -EACCES:
 * another role lists it, which the search meets first. That is targets, an earlier role, or a role
 * of the same name below another role that targets' keys for the name did not sign.
 */
int client_lookup_from(struct client *client, const char *role, const char *path,
		       const struct metadata_file **target, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * Fetches and checks the bytes; *data is malloc'ed, the caller frees it. -EBADMSG: listed, but the
 * source has no such file.
 */
int client_download(struct client *client, const struct metadata_file *target, void **data,
		    size_t *size, struct diag *diag) __attribute__((warn_unused_result));

/* Removes all targets from the store except these. 0 or -errno with diag. */
/* How their names in the store end; the digest comes before. */
#define CLIENT_TARGET ".target"
int client_prune(struct client *client, const struct metadata_file *const *target, size_t count,
		 struct diag *diag) __attribute__((warn_unused_result));

/* The trusted set, with all that was accepted; lives as long as the client. */
const struct trust *client_trust(const struct client *client);

/* Key ids of those who signed a targets role, at most signers; returns how many. */
size_t client_signers(const struct client *client, const char *role,
		      char (*signer)[METADATA_KEYID], size_t signers);
