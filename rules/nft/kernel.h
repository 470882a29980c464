/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "rules/nft/outside.h"
#include "rules/nft/route.h"
#include "rules/nft/ruleset.h"
#include "rules/nft/scope.h"

/*
 * The kernel's side of a ruleset (libnftnl, libmnl; needs CAP_NET_ADMIN). Only the table
 * `inet cordon` and the policy route of the capture mark are ever touched.
 */
struct kernel;

int kernel_open(struct kernel **kernel);	/* netlink sockets of this network namespace */
void kernel_close(struct kernel *kernel);

/*
 * From now on the table is to be owned: with the flags owner and persist (Linux 6.9) the kernel
 * lets only this process change it, leaves it in place when this process ends, and the next one
 * that is to own it adopts it. Never "owner" alone, with which the table would end with the
 * process. A table that is there without "persist" stays as it is until the next start of the
 * machine: the flag cannot be added, and a table made anew in its place would let through packets
 * that are on their way through the old one.
 */
void kernel_own(struct kernel *kernel);

enum kernel_owner {
	OWNER_UNWANTED,		/* kernel_own was not called */
	OWNER_OURS,
	OWNER_UNABLE,		/* this kernel cannot; anybody with CAP_NET_ADMIN may change it */
	OWNER_LATER,		/* as above, until the next start of the machine */
	OWNER_STATES
};
enum kernel_owner kernel_owner(const struct kernel *kernel);

/*
 * Makes the kernel hold exactly this ruleset: compares all that it acts on, sends the difference
 * in one transaction that it takes or refuses whole, reads back and compares again. A table that
 * is dormant or without its owner is first woken or adopted, a transaction of its own, since
 * kernels refuse new chains beside it. What is not ours in the table goes; named counters and live
 * pinholes survive. *changed: false when the kernel held it already and nothing was sent. -errno
 * with the kernel's reason in diag; after a refusal the old ruleset is still in force. -EPERM:
 * another process owns the table.
 */
int kernel_apply(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		 struct diag *diag) __attribute__((warn_unused_result));

/*
 * The same, but elements only of small sets and of those in scope: milliseconds, also beside large
 * sets. What was sent of large sets is not read back: kernel_apply has to follow. The policy routes
 * are not looked at.
 */
int kernel_restore(struct kernel *kernel, const struct ruleset *ruleset, const struct scope *scope,
		   bool *changed, struct diag *diag) __attribute__((warn_unused_result));

/*
 * Policy routes and barrier alone: as kernel_apply, and what others put before the barrier.
 * *barrier: it is up, as it is for a ruleset that marks what passes it (MARK_GUARDED).
 */
int kernel_routes(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		  bool *barrier, struct route_others *others, struct diag *diag)
	__attribute__((warn_unused_result));

/* Interfaces as outside.h has them. */
int kernel_links(struct kernel *kernel, struct outside_links *links)
	__attribute__((warn_unused_result));

/* The number of the kernel's last change of nftables, of any table; 0: it does not say. */
uint32_t kernel_generation(struct kernel *kernel);
/* The one at which kernel_apply found or made the table whole; 0: others changed something then. */
uint32_t kernel_whole(const struct kernel *kernel);

/* Removes the table and the policy routes; 0 also when there were none. */
int kernel_remove(struct kernel *kernel, struct diag *diag) __attribute__((warn_unused_result));

/* Named counters of the table, in the order of their names. */
struct kernel_counter {
	char name[32];
	uint64_t packets;
	uint64_t bytes;
};
enum { KERNEL_COUNTERS = 64 };

/* The number of counters, or -errno (-ENOENT: the table is not there). */
int kernel_counters(struct kernel *kernel, struct kernel_counter counter[KERNEL_COUNTERS]);
