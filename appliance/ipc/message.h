/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"
#include "rules/policy/name.h"

/*
 * Messages between roles: SOCK_SEQPACKET, a type, a body encoded field by field, at most one
 * descriptor. A receiver of an unknown type or a wrong size closes the connection. Parent and child
 * talk over descriptor 3 of the child.
 */
enum message_type {
	/* parent to any child, before READY */
	MESSAGE_SETTINGS,	/* text of cordon.conf */
	MESSAGE_LIST,		/* compile: file name; descriptor: the rule list */
	MESSAGE_OPTIONS,	/* compile: u32 monitored categories, u8 disarmed, i64 time, u8
				 * held, text: the key that raised the floor of time: start
				 * compiling */
	MESSAGE_LISTEN,		/* dns: u8 worker, u8 IPPROTO_*, descriptor: bound socket */
	MESSAGE_SHARED,		/* dns, journal: u8 worker, descriptor: struct worker_shared */
	MESSAGE_NFLOG,		/* journal: descriptor: bound netlink socket */
	MESSAGE_ROUTE,		/* journal: descriptor: rtnetlink socket, for neighbours */
	MESSAGE_WAKE,		/* dns, journal: descriptor: eventfd, "the rings have something" */
	MESSAGE_TABLE,		/* journal: descriptor: memory of its counters */
	MESSAGE_IDENTITY,	/* journal: u8 length and appliance id */
	MESSAGE_SIGNED,		/* journal: the newest tree that was signed (journal/head.h) */
	MESSAGE_TRUST,		/* update, compile: descriptor: root metadata of the settings */
	MESSAGE_CA,		/* update: descriptor: PEM */
	MESSAGE_OWN,		/* update: descriptor: PEM: key and certificate for the collector */
	MESSAGE_BUNDLE,		/* compile: descriptor: the bundle in force (signed/archive.h) */
	MESSAGE_OFFERED,	/* compile: descriptor: its intended replacement */
	MESSAGE_CLOCK,		/* update, also at any time later: five i64 of struct freshness
				 * (signed/freshness.h): people, online, at_ms, ntp, ntp_ms */
	MESSAGE_SEAL,		/* no more to come: enter the sandbox, answer READY */
	/* parent to child, at any time */
	MESSAGE_POLICY,		/* u8 disarmed; descriptor: sealed memfd with the block */
	MESSAGE_PEER,		/* dns, rules: u8 worker; descriptor: socket to the other */
	MESSAGE_COUNTERS,	/* rules: request counters; the answer carries them */
	MESSAGE_ALIVE,		/* dns: is every worker there? the answer is the same */
	MESSAGE_NOTICE,		/* journal: u64 number, i64 wall and uptime in ms, kind, actor,
				 * members: texts with their NULs (journal/notice.h); number 0: it
				 * is not stored now, each new day begins with it */
	MESSAGE_UNLOGGED,	/* journal: u64 packets that matched and were not logged */
	MESSAGE_CHECKPOINT,	/* journal: u8 enum checkpoint_reason: request: send a head now;
				 * stop: send the last one, and end */
	MESSAGE_NOTE,		/* journal: the answer to MESSAGE_HEAD: the signed note; empty: it
				 * was not signed */
	MESSAGE_POLL,		/* update: u32 number, not 0: poll now; text: this folder in its
				 * root, not at the mirrors */
	MESSAGE_OUTCOME,	/* update: u8 enum outcome, i64 when to offer it again or 0 */
	MESSAGE_RECEIPT,	/* update: text to deliver to the collector */
	/* child to parent */
	MESSAGE_READY,		/* rules: u8 enum kernel_state, or nothing; else empty */
	MESSAGE_TROUBLE,	/* text: why this role cannot start or has to end */
	MESSAGE_PROGRESS,	/* rules, while it works: u32 done, u32 total; any unit */
	MESSAGE_OFFER,		/* update: u32 number of the poll or 0; descriptor: sealed memfd
				 * with an archive */
	MESSAGE_ATTEMPT,	/* update: struct attempt (ipc/update_message.h) */
	MESSAGE_DELIVERED,	/* update: i32 0 or -errno, text: the receipt's fate */
	MESSAGE_VERIFIED,	/* compile: struct bundle_info, before MESSAGE_COMPILED */
	MESSAGE_COMPILED,	/* compile: i32 0 or -errno, text of errors; descriptor: memfd */
	MESSAGE_APPLIED,	/* i32 0 or -errno, u8 changed, text: the answer to
				 * MESSAGE_POLICY */
	MESSAGE_HEAD,		/* journal: struct head to sign (journal/head.h) */
	MESSAGE_GUARD,		/* rules: struct guard_report (ipc/guard.h) */
	MESSAGE_NOTED,		/* journal: u64 number of a notice, i32 0: it is stored or outlives
				 * this journal; or -errno */
	MESSAGE_HOSTILE,	/* journal: u8 worker: a damaged event was in its ring */
	/* between dns and rules */
	MESSAGE_PINHOLE,	/* u32 id, u32 interface, client, address, u32 seconds, name of the
				 * rule */
	MESSAGE_PINHOLED,	/* u32 id, i32 0 or -errno */
	MESSAGE_CONNECT,	/* u32 id, u8 IPPROTO_*, client, server, u16 port: a socket from
				 * the client's address */
	MESSAGE_CONNECTED,	/* u32 id, i32 0 or -errno; descriptor: the socket */
	MESSAGE_TYPES
};

