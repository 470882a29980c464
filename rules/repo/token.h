/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#define CRYPTOKI_GNU 1
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "rules/repo/repo.h"

/*
 * Keys on PKCS #11 tokens, named by URIs (RFC 7512). p11-kit knows the modules and loads them, its
 * calls and theirs have a time; what a module says is bounded and shown masked.
 * repo_token.c: modules, tokens, objects; repo_token_key.c: public keys; repo_token_sign.c: PIN and
 * signature.
 */
enum { TOKEN_OBJECTS = 64, TOKEN_ID = 64, TOKEN_LABEL = 96, TOKEN_SECONDS = 60 };

/* The modules that are loaded, and what the URI wants of them. */
struct token_search {
	const char *text;	/* the URI as it was given */
	P11KitUri *uri;
	CK_FUNCTION_LIST **modules;
	CK_FUNCTION_LIST *single[2];	/* of module-path, instead */
};

/* A token with a session. */
struct token {
	CK_FUNCTION_LIST *module;
	ck_slot_id_t slot;
	struct ck_token_info info;
	ck_session_handle_t session;
	char name[TOKEN_LABEL];		/* its label, masked, for people */
};

/* 0 or an exit code after a message, as of all here that return a code. */
int token_search_open(struct token_search *search, const char *uri);
void token_search_close(struct token_search *search);

/* Each token that the URI may mean, with a session; ends with the first code that is not 0. */
int token_each(const struct token_search *search,
	       int (*visit)(void *context, const struct token *token), void *context);

/* The one token that the URI means. */
int token_open(struct token *token, const struct token_search *search);
void token_close(struct token *token);

/* Objects of the class that the URI means; at most TOKEN_OBJECTS are told. */
size_t token_find(const struct token *token, const struct token_search *search,
		  ck_object_class_t class, ck_object_handle_t object[TOKEN_OBJECTS]);
/* Those of the class with this CKA_ID. */
size_t token_find_id(const struct token *token, const void *id, size_t size,
		     ck_object_class_t class, ck_object_handle_t object[TOKEN_OBJECTS]);
/* Bytes of an attribute; 0: none, or more than room. */
size_t token_attribute(const struct token *token, ck_object_handle_t object,
		       ck_attribute_type_t type, void *out, size_t room);
/* The URI of one object, to be typed; freed by the caller, NULL without memory. */
char *token_object_uri(const struct token *token, ck_object_handle_t object);

/* The public key that an object has: a public or private key, a certificate. -EINVAL: none that
 * signs releases, or none at all. */
int token_public(const struct token *token, ck_object_handle_t object, struct key *key);
/* That of a private key: its own, or of a public key or a certificate with the same CKA_ID. */
int token_public_of(const struct token *token, ck_object_handle_t private, struct key *key);

/* A call into a module that does not come back ends the program, with a message, after this long;
 * 0: it came back. */
void token_bound(unsigned int seconds);
/* "cordon repo: token "NAME": WHAT: REASON" */
void token_complain(const struct token *token, const char *what, ck_rv_t reason);
