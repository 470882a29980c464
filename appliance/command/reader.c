/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/command/command.h"

#define PROGRAM "/usr/bin/cordon"

/* The first words of a reader's commands; a second one where only some of it asks. */
static const char *const allowed[][2] = {
	{ "log", NULL }, { "hosts", NULL }, { "host", NULL }, { "why", NULL }, { "top", NULL },
	{ "status", NULL }, { "explain", NULL }, { "names", "list" }, { "update", "status" },
	{ "update", "history" }, { "--help", NULL }, { "--version", NULL }, { "exit", NULL },
};

int reader_split(char *line, char *word[READER_WORDS + 1])
{
	int words = 0;
	char *to = line, quote;

	for (char *at = line; *at;) {
		at += strspn(at, " \t\r\n");
		if (!*at)
			break;
		if (words == READER_WORDS)
			return -E2BIG;
		word[words++] = to;
		for (quote = '\0'; *at && (quote || !strchr(" \t\r\n", *at)); at++) {
			if (quote ? *at == quote : (*at == '\'' || *at == '"'))
				quote = quote ? '\0' : *at;
			else
				*to++ = *at;
		}
		if (quote)
			return -EINVAL;
		/* The blank behind the word has been read, so that its place is free. */
		at += *at != '\0';
		*to++ = '\0';
	}
	word[words] = NULL;
	return words;
}

bool reader_may(char *const word[], int words, int *first)
{
	*first = words > 0 && strcmp(word[0], "cordon") == 0;
	for (size_t i = 0; *first < words && i < sizeof(allowed) / sizeof(*allowed); i++) {
		if (strcmp(word[*first], allowed[i][0]) == 0 &&
		    (!allowed[i][1] || (*first + 1 < words &&
					strcmp(word[*first + 1], allowed[i][1]) == 0)))
			return true;
	}
	return false;
}

static void tell_allowed(FILE *out)
{
	fputs("cordon: a reader may use:", out);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		fprintf(out, "%s %s%s%s", i ? "," : "", allowed[i][0], allowed[i][1] ? " " : "",
			allowed[i][1] ? allowed[i][1] : "");
	fputs("; \"log --help\" explains log\n", out);
}

/* The words of a line in word, from *first on; or an exit code after a message. 0: run them. */
static int take_line(char *line, char *word[READER_WORDS + 1], int *words, int *first)
{
	*words = reader_split(line, word);
	if (*words == -E2BIG)
		fprintf(stderr, "cordon: expected at most %d words\n", READER_WORDS);
	else if (*words < 0)
		fputs("cordon: a quote is not closed\n", stderr);
	else if (*words && !reader_may(word, *words, first))
		tell_allowed(stderr);
	else
		return 0;
	return EXIT_USAGE;
}

/* word[-1] must be there: the program's name takes its place. */
static int execute(char **word)
{
	static char name[] = "cordon";

	word[-1] = name;
	execv(PROGRAM, word - 1);
	fprintf(stderr, "cordon: %s: %s\n", PROGRAM, strerror(errno));
	return EXIT_NO;
}

static int run_and_wait(char **word)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(execute(word));
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return EXIT_NO;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NO;
}

/* A prompt, until the end of the input or "exit". */
static int talk(void)
{
	char line[READER_LINE], *place[READER_WORDS + 2], **word = place + 1;
	int words, first, code = EXIT_YES;

	tell_allowed(stdout);
	for (;;) {
		fputs("cordon> ", stdout);
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			break;
		first = 0;
		code = take_line(line, word, &words, &first);
		if (code || first == words)
			continue;
		if (strcmp(word[first], "exit") == 0)
			break;
		code = run_and_wait(word + first);
	}
	return code;
}

int reader_run(int argc, char **argv)
{
	char line[READER_LINE], *place[READER_WORDS + 2], **word = place + 1;
	int words, first = 0, code;

	if (argc == 1)
		return talk();
	if (argc != 3 || strcmp(argv[1], "-c") != 0 || strlen(argv[2]) >= sizeof(line)) {
		tell_allowed(stderr);
		return EXIT_USAGE;
	}
	memcpy(line, argv[2], strlen(argv[2]) + 1);
	code = take_line(line, word, &words, &first);
	if (code)
		return code;
	if (first == words) {
		tell_allowed(stderr);
		return EXIT_USAGE;
	}
	return execute(word + first);
}
