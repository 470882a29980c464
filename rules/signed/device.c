/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/device.h"

#include <errno.h>

json_t *device_key_json(const struct secret *secret)
{
	struct text text = TEXT_EMPTY;
	json_t *object = NULL;
	struct key key;

	secret_public(secret, &key);
	if (key_public_print(&key, &text) == 0 && !text_failed(&text))
		object = json_pack("{s:s, s:s, s:{s:s}}", "keytype", key_type_print(key.type),
				   "scheme", key_scheme_print(key.type), "keyval", "public",
				   text.data);
	text_release(&text);
	return object;
}

int device_keyid(const struct secret *secret, char id[METADATA_KEYID])
{
	json_t *object = device_key_json(secret);
	int error = object ? metadata_keyid(object, id) : -ENOMEM;

	json_decref(object);
	return error;
}
