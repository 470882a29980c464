/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/witness.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"
#include "appliance/journal/notice.h"

#define ATTEMPTS PATH_DATA "/secret-attempts"
enum { TRIES = 3, FREE_ATTEMPTS = 3, WAIT_MOST = 64, COUNT_MOST = 1000,
       UNKEPT };

static bool load(char line[PASSWORD_LINE])
{
	size_t size;
	char *text = box_read(PATH_SETTINGS "/admin-secret", PASSWORD_LINE, &size);
	bool good;

	if (text)
		text[strcspn(text, "\r\n")] = '\0';
	good = text && strlen(text) < PASSWORD_LINE && password_check_line(text);
	if (good)
		memcpy(line, text, strlen(text) + 1);
	free(text);
	return good;
}

bool admin_has_secret(void)
{
	char line[PASSWORD_LINE];

	return load(line);
}

/* ---- wrong answers make the next one wait ---- */

static unsigned int failures(void)
{
	size_t size;
	char *text = box_read(ATTEMPTS, 16, &size);
	int count = text ? atoi(text) : 0;

	free(text);
	return count < 0 || count > COUNT_MOST ? COUNT_MOST : (unsigned int)count;
}

static bool keep_failures(unsigned int count)
{
	char path[BOX_PATH], text[16];

	if (count == 0) {
		unlink(box_path(path, ATTEMPTS));
		return true;
	}
	snprintf(text, sizeof(text), "%u\n", count);
	return box_write(ATTEMPTS, text, strlen(text), 0600) == EXIT_YES;
}

static void wait_for(unsigned int count)
{
	unsigned int over = count < FREE_ATTEMPTS ? 0 : count - FREE_ATTEMPTS + 1;
	unsigned int seconds = over == 0 ? 0 : over > 6 ? WAIT_MOST : 1U << over;

	if (!seconds)
		return;
	if (count < UNKEPT)
		printf("%u wrong answers: wait %u s\n", count, seconds);
	else
		printf("wrong answers cannot be counted here: wait %u s\n", seconds);
	fflush(stdout);
	while (seconds)
		seconds = sleep(seconds);
}

static void note_wrong(void)
{
	box_log("wrong answer to the question for the administrator's secret");
	box_notice(NOTICE_LOGIN, json_pack("{s:s, s:n, s:n, s:n, s:s}", "service", "secret",
					   "user", "key", "from", "result", "failed"));
}

/* One at a time, and counted before it is answered: who ends the program in between gains nothing.
 */
static bool check(const char *line, const char *secret)
{
	int lock = box_lock(PATH_RUN "/secret.lock");
	unsigned int count;
	bool right;

	count = failures();
	/* On a disk that nobody can write each may be the thousandth. */
	wait_for(keep_failures(count + 1) ? count : UNKEPT);
	right = password_verify(line, secret) == 0;
	if (right)
		(void)keep_failures(0);
	else
		note_wrong();
	box_unlock(lock);
	return right;
}

bool admin_ask(const char *why)
{
	char line[PASSWORD_LINE], question[160], secret[PASSWORD_MOST + 3];
	bool right = false;

	if (!load(line)) {
		puts("no administrator's secret is set on this box: what needs one comes in "
		     "signed by the keys "
		     "of the\ntrust root, or after a factory reset (f on the console)");
		return false;
	}
	snprintf(question, sizeof(question), "administrator's secret %s (Enter: give up): ", why);
	for (int i = 0; i < TRIES && !right; i++) {
		if (terminal_ask_hidden(question, secret, sizeof(secret)) < 0 || !secret[0])
			break;
		right = check(line, secret);
		if (!right)
			puts("that is not the administrator's secret");
	}
	explicit_bzero(secret, sizeof(secret));
	box_notice_secret(right);
	return right;
}

bool admin_new(char line[PASSWORD_LINE])
{
	char secret[PASSWORD_MOST + 3], again[PASSWORD_MOST + 3];
	bool made = false;

	line[0] = '\0';
	while (!made &&
	       terminal_ask_hidden(
		       "new administrator's secret, at least 12 characters (Enter: none): ", secret,
		       sizeof(secret)) == 0 &&
	       secret[0]) {
		if (strlen(secret) < PASSWORD_LEAST)
			puts("expected at least 12 characters: a few words are easier to type "
			     "than signs");
		else if (terminal_ask_hidden("the same again: ", again, sizeof(again)) < 0)
			break;
		else if (strcmp(secret, again) != 0)
			puts("the two differ");
		else
			made = password_hash(secret, line) == 0;
	}
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(again, sizeof(again));
	return made;
}
