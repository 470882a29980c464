/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dns/hop.h"
#include "dns/target.h"

/*
 * A query that is forwarded, and the tries made for it. Each try has a socket of its own, to one
 * server, over UDP, or over TCP if the client came that way or the answer does not fit UDP. A
 * server's missing abilities are remembered (servers.h), and it is asked again in another manner;
 * each manner is tried once, so this ends. The owner hears of results through the hooks, and
 * decides which server is asked and until when.
 */
enum {
	FORWARD_TRIES = 4,	/* sockets of one query: late answers count */
	TRY_ID = 11		/* bits of an id in front of the number of the try */
};

/* Why no server had an answer; the greatest one is reported. */
enum trouble { TROUBLE_UNREACHABLE, TROUBLE_NETWORK, TROUBLE_UNJUDGED };

struct forward;

/* How a try ends. The hook may end the forward and all its tries. data has HOP_ROOM after size. */
struct forward_hooks {
	void (*answered)(struct forward *forward, size_t server, const struct hop_answer *answer,
			 uint8_t *data, size_t size);
	/* The answer to a message that passed unchanged. */
	void (*relayed)(struct forward *forward, size_t server, const uint8_t *data, size_t size);
	/* The server has no answer. answer: its error with its message, or NULL. */
	void (*failed)(struct forward *forward, size_t server, enum trouble trouble,
		       const struct hop_answer *answer, uint8_t *data, size_t size);
};

enum try_state {
	TRY_FREE,
	/* The rules role makes the socket (from the client's own address). */
	TRY_OPENING,
	TRY_CONNECTING,	/* TCP */
	TRY_ASKED
};

/*
 * Port and id are new for each (RFC 5452); the socket is connected, so only that server is heard.
 */
struct try {
	struct watch watch;	/* fd -1: none */
	struct forward *forward;
	enum try_state state;
	size_t server;		/* index in the target */
	bool tcp;
	bool extra;		/* holds one of core->sockets */
	bool silent;		/* that was noted already */
	struct hop hop;
	int64_t began;
	uint8_t *message;	/* TCP: what came so far, length first */
	size_t room, done;	/* bytes of message */
};

/* How one server of the target is asked for this query; each is set once. */
struct manner {
	bool plain;		/* without EDNS */
	bool refused;		/* EDNS was, rather than silence */
	bool cut;		/* its answer over UDP had TC */
	bool no_tcp;		/* TCP failed */
	bool large;		/* over UDP with the largest size, because TCP failed */
	uint8_t bad_cookies;
};

struct forward {
	struct core *core;
	const struct forward_hooks *hooks;
	uint32_t id;		/* its own, without the bits of a try */
	struct path path;
	struct query query;
	struct target target;
	bool stream;		/* the client came over TCP */
	uint8_t question[NAME_WIRE_MAX + 4];	/* as the client wrote it */
	uint8_t *message;	/* all of it if it passes unchanged; else NULL */
	size_t message_size;
	unsigned int rounds;	/* through all servers */
	struct manner manner[SETTINGS_UPSTREAMS];
	struct try try[FORWARD_TRIES];
};

/* Bytes from the client's share; NULL if none are left. */
uint8_t *forward_hold(struct forward *forward, size_t size);
/* held may be NULL; size: as it was taken. */
void forward_drop(struct forward *forward, uint8_t *held, size_t size);

/* Asks that server of the target in the suitable manner; 0, or -errno if it cannot. */
int try_start(struct forward *forward, size_t server) __attribute__((warn_unused_result));
void try_end(struct try *try);
/* The rules role's socket for a try in TRY_OPENING: result 0 and fd, or -errno. */
void try_connected(struct try *try, int result, int fd);
/* The server did not answer in time. True if it is asked in another manner instead. */
bool try_overdue(struct try *try);
