/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/ipc/control.h"
#include "appliance/ipc/spool.h"
#include "appliance/ipc/who.h"

/* Nobody says later who it was. */
static void identify(const struct notice_way *way, struct handed *handed)
{
	int run = open(way->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct actor actor;

	who_is(getpid(), getuid(), run, &actor);
	actor_print(&actor, handed->actor);
	if (run >= 0)
		close(run);
}

static int leave(const struct notice_way *way, struct handed *handed)
{
	int state = open(way->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (state < 0)
		return -errno;
	if (!handed->actor[0])
		identify(way, handed);
	handed->wall_ms = clock_wall_ms();
	error = spool_add(state, handed);
	close(state);
	return error;
}

static int hand_in(const struct notice_way *way, struct control_request *request)
{
	char *reply = NULL;
	int code = 0, error = control_ask(way->run, request, &code, &reply);

	free(reply);
	if (error)
		return leave(way, &request->notice);
	return code ? -EINVAL : 0;
}

/* As text that fits; NULL: no memory, or it does not. */
static char *fit(json_t *members)
{
	enum { FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };
	json_t *changes = json_object_get(members, "changes");
	char *text = members ? json_dumps(members, FLAGS) : NULL;
	json_int_t more = 0;

	while (text && strlen(text) >= HANDED_MEMBERS && json_array_size(changes)) {
		free(text);
		(void)json_array_remove(changes, json_array_size(changes) - 1);
		(void)json_object_set_new(members, "more", json_integer(++more));
		text = json_dumps(members, FLAGS);
	}
	if (text && strlen(text) < HANDED_MEMBERS)
		return text;
	free(text);
	return NULL;
}

int command_notice(const struct notice_way *way, const char *kind, json_t *members)
{
	struct control_request request = { .type = CONTROL_NOTICE };
	char *text = fit(members);
	int error = text ? 0 : -ENOMEM;

	json_decref(members);
	if (!error && strlen(kind) >= sizeof(request.notice.kind))
		error = -EMSGSIZE;
	if (!error) {
		strcpy(request.notice.members, text);
		strcpy(request.notice.kind, kind);
		request.notice.secret = way->secret;
		if (way->actor)
			actor_print(way->actor, request.notice.actor);
		error = hand_in(way, &request);
	}
	free(text);
	return error;
}
