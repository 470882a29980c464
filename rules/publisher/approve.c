/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/approve.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "rules/publisher/document.h"
#include "rules/signed/field.h"

/* ---- what is signed ---- */

static json_t *describe_files(const struct approve *approve)
{
	json_t *files = json_object();

	for (size_t i = 0; i < approve->files; i++) {
		const struct approve_file *file = &approve->file[i];
		uint8_t digest[DIGEST_SIZE];
		char hex[2 * DIGEST_SIZE + 1];

		if (digest_sha256(file->data, file->size, digest) < 0) {
			json_decref(files);
			return NULL;
		}
		hex_print(digest, sizeof(digest), hex);
		(void)json_object_set_new(files, file->name,
					  json_pack("{s:s, s:I}", "sha256", hex, "length",
						    (json_int_t)file->size));
	}
	return files;
}

static json_t *describe_appliances(const struct approve *approve)
{
	json_t *names;

	if (approve->appliances == 0)
		return json_string("all");
	names = json_array();
	for (size_t i = 0; i < approve->appliances; i++)
		json_array_append_new(names, json_string(approve->appliance[i]));
	return names;
}

static int check_root(const struct approve *approve, char repository[METADATA_KEYID],
		      struct diag *diag)
{
	const struct metadata *root = approve->root;
	char expired[32];
	int error = approval_repository(root, repository);

	if (error)
		return error;
	if (!repository[0]) {
		diag_error(diag, "root.json", 0, 0,
			   "version %lld does not name its repository: renew it first (cordon repo "
			   "rotate DIR root), or give a root that does with --root",
			   (long long)root->version);
		return -EACCES;
	}
	if (!metadata_expired(root, approve->now))
		return 0;
	metadata_time_print(root->expires, expired);
	diag_error(
		diag, "root.json", 0, 0,
		"version %lld expired at %s, and appliances accept nothing that its keys sign: "
		"renew it first (cordon repo rotate DIR root, sign, publish), and give the new one "
		"with --root", (long long)root->version, expired);
	return -ESTALE;
}

int approve_build(json_t **document, const struct approve *approve, struct diag *diag)
{
	char repository[METADATA_KEYID];
	int error = check_root(approve, repository, diag);
	json_t *files;

	if (error)
		return error;
	if (approve->files > APPROVAL_FILES || approve->appliances > APPROVAL_APPLIANCES) {
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "expected at most %d files, and at most %d names of "
			   "appliances (or --for-all)",
			   APPROVAL_FILES, APPROVAL_APPLIANCES);
		return -EINVAL;
	}
	files = describe_files(approve);
	*document = files ? json_pack("{s:[], s:{s:s, s:I, s:s, s:o, s:o}}", "signatures", "signed",
				      "_type", APPROVAL_TYPE, "version",
				      (json_int_t)(approve->version ? approve->version : 1),
				      "x-cordon-repository",
				      repository, "appliances", describe_appliances(approve),
				      "files", files)
			  : NULL;
	return *document ? 0 : -ENOMEM;
}

/* ---- what others signed ---- */

bool approve_same(const struct approval *before, const json_t *document)
{
	json_t *one = json_copy(document_signed(before->metadata->document));
	json_t *other = json_copy(document_signed(document));
	bool same;

	(void)json_object_del(one, "version");
	(void)json_object_del(other, "version");
	same = one && other && json_equal(one, other);
	json_decref(one);
	json_decref(other);
	return same;
}

bool approve_join(json_t *document, const struct approval *before)
{
	const json_t *theirs = before->metadata->document;

	return json_equal(document_signed(theirs), document_signed(document)) &&
	       json_object_set_new(document, "signatures",
				   json_deep_copy(json_object_get(theirs, "signatures"))) == 0;
}

size_t approve_count(const struct approval *before, const struct metadata *root)
{
	char signer[METADATA_ROLE_KEYS][METADATA_KEYID];
	size_t have = 0;
	const int error =
		metadata_verify(before->metadata, &root->role[METADATA_ROOT], root->key, root->keys,
				APPROVAL_NAME, signer, METADATA_ROLE_KEYS, &have, NULL);

	return error && error != -EACCES ? 0 : have;
}

int approve_version(int64_t *version, const json_t *document, const struct approval *before,
		    int64_t last, struct diag *diag)
{
	const bool same = before && approve_same(before, document);
	const int64_t theirs = before ? before->version : 0;

	*version = same ? theirs : (theirs > last ? theirs : last) + 1;
	if (*version <= last + APPROVE_STEP)
		return 0;
	diag_error(diag, APPROVAL_NAME, 0, 0,
		   "has version %lld, but the last one that this key signed is %lld: was the file "
		   "changed? Remove it to start over, or give the version yourself (--version)",
		   (long long)theirs, (long long)last);
	return -ERANGE;
}

/* ---- signing ---- */

/*
 * Our key among those of the root role. If it is listed under two ids it counts once, and either
 * will do.
 */
static const char *find_key(const struct metadata *root, const struct secret *secret)
{
	const struct metadata_role *role = &root->role[METADATA_ROOT];
	struct key key;

	secret_public(secret, &key);
	for (size_t i = 0; i < role->keyids; i++) {
		const struct metadata_key *known = metadata_key_lookup(root->key, root->keys,
								       role->keyid[i]);

		if (known && known->usable && key_equal(&known->key, &key))
			return known->id;
	}
	return NULL;
}

/* Reads the file as appliances will. */
static int count(struct approve_result *result, const json_t *document, const struct metadata *root,
		 struct diag *diag)
{
	struct text text = TEXT_EMPTY;
	struct approval approval;
	int error = document_print(document, &text);

	if (!error && text.length > APPROVAL_MAX) {
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "has %zu bytes: expected at most %d; use fewer names of appliances",
			   text.length, APPROVAL_MAX);
		error = -EFBIG;
	}
	if (!error)
		error = approval_parse(&approval, text.data, text.length, diag);
	text_release(&text);
	if (error)
		return error;
	result->threshold = root->role[METADATA_ROOT].threshold;
	result->have = approve_count(&approval, root);
	approval_release(&approval);
	return 0;
}

int approve_check_key(const struct metadata *root, const struct secret *secret, struct diag *diag)
{
	if (find_key(root, secret))
		return 0;
	diag_error(diag, APPROVAL_NAME, 0, 0,
		   "this key is not a key of the root role: expected one of those that sign the "
		   "root");
	return -EACCES;
}

int approve_sign(struct approve_result *result, json_t *document, const struct metadata *root,
		 const struct secret *secret, struct diag *diag)
{
	int error = approve_check_key(root, secret, diag);

	*result = (struct approve_result){ .have = 0 };
	if (!error)
		error = document_sign(document, secret, find_key(root, secret));
	return error ? error : count(result, document, root, diag);
}
