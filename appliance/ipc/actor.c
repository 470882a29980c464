/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/actor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "+secret"

enum { KEY_DIGITS = 16 };

static const char *const words[ACTOR_KINDS] = {
	"", "box", "timer", "user:", "ssh:", "console", "keys:",
};

/* ---- print ---- */

/* A name from /etc/passwd or an ssh server must not look like another part of the text. */
static void put_name(struct text *out, const char *name)
{
	for (; *name; name++) {
		char c = text_visible(*name);

		text_printf(out, "%c", strchr(":,+", c) ? '?' : c);
	}
}

static void put_user(struct text *out, uint32_t uid, const char *name)
{
	text_printf(out, "%u:", uid);
	put_name(out, name);
}

static void put_key(struct text *out, const char *key)
{
	text_put_name(out, key);
}

char *actor_print(const struct actor *actor, char buffer[ACTOR_TEXT])
{
	struct text out = TEXT_EMPTY;

	text_puts(&out, words[actor->kind]);
	if (actor->kind == ACTOR_USER)
		put_user(&out, actor->uid, actor->name);
	if (actor->kind == ACTOR_USER && actor->has_login) {
		text_puts(&out, ",login:");
		put_user(&out, actor->login, actor->login_name);
	}
	if (actor->kind == ACTOR_SSH) {
		put_name(&out, actor->name);
		text_puts(&out, ":");
	}
	if (actor->kind == ACTOR_SSH || actor->kind == ACTOR_KEYS)
		put_key(&out, actor->key);
	if (actor->secret && actor->kind != ACTOR_NONE)
		text_puts(&out, SECRET);
	snprintf(buffer, ACTOR_TEXT, "%s", out.data ? out.data : "");
	text_release(&out);
	return buffer;
}

/* ---- parse ---- */

/* Up to one of the letters of end, or to the text's end. */
static bool take(const char **at, const char *end, char *out, size_t size)
{
	size_t length = strcspn(*at, end);

	if (length >= size)
		return false;
	memcpy(out, *at, length);
	out[length] = '\0';
	*at += length;
	return true;
}

static bool is_visible(const char *text)
{
	for (; *text; text++) {
		if (text_visible(*text) != *text)
			return false;
	}
	return true;
}

static bool parse_user(const char **at, uint32_t *uid, char name[ACTOR_NAME])
{
	char *end;
	unsigned long number = strtoul(*at, &end, 10);

	/* As it is printed: without zeros before it. */
	if (**at < '0' || **at > '9' || (**at == '0' && end != *at + 1) ||
	    number > UINT32_MAX || *end != ':')
		return false;
	*uid = (uint32_t)number;
	*at = end + 1;
	return take(at, ":,+", name, ACTOR_NAME);
}

static bool parse_rest(struct actor *actor, const char *at)
{
	static const char login[] = ",login:";

	if (actor->kind == ACTOR_USER) {
		if (!parse_user(&at, &actor->uid, actor->name))
			return false;
		actor->has_login = strncmp(at, login, strlen(login)) == 0;
		at += actor->has_login ? strlen(login) : 0;
		if (actor->has_login && !parse_user(&at, &actor->login, actor->login_name))
			return false;
	}
	if (actor->kind == ACTOR_SSH &&
	    (!take(&at, ":,+", actor->name, sizeof(actor->name)) || *at++ != ':'))
		return false;
	if ((actor->kind == ACTOR_SSH || actor->kind == ACTOR_KEYS) &&
	    (!take(&at, "", actor->key, sizeof(actor->key)) || !actor->key[0]))
		return false;
	return *at == '\0';
}

int actor_parse(struct actor *actor, const char *text)
{
	char copy[ACTOR_TEXT];
	size_t length = strlen(text);

	*actor = (struct actor){ .kind = ACTOR_NONE };
	if (length == 0)
		return 0;
	if (length >= sizeof(copy) || !is_visible(text))
		return -EINVAL;
	memcpy(copy, text, length + 1);
	if (length > strlen(SECRET) && strcmp(copy + length - strlen(SECRET), SECRET) == 0) {
		actor->secret = true;
		copy[length - strlen(SECRET)] = '\0';
	}
	for (int kind = ACTOR_BOX; kind < ACTOR_KINDS; kind++) {
		if (strncmp(copy, words[kind], strlen(words[kind])) != 0)
			continue;
		actor->kind = (enum actor_kind)kind;
		return parse_rest(actor, copy + strlen(words[kind])) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

void actor_add_key(struct actor *actor, const char *id)
{
	size_t used = strlen(actor->key), left = sizeof(actor->key) - used;

	if (left > KEY_DIGITS + 1)
		snprintf(actor->key + used, left, "%s%.*s", used ? "," : "", KEY_DIGITS, id);
}

/* ---- for people ---- */

static void describe_user(struct text *out, uint32_t uid, const char *name)
{
	if (name[0])
		text_printf(out, "%s (uid %u)", name, uid);
	else
		text_printf(out, "uid %u", uid);
}

void actor_describe(const char *text, struct text *out)
{
	static const char *const plain[ACTOR_KINDS] = {
		[ACTOR_NONE] = "not authenticated", [ACTOR_BOX] = "the box itself",
		[ACTOR_TIMER] = "a time that was set", [ACTOR_CONSOLE] = "the console",
	};
	struct actor actor;

	if (actor_parse(&actor, text) < 0) {
		text_put_masked(out, text, strlen(text), "");
		return;
	}
	if (plain[actor.kind])
		text_puts(out, plain[actor.kind]);
	if (actor.kind == ACTOR_USER)
		describe_user(out, actor.uid, actor.name);
	if (actor.has_login) {
		text_puts(out, ", logged in as ");
		describe_user(out, actor.login, actor.login_name);
	}
	if (actor.kind == ACTOR_SSH)
		text_printf(out, "%s by ssh with key %s", actor.name, actor.key);
	if (actor.kind == ACTOR_KEYS)
		text_printf(out, "signatures of %s", actor.key);
	if (actor.secret)
		text_puts(out, ", with the administrator's secret");
}
