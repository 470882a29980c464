/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/witness.h"
#include "appliance/ipc/sessions.h"
#include "appliance/ipc/who.h"
#include "appliance/journal/notice.h"

/* ---- lines ---- */

/* Up to the end mark, which must be there; *at is behind it. */
static bool take(const char **at, const char *end, char *out, size_t size)
{
	const char *found = strstr(*at, end);
	size_t length = found ? (size_t)(found - *at) : 0;

	if (!found || length >= size)
		return false;
	memcpy(out, *at, length);
	out[length] = '\0';
	*at = found + strlen(end);
	return true;
}

static bool skip(const char **at, const char *mark)
{
	const char *found = strstr(*at, mark);

	*at = found ? found + strlen(mark) : *at;
	return found;
}

/* The fingerprint has no blank; the address is the rest of the line. */
static bool parse_accepted(const char *at, struct login *login)
{
	struct actor *actor = &login->actor;

	if (!take(&at, "' with ", login->user, sizeof(login->user)) || !skip(&at, " key ") ||
	    !take(&at, " from ", actor->key, sizeof(actor->key)) ||
	    strlen(at) >= sizeof(login->from) || !actor->key[0] || strchr(actor->key, ' '))
		return false;
	strcpy(login->from, at);
	actor->kind = ACTOR_SSH;
	memcpy(actor->name, login->user, sizeof(actor->name));
	login->accepted = true;
	return true;
}

static bool parse_failed(const char *at, struct login *login)
{
	static const char user[] = "(user '";

	if (!take(&at, ">", login->from, sizeof(login->from)))
		return false;
	at = strstr(at, user);
	if (at) {
		at += strlen(user);
		if (!take(&at, "'", login->user, sizeof(login->user)))
			login->user[0] = '\0';
	}
	return true;
}

bool login_parse(const char *line, struct login *login)
{
	static const char accepted[] = "Pubkey auth succeeded for '";
	static const char failed[] = "Exit before auth from <";
	const char *text;
	char *end;

	*login = (struct login){ .accepted = false };
	if (line[0] != '[')
		return false;
	login->pid = (int)strtol(line + 1, &end, 10);
	/* "] Nov 29 11:00:00 ": 18 characters, so that a user's name cannot begin a message. */
	if (login->pid <= 0 || strncmp(end, "] ", 2) != 0 || strnlen(end, 19) < 19)
		return false;
	text = end + 18;
	if (strncmp(text, accepted, strlen(accepted)) == 0)
		return parse_accepted(text + strlen(accepted), login);
	return strncmp(text, failed, strlen(failed)) == 0 &&
	       parse_failed(text + strlen(failed), login);
}

/* ---- what follows from them ---- */

static void keep_session(const struct login *login)
{
	struct session_process process;
	char *old;
	struct text out = TEXT_EMPTY;
	size_t size;

	if (!who_process(login->pid, &process))
		return;
	old = box_read(PATH_RUN "/" SESSIONS_FILE, SESSIONS_TEXT, &size);
	session_add(&out, old ? old : "", login->pid, process.started, &login->actor);
	if (!text_failed(&out))
		(void)box_write(PATH_RUN "/" SESSIONS_FILE, out.data, out.length, 0600);
	text_release(&out);
	free(old);
}

static const char *if_any(const char *text, char visible[LOGIN_LINE])
{
	return text[0] ? text_name(visible, LOGIN_LINE, text) : NULL;
}

static void tell(struct logins *logins, const struct login *login)
{
	const struct actor nobody = { .kind = ACTOR_BOX };
	char user[LOGIN_LINE], from[LOGIN_LINE];
	json_t *members = json_pack("{s:s, s:s?, s:s?, s:s?, s:s}", "service", "ssh", "user",
				    if_any(login->user, user), "key",
				    login->accepted ? login->actor.key : NULL, "from",
				    if_any(login->from, from), "result",
				    login->accepted ? "accepted" : "failed");

	if (members && logins->untold)
		(void)json_object_set_new(members, "untold",
					  json_integer((json_int_t)logins->untold));
	logins->untold = 0;
	box_notice_of(login->accepted ? &login->actor : &nobody, NOTICE_LOGIN, members);
}

static void line_ended(struct logins *logins)
{
	struct login login;

	logins->line[logins->length] = '\0';
	text_mask(logins->line);
	box_log("dropbear: %s", logins->line);
	if (!login_parse(logins->line, &login))
		return;
	/* First who it is, so that what it does at once has its name. */
	if (login.accepted)
		keep_session(&login);
	if (login.accepted || ration_take(&logins->failures, clock_uptime_ms()))
		tell(logins, &login);
	else
		logins->untold++;
}

void login_hear(struct logins *logins, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			if (!logins->skipping)
				line_ended(logins);
			logins->length = 0;
			logins->skipping = false;
		} else if (logins->length + 1 < sizeof(logins->line)) {
			logins->line[logins->length++] = data[i];
		} else {
			logins->skipping = true;
		}
	}
}
