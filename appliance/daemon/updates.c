/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/updates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/cursor.h"
#include "appliance/base/file.h"
#include "appliance/daemon/history.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parent.h"
#include "appliance/daemon/receipt.h"
#include "rules/signed/archive.h"
#include "rules/signed/metadata.h"

#define RECEIPT_FILE "receipt.json"

enum { HOUR_MS = 3600 * 1000, AGAIN_S = 600 };

/* ---- time ---- */

static int64_t now_or_floor(const struct parent *parent, bool *behind)
{
	struct clock_reading reading;

	clock_read(&reading);
	return freshness_now(&parent->updates.freshness, &reading, behind);
}

int64_t updates_now(const struct parent *parent)
{
	bool behind;

	return now_or_floor(parent, &behind);
}

bool updates_clock_set(const struct parent *parent)
{
	bool behind;

	(void)now_or_floor(parent, &behind);
	return !behind;
}

bool updates_clock_by_ntp(const struct parent *parent)
{
	struct clock_reading reading;

	clock_read(&reading);
	return freshness_by_ntp(&parent->updates.freshness, &reading);
}

enum freshness_state updates_freshness(const struct parent *parent)
{
	const struct updates *updates = &parent->updates;

	return freshness_judge(updates_now(parent), updates->newest.signed_at,
			       updates->newest.expires, parent->settings.stale_after);
}

/* ---- what children are told ---- */

/* A file that is not there is not told of: the child says so when it needs it. */
static int tell_file(struct child *child, enum message_type type, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0) {
		log_error("%s: %s: %s", role_print(child->role), path, strerror(errno));
		return 0;
	}
	error = child_send(child, type, NULL, 0, fd);
	close(fd);
	return error;
}

static int tell_clock(struct parent *parent, struct child *child)
{
	const struct freshness *freshness = &parent->updates.freshness;
	const int64_t member[] = { freshness->people, freshness->online, freshness->at_ms,
				   freshness->ntp, freshness->ntp_ms };
	uint8_t body[sizeof(member)];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	for (size_t i = 0; i < sizeof(member) / sizeof(*member); i++)
		cursor_put64(&cursor, (uint64_t)member[i]);
	parent->updates.told = *freshness;
	return child_send(child, MESSAGE_CLOCK, body, sizeof(body), -1);
}

static int tell_own(struct parent *parent, struct child *child)
{
	int fd = parent->settings.collector.host[0] ? updates_own(parent) : -1;
	int error = fd < 0 ? 0 : child_send(child, MESSAGE_OWN, NULL, 0, fd);

	if (fd >= 0)
		close(fd);
	return error;
}

