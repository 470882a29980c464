/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int session_process(struct session_process *process, const char *text)
{
	const char *after = strrchr(text, ')');
	char state;
	int terminal;

	*process = (struct session_process){ .parent = 0 };
	/* The name before it may have anything in it. */
	if (!after || sscanf(after, ") %c %d %*s %*s %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			     "%*s %*s %*s %*s %" SCNu64, &state, &process->parent, &terminal,
			     &process->started) != 4)
		return -EBADMSG;
	process->terminal = (uint32_t)terminal;
	process->zombie = state == 'Z';
	return 0;
}

bool session_find(const char *text, int pid, uint64_t started, struct actor *actor)
{
	while (*text) {
		struct actor found = { .kind = ACTOR_SSH };
		uint64_t ticks;
		int number;

		if (sscanf(text, "%d %" SCNu64 " %32s %139s", &number, &ticks, found.name,
			   found.key) == 4 && number == pid && ticks == started) {
			*actor = found;
			return true;
		}
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return false;
}

static size_t lines(const char *text)
{
	size_t count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

void session_add(struct text *out, const char *text, int pid, uint64_t started,
		 const struct actor *actor)
{
	for (size_t count = lines(text); count >= SESSIONS_MOST; count--)
		text = strchr(text, '\n') + 1;
	text_puts(out, text);
	text_printf(out, "%d %" PRIu64 " ", pid, started);
	text_put_name(out, actor->name[0] ? actor->name : "?");
	text_puts(out, " ");
	text_put_name(out, actor->key);
	text_puts(out, "\n");
}
