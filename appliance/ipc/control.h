/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/ipc/handed.h"

/*
 * The control protocol: one request and one reply over a SOCK_SEQPACKET Unix socket, encoded field
 * by field. There are two sockets. Root may open the first, and ask for anything. Root and the
 * group of readers may open the second, which answers only what changes nothing (control_reads).
 */
#define CONTROL_SOCKET "control"
#define CONTROL_READER_SOCKET "reader"

/* The user and the group of readers; below the roles' (sealed.h has the next). They may also read
 * the block log's files. */
enum { CONTROL_READER_GID = 64498 };

enum {
	CONTROL_REASON = 200,
	CONTROL_BY = 80,
	CONTROL_REQUEST_MAX = HANDED_MAX + 512,
	CONTROL_REPLY_MAX = 64 * 1024,
	CONTROL_TIMEOUT_MS = 20000,
	CONTROL_NOTICE_MS = 3000,	/* a notice can wait in a file instead */
	CONTROL_UPDATE_MS = 600000	/* mirrors may be slow, one after the other */
};

enum control_type {
	CONTROL_STATUS,	/* reply: one JSON object */
	CONTROL_RELOAD,	/* compile the rule lists anew and switch over; reply: text */
	CONTROL_MODE,	/* reply: text */
	CONTROL_UPDATE,	/* look for an update now; reply: text */
	CONTROL_HOLD,	/* take no new release until CONTROL_RELEASE; reply: text */
	CONTROL_RELEASE,
	CONTROL_SEEN,	/* the caller saw the changes by others in the status; reply: text */
	CONTROL_CHECKPOINT,	/* sign a checkpoint of the log now; reply: the note */
	CONTROL_RENEW,	/* the appliance gets a new key; reply: text */
	CONTROL_NOTICE,	/* root only: something to log that cordond did not see; reply: "" */
	CONTROL_LOOKED,	/* the caller looks at the story of one host (reason); reply: "" */
	CONTROL_TYPES
};

/* Does such a request change nothing? */
bool control_reads(enum control_type type);

enum mode { MODE_ENFORCE, MODE_MONITOR, MODE_DISARMED, MODE_COUNT };
/* "enforce"; static memory. */
const char *mode_print(enum mode mode);

/* The requested mode: enforce, or monitor or disarmed with an end. */
struct mode_record {
	enum mode mode;
	int64_t since;		/* seconds since 1970 */
	int64_t until;
	uint32_t categories;	/* MODE_MONITOR: bit per category, 0: all */
	char reason[CONTROL_REASON];
	char by[CONTROL_BY];	/* a note; who it was is the actor */
	char actor[ACTOR_TEXT];	/* actor.h */
};

struct control_request {
	enum control_type type;
	/* CONTROL_UPDATE: reason is a folder below STATE/update, or empty for the mirrors;
	 * CONTROL_HOLD: reason and by; CONTROL_MODE: all of them; CONTROL_NOTICE: notice */
	enum mode mode;
	uint64_t seconds;	/* how long; 0 with MODE_ENFORCE */
	uint32_t categories;	/* bit per category; 0: all */
	char reason[CONTROL_REASON];
	char by[CONTROL_BY];	/* a note of the caller's, not who it is (ipc/actor.h) */
	struct handed notice;
};

/* The encoded size, or -EMSGSIZE. */
int control_encode(const struct control_request *request, uint8_t *data, size_t size)
	__attribute__((warn_unused_result));
/* 0, or -EBADMSG: unknown type or mode, wrong size, text with control characters. */
int control_decode(struct control_request *request, const uint8_t *data, size_t size)
	__attribute__((warn_unused_result));

/*
 * The client's side: connects to FOLDER/control, or to FOLDER/reader if it may not open that and
 * the request reads; asks, waits for the reply. *code: the exit code
 * for the command; *reply: NUL-terminated, the caller frees it. 0 or -errno.
 */
int control_ask(const char *folder, const struct control_request *request, int *code, char **reply)
	__attribute__((warn_unused_result));
