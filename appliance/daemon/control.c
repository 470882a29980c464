/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/parent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/daemon/log.h"
#include "appliance/daemon/sockets.h"

enum { READ_MS = 2000, COUNTERS_MS = 1000, CHANGE_MS = CONTROL_TIMEOUT_MS };

static void client_end(struct control_client *client)
{
	loop_remove(&client->parent->loop, &client->watch);
	close(client->watch.fd);
	client->watch.fd = -1;
}

/* One byte of exit code, then text. */
static void reply(struct control_client *client, int code, const char *text)
{
	struct text out = TEXT_EMPTY;
	const char head = (char)code;

	text_put(&out, &head, 1);
	text_put(&out, text, strnlen(text, CONTROL_REPLY_MAX - 2));
	if (text_failed(&out) ||
	    send(client->watch.fd, out.data, out.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("a request over the control socket could not be answered");
	text_release(&out);
	client_end(client);
}

static void reply_status(struct control_client *client)
{
	char *text = status_print(client->parent);

	reply(client, text ? 0 : 1, text ? text : "out of memory\n");
	free(text);
}

/* The disk has its time, too, and no more than the counters. */
static void reply_when_looked(struct control_client *client)
{
	client->state = CLIENT_DISK;
	if (!client->parent->disks.looker)
		reply_status(client);
}

static void ask_counters(struct control_client *client)
{
	struct child *rules = &client->parent->child[ROLE_RULES];

	client->state = CLIENT_COUNTERS;
	client->deadline = client->parent->now + COUNTERS_MS;
	status_look(client->parent, DISK_FRESH_MS);
	if (!rules->ready || child_send(rules, MESSAGE_COUNTERS, NULL, 0, -1) < 0)
		reply_when_looked(client);
}

static void change_mode(struct control_client *client)
{
	const struct control_request *request = &client->request;
	struct parent *parent = client->parent;
	struct mode_record record;
	struct text text = TEXT_EMPTY;
	struct diag diag;
	int error;

	diag_init(&diag);
	error = mode_request(&record, request, &parent->settings,
			     parent_move_mode(parent), &diag);
	if (!error) {
		error = mode_save(&record, &parent->mode_clock, parent->state);
		if (error)
			diag_error(&diag, parent->state_path, 0, 0, "the mode cannot be kept: %s",
				   strerror(-error));
	}
	if (error) {
		diag_print(&diag, &text);
		reply(client, 1, text.data ? text.data : "out of memory\n");
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
	parent->previous_mode = parent->mode;
	parent->mode = record;
	parent->mode_waits = false;
	parent->part[PART_MODE].open = true;
	client->state = CLIENT_CHANGE;
	change_begin(parent, CAUSE_MODE);
}

/* One after the other: a change under way may have read the lists before they were edited. */
static void begin_change(struct control_client *client)
{
	if (client->parent->changing) {
		client->state = CLIENT_QUEUED;
	} else if (client->request.type == CONTROL_RELOAD) {
		client->state = CLIENT_CHANGE;
		change_begin(client->parent, CAUSE_RELOAD);
	} else {
		change_mode(client);
	}
}

/* Looks take minutes: they never take all places, so that `cordon disarm` always finds one. */
static bool too_many_look(const struct parent *parent)
{
	int looking = 0;

	for (int i = 0; i < CONTROL_CLIENTS; i++)
		looking += parent->client[i].watch.fd >= 0 &&
			   parent->client[i].state == CLIENT_UPDATE;
	return looking >= CONTROL_CLIENTS / 2;
}

static void begin_look(struct control_client *client)
{
	const char *text;

	if (too_many_look(client->parent)) {
		reply(client, 1, "others wait for a look already: see cordon update status\n");
		return;
	}
	client->state = CLIENT_UPDATE;
	client->deadline = client->parent->now + CONTROL_UPDATE_MS;
	client->look = updates_look(client->parent, client->request.reason, &text);
	if (client->look == 0)
		reply(client, 1, text);
}

static void hold(struct control_client *client)
{
	bool held = client->request.type == CONTROL_HOLD;

	if (!client->parent->updates.on) {
		reply(client, 1, "signed updates are off: see cordon update status\n");
		return;
	}
	if (updates_hold(client->parent, held, &client->request) < 0) {
		reply(client, 1, held ? "held, and that cannot be written: after a restart releases are "
					"taken again; see cordon status\n"
				      : "released, and that cannot be written: after a restart it is "
					"held again; see cordon status\n");
		return;
	}
	reply(client, 0, held ? "held: no new release is taken until cordon update release\n"
			      : "released: the mirrors are asked now\n");
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct control_client *client = watch->context;
	struct control_request request;
	uint8_t data[CONTROL_REQUEST_MAX + 1];
	ssize_t got = recv(watch->fd, data, sizeof(data), MSG_DONTWAIT);

	(void)events;
	if (got <= 0 || client->state != CLIENT_READING) {
		client_end(client);
		return;
	}
	if (control_decode(&request, data, (size_t)got) < 0) {
		reply(client, 2, "a request of another version or a damaged one: is the command "
				 "`cordon` of the same version as cordond?\n");
		return;
	}
	if (request.type == CONTROL_STATUS) {
		ask_counters(client);
		return;
	}
	if (request.type == CONTROL_SEEN) {
		char text[128];

		guarded_seen(client->parent, request.by, text, sizeof(text));
		reply(client, 0, text);
		return;
	}
	client->request = request;
	client->deadline = client->parent->now + CHANGE_MS;
	if (request.type == CONTROL_UPDATE)
		begin_look(client);
	else if (request.type == CONTROL_HOLD || request.type == CONTROL_RELEASE)
		hold(client);
	else
		begin_change(client);
}

static void control_ready(struct watch *watch, uint32_t events)
{
	struct parent *parent = watch->context;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd >= 0)
			continue;
		*client = (struct control_client){ .watch = { fd, client_ready, client },
						   .parent = parent, .state = CLIENT_READING,
						   .deadline = parent->now + READ_MS };
		if (loop_add(&parent->loop, &client->watch, EPOLLIN) < 0)
			break;
		return;
	}
	/* All places taken, each for at most a few seconds. */
	close(fd);
}

int control_open(struct parent *parent, struct diag *diag)
{
	int fd = socket_control(parent->run_path, diag), error;

	if (fd < 0)
		return fd;
	parent->control = (struct watch){ fd, control_ready, parent };
	error = loop_add(&parent->loop, &parent->control, EPOLLIN);
	if (!error)
		return 0;
	diag_error(diag, "control socket", 0, 0, "%s", strerror(-error));
	close(fd);
	return error;
}

void control_changed(struct parent *parent, bool done, const char *text)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd >= 0 && client->state == CLIENT_CHANGE)
			reply(client, done ? 0 : 1, text);
	}
	if (parent->cause == CAUSE_UPDATE)
		control_looked(parent, parent->updates.judged_look, done ? 0 : 1, text);
}

