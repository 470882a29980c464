/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/base/crypto/key.h"
#include "appliance/base/diag.h"
#include "rules/signed/metadata.h"

/*
 * Public keys and whose they are. In metadata a key carries its owner's name as "x-cordon-name", so
 * that people read "missing: bob" and not a key id; the name is part of what the key id covers.
 */
enum { KEYRING_NAME = 64, KEYRING_KEYS = 64 };

struct keyring_key {
	char name[KEYRING_NAME];
	char id[METADATA_KEYID];
	struct key key;
};

/* The key as it stands in metadata. */
json_t *keyring_json(const struct keyring_key *key) __attribute__((warn_unused_result));

/* Completes id from name and key. */
int keyring_identify(struct keyring_key *key) __attribute__((warn_unused_result));

/* PEM of a public key; its name is the file's without folder and ".pub". */
int keyring_parse(struct keyring_key *key, const char *path, const char *text, struct diag *diag)
	__attribute__((warn_unused_result));

/* A name: letters, digits and ". _ @ -", at most 63, not beginning with '.' or '-'. */
bool keyring_name_valid(const char *name);

/* Does a role name this key id? roles: the object of a root, or the array of delegations. */
bool keyring_in_use(const json_t *roles, const char *id);

/* Whose key is it, in the metadata that delegates; the beginning of the id when it does not say. */
void keyring_owner(const struct metadata *delegator, const char *id, char name[KEYRING_NAME]);
