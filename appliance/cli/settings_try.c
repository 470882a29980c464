/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/settings.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/cli/appliance.h"
#include "appliance/cli/child.h"
#include "appliance/system/paths.h"

/*
 * What only cordond knows: whether it would start with these settings, their trust root and CA, and the rule
 * lists of this image. So it is asked, with the files in a folder of their own.
 */
#define TRY PATH_RUN "/try"
#define ERROR "cordond: error: "
enum { TRY_MS = 30000, ANSWER_MAX = 64 * 1024 };
enum answer { YES, NO, NOTHING };

static const struct {
	enum intake_file file;
	const char *path;
} beside[] = { { INTAKE_ROOT, TRY "/root.json" }, { INTAKE_CA, TRY "/mirror-ca.pem" } };

static void remove_files(void)
{
	char path[APPLIANCE_PATH];

	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		unlink(appliance_path(path, beside[i].path));
	unlink(appliance_path(path, TRY "/cordon.conf"));
	rmdir(appliance_path(path, TRY));
}

static int write_files(const struct intake_set *set, struct diag *diag)
{
	struct text out = TEXT_EMPTY;
	char path[APPLIANCE_PATH];
	int code = EXIT_YES;

	mkdir(appliance_path(path, TRY), 0700);
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside) && code == EXIT_YES; i++) {
		const struct intake_part *part = &set->file[beside[i].file];

		if (part->data)
			code = appliance_write(beside[i].path, part->data, part->size, 0600);
	}
	if (code == EXIT_YES && settings_compose(set, TRY, &out, diag) < 0)
		code = EXIT_NO;
	if (code == EXIT_YES)
		code = appliance_write(TRY "/cordon.conf", out.data, out.length, 0600);
	text_release(&out);
	return code;
}

/* "cordond: error: SOURCE: MESSAGE"; warnings are about now, not about the settings. */
static void take_line(char *line, struct diag *diag)
{
	char folder[APPLIANCE_PATH], *message;
	size_t length = strlen(appliance_path(folder, TRY "/"));

	if (strncmp(line, ERROR, strlen(ERROR)) != 0)
		return;
	line += strlen(ERROR);
	if (strncmp(line, folder, length) == 0)
		line += length;
	message = strstr(line, ": ");
	if (message)
		*message = '\0';
	diag_error(diag, message ? line : "cordon.conf", 0, 0, "%s", message ? message + 2 : line);
}

static void become_cordond(int answer)
{
	char config[APPLIANCE_PATH];
	const char *const argv[] = { "/usr/sbin/cordond", "--check", "--config",
				     appliance_path(config, TRY "/cordon.conf"), NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(answer, STDERR_FILENO) >= 0)
		run_become(argv, "");
	_exit(127);
}

static enum answer ask_cordond(struct diag *diag)
{
	const int64_t end = clock_uptime_ms() + TRY_MS;
	const size_t errors = diag->count;
	struct text answer = TEXT_EMPTY;
	int ends[2], code = -1;
	pid_t pid = child_start(ends);

	if (pid == 0)
		become_cordond(ends[1]);
	if (pid > 0) {
		child_receive(ends[0], end, ANSWER_MAX, &answer);
		close(ends[0]);
		code = child_finish(pid, end);
	}
	for (char *rest = answer.data, *line; code != 0 && (line = strsep(&rest, "\n"));)
		take_line(line, diag);
	text_release(&answer);
	if (code == 0)
		return YES;
	if (diag->count > errors)
		return NO;
	diag_error(diag, "cordon.conf", 0, 0, "cordond could not be asked whether it would start with "
		   "these settings: restart the box and try again");
	return NOTHING;
}

static enum answer try_one(const struct intake_set *set, struct diag *diag)
{
	const size_t errors = diag->count;
	enum answer answer = NOTHING;

	remove_files();
	if (write_files(set, diag) == EXIT_YES)
		answer = ask_cordond(diag);
	else if (diag->count == errors)
		diag_error(diag, "cordon.conf", 0, 0, "cannot be tried: " PATH_RUN " cannot be written");
	remove_files();
	return answer;
}

static enum answer try_factory(void)
{
	static const struct intake_set nothing;
	static struct diag diag;

	diag_init(&diag);
	return try_one(&nothing, &diag);
}

void settings_try(const struct intake_set *set, struct diag *diag)
{
	const size_t errors = diag->count;
	/* A set is judged before its owner has the lock over the settings, too: each is tried on its own. */
	int lock = appliance_lock(PATH_RUN "/try.lock");

	/* Would it not start with those of the factory either, because a list of the image is broken, say, then it is
	 * not the settings that are wrong; and an administrator's secret has to come to such a box, too. */
	if (try_one(set, diag) == NO && try_factory() == NO)
		diag->count = errors;
	appliance_unlock(lock);
}