int updates_tell_update(struct parent *parent, struct child *child)
{
	const struct settings *settings = &parent->settings;
	int error = tell_file(child, MESSAGE_TRUST, settings->trust_root);

	parent->updates.messages.spent = 0;
	if (!error && settings->mirror_ca[0])
		error = tell_file(child, MESSAGE_CA, settings->mirror_ca);
	if (!error)
		error = tell_own(parent, child);
	if (!error)
		error = child_send(child, MESSAGE_IDENTITY, parent->identity,
				   strlen(parent->identity), -1);
	return error ? error : tell_clock(parent, child);
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int updates_tell_compile(struct parent *parent, struct child *child)
{
	struct updates *updates = &parent->updates;
	int error;

	updates->has_verified = false;
	drop(&updates->candidate);
	error = updates_bundled(parent)
			? child_send(child, MESSAGE_BUNDLE, NULL, 0, updates->bundle) : 0;
	/* Beside a bundle the root of the settings may be missing. */
	if (!error && (!updates_bundled(parent) ||
		       access(parent->settings.trust_root, R_OK) == 0))
		error = tell_file(child, MESSAGE_TRUST, parent->settings.trust_root);
	if (!error && parent->cause == CAUSE_UPDATE)
		error = child_send(child, MESSAGE_OFFERED, NULL, 0, updates->judged);
	return error;
}

bool updates_bundled(const struct parent *parent)
{
	return parent->updates.bundle >= 0;
}

void updates_bundle_damaged(struct parent *parent)
{
	drop(&parent->updates.bundle);
	parent->updates.running = (struct bundle_info){ .release = 0 };
	parent->updates.damaged = true;
	log_error("%s/bundle cannot be used: from the folder of rule lists until the next "
		  "release comes", parent->state_path);
}

/* ---- receipts ---- */

static void send_receipt(struct parent *parent, const char *text, size_t length)
{
	struct child *child = &parent->child[ROLE_UPDATE];

	if (!parent->settings.collector.host[0] || !child->ready || length > MESSAGE_MAX)
		return;
	(void)!child_send(child, MESSAGE_RECEIPT, text, length, -1);
}

static void attest(struct parent *parent, const char *result)
{
	struct updates *updates = &parent->updates;
	char boot[CLOCK_BOOT_ID], state[9] = "";
	struct text text = TEXT_EMPTY;
	struct receipt receipt = {
		.appliance = parent->identity, .boot = boot, .state = state,
		.mode = mode_print(parent->mode.mode),
		.freshness = freshness_print(updates_freshness(parent)),
		.result = result, .refusal = updates->refused_at ? updates->refusal : "",
		.ring = parent->settings.ring, .release = updates->running.release,
		.bundle = updates->running.release ? updates->running.digest : NULL,
		.since = updates->since, .time = updates_now(parent),
		.clock_set = updates_clock_set(parent), .uptime = clock_uptime_ms() / 1000,
		.sequence = ++updates->sequence,
	};

	updates->attested = true;
	clock_boot_id(boot);
	if (parent->current.number)
		snprintf(state, sizeof(state), "%08x", policy_state(&parent->current.policy));
	updates_keep(parent);
	updates->receipt_ms = clock_uptime_ms() + HOUR_MS;
	if (receipt_print(&receipt, updates->device, &text) < 0 ||
	    file_replace(parent->state, RECEIPT_FILE, text.data, text.length, 0644) < 0) {
		log_error("the receipt cannot be written into %s", parent->state_path);
	} else {
		if (strcmp(result, "unchanged") != 0)
			history_receipt(parent, text.data);
		send_receipt(parent, text.data, text.length);
	}
	text_release(&text);
}

/* ---- offers ---- */

bool updates_flooded(struct parent *parent)
{
	return !ration_take(&parent->updates.messages, parent->now);
}

/* Sealed, so that it stays as large as it is now. */
static int check_offer(int fd)
{
	void *data;
	size_t size;
	int error = fd < 0 ? -EBADF : message_map(fd, &data, &size);

	if (error)
		return error;
	munmap(data, size);
	return size > ARCHIVE_MAX ? -EFBIG : 0;
}

void updates_offer(struct parent *parent, struct message *message)
{
	struct updates *updates = &parent->updates;
	struct cursor cursor = cursor_reader(message->body, message->size);
	uint32_t look = cursor_get32(&cursor);
	int error = check_offer(message->fd);

	if (error) {
		log_warning("an offer was set aside: expected a sealed archive of at most %d bytes "
			    "(%s)", ARCHIVE_MAX, strerror(-error));
		return;
	}
	/* The newest one counts. */
	if (updates->offer >= 0 && updates->offer_look != look)
		control_looked(parent, updates->offer_look, 1, "a newer look took its place: see "
			       "cordon update status\n");
	drop(&updates->offer);
	updates->offer = message->fd;
	updates->offer_look = look;
	message->fd = -1;
}

/* signed/freshness.h says who may raise the floor, and what takes it back. */
static void learn_time(struct parent *parent)
{
	struct updates *updates = &parent->updates;
	const struct bundle_info *verified = &updates->verified;
	/* What is in force may rest on an older root than an offer that waits for its turn. */
	const bool newest = verified->root_version >= updates->newest.root_version;
	const bool withdrawn = newest && verified->withdrawn;
	const struct freshness_claim claim = { .published = verified->published,
					       .signed_at = newest ? verified->signed_at : 0,
					       .key = verified->online };
	struct clock_reading reading;
	char floor[32];

	clock_read(&reading);
	if (withdrawn) {
		freshness_withdraw(&updates->freshness);
		metadata_time_print(freshness_floor(&updates->freshness, reading.uptime_ms), floor);
		log_warning("the key that raised the floor of time was withdrawn: the floor is %s, "
			    "by what people signed", floor);
	}
	if (freshness_learn(&updates->freshness, &claim, &reading) || withdrawn)
		updates_keep(parent);
}

/* A new root may have withdrawn the key of what was the newest until now. */
static bool is_newest(const struct bundle_info *verified, const struct bundle_info *newest)
{
	return verified->root_version > newest->root_version ||
	       (verified->root_version == newest->root_version &&
		verified->signed_at >= newest->signed_at);
}

int updates_verified(struct parent *parent, struct message *message)
{
	struct updates *updates = &parent->updates;
	int error = bundle_info_decode(&updates->verified, message->body, message->size);

	updates->has_verified = !error;
	if (error)
		return error;
	drop(&updates->candidate);
	updates->candidate = message->fd;
	message->fd = -1;
	learn_time(parent);
	if (is_newest(&updates->verified, &updates->newest))
		updates->newest = updates->verified;
	return 0;
}

static void tell_outcome(struct parent *parent, enum outcome outcome)
{
	const struct updates *updates = &parent->updates;
	int64_t again = 0;
	uint8_t body[9];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put8(&cursor, (uint8_t)outcome);
	if (outcome == OUTCOME_WAITS && updates->waiting_until != INT64_MAX)
		again = updates->waiting_until;
	/* What was in its way may have been ours: a full disk, a role that was down. */
	if (outcome == OUTCOME_REFUSED)
		again = updates_now(parent) + AGAIN_S;
	cursor_put64(&cursor, (uint64_t)again);
	if (parent->child[ROLE_UPDATE].ready)
		(void)!child_send(&parent->child[ROLE_UPDATE], MESSAGE_OUTCOME, body, sizeof(body),
				  -1);
}

static void taken(struct parent *parent, const char *text)
{
	struct updates *updates = &parent->updates;
	bool same = updates->verified.release == updates->running.release;

	drop(&updates->bundle);
	updates->bundle = updates->candidate;
	updates->candidate = -1;
	updates_save_bundle(parent);
	updates->running = updates->verified;
	if (!same)
		updates->since = updates_now(parent);
	updates->refused_at = updates->waiting = 0;
	if (!same)
		history_add(parent, "accepted", updates->running.release, text);
	attest(parent, same ? "unchanged" : "accepted");
}

static void waits(struct parent *parent, const char *text)
{
	struct updates *updates = &parent->updates;
	bool first = updates->waiting != updates->verified.release ||
		     updates->waiting_until != updates->verified.due;

	updates->waiting = updates->verified.release;
	updates->waiting_until = updates->verified.due;
	if (!first || !ration_take(&updates->verdicts, parent->now))
		return;
	history_add(parent, "waiting", updates->waiting, text);
	attest(parent, "waiting");
}

static void refused(struct parent *parent, const char *text)
{
	struct updates *updates = &parent->updates;
	bool first = !updates->refused_at || strcmp(updates->refusal, text) != 0;

	updates->refused_at = updates_now(parent);
	snprintf(updates->refusal, sizeof(updates->refusal), "%s", text);
	if (!first || !ration_take(&updates->verdicts, parent->now))
		return;
	history_add(parent, "refused",
		    updates->has_verified ? updates->verified.release : 0, text);
	attest(parent, "refused");
}

void updates_finished(struct parent *parent, enum outcome outcome, const char *text)
{
	switch (outcome) {
	case OUTCOME_TAKEN:
		taken(parent, text);
		break;
	case OUTCOME_WAITS:
		waits(parent, text);
		break;
	default:
		refused(parent, text);
	}
	tell_outcome(parent, outcome);
	drop(&parent->updates.judged);
	drop(&parent->updates.candidate);
}

void updates_known(struct parent *parent)
{
	tell_outcome(parent, OUTCOME_TAKEN);
	drop(&parent->updates.judged);
	/* The collector may know this appliance by now. */
	if (!parent->updates.attested || (parent->updates.delivered[0] &&
					  strcmp(parent->updates.delivered, "delivered") != 0))
		attest(parent, "unchanged");
}

void updates_in_force(struct parent *parent)
{
	if (parent->updates.has_verified)
		parent->updates.running = parent->updates.verified;
}

/* ---- looks ---- */

static void failed_look(struct parent *parent)
{
	struct updates *updates = &parent->updates;

	if (strcmp(updates->failure, updates->attempt.text) == 0)
		return;
	snprintf(updates->failure, sizeof(updates->failure), "%s", updates->attempt.text);
	if (!ration_take(&updates->failures, parent->now))
		return;
	log_warning("update: %.*s", (int)strcspn(updates->failure, "\n"), updates->failure);
	history_add(parent, "failed", 0, updates->failure);
}

void updates_attempt(struct parent *parent, const struct message *message)
{
	struct updates *updates = &parent->updates;

	if (attempt_decode(&updates->attempt, message->body, message->size) < 0) {
		log_error("update: a damaged message: it is started again");
		child_kill(&parent->child[ROLE_UPDATE], "it sent a damaged message");
		return;
	}
	updates->attempt_at = updates_now(parent);
	if (updates->attempt.result == ATTEMPT_FAILED) {
		failed_look(parent);
		control_looked(parent, updates->attempt.look, 1, updates->attempt.text);
		return;
	}
	updates->contact_at = updates->attempt_at;
	updates->failure[0] = '\0';
	/* An offer is answered when it is taken or refused. */
	if (updates->attempt.result != ATTEMPT_OFFERED ||
	    (updates->offer < 0 && updates->judged < 0))
		control_looked(parent, updates->attempt.look, 0, "nothing new\n");
}

void updates_delivered(struct parent *parent, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);

	snprintf(parent->updates.delivered, sizeof(parent->updates.delivered), "%.*s",
		 (int)cursor_left(&cursor), (const char *)message->body + cursor.at);
	update_clean(parent->updates.delivered);
	if (!result)
		snprintf(parent->updates.delivered, sizeof(parent->updates.delivered),
			 "delivered");
}

