/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/keyring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char owner_member[] = "x-cordon-name";

json_t *keyring_json(const struct keyring_key *key)
{
	struct text public = TEXT_EMPTY;
	json_t *json = NULL;

	if (key_public_print(&key->key, &public) == 0)
		json = json_pack("{s:s, s:s, s:{s:s}, s:s}", "keytype",
				 key_type_print(key->key.type), "scheme",
				 key_scheme_print(key->key.type), "keyval", "public", public.data,
				 owner_member, key->name);
	text_release(&public);
	return json;
}

int keyring_identify(struct keyring_key *key)
{
	json_t *json = keyring_json(key);
	int error = json ? metadata_keyid(json, key->id) : -ENOMEM;

	json_decref(json);
	return error;
}

bool keyring_name_valid(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
	size_t length = strspn(name, allowed);

	return length > 0 && length < KEYRING_NAME && name[length] == '\0' && name[0] != '.' &&
	       name[0] != '-';
}

static void name_of(const char *path, char name[KEYRING_NAME])
{
	const char *slash = strrchr(path, '/');
	size_t length;

	snprintf(name, KEYRING_NAME, "%s", slash ? slash + 1 : path);
	length = strlen(name);
	if (length > 4 && strcmp(name + length - 4, ".pub") == 0)
		name[length - 4] = '\0';
}

int keyring_parse(struct keyring_key *key, const char *path, const char *text, struct diag *diag)
{
	int error;

	*key = (struct keyring_key){ .id = "" };
	name_of(path, key->name);
	if (!keyring_name_valid(key->name)) {
		diag_error(diag, path, 0, 0,
			   "the file's name names the key: expected letters, digits and \". _ @ "
			   "-\" before \".pub\", at most %d", KEYRING_NAME - 1);
		return -EINVAL;
	}
	error = key_public_read(&key->key, text);
	if (error == -ENOTSUP)
		diag_error(diag, path, 0, 0, "an Ed25519 key, which this build does not support "
			   "(Kconfig: ED25519)");
	else if (error)
		diag_error(diag, path, 0, 0,
			   "expected a public key in PEM (BEGIN PUBLIC KEY): ECDSA "
			   "P-256 or P-384, RSA of 2048 to 4096 bits, or Ed25519");
	return error ? error : keyring_identify(key);
}

void keyring_owner(const struct metadata *delegator, const char *id, char name[KEYRING_NAME])
{
	json_t *content = json_object_get(delegator->document, "signed");
	json_t *place = delegator->type == METADATA_ROOT ? content :
							   json_object_get(content, "delegations");
	json_t *key = json_object_get(json_object_get(place, "keys"), id);
	const char *owner = json_string_value(json_object_get(key, owner_member));

	if (owner && keyring_name_valid(owner))
		snprintf(name, KEYRING_NAME, "%s", owner);
	else
		snprintf(name, KEYRING_NAME, "key %.12s", id);
}

static bool names_keyid(const json_t *role, const char *id)
{
	json_t *entry;
	size_t index;

	json_array_foreach(json_object_get(role, "keyids"), index, entry) {
		if (strcmp(json_string_value(entry), id) == 0)
			return true;
	}
	return false;
}

bool keyring_in_use(const json_t *roles, const char *id)
{
	const char *name;
	json_t *role;
	size_t index;

	json_object_foreach((json_t *)(uintptr_t)roles, name, role) {
		if (names_keyid(role, id))
			return true;
	}
	json_array_foreach(roles, index, role) {
		if (names_keyid(role, id))
			return true;
	}
	return false;
}
