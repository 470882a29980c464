/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/release.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "rules/signed/client_state.h"

/* What one call gathers. */
struct taking {
	struct client *client;
	const struct metadata_file *target[RELEASE_LISTS + 1];
	size_t targets;
};

void bundle_release(struct bundle *bundle)
{
	for (size_t i = 0; i < RELEASE_LISTS; i++)
		free(bundle->list[i]);
	memset(bundle, 0, sizeof(*bundle));
}

static int take_header(struct bundle *bundle, const struct metadata_file *target,
		       struct client *client, struct diag *diag)
{
	void *data;
	size_t size;
	int error;

	if (target->length > RELEASE_TARGET_MAX) {
		diag_error(diag, RELEASE_TARGET, 0, 0, "has %lld bytes: expected at most %d",
			   (long long)target->length, RELEASE_TARGET_MAX);
		return -EFBIG;
	}
	error = client_download(client, target, &data, &size, diag);
	if (error)
		return error;
	error = release_parse(&bundle->release, data, size, diag);
	if (!error)
		error = digest_sha256(data, size, bundle->digest);
	free(data);
	return error;
}

/*
 * A single online key signs the time. If people's signatures had expired at that time, this release
 * could not be accepted at all, so a timestamp from then is refused. freshness.h describes the
 * effect of earlier times on the appliance's own time.
 */
static int check_time(const struct bundle *bundle, const struct client *client, struct diag *diag)
{
	char signed_at[32], expires[32];

	if (client->options.past_expiry || bundle->signed_at < bundle->expires)
		return 0;
	metadata_time_print(bundle->signed_at, signed_at);
	metadata_time_print(bundle->expires, expires);
	diag_error(diag, "timestamp.json", 0, 0, "claims to be signed at %s: expected a time "
		   "before %s, when the first of the files expires", signed_at, expires);
	return -ESTALE;
}

/* Records whose key signed the time. */
static void take_clock(struct bundle *bundle, const struct trust *trust)
{
	const struct metadata *root = trust_get(trust, METADATA_ROOT);
	const struct metadata_role *role = &root->role[METADATA_TIMESTAMP];
	const char *owner;

	for (; bundle->onlines < role->keyids && bundle->onlines < METADATA_ROLE_KEYS;
	     bundle->onlines++)
		snprintf(bundle->online[bundle->onlines], METADATA_KEYID, "%s",
			 role->keyid[bundle->onlines]);
	if (trust_top_signers(trust, METADATA_TIMESTAMP, &bundle->timestamp_signer, 1) == 0)
		return;
	owner = metadata_key_owner(root, bundle->timestamp_signer);
	snprintf(bundle->timestamp_owner, sizeof(bundle->timestamp_owner), "%s",
		 owner ? owner : "");
}

static int take_voucher(struct bundle *bundle, const struct client *client, struct diag *diag)
{
	const struct trust *trust = client_trust(client);
	const struct metadata *timestamp = trust_get(trust, METADATA_TIMESTAMP);

	bundle->signers = client_signers(client, RELEASE_ROLE, bundle->signer, RELEASE_SIGNERS);
	bundle->expires = trust_expires(trust, RELEASE_ROLE);
	bundle->signed_at = timestamp->signed_at;
	bundle->hold = timestamp->hold;
	take_clock(bundle, trust);
	return check_time(bundle, client, diag);
}

/* The target of a list, which release.json and the metadata must describe alike. */
static int find_list(struct taking *taking, const struct release_list *list, struct diag *diag)
{
	char path[RELEASE_WORD + sizeof("rules/.rules")];
	const struct metadata_file *target;
	int error;

	snprintf(path, sizeof(path), "rules/%s.rules", list->name);
	error = client_lookup_from(taking->client, RELEASE_ROLE, path, &target, diag);
	if (error)
		return error == -ENOENT ? -EINVAL : error;
	if (!target->has_sha256 || memcmp(target->sha256, list->sha256,
					  sizeof(list->sha256)) != 0) {
		diag_error(diag, path, 0, 0, "not the list of this release: its digest in %s is "
			   "different", RELEASE_TARGET);
		return -EINVAL;
	}
	if (target->length > RELEASE_LIST_MAX) {
		diag_error(diag, path, 0, 0, "has %lld bytes: expected at most %d",
			   (long long)target->length, RELEASE_LIST_MAX);
		return -EFBIG;
	}
	taking->target[taking->targets++] = target;
	return 0;
}

static int take_list(struct bundle *bundle, size_t index, struct taking *taking, struct diag *diag)
{
	void *data;
	size_t size;
	char *text;
	int error = client_download(taking->client, taking->target[index + 1], &data, &size, diag);

	if (error)
		return error;
	text = realloc(data, size + 1);
	if (!text) {
		free(data);
		return -ENOMEM;
	}
	text[size] = '\0';
	bundle->list[index] = text;
	bundle->size[index] = size;
	return 0;
}

static int take(struct bundle *bundle, struct taking *taking, bool lists, struct diag *diag)
{
	const struct metadata_file *header;
	int error = client_lookup_from(taking->client, RELEASE_ROLE, RELEASE_TARGET, &header, diag);

	if (error)
		return error;
	taking->target[taking->targets++] = header;
	error = take_voucher(bundle, taking->client, diag);
	if (!error)
		error = take_header(bundle, header, taking->client, diag);
	/* Look up all of them before fetching the first. */
	for (size_t i = 0; !error && i < bundle->release.lists; i++)
		error = find_list(taking, &bundle->release.list[i], diag);
	for (size_t i = 0; !error && lists && i < bundle->release.lists; i++)
		error = take_list(bundle, i, taking, diag);
	if (!error && lists)
		error = client_prune(taking->client, taking->target, taking->targets, diag);
	return error;
}

int bundle_take(struct bundle *bundle, struct client *client, bool lists, struct diag *diag)
{
	struct taking taking = { .client = client };
	int error;

	memset(bundle, 0, sizeof(*bundle));
	error = take(bundle, &taking, lists, diag);
	if (error)
		bundle_release(bundle);
	return error;
}
