/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "appliance/cli/appliance.h"
#include "appliance/system/paths.h"

static void drop_rest(void)
{
	int c;

	do
		c = getchar();
	while (c != '\n' && c != EOF);
}

static bool is_plain(const char *line)
{
	for (; *line; line++) {
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			return false;
	}
	return true;
}

/* 0; -EPIPE at the end; -EAGAIN: it has to be asked for again. */
static int take_line(char *line, size_t size)
{
	size_t length;

	if (!fgets(line, (int)size, stdin)) {
		/* ^D ends what was asked, not everything that is asked after it. */
		clearerr(stdin);
		return -EPIPE;
	}
	length = strcspn(line, "\r\n");
	if (length + 1 == size && line[length] == '\0') {
		drop_rest();
		printf("too long: expected at most %zu characters\n", size - 2);
		return -EAGAIN;
	}
	line[length] = '\0';
	if (is_plain(line))
		return 0;
	puts("expected text without control characters");
	return -EAGAIN;
}

int terminal_ask(const char *question, char *line, size_t size)
{
	int error;

	do {
		fputs(question, stdout);
		fflush(stdout);
		error = take_line(line, size);
	} while (error == -EAGAIN);
	return error;
}

int terminal_ask_hidden(const char *question, char *line, size_t size)
{
	struct termios old, quiet;
	bool hidden = tcgetattr(STDIN_FILENO, &old) == 0;
	int error;

	if (hidden) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	error = terminal_ask(question, line, size);
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		putchar('\n');
	}
	return error;
}

bool terminal_confirm(const char *question)
{
	char line[16];

	return terminal_ask(question, line, sizeof(line)) == 0 && strcmp(line, "yes") == 0;
}

/* "tty0 ttyS0": the last one is what /dev/console leads to. */
static const char *active_console(char *text, size_t size)
{
	char *last;

	if (!appliance_peek("/sys/class/tty/console/active", text, size))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	last = strrchr(text, ' ');
	return last ? last + 1 : text;
}

bool terminal_is_console(void)
{
	char text[128], path[160];
	const char *name;
	struct stat status, console;

	if (fstat(STDIN_FILENO, &status) < 0 || !S_ISCHR(status.st_mode))
		return false;
	if (status.st_rdev == makedev(5, 1))
		return true;
	name = active_console(text, sizeof(text));
	snprintf(path, sizeof(path), "/dev/%s", name ? name : "");
	return name && stat(path, &console) == 0 && S_ISCHR(console.st_mode) &&
	       console.st_rdev == status.st_rdev;
}

bool terminal_may_decide(void)
{
	return getenv(PATH_PREFIX_VARIABLE) || terminal_is_console();
}
