/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/network/wiring.h"

static const char *const word[BOOT_STEPS] = {
	"userland", "settings", "policy", "links", "forwarding", "selftest",
};

const char *boot_step_print(enum boot_step step)
{
	return word[step];
}

static const char *next_line(const char *at)
{
	const char *newline = strchr(at, '\n');

	return newline ? newline + 1 : at + strlen(at);
}

/* "4.37" to 4370; as /proc/uptime writes it. */
static int64_t milliseconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	return end == text || !(seconds >= 0 && seconds < 1e9) ? -1 :
								 (int64_t)(seconds * 1000 + 0.5);
}

static void take_step(struct boot *boot, const char *line)
{
	for (int step = 0; step < BOOT_STEPS; step++) {
		size_t length = strlen(word[step]);

		/* The first one counts: what is done again later is no part of the start. */
		if (strncmp(line, word[step], length) == 0 && line[length] == ' ' &&
		    boot->at[step] < 0)
			boot->at[step] = milliseconds(line + length + 1);
	}
}

static bool take_count(const char *line, char family, uint64_t *count)
{
	char *end;

	if (line[0] != family || line[1] != ' ')
		return false;
	errno = 0;
	*count = strtoull(line + 2, &end, 10);
	return !errno && end != line + 2 && (*end == '\n' || *end == '\0');
}

void boot_parse(struct boot *boot, const char *times, const char *forwarded)
{
	bool v4 = false, v6 = false;

	*boot = (struct boot){ .counted = false };
	for (int step = 0; step < BOOT_STEPS; step++)
		boot->at[step] = -1;
	for (const char *at = times ? times : ""; *at; at = next_line(at))
		take_step(boot, at);
	for (const char *at = forwarded ? forwarded : ""; *at; at = next_line(at)) {
		v4 |= take_count(at, '4', &boot->forwarded4);
		v6 |= take_count(at, '6', &boot->forwarded6);
	}
	boot->counted = v4 && v6;
}

static bool in_order(const struct boot *boot)
{
	return boot->at[BOOT_POLICY] >= 0 && boot->at[BOOT_LINKS] >= boot->at[BOOT_POLICY] &&
	       boot->at[BOOT_FORWARDING] >= boot->at[BOOT_LINKS];
}

bool boot_proven(const struct boot *boot)
{
	return in_order(boot) && boot->counted && boot->forwarded4 + boot->forwarded6 == 0;
}

static void print_step(const char *what, int64_t at, struct text *out)
{
	if (at < 0)
		text_printf(out, "%s not yet", what);
	else
		text_printf(out, "%s at %lld.%lld s", what, (long long)at / 1000,
			    (long long)at % 1000 / 100);
}

void boot_print(const struct boot *boot, struct text *out)
{
	print_step("policy in force", boot->at[BOOT_POLICY], out);
	print_step(", links up", boot->at[BOOT_LINKS], out);
	print_step(", forwarding", boot->at[BOOT_FORWARDING], out);
	if (boot->counted)
		text_printf(out, "; packets forwarded before: %llu",
			    (unsigned long long)(boot->forwarded4 + boot->forwarded6));
	else
		text_puts(out, "; packets forwarded before: not counted");
	if (boot->at[BOOT_FORWARDING] >= 0 && !in_order(boot))
		text_puts(out, "; WRONG: forwarding or links came before the policy");
	else if (boot->counted && !boot_proven(boot) && boot->at[BOOT_FORWARDING] >= 0)
		text_puts(out, "; WRONG: packets passed before the policy was in force");
}

/* ---- counters ---- */

/* Number of the word in a line of words; -1: not there. */
static int column_of(const char *line, const char *name)
{
	size_t length = strlen(name);
	int column = 0;

	while (*line && *line != '\n') {
		size_t size = strcspn(line, " \n");

		if (size == length && memcmp(line, name, length) == 0)
			return column;
		line += size;
		line += *line == ' ';
		column++;
	}
	return -1;
}

static bool number_in(uint64_t *count, const char *line, int column)
{
	char *end;

	for (; column > 0 && *line && *line != '\n'; column--) {
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	errno = 0;
	*count = strtoull(line, &end, 10);
	return column == 0 && !errno && end != line;
}

static bool in_table(uint64_t *count, const char *text, const char *section, const char *name)
{
	char prefix[16];
	size_t length = (size_t)snprintf(prefix, sizeof(prefix), "%s:", section);
	int column = -1;

	for (const char *at = text; *at; at = next_line(at)) {
		if (strncmp(at, prefix, length) != 0)
			continue;
		if (column >= 0)
			return number_in(count, at, column);
		column = column_of(at, name);
	}
	return false;
}

bool boot_counter(uint64_t *count, const char *text, const char *section, const char *name)
{
	size_t length = strlen(name);

	if (*section)
		return in_table(count, text, section, name);
	for (const char *at = text; *at; at = next_line(at)) {
		if (strncmp(at, name, length) == 0 && strchr(" \t", at[length]))
			return number_in(count, at + length + strspn(at + length, " \t"), 0);
	}
	return false;
}
