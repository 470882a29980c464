/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/notices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/ipc/message.h"
#include "appliance/journal/notice.h"

/* Without braces; NULL: no memory, or too long. */
static char *text_of(json_t *members)
{
	char *body;

	if (notice_members(members, &body) < 0)
		return NULL;
	if (strlen(body) < MESSAGE_NOTICE_BODY)
		return body;
	free(body);
	return NULL;
}

/* The new one, whose members are still missing; NULL: no room. */
static struct notice_waiting *append(struct notices *notices, const char *kind,
				     const struct actor *actor)
{
	struct notice_waiting *new = &notices->waiting[notices->count];

	if (notices->count == NOTICES_WAITING)
		return NULL;
	*new = (struct notice_waiting){ .wall_ms = clock_wall_ms(),
					.uptime_ms = clock_uptime_ms() };
	snprintf(new->kind, sizeof(new->kind), "%s", kind);
	actor_print(actor, new->actor);
	return new;
}

/* Takes over members. */
static struct notice_waiting *add(struct notices *notices, const char *kind,
				  const struct actor *actor, json_t *members)
{
	struct notice_waiting *new = append(notices, kind, actor);

	if (!new) {
		json_decref(members);
		notices->dropped++;
		return NULL;
	}
	new->members = text_of(members);
	if (!new->members) {
		notices->dropped++;
		return NULL;
	}
	new->number = ++notices->last;
	notices->count++;
	return new;
}

void notices_add(struct notices *notices, const char *kind, const struct actor *actor,
		 json_t *members)
{
	(void)add(notices, kind, actor, members);
}

void notices_add_box(struct notices *notices, const char *kind, json_t *members)
{
	const struct actor box = { .kind = ACTOR_BOX };

	(void)add(notices, kind, &box, members);
}

void notices_add_policy(struct notices *notices, const struct actor *actor, json_t *members)
{
	const struct notice_waiting *new = add(notices, NOTICE_POLICY, actor, members);

	free(notices->standing);
	notices->standing = new ? strdup(new->members) : NULL;
	notices->told = false;
}

/* ---- from other programs ---- */

/*
 * Root's programs that act for a person they authenticated (ssh, a signature) say who that is. A
 * person who hands in a notice stays its actor.
 */
static struct actor actor_of(const struct handed *handed, const struct actor *peer)
{
	struct actor claimed, actor = *peer;
	const bool person = peer->kind == ACTOR_SSH || peer->kind == ACTOR_CONSOLE ||
			    peer->has_login;

	if (!person && handed->actor[0] && actor_parse(&claimed, handed->actor) == 0)
		actor = claimed;
	actor.secret |= handed->secret;
	return actor;
}

static int take(struct notices *notices, const struct handed *handed, const struct actor *peer,
		bool late, struct notice_waiting **new)
{
	const struct actor actor = actor_of(handed, peer);
	json_t *members;

	if (!notice_is_offered(handed->kind) || notice_check(handed->members, &members) < 0)
		return -EBADMSG;
	if (late)
		(void)json_object_set_new(members, "late", json_true());
	*new = add(notices, handed->kind, &actor, members);
	if (*new && handed->wall_ms)
		(*new)->wall_ms = handed->wall_ms;
	return 0;
}

int notices_take(struct notices *notices, const struct handed *handed, const struct actor *actor)
{
	struct notice_waiting *new;

	return take(notices, handed, actor, false, &new);
}

static bool waits(const struct notices *notices, const char *name)
{
	for (size_t i = 0; i < notices->count; i++) {
		if (strcmp(notices->waiting[i].spooled, name) == 0)
			return true;
	}
	return false;
}

void notices_take_spooled(struct notices *notices, int state)
{
	const struct actor box = { .kind = ACTOR_BOX };
	struct notice_waiting *new;
	char name[SPOOL_NAME] = "";
	struct handed handed;
	int error;

	while (notices->count < NOTICES_WAITING) {
		error = spool_next(state, name, name, &handed);
		if (error && error != -EBADMSG)
			return;
		if (waits(notices, name))
			continue;
		if (!error)
			error = take(notices, &handed, &box, true, &new);
		if (!error && new) {
			snprintf(new->spooled, sizeof(new->spooled), "%s", name);
		} else if (error == -EBADMSG) {
			notices->dropped++;
			spool_remove(state, name);
		}
	}
}

/* ---- to the journal ---- */

static void add_dropped(struct notices *notices)
{
	const uint64_t dropped = notices->dropped;

	if (!dropped || notices->count)
		return;
	notices->dropped = 0;
	notices_add_box(notices, NOTICE_DROPPED,
			json_pack("{s:I}", "notices", (json_int_t)dropped));
}

static bool send_one(const struct notice_waiting *notice, int socket)
{
	const struct message_notice message = {
		.number = notice->number, .wall_ms = notice->wall_ms,
		.uptime_ms = notice->uptime_ms, .kind = notice->kind, .actor = notice->actor,
		.members = notice->members,
	};

	return message_send_notice(socket, &message) == 0;
}

static void send_standing(struct notices *notices, int socket)
{
	const struct message_notice message = { .kind = NOTICE_POLICY, .actor = "box",
						.members = notices->standing };

	if (!notices->told && notices->standing)
		notices->told = message_send_notice(socket, &message) == 0;
}

void notices_send(struct notices *notices, int socket, int64_t now_ms)
{
	if (now_ms < notices->again_ms)
		return;
	add_dropped(notices);
	send_standing(notices, socket);
	while (notices->sent < notices->count && send_one(&notices->waiting[notices->sent], socket))
		notices->sent++;
}

static void remove_first(struct notices *notices, int state)
{
	struct notice_waiting *first = notices->waiting;

	if (first->spooled[0])
		spool_remove(state, first->spooled);
	free(first->members);
	notices->count--;
	notices->sent--;
	memmove(first, first + 1, notices->count * sizeof(*first));
}

int notices_noted(struct notices *notices, uint64_t number, int result, int state, int64_t now_ms)
{
	if (notices->sent == 0 || number != notices->waiting[0].number)
		return notices->again_ms && number <= notices->last ? 0 : -EBADMSG;
	if (result == -ENOSPC) {
		/* All behind it are sent again, too, so that their order stays. */
		notices->sent = 0;
		notices->again_ms = now_ms + NOTICES_AGAIN_MS;
		return 0;
	}
	notices->again_ms = 0;
	remove_first(notices, state);
	return 0;
}

void notices_renew(struct notices *notices)
{
	notices->sent = 0;
	notices->again_ms = 0;
	notices->told = false;
}
