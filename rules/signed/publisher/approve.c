/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signed/publisher/approve.h"

#include <errno.h>
#include <string.h>

#include "base/crypto/digest.h"
#include "base/hex.h"
#include "signed/publisher/document.h"

static json_t *describe(const struct approve *approve)
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
		(void)json_object_set_new(files, file->name, json_pack("{s:s, s:I}", "sha256", hex, "length",
								       (json_int_t)file->size));
	}
	return files;
}

static int64_t version_of(const json_t *document)
{
	return json_integer_value(json_object_get(document_signed(document), "version"));
}

/* Takes the reference of files. */
static json_t *begin(const struct approve *approve, const json_t *document, json_t *files)
{
	bool same = json_equal(json_object_get(document_signed(document), "files"), files);
	int64_t version = approve->version;

	if (version == 0)
		version = document ? version_of(document) + !same : 1;
	if (document && same && version == version_of(document)) {
		json_decref(files);
		return json_deep_copy(document);
	}
	return json_pack("{s:[], s:{s:s, s:I, s:o}}", "signatures", "signed", "_type", APPROVAL_TYPE,
			 "version", (json_int_t)version, "files", files);
}

/* Our key among those of the root role; under two ids it counts once, either will do. */
static const char *find_key(const struct metadata *root, const struct secret *secret)
{
	const struct metadata_role *role = &root->role[METADATA_ROOT];
	struct key key;

	secret_public(secret, &key);
	for (size_t i = 0; i < role->keyids; i++) {
		const struct metadata_key *known = metadata_key_lookup(root->key, root->keys, role->keyid[i]);

		if (known && known->usable && key_equal(&known->key, &key))
			return known->id;
	}
	return NULL;
}

static int count(struct approve_result *result, const struct approve *approve, struct diag *diag)
{
	const struct metadata_role *role = &approve->root->role[METADATA_ROOT];
	char signer[METADATA_ROLE_KEYS][METADATA_KEYID];
	struct text text = TEXT_EMPTY;
	struct approval approval;
	int error = document_print(result->document, &text);

	if (!error)
		error = approval_parse(&approval, text.data, text.length, diag);
	text_release(&text);
	if (error)
		return error;
	result->version = approval.version;
	result->threshold = role->threshold;
	error = metadata_verify(approval.metadata, role, approve->root->key, approve->root->keys,
				APPROVAL_NAME, signer, METADATA_ROLE_KEYS, &result->have, NULL);
	approval_release(&approval);
	return error == -EACCES ? 0 : error;
}

int approve_sign(struct approve_result *result, const struct approve *approve, const json_t *document,
		 const struct secret *secret, struct diag *diag)
{
	const char *id = find_key(approve->root, secret);
	json_t *files = id ? describe(approve) : NULL;
	int error;

	*result = (struct approve_result){ .document = NULL };
	if (!id) {
		diag_error(diag, APPROVAL_NAME, 0, 0, "this key is none of the root role's: expected one of "
			   "those that sign the root");
		return -EACCES;
	}
	result->document = files ? begin(approve, document, files) : NULL;
	error = result->document ? document_sign(result->document, secret, id) : -ENOMEM;
	if (!error)
		error = count(result, approve, diag);
	if (error)
		json_decref(result->document);
	return error;
}
