/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/status_box.h"

#include <stdio.h>

#include "appliance/base/clock.h"
#include "appliance/base/text.h"
#include "appliance/command/command.h"

enum { DATE_LENGTH = 10 };	/* of "2026-11-29" */

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* "" when it is not known. */
static const char *date_print(int64_t seconds, char text[CLOCK_TEXT])
{
	clock_print(seconds * 1000, text);
	text[seconds ? DATE_LENGTH : 0] = '\0';
	return text;
}

/* ---- JSON ---- */

/* null, too, for what is no UTF-8. */
static json_t *text_json(const char *text)
{
	json_t *value = text && text[0] ? json_string(text) : NULL;

	return value ? value : json_null();
}

static json_t *image_json(const struct box_facts *facts)
{
	char built[CLOCK_TEXT], until[CLOCK_TEXT];

	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o}", "version", text_json(facts->version),
			 "arch", text_json(facts->arch), "built",
			 text_json(date_print(facts->built, built)), "supported_until",
			 text_json(date_print(facts->supported_until, until)), "supported",
			 facts->supported, "refused", text_json(facts->image_refused));
}

static json_t *slot_json(const struct box_facts *facts)
{
	if (!facts->has_slot)
		return json_null();
	return json_pack("{s:s, s:s, s:b, s:s}", "running", slot_print(facts->slot), "image",
			 facts->running, "on_trial", facts->image_on_trial, "failed",
			 facts->failed);
}

static json_t *set_json(const struct box_facts *facts)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:b, s:o, s:o}", "provisioned", facts->provisioned,
			 "secret", facts->has_secret, "on_trial", facts->settings_on_trial,
			 "waiting", facts->settings_wait, "put_aside", facts->settings_put_aside,
			 "refused", text_json(facts->settings_refused), "wrong",
			 text_json(facts->settings_wrong));
}

static json_t *links_json(const struct box_facts *facts)
{
	if (!facts->has_links)
		return json_null();
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "missing",
			 text_json(facts->link_missing), "wan_waits", facts->wan_waits,
			 "lease_refused", text_json(facts->lease_refused), "outside",
			 text_json(facts->outside), "carrier",
			 facts->carrier < 0 ? json_null() : json_boolean(facts->carrier),
			 "no_default_route", text_json(box_facts_families(facts->no_route, false)),
			 "lease_stale", text_json(box_facts_families(facts->stale, true)));
}

static json_t *boot_json(const struct box_facts *facts)
{
	struct text line = TEXT_EMPTY;
	json_t *object;

	if (!facts->has_boot)
		return json_null();
	boot_print(&facts->boot, &line);
	object = json_pack("{s:s, s:b, s:b, s:b}", "report", line.data ? line.data : "", "proven",
			   boot_proven(&facts->boot), "done", facts->boot_done, "selftest",
			   facts->boot.at[BOOT_SELFTEST] >= 0);
	text_release(&line);
	return object;
}

json_t *status_box_json(const struct box_facts *facts)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "model", text_json(facts->model),
			 "serial", text_json(facts->serial), "image", image_json(facts), "slot",
			 slot_json(facts), "settings", set_json(facts), "links",
			 links_json(facts), "boot", boot_json(facts));
}

/* ---- words ---- */

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static double megabytes(const json_t *log, const char *key)
{
	return (double)json_integer_value(json_object_get(log, key)) / (1 << 20);
}

static void print_log(const json_t *log)
{
	const json_t *days = json_object_get(log, "days");

	if (!json_is_object(log))
		return;
	printf("; log %.1f of %.0f MB", megabytes(log, "used_bytes"),
	       megabytes(log, "budget_bytes"));
	if (json_is_number(days))
		printf(", room for %.0f days", json_number_value(days));
	printf(", whole since %s", command_text(log, "whole_since"));
}

static void print_start(const struct box_facts *facts)
{
	struct text line = TEXT_EMPTY;

	if (!facts->has_boot)
		return;
	boot_print(&facts->boot, &line);
	printf("start      %s\n", line.data ? line.data : "-");
	text_release(&line);
}

static void print_image(const struct box_facts *facts)
{
	char built[CLOCK_TEXT], until[CLOCK_TEXT];

	printf("image      cordon %s, built %s, supported until %s", or_dash(facts->version),
	       or_dash(date_print(facts->built, built)),
	       or_dash(date_print(facts->supported_until, until)));
	if (facts->has_slot)
		printf(", slot %s%s", slot_print(facts->slot),
		       facts->image_on_trial ? " on trial" : "");
	putchar('\n');
}

void status_print_box(const json_t *status, const struct box_facts *facts)
{
	const json_t *dog = json_object_get(status, "watchdog");

	print_start(facts);
	print_image(facts);
	printf("box        %s, serial %s; watchdog %s", or_dash(facts->model),
	       or_dash(facts->serial),
	       json_is_object(dog) ? is_true(dog, "fed") ? "fed" : "NOT fed" : "none");
	print_log(json_object_get(status, "log"));
	printf("\nsettings   %s%s%s%s\n",
	       facts->provisioned ? "set up" : "as from the factory",
	       facts->has_secret ? "" : ", no administrator's secret",
	       facts->settings_refused[0] ? "; last refused: " : "", facts->settings_refused);
}