/* What the rules role found in the kernel, or made of it, before it was READY. */
enum kernel_state {
	KERNEL_UNKNOWN,		/* it did not say, or is not READY yet */
	KERNEL_CLOSED,		/* there was no table: the closed base policy is in force */
	KERNEL_EARLIER,		/* the table of an earlier daemon is there */
	KERNEL_STATES
};

enum { MESSAGE_MAX = 66 * 1024, MESSAGE_CHANNEL = 3 };

struct message {
	enum message_type type;
	size_t size;
	int fd;	/* -1: none; the receiver's to close */
	uint8_t body[MESSAGE_MAX];
};

/* fd: -1 or a descriptor to send (the sender keeps its own). 0 or -errno; -EAGAIN: the peer is slow
 * and the socket does not block. */
int message_send(int socket, enum message_type type, const void *body, size_t size, int fd)
	__attribute__((warn_unused_result));

/* 1: got one; 0: the other side is gone; -EAGAIN; -EBADMSG: close the connection. */
int message_receive(int socket, struct message *message) __attribute__((warn_unused_result));
/* Closes the descriptor of a message that should have none; fd is -1 then. */
void message_close(struct message *message);

/* A memfd with that content, which can no longer be changed; a descriptor or -errno. */
int message_seal(const char *name, const void *data, size_t size);

/* Maps a descriptor read-only after checking that it is sealed. 0 or -errno. */
int message_map(int fd, void **data, size_t *size) __attribute__((warn_unused_result));

/* ---- bodies that both sides encode ---- */

struct pinhole_request {
	uint32_t id;
	uint32_t interface;	/* where the client's query came in; 0: unknown */
	struct addr client;
	struct addr address;
	uint32_t seconds;
	struct name name;
};
/* send: 0 or -errno. read: 0, or -EBADMSG: malformed. */
int message_send_pinhole(int socket, const struct pinhole_request *request)
	__attribute__((warn_unused_result));
int message_read_pinhole(const struct message *message, struct pinhole_request *request)
	__attribute__((warn_unused_result));

/* A notice. send: 0 or -errno. read: 0 or -EBADMSG; the strings are in the message. */
enum { MESSAGE_NOTICE_BODY = 60 * 1024 };	/* most bytes of the members */
struct message_notice {
	uint64_t number;	/* in the order of sending */
	int64_t wall_ms, uptime_ms;
	const char *kind, *actor, *members;
};
int message_send_notice(int socket, const struct message_notice *notice)
	__attribute__((warn_unused_result));
int message_read_notice(const struct message *message, struct message_notice *notice)
	__attribute__((warn_unused_result));

/* MESSAGE_NOTED. send: 0 or -errno. read: 0, or -EBADMSG: malformed. */
int message_send_noted(int socket, uint64_t number, int result)
	__attribute__((warn_unused_result));
int message_read_noted(const struct message *message, uint64_t *number, int *result)
	__attribute__((warn_unused_result));

struct connect_request {
	uint32_t id;
	uint8_t protocol;
	struct addr client;
	struct addr server;
	uint16_t port;
};
/* send: 0 or -errno. read: 0, or -EBADMSG: malformed. */
int message_send_connect(int socket, const struct connect_request *request)
	__attribute__((warn_unused_result));
int message_read_connect(const struct message *message, struct connect_request *request)
	__attribute__((warn_unused_result));

/* MESSAGE_PINHOLED and MESSAGE_CONNECTED. */
int message_send_result(int socket, enum message_type type, uint32_t id, int result, int fd)
	__attribute__((warn_unused_result));
int message_read_result(const struct message *message, uint32_t *id, int *result)
	__attribute__((warn_unused_result));

/*
 * MESSAGE_PROGRESS. While a policy is applied, done grows up to total. Each message restarts the
 * parent's timeout; a role that sends none for that long is ended. A sender limits itself to a few
 * a second. -EBADMSG: wrong size, or done above total.
 */
int message_send_progress(int socket, uint32_t done, uint32_t total)
	__attribute__((warn_unused_result));
int message_read_progress(const struct message *message, uint32_t *done, uint32_t *total)
	__attribute__((warn_unused_result));
