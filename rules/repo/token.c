/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/repo/token.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/box/image/slots.h"
#include "appliance/command/command.h"

enum { SLOTS = 64, TEMPLATE = 16 };

/* ---- time ---- */

static void give_up(int number)
{
	static const char text[] = "\ncordon repo: the token or its module does not answer: is it "
				   "plugged in, does it wait for a touch?\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EXIT_NO);
}

void token_bound(unsigned int seconds)
{
	const struct sigaction action = { .sa_handler = give_up };

	sigaction(SIGALRM, &action, NULL);
	alarm(seconds);
}

void token_complain(const struct token *token, const char *what, ck_rv_t reason)
{
	fprintf(stderr, "cordon repo: token \"%s\": %s: %s\n", token->name, what,
		p11_kit_strerror(reason));
}

/* ---- the URI, and modules ---- */

/* A PIN on a command line is seen by everybody on the machine, and stays in its history. */
static int check_uri(const struct token_search *search)
{
	const char *why = NULL;

	if (p11_kit_uri_get_pin_value(search->uri))
		why = "a PIN in a URI is shown to everybody on this machine: leave pin-value out; "
		      "it is asked for, or comes from --passphrase-file or pin-source";
	else if (p11_kit_uri_any_unrecognized(search->uri))
		why = "it has an attribute that is not of RFC 7512; expected for example "
		      "\"pkcs11:token=NAME;id=%02\"";
	if (why)
		fprintf(stderr, "cordon repo: %.64s...: %s\n",
			p11_kit_uri_get_pin_value(search->uri) ? "pkcs11:" : search->text, why);
	return why ? EXIT_NO : EXIT_YES;
}

static int load(struct token_search *search)
{
	const char *path = p11_kit_uri_get_module_path(search->uri);
	ck_rv_t result;

	if (!path) {
		search->modules = p11_kit_modules_load_and_initialize(0);
		if (!search->modules)
			fprintf(stderr, "cordon repo: modules of tokens cannot be loaded: %s\n",
				p11_kit_message());
		return search->modules ? EXIT_YES : EXIT_NO;
	}
	search->single[0] = p11_kit_module_load(path, 0);
	result = search->single[0] ? p11_kit_module_initialize(search->single[0]) : CKR_OK;
	if (search->single[0] && result == CKR_OK)
		return EXIT_YES;
	fprintf(stderr, "cordon repo: %s: the module cannot be loaded: %s\n", path,
		search->single[0] ? p11_kit_strerror(result) : p11_kit_message());
	if (search->single[0])
		p11_kit_module_release(search->single[0]);
	search->single[0] = NULL;
	return EXIT_NO;
}

int token_search_open(struct token_search *search, const char *uri)
{
	int code = EXIT_NO, result;

	*search = (struct token_search){ .text = uri, .uri = p11_kit_uri_new() };
	p11_kit_be_quiet();
	result = search->uri ? p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, search->uri) :
			       P11_KIT_URI_UNEXPECTED;
	if (result != P11_KIT_URI_OK) {
		fprintf(stderr, "cordon repo: %.128s: expected a PKCS #11 URI (RFC 7512) as "
			"\"pkcs11:token=NAME;id=%%02\": %s\n", uri, p11_kit_uri_message(result));
	} else {
		token_bound(TOKEN_SECONDS);
		code = check_uri(search);
		if (!code)
			code = load(search);
		token_bound(0);
	}
	if (code)
		token_search_close(search);
	return code;
}

void token_search_close(struct token_search *search)
{
	token_bound(TOKEN_SECONDS);
	if (search->modules)
		p11_kit_modules_finalize_and_release(search->modules);
	if (search->single[0]) {
		p11_kit_module_finalize(search->single[0]);
		p11_kit_module_release(search->single[0]);
	}
	token_bound(0);
	p11_kit_uri_free(search->uri);
	*search = (struct token_search){ .text = NULL };
}

/* ---- tokens ---- */

