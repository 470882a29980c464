/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/device.h"

#include <errno.h>

static json_t *public_json(const struct key *key)
{
	struct text text = TEXT_EMPTY;
	json_t *object = NULL;

	if (key_public_print(key, &text) == 0 && !text_failed(&text))
		object = json_pack("{s:s, s:s, s:{s:s}}", "keytype", key_type_print(key->type),
				   "scheme", key_scheme_print(key->type), "keyval", "public",
				   text.data);
	text_release(&text);
	return object;
}

json_t *device_key_json(const struct secret *secret)
{
	struct key key;

	secret_public(secret, &key);
	return public_json(&key);
}

int device_public_keyid(const struct key *key, char id[METADATA_KEYID])
{
	json_t *object = public_json(key);
	int error = object ? metadata_keyid(object, id) : -ENOMEM;

	json_decref(object);
	return error;
}

int device_keyid(const struct secret *secret, char id[METADATA_KEYID])
{
	struct key key;

	secret_public(secret, &key);
	return device_public_keyid(&key, id);
}
