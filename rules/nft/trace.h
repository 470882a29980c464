/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/nft/netlink.h"

/*
 * Which chain dropped a packet, of whatever program: the kernel traces packets of one interface
 * through every table of nftables. iptables-nft is traced, iptables-legacy is not.
 */
enum { TRACE_NAME = 64, TRACE_TEXT = 160 };

struct trace {
	struct netlink rule;	/* owns the table that asks for the trace, which ends with it */
	struct netlink events;
};

/* The last drop that was seen. */
struct trace_drop {
	uint8_t family;		/* NFPROTO_* of the table */
	/* Visible ASCII (base/text.h); longer names are cut off. "": no drop. */
	char table[TRACE_NAME];
	char chain[TRACE_NAME];
	bool policy;		/* the chain's policy, not one of its rules */
};

/*
 * Traces what comes in by interface and what this machine sends out by it. Needs CAP_NET_ADMIN and
 * Linux 5.12, whose tables can end with their process. 0 or -errno; the caller calls trace_close.
 */
int trace_open(struct trace *trace, const char *interface) __attribute__((warn_unused_result));
void trace_close(struct trace *trace);

/* Reads what the kernel has reported so far, without waiting; drop is left as it is if there was no
 * drop. */
void trace_read(struct trace *trace, struct trace_drop *drop);
/* One message; false if it reports no drop. Any message that lies whole in memory is fine. */
bool trace_message(struct trace_drop *drop, const struct nlmsghdr *message);

/* "inet", as nft writes it; "?" for another family. */
const char *trace_family_print(uint8_t family);
/* "inet firewalld, chain filter_FORWARD"; "" for no drop. Returns text. */
const char *trace_print(const struct trace_drop *drop, char text[TRACE_TEXT]);