static int ask(struct parent *parent, uint32_t look, const char *folder)
{
	struct child *child = &parent->child[ROLE_UPDATE];
	uint8_t body[4 + CONTROL_REASON];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, look);
	cursor_put(&cursor, folder, strlen(folder));
	return child->ready && !cursor.failed
		       ? child_send(child, MESSAGE_LOOK, body, cursor.at, -1) : -ESRCH;
}

uint32_t updates_look(struct parent *parent, const char *folder, const char **text)
{
	struct updates *updates = &parent->updates;

	if (!updates->on) {
		*text = "signed updates are off: see cordon update status\n";
		return 0;
	}
	if (++updates->last_look == 0)
		updates->last_look = 1;
	if (ask(parent, updates->last_look, folder) == 0)
		return updates->last_look;
	*text = "the update role is not there; it is started again: try in a moment\n";
	return 0;
}

/* One that was cut inside a character could not be kept as JSON, nor anything beside it. */
static void make_text(char *text)
{
	json_t *string = json_string(text);

	if (!string)
		update_clean(text);
	json_decref(string);
}

int updates_hold(struct parent *parent, bool held, const struct control_request *request)
{
	struct updates *updates = &parent->updates;
	char text[CONTROL_REASON + CONTROL_BY + 8];
	const char *unused;
	int error;

	updates->held = held;
	memcpy(updates->held_reason, request->reason, sizeof(updates->held_reason));
	memcpy(updates->held_by, request->by, sizeof(updates->held_by));
	make_text(updates->held_reason);
	make_text(updates->held_by);
	snprintf(text, sizeof(text), "by %s%s%s", updates->held_by[0] ? updates->held_by : "root",
		 updates->held_reason[0] ? ": " : "", updates->held_reason);
	log_warning("updates are %s, %s", held ? "held" : "taken again", text);
	history_add(parent, held ? "held" : "released", 0, text);
	error = updates_keep(parent);
	if (!held)
		(void)!updates_look(parent, "", &unused);
	return error;
}

