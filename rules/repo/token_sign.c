/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/image/slots.h"
#include "appliance/command/command.h"
#include "rules/repo/repo.h"
#include "rules/repo/token.h"

/* A token as the private key of `cordon repo`: its PIN, and what it signs. */

enum { PSS_SALT = 32 };

struct token_key {
	struct token_search search;
	struct token token;
	ck_object_handle_t object;
	bool rsa;
	bool always;	/* the PIN is wanted for each signature: PIV's slot 9c */
	bool on_pad;	/* the token asks for it itself */
	char pin[KEY_PASSPHRASE_MAX + 1];
};

/* ---- PIN ---- */

/* pin-source of the URI, else what stands for every passphrase, else the terminal. */
static int find_pin(struct token_key *key, const char *file)
{
	const char *source = p11_kit_uri_get_pin_source(key->search.uri);
	const bool last = key->token.info.flags & CKF_USER_PIN_FINAL_TRY;
	char question[TOKEN_LABEL + 64];
	int code;

	if (source && strncmp(source, "file:", 5) == 0)
		source += strncmp(source, "file:///", 8) == 0 ? 7 : 5;
	if (source && *source == '|') {
		fprintf(stderr, "cordon repo: pin-source: a program is not run for a PIN; expected "
			"a file that you alone can read\n");
		return EXIT_NO;
	}
	code = source ? repo_private_line(source, key->pin) : repo_find_passphrase(file, key->pin);
	if (code != 1 && !last)
		return code ? EXIT_NO : EXIT_YES;
	/* A wrong one that a machine repeats would lock the token. */
	snprintf(question, sizeof(question), "PIN%s of the token", last ? " (last try)" : "");
	return repo_prompt(question, key->token.name, key->pin) ? EXIT_NO : EXIT_YES;
}

static void explain_pin(struct token_key *key)
{
	struct ck_token_info info = { .flags = 0 };
	const char *left = "";

	token_bound(TOKEN_SECONDS);
	key->token.module->C_GetTokenInfo(key->token.slot, &info);
	token_bound(0);
	if (info.flags & CKF_USER_PIN_LOCKED)
		left = ", and the token is locked now: its PUK or its administrator unlocks it";
	else if (info.flags & CKF_USER_PIN_FINAL_TRY)
		left = ", and one try is left before the token locks itself";
	else if (info.flags & CKF_USER_PIN_COUNT_LOW)
		left = ", and the token counts: few tries are left before it locks itself";
	fprintf(stderr, "cordon repo: token \"%s\": the PIN is wrong%s\n", key->token.name, left);
}

/* 0 or an exit code after a message. */
static int log_in(struct token_key *key, ck_user_type_t user)
{
	unsigned char *pin = key->on_pad ? NULL : (unsigned char *)key->pin;
	ck_rv_t result;

	if (key->on_pad)
		fprintf(stderr, "the PIN of \"%s\" is entered on the token itself\n",
			key->token.name);
	token_bound(TOKEN_SECONDS);
	result = key->token.module->C_Login(key->token.session, user, pin,
					    pin ? strlen(key->pin) : 0);
	token_bound(0);
	if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN)
		return EXIT_YES;
	if (result == CKR_PIN_INCORRECT || result == CKR_PIN_INVALID ||
	    result == CKR_PIN_LEN_RANGE)
		explain_pin(key);
	else if (result == CKR_PIN_LOCKED)
		token_complain(&key->token, "it is locked: its PUK or its administrator unlocks it",
			       result);
	else
		token_complain(&key->token, "it does not take the PIN", result);
	return EXIT_NO;
}

static int unlock(struct token_key *key, const char *file)
{
	int code;

	if (!(key->token.info.flags & CKF_LOGIN_REQUIRED))
		return EXIT_YES;
	if (key->token.info.flags & CKF_USER_PIN_LOCKED) {
		token_complain(&key->token, "it is locked: its PUK or its administrator unlocks it",
			       CKR_PIN_LOCKED);
		return EXIT_NO;
	}
	key->on_pad = key->token.info.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
	code = key->on_pad ? EXIT_YES : find_pin(key, file);
	return code ? code : log_in(key, CKU_USER);
}

/* ---- the key ---- */

static void list_keys(const struct token *token, const ck_object_handle_t *object, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *uri = token_object_uri(token, object[i]);

		if (uri)
			fprintf(stderr, "  %s\n", uri);
		free(uri);
	}
}

