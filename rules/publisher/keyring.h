/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/base/crypto/key.h"
#include "appliance/base/diag.h"
#include "rules/signed/metadata.h"

/*
 * Public keys and their owners. In metadata, a key carries its owner's name as "x-cordon-name", so
 * that people read "missing: bob" instead of a key id. The key id covers the name.
 */
enum { KEYRING_NAME = 64, KEYRING_KEYS = 64 };

struct keyring_key {
	char name[KEYRING_NAME];
	char id[METADATA_KEYID];
	struct key key;
};

/* The key as it appears in metadata; a new reference, NULL when out of memory. */
json_t *keyring_json(const struct keyring_key *key) __attribute__((warn_unused_result));

/* Completes id from name and key. */
int keyring_identify(struct keyring_key *key) __attribute__((warn_unused_result));

/*
 * Parses a public key in PEM. Its name is the file's, without folder and ".pub". 0 or -errno with
 * diag.
 */
int keyring_parse(struct keyring_key *key, const char *path, const char *text, struct diag *diag)
	__attribute__((warn_unused_result));

/* A name has letters, digits and ". _ @ -", at most 63, and does not start with '.' or '-'. */
bool keyring_name_valid(const char *name);

/* Does any role list this key id? roles: the object of a root, or the array of delegations. */
bool keyring_in_use(const json_t *roles, const char *id);

/*
 * The name of the key's owner according to the delegating metadata; if it gives none, the beginning
 * of the id.
 */
void keyring_owner(const struct metadata *delegator, const char *id, char name[KEYRING_NAME]);
