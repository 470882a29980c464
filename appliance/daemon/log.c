/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_TEXT = 4096 };

static uint64_t lost, said;	/* messages; of them, those that a line owned up to */
static enum role own_role;
static enum log_level own_level = LEVEL_INFO;

void log_open(enum role role, enum log_level level)
{
	own_role = role;
	own_level = level;
}

/*
 * A stopped terminal (^S, or noise on a serial line) takes nothing more and blocks each writer. A
 * gateway must not block, so a line may be lost there. Other descriptors stay as they were handed
 * in. The terminal is opened anew, because O_NONBLOCK would also hold for the processes that share
 * the old descriptor.
 */
void log_unblock(void)
{
	int fd = isatty(STDERR_FILENO) ?
			 open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) :
			 -1;

	if (fd < 0)
		return;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

uint64_t log_lost(void)
{
	return lost;
}

/* Reports lines that were lost, as soon as stderr takes a line again. */
static void own_up(void)
{
	char line[96];
	int length = snprintf(line, sizeof(line),
			      "cordond: warning: %llu messages before this one were "
			      "lost: nothing took them\n",
			      (unsigned long long)(lost - said));

	if (lost != said && write(STDERR_FILENO, line, (size_t)length) == length)
		said = lost;
}

/* One write a message, so that the roles' lines do not mix. */
static void put(enum log_level level, const char *format, va_list arguments)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	char line[1024], text[LOG_TEXT];
	int length, used;

	if (level > own_level)
		return;
	used = snprintf(line, sizeof(line), "cordond%s%s: %s",
			own_role == ROLE_PARENT ? "" : " ",
			own_role == ROLE_PARENT ? "" : role_print(own_role), words[level]);
	length = vsnprintf(text, sizeof(text), format, arguments);
	if (length < 0)
		return;
	text_fit(line + used, sizeof(line) - (size_t)used - 1, text, strlen(text));
	used = (int)strlen(line);
	line[used++] = '\n';
	own_up();
	if (write(STDERR_FILENO, line, (size_t)used) != used)
		lost++;
}

#define LOG_AT(level) \
	do { \
		va_list arguments; \
		va_start(arguments, format); \
		put(level, format, arguments); \
		va_end(arguments); \
	} while (0)

void log_error(const char *format, ...)
{
	LOG_AT(LEVEL_ERROR);
}

void log_warning(const char *format, ...)
{
	LOG_AT(LEVEL_WARNING);
}

void log_info(const char *format, ...)
{
	LOG_AT(LEVEL_INFO);
}

void log_debug(const char *format, ...)
{
	LOG_AT(LEVEL_DEBUG);
}

void log_warnings(const struct diag *warnings)
{
	size_t kept = warnings->count < DIAG_KEEP ? warnings->count : DIAG_KEEP;

	for (size_t i = 0; i < kept; i++)
		log_warning("%s: %s", warnings->entry[i].source, warnings->entry[i].message);
}

void log_diag(const struct diag *diag)
{
	size_t kept = diag->count < DIAG_KEEP ? diag->count : DIAG_KEEP;

	for (size_t i = 0; i < kept; i++) {
		const struct diag_entry *entry = &diag->entry[i];

		if (entry->line && !entry->column)
			log_error("%s:%u: %s", entry->source, entry->line, entry->message);
		else if (entry->line)
			log_error("%s:%u:%u: %s", entry->source, entry->line, entry->column,
				  entry->message);
		else
			log_error("%s: %s", entry->source, entry->message);
	}
	if (diag->count > kept)
		log_error("and %zu more errors", diag->count - kept);
}
