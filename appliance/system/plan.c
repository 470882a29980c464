/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The parts that plans are made of. */

void plan_init(struct plan *plan)
{
	*plan = (struct plan){ .steps = 0 };
	arena_init(&plan->arena, PLAN_BUDGET);
	plan->step = arena_array(&plan->arena, PLAN_STEPS, sizeof(*plan->step));
	plan->failed = !plan->step;
}

void plan_release(struct plan *plan)
{
	arena_release(&plan->arena);
	*plan = (struct plan){ .steps = 0 };
}

static const char *format_text(struct plan *plan, const char *format, va_list arguments)
{
	char buffer[1024];
	int length = vsnprintf(buffer, sizeof(buffer), format, arguments);
	const char *copy = NULL;

	if (length >= 0 && (size_t)length < sizeof(buffer))
		copy = arena_text(&plan->arena, buffer, (size_t)length);
	if (!copy)
		plan->failed = true;
	return copy ? copy : "";
}

const char *plan_text(struct plan *plan, const char *format, ...)
{
	va_list arguments;
	const char *text;

	va_start(arguments, format);
	text = format_text(plan, format, arguments);
	va_end(arguments);
	return text;
}

struct step *plan_step(struct plan *plan, enum step_kind kind, const char *link)
{
	static struct step nobody;
	struct step *step = &nobody;

	if (plan->failed || plan->steps == PLAN_STEPS)
		plan->failed = true;
	else
		step = &plan->step[plan->steps++];
	*step = (struct step){ .kind = kind };
	step->link = plan_text(plan, "%s", link);
	return step;
}

static void add_words(struct plan *plan, struct step *step, const char *line)
{
	size_t at = 0;

	while (at < PLAN_WORDS && step->argv[at])
		at++;
	while (*line) {
		size_t length = strcspn(line, " ");

		if (at + 1 >= PLAN_WORDS) {
			plan->failed = true;
			return;
		}
		step->argv[at++] = arena_text(&plan->arena, line, length);
		plan->failed |= !step->argv[at - 1];
		line += length + strspn(line + length, " ");
	}
}

void plan_words(struct plan *plan, struct step *step, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_words(plan, step, format_text(plan, format, arguments));
	va_end(arguments);
}

struct step *plan_ip(struct plan *plan, const char *link, const char *format, ...)
{
	struct step *step = plan_step(plan, STEP_RUN, link);
	va_list arguments;

	add_words(plan, step, PLAN_BUSYBOX " ip");
	va_start(arguments, format);
	add_words(plan, step, format_text(plan, format, arguments));
	va_end(arguments);
	return step;
}

void plan_sysctl(struct plan *plan, const char *link, const char *path, const char *value)
{
	struct step *step = plan_step(plan, STEP_WRITE, link);

	step->path = plan_text(plan, "/proc/sys/%s", path);
	step->text = plan_text(plan, "%s", value);
	step->optional = true;
}

char *plan_address(const struct network_address *address, char text[PREFIX_TEXT])
{
	char addr[ADDR_TEXT];
	unsigned int length = address->length - (addr_is_v4(&address->addr) ? ADDR_V4_BITS : 0U);

	snprintf(text, PREFIX_TEXT, "%s/%u", addr_print(&address->addr, addr), length);
	return text;
}
