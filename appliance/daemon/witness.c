/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/daemon/log.h"
#include "appliance/ipc/who.h"
#include "appliance/journal/notice.h"
#include "appliance/settings/difference.h"

#define SETTINGS_FILE "settings.seen"

enum { SPOOL_MS = 10 * 1000, TEXT = 400 };

/* A line for a member: the first line, as far as it fits. */
static json_t *line_json(const char *text)
{
	char line[TEXT];

	text_fit(line, sizeof(line), text, strcspn(text, "\n"));
	return json_string(line);
}

/* ---- policy and mode ---- */

static const struct bundle_info *running(const struct parent *parent)
{
	return parent->change.cause == CAUSE_UPDATE ? &parent->updates.verified :
						      &parent->updates.running;
}

static void add_release(json_t *object, const struct bundle_info *info)
{
	char digest[2 * sizeof(info->digest) + 1], signed_at[CLOCK_TEXT];
	json_t *signers = json_array();

	hex_print(info->digest, sizeof(info->digest), digest);
	for (size_t i = 0; i < info->signers; i++)
		(void)json_array_append_new(signers, json_string(info->signer[i]));
	(void)json_object_set_new(object, "release", json_integer(info->release));
	(void)json_object_set_new(object, "digest", json_string(digest));
	(void)json_object_set_new(object, "root", json_integer(info->root_version));
	(void)json_object_set_new(object, "signed_at", json_string(
					  clock_print(info->signed_at * 1000, signed_at)));
	(void)json_object_set_new(object, "signers", signers);
}

static void sign(struct actor *actor, const struct bundle_info *info)
{
	*actor = (struct actor){ .kind = ACTOR_KEYS };
	for (size_t i = 0; i < info->signers; i++)
		actor_add_key(actor, info->signer[i]);
	if (!actor->key[0])
		actor->kind = ACTOR_BOX;
}

/* On whose word the policy changed. */
static void find_actor(const struct parent *parent, struct actor *actor)
{
	*actor = (struct actor){ .kind = ACTOR_BOX };
	switch (parent->change.cause) {
	case CAUSE_UPDATE:
		sign(actor, &parent->updates.verified);
		break;
	case CAUSE_RELOAD:
		*actor = parent->witness.reloader;
		break;
	case CAUSE_MODE:
	case CAUSE_MODE_END:
		if (actor_parse(actor, parent->standing.mode.actor) < 0)
			*actor = (struct actor){ .kind = ACTOR_NONE };
		break;
	default:
		break;
	}
}

static void see_root(struct parent *parent, const struct bundle_info *info)
{
	const int64_t before = parent->witness.root_version;
	struct actor actor;

	if (before && info->root_version && before != info->root_version) {
		sign(&actor, info);
		notices_add(&parent->notices, NOTICE_TRUST, &actor,
			    json_pack("{s:s, s:I, s:I}", "what", "root", "from",
				      (json_int_t)before, "to", (json_int_t)info->root_version));
	}
	if (info->root_version)
		parent->witness.root_version = info->root_version;
}

void witness_policy(struct parent *parent)
{
	const struct change *change = &parent->change;
	const struct bundle_info *info = running(parent);
	const bool release = change->source == SOURCE_BUNDLE && info->release;
	struct actor actor;
	json_t *object;
	char state[9];

	snprintf(state, sizeof(state), "%08x", policy_state(&change->current.policy));
	object = json_pack("{s:s, s:n, s:s, s:s, s:s, s:n, s:n, s:n, s:n, s:b}", "cause",
			   cause_print(change->cause), "release", "state", state, "versions",
			   policy_versions(&change->current.policy), "mode",
			   mode_print(parent->standing.mode.mode), "digest", "root", "signed_at",
			   "signers", "carried", 0);
	if (object && release)
		add_release(object, info);
	find_actor(parent, &actor);
	notices_add_policy(&parent->notices, &actor, object);
	parent->witness.reloader = (struct actor){ .kind = ACTOR_BOX };
	if (release)
		see_root(parent, info);
}

void witness_mode(struct parent *parent)
{
	const struct mode_record *mode = &parent->standing.mode;
	const enum cause cause = parent->change.cause;
	struct actor actor;

	if (cause == CAUSE_RELOAD || cause == CAUSE_UPDATE ||
	    (cause == CAUSE_START && mode->mode == MODE_ENFORCE))
		return;
	if (actor_parse(&actor, mode->actor) < 0)
		actor = (struct actor){ .kind = ACTOR_NONE };
	notices_add(&parent->notices, NOTICE_MODE, &actor, notice_mode_json(mode));
}

/* ---- roles ---- */

static json_t *number_if(bool there, int number)
{
	return there ? json_integer(number) : json_null();
}

void witness_role(struct parent *parent, const struct child_end *end)
{
	const struct child *child = end->child;

	notices_add_box(&parent->notices, NOTICE_ROLE,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "role",
				  role_print(child->role), "what", "ended", "reason",
				  line_json(child->reason), "signal",
				  number_if(end->signal != 0, end->signal), "code",
				  number_if(end->signal == 0, end->code), "oom",
				  end->for_memory));
}

/* ---- updates ---- */

