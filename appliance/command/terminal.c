/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "appliance/base/text.h"

static void drop_rest(void)
{
	int c;

	do
		c = getchar();
	while (c != '\n' && c != EOF);
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
	if (text_is_plain(line, length, ""))
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

/* Echo off; false: fd is no terminal. */
static bool hide(int fd, struct termios *old)
{
	struct termios quiet;

	if (tcgetattr(fd, old) < 0)
		return false;
	quiet = *old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	return true;
}

int terminal_ask_hidden(const char *question, char *line, size_t size)
{
	struct termios old;
	const bool hidden = hide(STDIN_FILENO, &old);
	const int error = terminal_ask(question, line, size);

	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		putchar('\n');
	}
	return error;
}

int terminal_ask_user(const char *question, bool hidden, char *line, size_t size)
{
	struct termios old;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	if (fd < 0)
		return -ENOTTY;
	fflush(stdout);
	dprintf(fd, "%s", question);
	hidden = hidden && hide(fd, &old);
	got = read(fd, line, size - 1);
	if (hidden) {
		tcsetattr(fd, TCSAFLUSH, &old);
		dprintf(fd, "\n");
	}
	close(fd);
	if (got <= 0)
		return -EPIPE;
	line[got] = '\0';
	if (line[got - 1] != '\n' && (size_t)got == size - 1)
		return -E2BIG;
	line[strcspn(line, "\r\n")] = '\0';
	return 0;
}

bool terminal_confirm(const char *question)
{
	char line[16];

	return terminal_ask(question, line, sizeof(line)) == 0 && strcmp(line, "yes") == 0;
}
