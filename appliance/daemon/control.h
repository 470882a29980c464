/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/daemon.h"
#include "appliance/ipc/actor.h"
#include "appliance/ipc/control.h"

/*
 * The control sockets (ipc/control.h). A client sends one request and gets one reply. What a
 * request leads to is the owner's matter (the hook); the client waits in a state until the owner
 * replies.
 */
struct control;

struct control_client {
	struct watch watch;	/* fd -1: free */
	struct control *control;
	bool reader;			/* came over the readers' socket */
	enum client_state {
		CLIENT_READING, CLIENT_COUNTERS, CLIENT_DISK, CLIENT_QUEUED, CLIENT_CHANGE,
		CLIENT_UPDATE, CLIENT_CHECKPOINT
	} state;
	struct control_request request;
	uid_t uid;			/* of the process that connected; */
	struct actor actor;		/* and who it is */
	uint32_t poll;			/* CLIENT_UPDATE: waits for this one */
	int64_t deadline;		/* uptime in ms */
};
enum {
	CONTROL_CLIENTS = 16,
	CONTROL_READERS = 8	/* at most so many of them are readers */
};

struct control {
	struct daemon *daemon;
	struct watch watch, readers;	/* fd -1: not open */
	struct control_client client[CONTROL_CLIENTS];
	/* A request that reads. */
	void (*asked)(void *context, struct control_client *client);
	void *context;
};

/* Nothing is open. daemon, asked and context are the caller's. */
void control_init(struct control *control);
int control_open(struct control *control, struct diag *diag) __attribute__((warn_unused_result));
/* The exit code for the command, and text; the client is gone then. */
void control_reply(struct control_client *client, int code, const char *text);
/* No reply: it asked nothing. */
void control_drop(struct control_client *client);
/* The first client at or behind from that waits in the state; NULL: none. Begin with 0. */
struct control_client *control_next(struct control *control, enum client_state state,
				    size_t *from);
