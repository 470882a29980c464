/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/status_health.h"

#include <stdio.h>
#include <string.h>

#include "appliance/box/health/health.h"
#include "appliance/box/network/renew.h"
#include "appliance/command/command.h"

/* From what cordond says to the facts that box/health/health.h judges. */

enum { ROLES = 8, DISKS = 4, LINKS = 64, TROUBLE = 512 };

struct facts {
	struct health health;
	struct health_role role[ROLES];
	struct health_disk disk[DISKS];
	char holds[DISKS][32];
	struct health_link link[LINKS];
	char trouble[TROUBLE];
};

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void take_roles(struct facts *facts, const json_t *status)
{
	const json_t *entry;
	size_t index;

	json_array_foreach(json_object_get(status, "roles"), index, entry) {
		const json_t *progress = json_object_get(entry, "progress");

		if (index == ROLES)
			break;
		facts->role[index] = (struct health_role){
			.name = command_text(entry, "role"),
			.state = command_text_if(entry, "state"),
			.why = command_text_if(entry, "why"),
			.seconds = (int64_t)json_real_value(json_object_get(entry, "since")),
			.progress =
				json_is_integer(progress) ? (int)json_integer_value(progress) : -1,
			.deaths = number(entry, "deaths"),
			.for_memory = number(entry, "deaths_for_memory"),
		};
		facts->health.roles = index + 1;
	}
	facts->health.role = facts->role;
}

static void take_disks(struct facts *facts, const json_t *status)
{
	const json_t *entry, *word;
	size_t index, inner;

	json_array_foreach(json_object_get(status, "disks"), index, entry) {
		struct health_disk *disk = &facts->disk[index];
		size_t length = 0;

		if (index == DISKS)
			break;
		json_array_foreach(json_object_get(entry, "holds"), inner, word) {
			if (length < sizeof(facts->holds[index]))
				length += (size_t)snprintf(facts->holds[index] + length,
							   sizeof(facts->holds[index]) - length,
							   "%s%s", inner ? " and " : "",
							   json_string_value(word));
		}
		*disk = (struct health_disk){
			.holds = facts->holds[index],
			.used = (int)number(entry, "used_percent"),
			.inodes = (int)number(entry, "inodes_percent"),
			.read_only = is_true(entry, "read_only"),
			.answers = is_true(entry, "answers"),
			.error = command_text_if(entry, "error"),
		};
		facts->health.disks = index + 1;
	}
	facts->health.disk = facts->disk;
}

static void take_links(struct facts *facts, const json_t *status)
{
	const json_t *entry, *route = json_object_get(status, "default_route");
	struct health *health = &facts->health;
	size_t index;

	json_array_foreach(json_object_get(status, "links"), index, entry) {
		if (index == LINKS)
			break;
		facts->link[index] = (struct health_link){
			.name = command_text(entry, "name"),
			.wan = strcmp(command_text(entry, "role"), "wan") == 0,
			.exists = is_true(entry, "exists"), .carrier = is_true(entry, "carrier"),
		};
		health->links = index + 1;
	}
	health->link = facts->link;
	health->routes_known = json_is_object(route);
	health->default_v4 = is_true(route, "v4");
	health->default_v6 = is_true(route, "v6");
}

/* The first of what cannot be opened stands for all. */
static void take_trouble(struct facts *facts, const json_t *status)
{
	const json_t *first = json_array_get(json_object_get(status, "trouble"), 0);

	if (!first)
		return;
	snprintf(facts->trouble, sizeof(facts->trouble), "%s: %s", command_text(first, "part"),
		 command_text(first, "why"));
	facts->health.trouble = facts->trouble;
}

static void take_losses(struct health *health, const json_t *status)
{
	const json_t *unseen = json_object_get(status, "unseen"),
		     *log = json_object_get(status, "log");

	health->lost_kernel = number(unseen, "kernel");
	health->lost_rings = number(unseen, "rings");
	health->lost_journal = number(unseen, "journal");
	health->lost_disk = number(unseen, "disk");
	health->log_freed = number(unseen, "freed_bytes");
	health->log_retention = number(log, "retention_days");
	health->log_days = (int64_t)json_number_value(json_object_get(log, "days"));
	health->messages_lost = number(unseen, "messages");
	health->log_error = command_text_if(log, "error");
	health->seal_error = command_text_if(json_object_get(log, "checkpoint"), "error");
}

static void take_daemon(struct facts *facts, const json_t *status)
{
	const json_t *update = json_object_get(status, "update"),
		     *dog = json_object_get(status, "watchdog");
	const json_t *guard = json_object_get(status, "guard");
	struct health *health = &facts->health;

	health->answers = status != NULL;
	health->in_force = is_true(status, "in_force");
	health->closed = is_true(status, "closed");
	health->mode = command_text_if(status, "mode");
	health->mode_until = command_text_if(status, "mode_until");
	health->refused = command_text_if(status, "refused");
	health->update_on = is_true(update, "on");
	health->update_why = is_true(update, "configured") ? command_text_if(update, "why") : NULL;
	health->freshness = command_text_if(update, "freshness");
	health->update_refusal = command_text_if(update, "refusal");
	health->clock_set = !command_text_if(status, "clock") ||
			    strcmp(command_text_if(status, "clock"), "set") == 0;
	health->has_watchdog = json_is_object(dog);
	health->watchdog_fed = is_true(dog, "fed");
	health->watchdog_why = command_text_if(dog, "why");
	health->tampered = number(guard, "unseen");
	health->tampered_for_good = is_true(guard, "failed");
	take_roles(facts, status);
	take_trouble(facts, status);
	take_losses(health, status);
	take_disks(facts, status);
	take_links(facts, status);
}

enum health_level status_judge(const json_t *status, const struct box_facts *box, size_t lines,
			       struct text *out)
{
	struct facts facts = { .health.provisioned = true };

	take_daemon(&facts, status);
	if (box)
		box_facts_judge(box, &facts.health);
	return health_print(&facts.health, lines, out);
}

void status_add_health(json_t *object, enum health_level level, const struct text *words)
{
	static const char *const levels[] = { [HEALTH_GOOD] = "good", [HEALTH_NOTICE] = "notice",
					      [HEALTH_BAD] = "bad" };
	json_t *lines = json_array();

	for (const char *line = words->data ? words->data : ""; *line;) {
		size_t length = strcspn(line, "\n");

		(void)json_array_append_new(lines, json_stringn(line, length));
		line += length + (line[length] == '\n');
	}
	(void)json_object_set_new(object, "health",
				  json_pack("{s:s, s:o}", "level", levels[level], "words", lines));
}