/* Spaces fill the fields of a token's description. */
static void name_token(struct token *token)
{
	size_t length = sizeof(token->info.label);

	while (length && token->info.label[length - 1] == ' ')
		length--;
	memcpy(token->name, token->info.label, length);
	token->name[length] = '\0';
	text_mask(token->name);
}

static bool fits(const struct token_search *search, struct token *token)
{
	const ck_slot_id_t wanted = p11_kit_uri_get_slot_id(search->uri);
	struct ck_slot_info slot;

	if (wanted != (ck_slot_id_t)-1 && wanted != token->slot)
		return false;
	return token->module->C_GetSlotInfo(token->slot, &slot) == CKR_OK &&
	       p11_kit_uri_match_slot_info(search->uri, &slot) == 1 &&
	       token->module->C_GetTokenInfo(token->slot, &token->info) == CKR_OK &&
	       (token->info.flags & CKF_TOKEN_INITIALIZED) &&
	       p11_kit_uri_match_token_info(search->uri, &token->info) == 1;
}

static int visit_slots(const struct token_search *search, CK_FUNCTION_LIST *module,
		       int (*visit)(void *, const struct token *), void *context)
{
	ck_slot_id_t slot[SLOTS];
	unsigned long slots = SLOTS;
	int code = EXIT_YES;

	if (module->C_GetSlotList(1, slot, &slots) != CKR_OK)
		return EXIT_YES;
	for (unsigned long i = 0; !code && i < slots; i++) {
		struct token token = { .module = module, .slot = slot[i] };

		if (!fits(search, &token) ||
		    module->C_OpenSession(slot[i], CKF_SERIAL_SESSION, NULL, NULL,
					  &token.session) != CKR_OK)
			continue;
		name_token(&token);
		code = visit(context, &token);
		module->C_CloseSession(token.session);
	}
	return code;
}

/* Certificates that a system trusts lie on a "token" of p11-kit's own, and are no keys. */
static bool wanted(const struct token_search *search, CK_FUNCTION_LIST *module)
{
	const char *asked = p11_kit_uri_get_module_name(search->uri);
	char *policy = p11_kit_config_option(module, "trust-policy");
	char *name = p11_kit_module_get_name(module);
	struct ck_info info;
	bool wanted = !(policy && strcmp(policy, "yes") == 0) &&
		      (!asked || (name && strcmp(name, asked) == 0)) &&
		      module->C_GetInfo(&info) == CKR_OK &&
		      p11_kit_uri_match_module_info(search->uri, &info) == 1;

	free(policy);
	free(name);
	return wanted;
}

int token_each(const struct token_search *search,
	       int (*visit)(void *context, const struct token *token), void *context)
{
	CK_FUNCTION_LIST *const *module = search->modules ? search->modules : search->single;
	int code = EXIT_YES;

	token_bound(TOKEN_SECONDS);
	for (; !code && *module; module++) {
		if (wanted(search, *module))
			code = visit_slots(search, *module, visit, context);
	}
	token_bound(0);
	return code;
}

/* ---- the one that is meant ---- */

struct choice {
	struct token token;	/* the first; its session is another's */
	struct text list;
	size_t count;
};

static int choose(void *context, const struct token *token)
{
	struct choice *choice = context;
	P11KitUri *uri = p11_kit_uri_new();
	char *module = p11_kit_module_get_name(token->module), *text = NULL;

	if (choice->count++ == 0)
		choice->token = *token;
	if (uri) {
		*p11_kit_uri_get_token_info(uri) = token->info;
		if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_TOKEN, &text) == P11_KIT_URI_OK)
			text_printf(&choice->list, "  %s%s%s\n", text,
				    module ? "?module-name=" : "", module ? module : "");
	}
	free(module);
	free(text);
	p11_kit_uri_free(uri);
	return EXIT_YES;
}