static int choose_key(struct token_key *key)
{
	ck_object_handle_t object[TOKEN_OBJECTS];
	size_t count = token_find(&key->token, &key->search, CKO_PRIVATE_KEY, object);
	unsigned char may = 1;

	if (count != 1) {
		fprintf(stderr, count ? "cordon repo: %s: %zu private keys fit; expected one of\n" :
			"cordon repo: %s: the token has no such private key (%zu found); "
			"\"cordon repo key list pkcs11:\" shows what there is\n",
			key->search.text, count);
		list_keys(&key->token, object, count);
		return EXIT_NO;
	}
	key->object = object[0];
	if (token_attribute(&key->token, key->object, CKA_SIGN, &may, 1) && !may) {
		fprintf(stderr, "cordon repo: %s: the token keeps this key for other uses than "
			"signing (CKA_SIGN)\n", key->search.text);
		return EXIT_NO;
	}
	may = 0;
	token_attribute(&key->token, key->object, CKA_ALWAYS_AUTHENTICATE, &may, 1);
	key->always = may != 0;
	return EXIT_YES;
}

static int find_public(struct token_key *key, struct key *public)
{
	if (token_public_of(&key->token, key->object, public)) {
		fprintf(stderr, "cordon repo: %s: the token has no public key or certificate (with "
			"the same id) to this private key, or it is of a type that signs no "
			"releases: expected ECDSA P-256 or P-384, or RSA of 2048 to 4096 bits\n",
			key->search.text);
		return EXIT_NO;
	}
	key->rsa = public->type == KEY_RSA;
	return EXIT_YES;
}

/* ---- signatures ---- */

static int sign_digest(struct token_key *key, const uint8_t *digest, size_t size,
		       uint8_t *signature, size_t *length)
{
	struct ck_rsa_pkcs_pss_params pss = { CKM_SHA256, CKG_MGF1_SHA256, PSS_SALT };
	struct ck_mechanism mechanism = { CKM_ECDSA, NULL, 0 };
	CK_FUNCTION_LIST *module = key->token.module;
	unsigned long room = KEY_SIGNATURE;
	uint8_t copy[64];
	ck_rv_t result;

	if (key->rsa)
		mechanism = (struct ck_mechanism){ CKM_RSA_PKCS_PSS, &pss, sizeof(pss) };
	memcpy(copy, digest, size < sizeof(copy) ? size : sizeof(copy));
	token_bound(TOKEN_SECONDS);
	result = module->C_SignInit(key->token.session, &mechanism, key->object);
	token_bound(0);
	if (result == CKR_OK && key->always && log_in(key, CKU_CONTEXT_SPECIFIC))
		return -EACCES;
	token_bound(TOKEN_SECONDS);
	if (result == CKR_OK)
		result = module->C_Sign(key->token.session, copy, size, signature, &room);
	token_bound(0);
	if (result != CKR_OK)
		token_complain(&key->token, result == CKR_MECHANISM_INVALID && key->rsa ?
			       "its module has no RSA-PSS (CKM_RSA_PKCS_PSS)" : "it does not sign",
			       result);
	*length = room;
	return result == CKR_OK && room <= KEY_SIGNATURE ? 0 : -EIO;
}

static int device_sign(void *context, const uint8_t *digest, size_t size,
		       uint8_t signature[KEY_SIGNATURE], size_t *length)
{
	return sign_digest(context, digest, size, signature, length);
}

static void device_release(void *context)
{
	struct token_key *key = context;

	token_close(&key->token);
	token_search_close(&key->search);
	explicit_bzero(key, sizeof(*key));
	free(key);
}

static int attach(struct token_key *key, struct secret **secret, const char *file)
{
	static const struct secret_device device = { device_sign, device_release };
	struct key public;
	int code = unlock(key, file), error;

	token_bound(TOKEN_SECONDS);
	if (!code)
		code = choose_key(key);
	if (!code)
		code = find_public(key, &public);
	token_bound(0);
	if (code)
		return code;
	error = secret_attach(secret, &public, &device, key);
	if (error)
		fprintf(stderr, "cordon repo: %s: %s\n", key->search.text, strerror(-error));
	return error ? EXIT_NO : EXIT_YES;
}

int repo_token_secret(struct secret **secret, const char *uri, const char *passphrase_file)
{
	struct token_key *key = calloc(1, sizeof(*key));
	int code = key ? token_search_open(&key->search, uri) : EXIT_NO;

	if (code) {
		free(key);
		return code;
	}
	code = token_open(&key->token, &key->search);
	if (code) {
		token_search_close(&key->search);
		free(key);
		return code;
	}
	code = attach(key, secret, passphrase_file);
	if (code)
		device_release(key);
	return code;
}
