/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

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
