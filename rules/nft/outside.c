/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOPBACK = 1 };

/* The names of both ends of a self-test begin with this (base/selftest.h). */
static const char selftest[] = "selftest";

/* ---- the choice ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add(struct ruleset_outside *outside, const char *name)
{
	for (size_t i = 0; i < outside->count; i++) {
		if (strcmp(outside->name[i], name) == 0)
			return;
	}
	if (outside->count < SETTINGS_WANS)
		snprintf(outside->name[outside->count++], IFNAMSIZ, "%s", name);
}

static bool is_inside(const struct outside_link *link, const struct settings *settings)
{
	return settings_is_lan(settings, link->name) ||
	       settings_is_management(settings, link->name);
}

/* Is link built on this inside link, or a part of it? Then packets sent to one arrive by the other.
 * A VLAN and the card below it are separate. */
static bool belongs_to(const struct outside_link *link, const struct outside_link *inside)
{
	return link->index == inside->index || link->master == inside->index ||
	       inside->master == link->index || link->lower == inside->index;
}

static bool may_be_outside(const struct outside_links *links, const struct outside_link *link,
			   const struct settings *settings)
{
	if (!link->leads_out || link->index == LOOPBACK)
		return false;
	for (size_t i = 0; i < links->count; i++) {
		if (is_inside(&links->link[i], settings) && belongs_to(link, &links->link[i]))
			return false;
	}
	return true;
}

/*
 * With equal metrics the lower name wins, so that the choice does not depend on the kernel's order.
 */
static bool better(const struct outside_link *a, const struct outside_link *b)
{
	return a->metric != b->metric ? a->metric < b->metric : strcmp(a->name, b->name) < 0;
}

static void find(const struct outside_links *links, const struct settings *settings,
		 struct ruleset_outside *outside)
{
	const struct outside_link *last = NULL;

	for (int i = 0; i < SETTINGS_WANS; i++) {
		const struct outside_link *best = NULL;

		for (size_t k = 0; k < links->count; k++) {
			const struct outside_link *link = &links->link[k];

			if (may_be_outside(links, link, settings) &&
			    (!last || better(last, link)) &&
			    (!best || better(link, best)))
				best = link;
		}
		if (!best)
			return;
		add(outside, best->name);
		last = best;
	}
}

void outside_choose(const struct outside_links *links, const struct settings *settings,
		    struct ruleset_outside *outside)
{
	*outside = (struct ruleset_outside){ .count = 0 };
	for (size_t i = 0; i < settings->wans; i++)
		add(outside, settings->wan[i]);
	if (settings->wans == 0)
		find(links, settings, outside);
	qsort(outside->name, outside->count, sizeof(outside->name[0]), by_name);
}

static bool is_outside(const struct ruleset_outside *outside, const char *name)
{
	for (size_t i = 0; i < outside->count; i++) {
		if (strcmp(outside->name[i], name) == 0)
			return true;
	}
	return false;
}

bool outside_equal(const struct ruleset_outside *a, const struct ruleset_outside *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->name[i], b->name[i]) != 0)
			return false;
	}
	return true;
}

/* ---- what does not fit ---- */

static const struct outside_link *link_named(const struct outside_links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++) {
		if (strcmp(links->link[i].name, name) == 0)
			return &links->link[i];
	}
	return NULL;
}

static void note(char names[OUTSIDE_NAMES][IFNAMSIZ], size_t *count, const char *name)
{
	for (size_t i = 0; i < *count && i < OUTSIDE_NAMES; i++) {
		if (strcmp(names[i], name) == 0)
			return;
	}
	if (*count < OUTSIDE_NAMES)
		snprintf(names[*count], IFNAMSIZ, "%s", name);
	(*count)++;
}

static void note_missing(const struct outside_links *links, const char (*name)[IFNAMSIZ],
			 size_t count, struct outside_misfits *misfits)
{
	for (size_t i = 0; i < count; i++) {
		if (!link_named(links, name[i]))
			note(misfits->missing, &misfits->missing_count, name[i]);
	}
}

void outside_judge(const struct outside_links *links, const struct settings *settings,
		   const struct ruleset_outside *outside, struct outside_misfits *misfits)
{
	*misfits = (struct outside_misfits){ .missing_count = 0 };
	/* A full list cannot show what is missing. */
	if (links->count < OUTSIDE_LINKS) {
		note_missing(links, settings->lan, settings->lans, misfits);
		note_missing(links, settings->wan, settings->wans, misfits);
		note_missing(links, settings->management, settings->managements, misfits);
	}
	for (size_t i = 0; i < links->count; i++) {
		const struct outside_link *link = &links->link[i];

		if (link->up && link->forwards && link->reaches && link->index != LOOPBACK &&
		    !is_inside(link, settings) && !is_outside(outside, link->name) &&
		    strncmp(link->name, selftest, sizeof(selftest) - 1) != 0)
			note(misfits->unknown, &misfits->unknown_count, link->name);
	}
}
