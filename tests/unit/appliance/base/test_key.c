/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/crypto/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmocka.h"

static const char message[] = "signed";

static void test_round(void **state)
{
	(void)state;
	for (enum key_type type = 0; type < KEY_TYPES; type++) {
		uint8_t signature[KEY_SIGNATURE];
		struct secret *secret;
		struct text text = TEXT_EMPTY;
		struct key key, again;
		size_t length;

		assert_int_equal(secret_generate(&secret, type), 0);
		secret_public(secret, &key);
		assert_int_equal(key_public_print(&key, &text), 0);
		assert_int_equal(key_public_parse(&again, type, text.data), 0);
		assert_true(key_equal(&key, &again));
		assert_int_equal(secret_sign(secret, message, sizeof(message), signature, &length), 0);
		assert_int_equal(key_verify(&again, message, sizeof(message), signature, length), 0);
		assert_int_equal(key_verify(&again, message, sizeof(message) - 1, signature, length),
				 -EBADMSG);
		signature[length - 1] ^= 1;
		assert_int_equal(key_verify(&again, message, sizeof(message), signature, length),
				 -EBADMSG);
		text_release(&text);
		secret_free(secret);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
	};

	key_use_ed25519();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
