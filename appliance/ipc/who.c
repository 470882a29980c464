/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/who.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/ipc/sessions.h"

enum { ANCESTORS = 64, PASSWD_MAX = 256 * 1024, NO_LOGIN = -1 };

/* A file of the kernel, which does not tell its size. */
static bool peek(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, buffer, size - 1);

	if (fd >= 0)
		close(fd);
	buffer[got > 0 ? got : 0] = '\0';
	return got > 0;
}

bool who_process(pid_t pid, struct session_process *process)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return peek(path, text, sizeof(text)) && session_process(process, text) == 0;
}

/* ---- names ---- */

/* Without libc's getpwuid, which may ask the network. */
static void name_of(const char *passwd, uint32_t uid, char name[ACTOR_NAME])
{
	name[0] = '\0';
	while (passwd && *passwd) {
		char found[ACTOR_NAME];
		unsigned int number;

		if (sscanf(passwd, "%32[^:\n]:%*[^:\n]:%u:", found, &number) == 2 &&
		    number == uid) {
			memcpy(name, found, sizeof(found));
			return;
		}
		passwd = strchr(passwd, '\n');
		passwd += passwd ? 1 : 0;
	}
}

static void set_names(struct actor *actor)
{
	char *text = NULL;
	size_t size;

	if (file_read(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, &size) < 0)
		return;
	name_of(text, actor->uid, actor->name);
	if (actor->has_login)
		name_of(text, actor->login, actor->login_name);
	free(text);
}

/* ---- console ---- */

/* As the kernel encodes it in /proc/PID/stat. */
static bool is_device(uint32_t terminal, dev_t device)
{
	return major(device) == (terminal >> 8 & 0xfff) &&
	       minor(device) == ((terminal & 0xff) | (terminal >> 12 & 0xfff00));
}

/* The line that the kernel's console is on, which /dev/console stands for. */
static bool is_console(uint32_t terminal)
{
	char text[128], path[160], *name;
	struct stat status;

	if (!terminal || !peek("/sys/class/tty/console/active", text, sizeof(text)))
		return false;
	text[strcspn(text, "\n")] = '\0';
	name = strrchr(text, ' ');
	snprintf(path, sizeof(path), "/dev/%s", name ? name + 1 : text);
	return stat(path, &status) == 0 && S_ISCHR(status.st_mode) &&
	       is_device(terminal, status.st_rdev);
}

/* ---- all of it ---- */

static bool by_ssh(pid_t pid, int run, struct actor *actor)
{
	struct session_process process;
	char *text = NULL;
	size_t size;
	bool found = false;

	if (run < 0 || file_read(run, SESSIONS_FILE, SESSIONS_TEXT, &text, &size) < 0)
		return false;
	for (int i = 0; !found && i < ANCESTORS && pid > 1 && who_process(pid, &process); i++) {
		found = session_find(text, pid, process.started, actor);
		pid = process.parent;
	}
	free(text);
	return found;
}

static void read_login(pid_t pid, struct actor *actor)
{
	char path[40], text[16];

	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	if (!peek(path, text, sizeof(text)))
		return;
	actor->login = (uint32_t)strtoul(text, NULL, 10);
	actor->has_login = actor->login != (uint32_t)NO_LOGIN;
}

void who_is(pid_t pid, uid_t uid, int run, struct actor *actor)
{
	struct session_process process;

	*actor = (struct actor){ .kind = ACTOR_USER, .uid = uid };
	if (by_ssh(pid, run, actor))
		return;
	read_login(pid, actor);
	if (uid == 0 && !actor->has_login && who_process(pid, &process) &&
	    is_console(process.terminal)) {
		actor->kind = ACTOR_CONSOLE;
		return;
	}
	set_names(actor);
}
