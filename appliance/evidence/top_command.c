/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/text.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/query.h"
#include "appliance/evidence/top.h"
#include "appliance/journal/reader.h"

/*
 * `cordon top`: reads the log as it grows, and shows the sums of the last minutes every two
 * seconds. It begins with at most BEGIN entries from the end.
 */
enum { REFRESH_MS = 2000, BEGIN = 50000, ROWS = 10, COLUMNS = 80, COUNT_WIDTH = 8, TIME_WIDTH = 9 };

struct screen {
	bool terminal;
	bool keys;		/* standard input is a terminal that sends keys at once */
	struct termios before;
	int lines, columns;
};

/* ---- the terminal ---- */

static void measure(struct screen *screen)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
		size = (struct winsize){ .ws_row = 24, .ws_col = COLUMNS };
	screen->lines = size.ws_row;
	screen->columns = size.ws_col;
}

static void screen_begin(struct screen *screen)
{
	struct termios raw;

	screen->terminal = isatty(STDOUT_FILENO);
	screen->keys = screen->terminal && tcgetattr(STDIN_FILENO, &screen->before) == 0;
	if (!screen->keys)
		return;
	raw = screen->before;
	/* ^C is a key, too: it must not leave the terminal like this. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	(void)!tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void screen_end(const struct screen *screen)
{
	if (screen->keys)
		(void)!tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
}

/* Waits for the next refresh; true: it is to end, by q, ^C, ^D or the end of input. */
static bool wait_for_end(const struct screen *screen)
{
	struct pollfd keys = { .fd = screen->keys ? STDIN_FILENO : -1, .events = POLLIN };
	const int64_t end = clock_uptime_ms() + REFRESH_MS;
	char key;

	for (int64_t left = REFRESH_MS; left > 0; left = end - clock_uptime_ms()) {
		if (poll(&keys, 1, (int)left) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || strchr("qQ\3\4", key))
			return true;
	}
	return false;
}

/* ---- what it shows ---- */

static void print_row(const struct screen *screen, const struct top_row *row)
{
	const int width = screen->columns - COUNT_WIDTH - TIME_WIDTH - 2;
	char time[CLOCK_TEXT], key[TOP_TEXT];

	text_fit(key, (size_t)(width < 8 ? 8 : width >= TOP_TEXT ? TOP_TEXT - 1 : width) + 1,
		 row->key, strlen(row->key));
	printf("%*llu  %.8s %s\n", COUNT_WIDTH, (unsigned long long)row->events,
	       clock_print(row->last_ms, time) + 11, key);
}

static void print_kind(const struct screen *screen, const struct top *top, enum top_kind kind,
		       int64_t now_ms)
{
	/* A heading and a blank line for each, and one for the sum; on paper all rows. */
	const int most = screen->terminal ? (screen->lines - 2) / TOP_KINDS - 2 : ROWS;
	struct top_row row[TOP_ROWS];
	size_t rows = top_rank(top, kind, now_ms, row);

	printf("%s%*s  last at  %s%s\n", screen->terminal ? "\033[1m" : "", COUNT_WIDTH, "events",
	       top_kind_print(kind), screen->terminal ? "\033[0m" : "");
	for (size_t i = 0; i < rows && (int)i < (most > 1 ? most : 1); i++)
		print_row(screen, &row[i]);
	putchar('\n');
}

static void print_all(struct screen *screen, const struct top *top)
{
	const int64_t now_ms = clock_wall_ms();
	char time[CLOCK_TEXT];

	measure(screen);
	if (screen->terminal)
		fputs("\033[H\033[2J", stdout);
	printf("%.19sZ  %llu events in %d minutes%s\n\n", clock_print(now_ms, time),
	       (unsigned long long)top_total(top, now_ms), TOP_STEPS * TOP_STEP_MS / 60000,
	       screen->keys ? "   q: end" : "");
	for (int kind = 0; kind < TOP_KINDS; kind++)
		print_kind(screen, top, (enum top_kind)kind, now_ms);
}

static void print_json(const struct top *top)
{
	const int64_t now_ms = clock_wall_ms();
	char time[CLOCK_TEXT];
	json_t *object = json_pack("{s:s, s:i, s:I}", "time", clock_print(now_ms, time),
				   "seconds", TOP_STEPS * TOP_STEP_MS / 1000, "events",
				   (json_int_t)top_total(top, now_ms));

	for (int kind = 0; kind < TOP_KINDS; kind++) {
		struct top_row row[TOP_ROWS];
		size_t rows = top_rank(top, (enum top_kind)kind, now_ms, row);
		json_t *list = json_array();

		for (size_t i = 0; i < rows; i++)
			(void)json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "key",
				row[i].key, "events", (json_int_t)row[i].events, "last",
				clock_print(row[i].last_ms, time)));
		(void)json_object_set_new(object, top_kind_print((enum top_kind)kind), list);
	}
	command_print_json(object);
}

/* ---- the log ---- */

static void take_new(struct log_reader *reader, struct top *top)
{
	const int64_t now_ms = clock_wall_ms();
	struct reader_entry entry;

	while (reader_next(reader, &entry)) {
		if (entry.entry.type == ENTRY_EVENT)
			top_add(top, &entry.entry.event, entry.context.rule, now_ms);
	}
}

static int show(struct log_reader *reader, struct top *top, bool once, bool json)
{
	struct screen screen = { .terminal = false };

	screen_begin(&screen);
	do {
		take_new(reader, top);
		if (json)
			print_json(top);
		else
			print_all(&screen, top);
	} while (fflush(stdout) == 0 && !once && !wait_for_end(&screen));
	screen_end(&screen);
	return EXIT_YES;
}

static int run(const char *folder, bool once, bool json)
{
	const struct reader_options reading = { .folder = "." };
	struct log_reader *reader;
	struct top *top;
	int code = query_begin("top", folder);

	if (code != EXIT_YES)
		return code;
	if (reader_open(&reader, &reading) < 0) {
		fprintf(stderr, "cordon top: no log in %s\n", folder);
		return EXIT_NO;
	}
	top = top_new();
	if (top) {
		reader_seek_last(reader, BEGIN);
		code = show(reader, top, once, json);
	} else {
		fputs("cordon top: out of memory\n", stderr);
		code = EXIT_NO;
	}
	top_free(top);
	reader_close(reader);
	return code;
}

int command_top(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "once", no_argument, NULL, 'o' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	bool once = false, json = false;
	char folder[512];
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return command_usage("top", "expected [--once] [--json]");
		once |= option == 'o';
		json |= option == 'j';
	}
	if (optind != argc)
		return command_usage("top", "unexpected word \"%s\"", argv[optind]);
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	return run(folder, once || json, json);
}