void witness_update(struct parent *parent, const char *what, int64_t release, const char *text)
{
	const struct updates *updates = &parent->updates;
	const bool accepted = strcmp(what, "accepted") == 0;
	const struct bundle_info *info = accepted ? &updates->running : &updates->verified;
	const bool verified = accepted || updates->has_verified;
	struct actor actor = { .kind = ACTOR_BOX };
	json_t *object = json_pack("{s:s, s:o, s:n, s:s, s:o, s:n}", "what", what, "release",
				   release ? json_integer(release) : json_null(), "digest",
				   "source", updates->attempt.source, "reason",
				   accepted ? json_null() : line_json(text), "signers");

	if (object && verified && info->release == release && release) {
		add_release(object, info);
		sign(&actor, info);
	}
	notices_add(&parent->notices, NOTICE_UPDATE, &actor, object);
}

void witness_hold(struct parent *parent, const struct control_client *client, bool held)
{
	notices_add(&parent->notices, NOTICE_UPDATE, &client->actor,
		    json_pack("{s:s, s:n, s:n, s:n, s:s, s:n, s:s}", "what",
			      held ? "held" : "released", "release", "digest", "source", "reason",
			      client->request.reason, "signers", "by", client->request.by));
}

/* ---- persons ---- */

void witness_looked(struct parent *parent, const struct actor *actor, const char *host)
{
	notices_add(&parent->notices, NOTICE_LOOKED, actor, json_pack("{s:s}", "host", host));
}

void witness_signal(struct parent *parent, pid_t pid, uid_t uid)
{
	who_is(pid, uid, parent->daemon.run, &parent->witness.reloader);
}

/* ---- once a round ---- */

static void see_clock(struct parent *parent)
{
	struct steps *steps = &parent->witness.steps;
	const int64_t wall_ms = clock_wall_ms();
	char old[CLOCK_TEXT], new[CLOCK_TEXT];
	int64_t step;

	if (!steps_see(steps, wall_ms, clock_uptime_ms(), &step))
		return;
	notices_add_box(&parent->notices, NOTICE_CLOCK,
			json_pack("{s:s, s:s, s:I}", "old", clock_print(steps->wall_ms, old), "new",
				  clock_print(wall_ms, new), "step", (json_int_t)step));
}

static void see_folder(struct parent *parent, enum disk_folder folder)
{
	const struct disk *disk = &parent->disks.report.disk[folder];
	unsigned int *level = &parent->witness.disk_level[folder], percent, now;

	if (!disk->known)
		return;
	percent = disk_percent(disk->used, disk->free);
	now = steps_level(*level, percent);
	if (now != *level)
		notices_add_box(&parent->notices, NOTICE_DISK,
				json_pack("{s:s, s:i, s:i}", "folder", disk_print(folder),
					  "percent", (int)percent, "level", (int)now));
	*level = now;
}

/* Both folders of one disk are told once. */
static void see_disk(struct parent *parent)
{
	const struct disk_report *report = &parent->disks.report;

	if (parent->witness.polled == parent->disks.polled)
		return;
	parent->witness.polled = parent->disks.polled;
	see_folder(parent, DISK_STATE);
	if (report->disk[DISK_LOG].device != report->disk[DISK_STATE].device)
		see_folder(parent, DISK_LOG);
}

static void see_edits(struct parent *parent)
{
	const struct guarded *guarded = &parent->guarded;
	const uint64_t edits = guarded->changes - parent->witness.edits;

	if (!edits)
		return;
	parent->witness.edits = guarded->changes;
	notices_add_box(&parent->notices, NOTICE_EDIT,
			json_pack("{s:I, s:o, s:b}", "changes", (json_int_t)edits, "what",
				  line_json(guarded->what), "repaired",
				  !guarded->report.failed));
}

/* ---- settings ---- */

static int add_change(void *context, const struct changed_key *difference)
{
	json_t *list = context;

	if (json_array_size(list) >= NOTICE_ITEMS)
		return 0;
	return json_array_append_new(list, json_pack("{s:s, s:s?, s:s?}", "key", difference->key,
						     "old", difference->old, "new",
						     difference->new)) < 0 ? -1 : 0;
}

static void tell_settings(struct parent *parent, const char *before)
{
	const char *slash = strrchr(parent->daemon.config, '/');
	json_t *list = json_array();

	if (!list || difference_find(before, parent->daemon.text, add_change, list) < 0 ||
	    json_array_size(list) == 0) {
		json_decref(list);
		return;
	}
	notices_add_box(&parent->notices, NOTICE_SETTINGS,
			json_pack("{s:s, s:s, s:o}", "what", "applied", "file",
				  slash ? slash + 1 : parent->daemon.config, "changes", list));
}

/* However they were changed: what this daemon has differs from what the one before had. */
static void see_settings(struct parent *parent)
{
	const struct daemon *daemon = &parent->daemon;
	char *before = NULL;
	size_t size = 0;
	int error;

	if (parent->witness.settings || daemon->state < 0)
		return;
	parent->witness.settings = true;
	error = file_read(daemon->state, SETTINGS_FILE, SETTINGS_TEXT_MAX, &before, &size);
	if (!error)
		tell_settings(parent, before);
	if (!file_error_passes(error) && (error || strcmp(before, daemon->text) != 0)) {
		error = file_replace(daemon->state, SETTINGS_FILE, daemon->text,
				     strlen(daemon->text), 0600);
		if (error)
			log_warning("%s/" SETTINGS_FILE " cannot be written: the log will tell "
				    "this change of settings again", daemon->state_path);
	}
	free(before);
}

void witness_tick(struct parent *parent)
{
	see_clock(parent);
	see_disk(parent);
	see_edits(parent);
	see_settings(parent);
	if (parent->daemon.state >= 0 && parent->daemon.now >= parent->witness.spool_ms) {
		parent->witness.spool_ms = parent->daemon.now + SPOOL_MS;
		notices_take_spooled(&parent->notices, parent->daemon.state);
	}
}
