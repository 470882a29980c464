/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/text.h"

/*
 * Who did something, as far as the box itself authenticated it. What a person says of themselves
 * (`--by`) is a note and never an actor. As text, which a notice stores:
 *
 *	box			the appliance itself
 *	timer			a time that was set before: a mode that ends
 *	user:0:root		the kernel's uid of the socket's peer, and its name in /etc/passwd;
 *				"user:0:root,login:1000:alice": and the uid that logged in first,
 *				which the kernel keeps over sudo and su
 *	ssh:root:SHA256:...	the key that the ssh server checked, and the account
 *	console			the console of the box
 *	keys:ID,ID		the keys whose signatures were verified
 *	...+secret		the same, and the administrator's secret was given
 *
 * No text, which older records have: nobody was authenticated.
 */
enum actor_kind {
	ACTOR_NONE, ACTOR_BOX, ACTOR_TIMER, ACTOR_USER, ACTOR_SSH, ACTOR_CONSOLE, ACTOR_KEYS,
	ACTOR_KINDS
};
enum { ACTOR_TEXT = 200, ACTOR_NAME = 33, ACTOR_KEY = 140 };

struct actor {
	enum actor_kind kind;
	bool secret;
	bool has_login;		/* USER */
	uint32_t uid, login;	/* USER */
	char name[ACTOR_NAME];	/* USER, SSH; "" when the uid has none */
	char login_name[ACTOR_NAME];
	char key[ACTOR_KEY];	/* SSH: fingerprint; KEYS: ids with commas */
};

/* Returns buffer. Letters that are not visible ASCII, and those that separate, become '?'. */
char *actor_print(const struct actor *actor, char buffer[ACTOR_TEXT]);
/* What actor_print prints; "" is ACTOR_NONE. 0 or -EINVAL. */
int actor_parse(struct actor *actor, const char *text) __attribute__((warn_unused_result));

/* Adds a key's id, its first 16 digits; what does not fit any more is left out. */
void actor_add_key(struct actor *actor, const char *id);

/* The same for people: "root (uid 0), logged in as alice (uid 1000)". Anything that is no actor is
 * printed masked. */
void actor_describe(const char *text, struct text *out);
