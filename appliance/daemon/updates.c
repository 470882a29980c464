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
#include "appliance/daemon/own.h"
#include "appliance/daemon/receipt.h"
#include "rules/signed/archive.h"
#include "rules/signed/metadata.h"

#define RECEIPT_FILE "receipt.json"

enum { HOUR_MS = 3600 * 1000, AGAIN_S = 600 };

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

static int tell_clock(struct updates *updates, struct child *child)
{
	const struct freshness *freshness = &updates->freshness;
	const int64_t member[] = { freshness->people, freshness->online, freshness->at_ms,
				   freshness->ntp, freshness->ntp_ms };
	uint8_t body[sizeof(member)];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	for (size_t i = 0; i < sizeof(member) / sizeof(*member); i++)
		cursor_put64(&cursor, (uint64_t)member[i]);
	updates->told = *freshness;
	return child_send(child, MESSAGE_CLOCK, body, sizeof(body), -1);
}

static int tell_own(struct updates *updates, struct child *child)
{
	int fd = updates->daemon->settings.collector.host[0] ? own_open(updates->daemon) : -1;
	int error = fd < 0 ? 0 : child_send(child, MESSAGE_OWN, NULL, 0, fd);

	if (fd >= 0)
		close(fd);
	return error;
}

int updates_tell_update(struct updates *updates, struct child *child)
{
	const struct settings *settings = &updates->daemon->settings;
	int error = tell_file(child, MESSAGE_TRUST, settings->trust_root);

	updates->messages.spent = 0;
	if (!error && settings->mirror_ca[0])
		error = tell_file(child, MESSAGE_CA, settings->mirror_ca);
	if (!error)
		error = tell_own(updates, child);
	if (!error)
		error = child_send(child, MESSAGE_IDENTITY, updates->daemon->identity,
				   strlen(updates->daemon->identity), -1);
	return error ? error : tell_clock(updates, child);
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int updates_tell_compile(struct updates *updates, struct child *child, bool offered)
{
	int error;

	updates->has_verified = false;
	drop(&updates->candidate);
	error = updates_bundled(updates)
			? child_send(child, MESSAGE_BUNDLE, NULL, 0, updates->bundle) : 0;
	/* Beside a bundle the root of the settings may be missing. */
	if (!error && (!updates_bundled(updates) ||
		       access(updates->daemon->settings.trust_root, R_OK) == 0))
		error = tell_file(child, MESSAGE_TRUST, updates->daemon->settings.trust_root);
	if (!error && offered)
		error = child_send(child, MESSAGE_OFFERED, NULL, 0, updates->judged);
	return error;
}

/* ---- receipts ---- */

/* "" while nothing is in force. */
static const char *state_print(const struct updates *updates, char text[9])
{
	text[0] = '\0';
	if (updates->current->number)
		snprintf(text, 9, "%08x", policy_state(&updates->current->policy));
	return text;
}


static void send_receipt(struct updates *updates, const char *text, size_t length)
{
	struct child *child = updates->role;

	if (!updates->daemon->settings.collector.host[0] || !child->ready || length > MESSAGE_MAX)
		return;
	(void)!child_send(child, MESSAGE_RECEIPT, text, length, -1);
}

static void attest(struct updates *updates, const char *result)
{
	char boot[CLOCK_BOOT_ID], state[9];
	struct text text = TEXT_EMPTY;
	struct attestation receipt = {
		.appliance = updates->daemon->identity, .boot = boot,
		.state = state_print(updates, state),
		.mode = mode_print(updates->mode->mode),
		.freshness = freshness_print(updates_freshness(updates)),
		.result = result, .refusal = updates->refused_at ? updates->refusal : "",
		.ring = updates->daemon->settings.ring, .release = updates->running.release,
		.bundle = updates->running.release ? updates->running.digest : NULL,
		.since = updates->since, .time = updates_now(updates),
		.clock_set = updates_clock_set(updates), .uptime = clock_uptime_ms() / 1000,
		.sequence = ++updates->sequence, .checkpoint = updates->note,
	};

	updates->attested = true;
	clock_boot_id(boot);
	updates_keep(updates);
	updates->receipt_ms = clock_uptime_ms() + HOUR_MS;
	if (receipt_print(&receipt, updates->key->secret, &text) < 0 ||
	    file_replace(updates->daemon->state, RECEIPT_FILE, text.data, text.length, 0644) < 0) {
		log_error("the receipt cannot be written into %s", updates->daemon->state_path);
	} else {
		if (strcmp(result, "unchanged") != 0)
			history_receipt(&updates->history, text.data);
		send_receipt(updates, text.data, text.length);
	}
	text_release(&text);
}

/* A line of the history: what happened to which release. */
static void note_history(struct updates *updates, const char *event, int64_t release,
			 const char *text)
{
	char state[9];
	const struct history_line line = {
		.event = event, .time = updates_now(updates), .release = release,
		.state = state_print(updates, state), .source = updates->attempt.source,
		.text = text,
		.signed_by = strcmp(event, "accepted") == 0 ? &updates->running : NULL,
	};

	history_add(&updates->history, &line);
}

/* The same, and the log is told. */
static void note(struct updates *updates, const char *event, int64_t release, const char *text)
{
	note_history(updates, event, release, text);
	if (updates->noted)
		updates->noted(updates->context, event, release, text);
}

/* ---- offers ---- */

bool updates_flooded(struct updates *updates)
{
	return !ration_take(&updates->messages, updates->daemon->now);
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

void updates_offer(struct updates *updates, struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	uint32_t poll = cursor_get32(&cursor);
	int error = check_offer(message->fd);

	if (error) {
		log_warning("an offer was set aside: expected a sealed archive of at most %d bytes "
			    "(%s)", ARCHIVE_MAX, strerror(-error));
		return;
	}
	/* The newest one counts. */
	if (updates->offer >= 0 && updates->offer_poll != poll)
		updates->polled(updates->context, updates->offer_poll, 1,
				"a newer poll took its place: see "
				"cordon update status\n");
	drop(&updates->offer);
	updates->offer = message->fd;
	updates->offer_poll = poll;
	message->fd = -1;
}

/* signed/freshness.h says who may raise the floor, and what takes it back. */
static void learn_time(struct updates *updates)
{
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
		updates_keep(updates);
}

/* A new root may have withdrawn the key of what was the newest until now. */
static bool is_newest(const struct bundle_info *verified, const struct bundle_info *newest)
{
	return verified->root_version > newest->root_version ||
	       (verified->root_version == newest->root_version &&
		verified->signed_at >= newest->signed_at);
}

int updates_verified(struct updates *updates, struct message *message)
{
	int error = bundle_info_decode(&updates->verified, message->body, message->size);

	updates->has_verified = !error;
	if (error)
		return error;
	drop(&updates->candidate);
	updates->candidate = message->fd;
	message->fd = -1;
	learn_time(updates);
	if (is_newest(&updates->verified, &updates->newest))
		updates->newest = updates->verified;
	return 0;
}

static void tell_outcome(struct updates *updates, enum outcome outcome)
{
	int64_t again = 0;
	uint8_t body[9];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put8(&cursor, (uint8_t)outcome);
	if (outcome == OUTCOME_WAITS && updates->waiting_until != INT64_MAX)
		again = updates->waiting_until;
	/* What was in its way may have been ours: a full disk, a role that was down. */
	if (outcome == OUTCOME_REFUSED)
		again = updates_now(updates) + AGAIN_S;
	cursor_put64(&cursor, (uint64_t)again);
	if (updates->role->ready)
		(void)!child_send(updates->role, MESSAGE_OUTCOME, body, sizeof(body),
				  -1);
}

static void taken(struct updates *updates, const char *text)
{
	bool same = updates->verified.release == updates->running.release;

	drop(&updates->bundle);
	updates->bundle = updates->candidate;
	updates->candidate = -1;
	updates_save_bundle(updates);
	updates->running = updates->verified;
	if (!same)
		updates->since = updates_now(updates);
	updates->refused_at = updates->waiting = 0;
	if (!same)
		note(updates, "accepted", updates->running.release, text);
	attest(updates, same ? "unchanged" : "accepted");
}

static void waits(struct updates *updates, const char *text)
{
	bool first = updates->waiting != updates->verified.release ||
		     updates->waiting_until != updates->verified.due;

	updates->waiting = updates->verified.release;
	updates->waiting_until = updates->verified.due;
	if (!first || !ration_take(&updates->verdicts, updates->daemon->now))
		return;
	note(updates, "waiting", updates->waiting, text);
	attest(updates, "waiting");
}

static void refused(struct updates *updates, const char *text)
{
	bool first = !updates->refused_at || strcmp(updates->refusal, text) != 0;

	updates->refused_at = updates_now(updates);
	snprintf(updates->refusal, sizeof(updates->refusal), "%s", text);
	if (!first || !ration_take(&updates->verdicts, updates->daemon->now))
		return;
	note(updates, "refused", updates->has_verified ? updates->verified.release : 0, text);
	attest(updates, "refused");
}

void updates_finished(struct updates *updates, enum outcome outcome, const char *text)
{
	switch (outcome) {
	case OUTCOME_TAKEN:
		taken(updates, text);
		break;
	case OUTCOME_WAITS:
		waits(updates, text);
		break;
	default:
		refused(updates, text);
	}
	tell_outcome(updates, outcome);
	drop(&updates->judged);
	drop(&updates->candidate);
}

void updates_known(struct updates *updates)
{
	tell_outcome(updates, OUTCOME_TAKEN);
	drop(&updates->judged);
	/* The collector may know this appliance by now. */
	if (!updates->attested || (updates->delivered[0] &&
					  strcmp(updates->delivered, "delivered") != 0))
		attest(updates, "unchanged");
}

void updates_in_force(struct updates *updates)
{
	if (updates->has_verified)
		updates->running = updates->verified;
}

/* ---- polls ---- */

static void failed_poll(struct updates *updates)
{
	if (strcmp(updates->failure, updates->attempt.text) == 0)
		return;
	snprintf(updates->failure, sizeof(updates->failure), "%s", updates->attempt.text);
	if (!ration_take(&updates->failures, updates->daemon->now))
		return;
	log_warning("update: %.*s", (int)strcspn(updates->failure, "\n"), updates->failure);
	note(updates, "failed", 0, updates->failure);
}

void updates_attempt(struct updates *updates, const struct message *message)
{
	if (attempt_decode(&updates->attempt, message->body, message->size) < 0) {
		log_error("update: a damaged message: it is started again");
		child_kill(updates->role, "it sent a damaged message");
		return;
	}
	updates->attempt_at = updates_now(updates);
	if (updates->attempt.result == ATTEMPT_FAILED) {
		failed_poll(updates);
		updates->polled(updates->context, updates->attempt.poll, 1, updates->attempt.text);
		return;
	}
	updates->contact_at = updates->attempt_at;
	updates->failure[0] = '\0';
	/* An offer is answered when it is taken or refused. */
	if (updates->attempt.result != ATTEMPT_OFFERED ||
	    (updates->offer < 0 && updates->judged < 0))
		updates->polled(updates->context, updates->attempt.poll, 0, "nothing new\n");
}

void updates_delivered(struct updates *updates, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	int result = (int)cursor_get32(&cursor);

	snprintf(updates->delivered, sizeof(updates->delivered), "%.*s",
		 (int)cursor_left(&cursor), (const char *)message->body + cursor.at);
	update_clean(updates->delivered);
	if (!result)
		snprintf(updates->delivered, sizeof(updates->delivered),
			 "delivered");
}

static int ask(struct updates *updates, uint32_t poll, const char *folder)
{
	struct child *child = updates->role;
	uint8_t body[4 + CONTROL_REASON];
	struct cursor cursor = cursor_writer(body, sizeof(body));

	cursor_put32(&cursor, poll);
	cursor_put(&cursor, folder, strlen(folder));
	return child->ready && !cursor.failed
		       ? child_send(child, MESSAGE_POLL, body, cursor.at, -1) : -ESRCH;
}

uint32_t updates_poll(struct updates *updates, const char *folder, const char **text)
{
	if (!updates->on) {
		*text = "signed updates are off: see cordon update status\n";
		return 0;
	}
	if (++updates->last_poll == 0)
		updates->last_poll = 1;
	if (ask(updates, updates->last_poll, folder) == 0)
		return updates->last_poll;
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

int updates_hold(struct updates *updates, bool held, const struct control_request *request)
{
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
	note_history(updates, held ? "held" : "released", 0, text);
	error = updates_keep(updates);
	if (!held)
		(void)!updates_poll(updates, "", &unused);
	return error;
}

/* ---- the clock ---- */

/* The update role has what counts now: the floor, and a clock of NTP that came or was set. */
static void follow_clock(struct updates *updates)
{
	struct child *child = updates->role;
	const struct freshness *told = &updates->told, *known = &updates->freshness;
	struct clock_reading reading;
	int64_t drift;

	clock_read(&reading);
	freshness_see(&updates->freshness, &reading);
	drift = known->ntp - told->ntp - (known->ntp_ms - told->ntp_ms) / 1000;
	if (child->ready && (known->people != told->people || known->online != told->online ||
			     (known->ntp != 0) != (told->ntp != 0) || drift > 2 || drift < -2))
		(void)!tell_clock(updates, child);
}

/* The newest offer is judged next. */
static bool take_offer(struct updates *updates)
{
	if (updates->offer < 0 || !updates->current->number ||
	    !ration_take(&updates->offers, updates->daemon->now))
		return false;
	updates->judged = updates->offer;
	updates->judged_poll = updates->offer_poll;
	updates->offer = -1;
	return true;
}

bool updates_tick(struct updates *updates, bool idle)
{
	const int64_t now = updates->daemon->now;
	bool judge;

	follow_clock(updates);
	if (!updates->on)
		return false;
	judge = idle && take_offer(updates);
	if (now >= updates->save_ms) {
		updates_keep(updates);
		if (updates->unsaved)
			updates_save_bundle(updates);
	}
	if (now >= updates->receipt_ms && updates->current->number)
		attest(updates, "unchanged");
	return judge;
}