int token_open(struct token *token, const struct token_search *search)
{
	struct choice choice = { .list = TEXT_EMPTY };
	ck_rv_t result;

	token_each(search, choose, &choice);
	if (choice.count == 0)
		fprintf(stderr, "cordon repo: %s: no such token: is it plugged in, and has p11-kit "
			"its module (\"p11-kit list-modules\")?\n", search->text);
	else if (choice.count > 1)
		fprintf(stderr, "cordon repo: %s: %zu tokens fit; expected one of\n%s",
			search->text, choice.count, choice.list.data ? choice.list.data : "");
	text_release(&choice.list);
	if (choice.count != 1)
		return EXIT_NO;
	*token = choice.token;
	token_bound(TOKEN_SECONDS);
	result = token->module->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL,
					      &token->session);
	token_bound(0);
	if (result != CKR_OK)
		token_complain(token, "no session", result);
	return result == CKR_OK ? EXIT_YES : EXIT_NO;
}

void token_close(struct token *token)
{
	token_bound(TOKEN_SECONDS);
	token->module->C_CloseSession(token->session);
	token_bound(0);
}

/* ---- objects ---- */

static size_t find(const struct token *token, struct ck_attribute *template, size_t attributes,
		   ck_object_handle_t object[TOKEN_OBJECTS])
{
	unsigned long count = 0, found;

	if (token->module->C_FindObjectsInit(token->session, template, attributes) != CKR_OK)
		return 0;
	while (count < TOKEN_OBJECTS &&
	       token->module->C_FindObjects(token->session, object + count, TOKEN_OBJECTS - count,
					    &found) == CKR_OK &&
	       found > 0 && found <= TOKEN_OBJECTS - count)
		count += found;
	token->module->C_FindObjectsFinal(token->session);
	return count;
}

size_t token_find(const struct token *token, const struct token_search *search,
		  ck_object_class_t class, ck_object_handle_t object[TOKEN_OBJECTS])
{
	struct ck_attribute template[TEMPLATE] = { { CKA_CLASS, &class, sizeof(class) } };
	unsigned long given;
	const struct ck_attribute *attribute = p11_kit_uri_get_attributes(search->uri, &given);
	size_t attributes = 1;

	/*
	 * "type=cert", as other programs print it, says as little about the key as "type=private".
	 */
	for (unsigned long i = 0; i < given && attributes < TEMPLATE; i++) {
		if (attribute[i].type != CKA_CLASS)
			template[attributes++] = attribute[i];
	}
	return find(token, template, attributes, object);
}

size_t token_find_id(const struct token *token, const void *id, size_t size,
		     ck_object_class_t class, ck_object_handle_t object[TOKEN_OBJECTS])
{
	uint8_t copy[TOKEN_ID];
	struct ck_attribute template[] = { { CKA_CLASS, &class, sizeof(class) },
					   { CKA_ID, copy, size } };

	if (size == 0 || size > sizeof(copy))
		return 0;
	memcpy(copy, id, size);
	return find(token, template, 2, object);
}

size_t token_attribute(const struct token *token, ck_object_handle_t object,
		       ck_attribute_type_t type, void *out, size_t room)
{
	struct ck_attribute attribute = { type, out, room };
	ck_rv_t result = token->module->C_GetAttributeValue(token->session, object, &attribute, 1);

	return result == CKR_OK && attribute.value_len <= room ? attribute.value_len : 0;
}

char *token_object_uri(const struct token *token, ck_object_handle_t object)
{
	P11KitUri *uri = p11_kit_uri_new();
	uint8_t id[TOKEN_ID], label[TOKEN_LABEL];
	struct ck_attribute attribute[] = {
		{ CKA_ID, id, token_attribute(token, object, CKA_ID, id, sizeof(id)) },
		{ CKA_LABEL, label,
		  token_attribute(token, object, CKA_LABEL, label, sizeof(label)) },
	};
	char *text = NULL;

	if (!uri)
		return NULL;
	*p11_kit_uri_get_token_info(uri) = token->info;
	for (size_t i = 0; i < 2; i++) {
		if (attribute[i].value_len)
			p11_kit_uri_set_attribute(uri, &attribute[i]);
	}
	if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) != P11_KIT_URI_OK)
		text = NULL;
	p11_kit_uri_free(uri);
	return text;
}
