/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/daemon/log.h"
#include "appliance/daemon/lost.h"
#include "appliance/daemon/parts.h"
#include "appliance/daemon/status.h"
#include "appliance/daemon/witness.h"

enum { COUNTERS_MS = 1000, CHECKPOINT_MS = 10 * 1000, CHANGE_MS = CONTROL_TIMEOUT_MS };

/* ---- status ---- */

static void reply_status(struct parent *parent, struct control_client *client)
{
	char *text = status_print(parent);

	control_reply(client, text ? 0 : 1, text ? text : "out of memory\n");
	free(text);
}

/* The disk has its time, too, and no more than the counters. */
static void reply_when_polled(struct parent *parent, struct control_client *client)
{
	client->state = CLIENT_DISK;
	if (!parent->disks.poller)
		reply_status(parent, client);
}

static void ask_counters(struct parent *parent, struct control_client *client)
{
	struct child *rules = parent_role(parent, ROLE_RULES);

	client->state = CLIENT_COUNTERS;
	client->deadline = parent->daemon.now + COUNTERS_MS;
	status_poll(parent, DISK_FRESH_MS);
	if (!rules->ready || child_send(rules, MESSAGE_COUNTERS, NULL, 0, -1) < 0)
		reply_when_polled(parent, client);
}

/* What others changed, and what the log lacks, was seen by an administrator. */
static void seen(struct parent *parent, struct control_client *client)
{
	struct seen_losses losses;
	char text[128];

	lost_count(parent, &losses);
	snprintf(text, sizeof(text), "%llu changes by others and %llu lost events are seen\n",
		 (unsigned long long)parent->guarded.unseen,
		 (unsigned long long)lost_since(&losses, &parent->seen));
	parent->seen = losses;
	guarded_seen(&parent->guarded, client->request.by);
	control_reply(client, 0, text);
}

/* ---- changes ---- */

static void change_mode(struct parent *parent, struct control_client *client)
{
	const struct control_request *request = &client->request;
	const struct mode_clock clock = parts_clock(parent);
	struct mode_record record;
	struct text text = TEXT_EMPTY;
	struct diag diag;
	int error;

	diag_init(&diag);
	standing_move(&parent->standing, &clock);
	error = mode_request(&record, request, &parent->daemon.settings, clock.now, &diag);
	if (!error)
		actor_print(&client->actor, record.actor);
	if (!error) {
		error = mode_save(&record, &parent->standing.clock, parent->daemon.state);
		if (error)
			diag_error(&diag, parent->daemon.state_path, 0, 0,
				   "the mode cannot be kept: %s", strerror(-error));
	}
	if (error) {
		diag_print(&diag, &text);
		control_reply(client, 1, text.data ? text.data : "out of memory\n");
		text_release(&text);
		return;
	}
	if (record.until)
		log_warning("mode %s for %llu s, by %s: %s", mode_print(record.mode),
			    (unsigned long long)request->seconds, record.by, record.reason);
	else
		log_warning("mode %s, by %s: %s", mode_print(record.mode),
			    record.by[0] ? record.by : "the control socket",
			    record.reason[0] ? record.reason : "no reason given");
	standing_put(&parent->standing, &record);
	parent->part[PART_MODE].open = true;
	client->state = CLIENT_CHANGE;
	change_want(&parent->change, CAUSE_MODE);
}

/* One after the other: a change under way may have read the lists before they were edited. */
static void begin_change(struct parent *parent, struct control_client *client)
{
	if (change_runs(&parent->change)) {
		client->state = CLIENT_QUEUED;
	} else if (client->request.type == CONTROL_RELOAD) {
		client->state = CLIENT_CHANGE;
		parent->witness.reloader = client->actor;
		change_want(&parent->change, CAUSE_RELOAD);
	} else {
		change_mode(parent, client);
	}
}

/* ---- signed updates ---- */

/* Looks take minutes: they never take all places, so that `cordon disarm` always finds one. */
static bool too_many_poll(struct parent *parent)
{
	size_t at = 0;
	int polling = 0;

	while (control_next(&parent->control, CLIENT_UPDATE, &at))
		polling++;
	return polling >= CONTROL_CLIENTS / 2;
}

static void begin_poll(struct parent *parent, struct control_client *client)
{
	const char *text;

	if (too_many_poll(parent)) {
		control_reply(client, 1,
			      "too many commands wait for a poll: see cordon update status\n");
		return;
	}
	client->state = CLIENT_UPDATE;
	client->deadline = parent->daemon.now + CONTROL_UPDATE_MS;
	client->poll = updates_poll(&parent->updates, client->request.reason, &text);
	if (client->poll == 0)
		control_reply(client, 1, text);
}

static void hold(struct parent *parent, struct control_client *client)
{
	bool held = client->request.type == CONTROL_HOLD;

	if (!parent->updates.on) {
		control_reply(client, 1, "signed updates are off: see cordon update status\n");
		return;
	}
	if (updates_hold(&parent->updates, held, &client->request) < 0) {
		control_reply(
			client, 1,
			held ? "held, and that cannot be written: after a restart releases are "
			       "taken again; see cordon status\n" :
			       "released, and that cannot be written: after a restart it is "
			       "held again; see cordon status\n");
		return;
	}
	witness_hold(parent, client, held);
	control_reply(client, 0,
		      held ? "held: no new release is taken until cordon update release\n" :
			     "released: the mirrors are asked now\n");
}

