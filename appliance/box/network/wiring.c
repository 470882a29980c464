/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/wiring.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The parts that plans are made of. */

void wiring_init(struct wiring *wiring)
{
	*wiring = (struct wiring){ .steps = 0 };
	arena_init(&wiring->arena, WIRING_BUDGET);
	wiring->step = arena_array(&wiring->arena, WIRING_STEPS, sizeof(*wiring->step));
	wiring->failed = !wiring->step;
}

void wiring_release(struct wiring *wiring)
{
	arena_release(&wiring->arena);
	*wiring = (struct wiring){ .steps = 0 };
}

static const char *format_text(struct wiring *wiring, const char *format, va_list arguments)
{
	char buffer[1024];
	int length = vsnprintf(buffer, sizeof(buffer), format, arguments);
	const char *copy = NULL;

	if (length >= 0 && (size_t)length < sizeof(buffer))
		copy = arena_text(&wiring->arena, buffer, (size_t)length);
	if (!copy)
		wiring->failed = true;
	return copy ? copy : "";
}

const char *wiring_text(struct wiring *wiring, const char *format, ...)
{
	va_list arguments;
	const char *text;

	va_start(arguments, format);
	text = format_text(wiring, format, arguments);
	va_end(arguments);
	return text;
}

struct step *wiring_step(struct wiring *wiring, enum step_kind kind, const char *link)
{
	static struct step nobody;
	struct step *step = &nobody;

	if (wiring->failed || wiring->steps == WIRING_STEPS)
		wiring->failed = true;
	else
		step = &wiring->step[wiring->steps++];
	*step = (struct step){ .kind = kind };
	step->link = wiring_text(wiring, "%s", link);
	return step;
}

static void add_words(struct wiring *wiring, struct step *step, const char *line)
{
	size_t at = 0;

	while (at < WIRING_WORDS && step->argv[at])
		at++;
	while (*line) {
		size_t length = strcspn(line, " ");

		if (at + 1 >= WIRING_WORDS) {
			wiring->failed = true;
			return;
		}
		step->argv[at++] = arena_text(&wiring->arena, line, length);
		wiring->failed |= !step->argv[at - 1];
		line += length + strspn(line + length, " ");
	}
}

void wiring_words(struct wiring *wiring, struct step *step, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_words(wiring, step, format_text(wiring, format, arguments));
	va_end(arguments);
}

struct step *wiring_ip(struct wiring *wiring, const char *link, const char *format, ...)
{
	struct step *step = wiring_step(wiring, STEP_RUN, link);
	va_list arguments;

	add_words(wiring, step, WIRING_BUSYBOX " ip");
	va_start(arguments, format);
	add_words(wiring, step, format_text(wiring, format, arguments));
	va_end(arguments);
	return step;
}

void wiring_sysctl(struct wiring *wiring, const char *link, const char *path, const char *value)
{
	struct step *step = wiring_step(wiring, STEP_WRITE, link);

	step->path = wiring_text(wiring, "/proc/sys/%s", path);
	step->text = wiring_text(wiring, "%s", value);
	step->optional = true;
}

char *wiring_address(const struct network_address *address, char text[PREFIX_TEXT])
{
	char addr[ADDR_TEXT];
	unsigned int length = address->length - (addr_is_v4(&address->addr) ? ADDR_V4_BITS : 0U);

	snprintf(text, PREFIX_TEXT, "%s/%u", addr_print(&address->addr, addr), length);
	return text;
}