void control_looked(struct parent *parent, uint32_t look, int code, const char *text)
{
	for (int i = 0; look && i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd >= 0 && client->state == CLIENT_UPDATE && client->look == look)
			reply(client, code, text);
	}
}

void control_abandoned(struct parent *parent, const char *text)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd >= 0 && client->state == CLIENT_UPDATE)
			reply(client, 1, text);
	}
}

void control_counters(struct parent *parent)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd >= 0 && client->state == CLIENT_COUNTERS)
			reply_when_looked(client);
	}
}

void control_disks(struct parent *parent)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd >= 0 && client->state == CLIENT_DISK)
			reply_status(client);
	}
}

static void expire(struct control_client *client)
{
	if (client->state == CLIENT_COUNTERS || client->state == CLIENT_DISK)
		reply_status(client);
	else if (client->state == CLIENT_QUEUED)
		reply(client, 1, "another change takes long: nothing was done, try again later\n");
	else if (client->state == CLIENT_UPDATE)
		reply(client, 1, "the sources take long, and are still asked: see cordon update "
				 "status\n");
	else if (client->state == CLIENT_CHANGE)
		reply(client, 1, "the change takes long and goes on: see cordon status\n");
	else
		client_end(client);
}

void control_tick(struct parent *parent)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &parent->client[i];

		if (client->watch.fd < 0)
			continue;
		if (client->state == CLIENT_QUEUED && !parent->changing)
			begin_change(client);
		else if (client->deadline <= parent->now)
			expire(client);
	}
}