/* ---- checkpoints of the log ---- */

static void begin_checkpoint(struct parent *parent, struct control_client *client)
{
	struct child *journal = parent_role(parent, ROLE_JOURNAL);
	const uint8_t reason = CHECKPOINT_REQUEST;

	client->state = CLIENT_CHECKPOINT;
	client->deadline = parent->daemon.now + CHECKPOINT_MS;
	if (journal->ready)
		notices_send(&parent->notices, journal->watch.fd, parent->daemon.now);
	if (journal->ready && child_send(journal, MESSAGE_CHECKPOINT, &reason, 1, -1) == 0)
		return;
	seal_drop(&parent->seal);
	control_reply(client, 1, "the journal does not run: see cordon status\n");
}

/* The old key signs the notice that names the new one. */
static void begin_renewal(struct parent *parent, struct control_client *client)
{
	if (!parent_role(parent, ROLE_JOURNAL)->ready ||
	    seal_renew(&parent->seal, &client->actor) < 0)
		control_reply(client, 1, "there is no new key now: see cordon status\n");
	else
		begin_checkpoint(parent, client);
}

/* One for an earlier reason may not cover what happened up to the request. */
void requests_signed(struct parent *parent, int error)
{
	struct control_client *client;
	size_t at = 0;

	if (!error && parent->seal.newest.reason != CHECKPOINT_REQUEST)
		return;
	while ((client = control_next(&parent->control, CLIENT_CHECKPOINT, &at)))
		control_reply(client, error ? 1 : 0, error ? "it was not signed: see cordon "
			      "status\n" : parent->seal.note);
}

/* ---- what others tell ---- */

static void take_notice(struct parent *parent, struct control_client *client)
{
	if (client->uid != 0)
		control_reply(client, 1, "only root's programs hand in notices\n");
	else if (notices_take(&parent->notices, &client->request.notice, &client->actor) < 0)
		control_reply(client, 2, "no notice of a kind that may be handed in\n");
	else
		control_reply(client, 0, "");
}

/* ---- all of them ---- */

void requests_take(struct parent *parent, struct control_client *client)
{
	client->deadline = parent->daemon.now + CHANGE_MS;
	switch (client->request.type) {
	case CONTROL_STATUS:
		ask_counters(parent, client);
		break;
	case CONTROL_SEEN:
		seen(parent, client);
		break;
	case CONTROL_NOTICE:
		take_notice(parent, client);
		break;
	case CONTROL_LOOKED:
		witness_looked(parent, &client->actor, client->request.reason);
		control_reply(client, 0, "");
		break;
	case CONTROL_UPDATE:
		begin_poll(parent, client);
		break;
	case CONTROL_CHECKPOINT:
		begin_checkpoint(parent, client);
		break;
	case CONTROL_RENEW:
		begin_renewal(parent, client);
		break;
	case CONTROL_HOLD:
	case CONTROL_RELEASE:
		hold(parent, client);
		break;
	default:
		begin_change(parent, client);
	}
}

void requests_changed(struct parent *parent, bool done, const char *text)
{
	struct control_client *client;
	size_t at = 0;

	while ((client = control_next(&parent->control, CLIENT_CHANGE, &at)))
		control_reply(client, done ? 0 : 1, text);
	if (parent->change.cause == CAUSE_UPDATE)
		requests_polled(parent, parent->updates.judged_poll, done ? 0 : 1, text);
}

void requests_polled(struct parent *parent, uint32_t poll, int code, const char *text)
{
	struct control_client *client;
	size_t at = 0;

	while (poll && (client = control_next(&parent->control, CLIENT_UPDATE, &at))) {
		if (client->poll == poll)
			control_reply(client, code, text);
	}
}

void requests_abandoned(struct parent *parent, const char *text)
{
	struct control_client *client;
	size_t at = 0;

	while ((client = control_next(&parent->control, CLIENT_UPDATE, &at)))
		control_reply(client, 1, text);
}

void requests_counted(struct parent *parent)
{
	struct control_client *client;
	size_t at = 0;

	while ((client = control_next(&parent->control, CLIENT_COUNTERS, &at)))
		reply_when_polled(parent, client);
}

void requests_disks(struct parent *parent)
{
	struct control_client *client;
	size_t at = 0;

	while ((client = control_next(&parent->control, CLIENT_DISK, &at)))
		reply_status(parent, client);
}

static void expire(struct parent *parent, struct control_client *client)
{
	switch (client->state) {
	case CLIENT_COUNTERS:
	case CLIENT_DISK:
		reply_status(parent, client);
		break;
	case CLIENT_QUEUED:
		control_reply(client, 1,
			      "another change takes long: nothing was done, try again later\n");
		break;
	case CLIENT_UPDATE:
		control_reply(client, 1, "the sources take long, and are still asked: see cordon "
					 "update status\n");
		break;
	case CLIENT_CHECKPOINT:
		control_reply(client, 1, "the journal takes long: see cordon status\n");
		break;
	case CLIENT_CHANGE:
		control_reply(client, 1, "the change takes long and goes on: see cordon status\n");
		break;
	default:
		control_drop(client);
	}
}

void requests_tick(struct parent *parent)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->control.client[i];

		if (client->watch.fd < 0)
			continue;
		if (client->state == CLIENT_QUEUED && !change_runs(&parent->change))
			begin_change(parent, client);
		else if (client->deadline <= parent->daemon.now)
			expire(parent, client);
	}
}
