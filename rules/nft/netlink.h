/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Netlink exchanges: one request, a dump, or a batch that the kernel accepts or refuses whole. */

enum {
	NETLINK_ROOM = 128 * 1024,	/* largest message that may be built */
	NETLINK_REASON = 160		/* buffer for the kernel's own words */
};

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
};

/* 0 or -errno; the caller calls netlink_close. */
int netlink_open(struct netlink *netlink, int bus);	/* NETLINK_* */
void netlink_close(struct netlink *netlink);

/* What kernel_open opens. */
struct kernel {
	struct netlink netfilter;	/* its port owns the table */
	struct netlink route;
	bool own;			/* the table is to have an owner: us */
	bool cannot_own;		/* this kernel has no persistent owner */
	bool refused_table;		/* the last batch failed at the table itself */
	bool owned, persists;		/* what the table has */
	uint32_t generation;		/* at which the table was whole; 0: unknown */
};

/*
 * Sends one message and calls back for each answer until the last. NLM_F_ACK or NLM_F_DUMP must be
 * set. callback may be NULL. 0 or -errno of the kernel; -EINTR: the state changed during the dump.
 */
int netlink_talk(struct netlink *netlink, struct nlmsghdr *message, mnl_cb_t callback, void *data)
	__attribute__((warn_unused_result));

/* ---- batches of nftables ---- */

struct batch_label;

struct batch {
	uint8_t *data;
	size_t length;
	size_t capacity;
	uint32_t sequence;	/* of the first message */
	struct batch_label *label;
	size_t count;
	size_t labels;
	bool failed;
};

/* Why a batch was refused. */
struct batch_error {
	int error;			/* -errno */
	const char *kind;		/* of the object that failed: "chain", "set", ...; or
					 * NULL */
	const char *name;
	char reason[NETLINK_REASON];	/* the kernel's own words, or "" */
};

/*
 * An empty batch for a transaction over netlink. Failures show in batch_send; release it in any
 * case.
 */
void batch_init(struct batch *batch, struct netlink *netlink);
void batch_release(struct batch *batch);

/*
 * A new message with room for NETLINK_ROOM bytes, or NULL. kind and name describe it if the kernel
 * refuses it; they must outlive the batch. Call batch_end when its payload is complete.
 */
struct nlmsghdr *batch_begin(struct batch *batch, uint16_t type, uint16_t flags, const char *kind,
			     const char *name);
void batch_end(struct batch *batch, const struct nlmsghdr *message);

/* 0, or -errno with the first object that failed in *error. */
int batch_send(struct batch *batch, struct netlink *netlink, struct batch_error *error)
	__attribute__((warn_unused_result));