/* ---- the clock ---- */

/* The update role has what counts now: the floor, and a clock of NTP that came or was set. */
static void follow_clock(struct parent *parent)
{
	struct updates *updates = &parent->updates;
	struct child *child = &parent->child[ROLE_UPDATE];
	const struct freshness *told = &updates->told, *known = &updates->freshness;
	struct clock_reading reading;
	int64_t drift;

	clock_read(&reading);
	freshness_see(&updates->freshness, &reading);
	drift = known->ntp - told->ntp - (known->ntp_ms - told->ntp_ms) / 1000;
	if (child->ready && (known->people != told->people || known->online != told->online ||
			     (known->ntp != 0) != (told->ntp != 0) || drift > 2 || drift < -2))
		(void)!tell_clock(parent, child);
}

void updates_tick(struct parent *parent)
{
	struct updates *updates = &parent->updates;

	follow_clock(parent);
	if (!updates->on)
		return;
	if (updates->offer >= 0 && !parent->changing && parent->current.number &&
	    ration_take(&updates->offers, parent->now)) {
		updates->judged = updates->offer;
		updates->judged_look = updates->offer_look;
		updates->offer = -1;
		change_begin(parent, CAUSE_UPDATE);
	}
	if (parent->now >= updates->save_ms) {
		updates_keep(parent);
		if (updates->unsaved)
			updates_save_bundle(parent);
	}
	if (parent->now >= updates->receipt_ms && parent->current.number)
		attest(parent, "unchanged");
}
