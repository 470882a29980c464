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
 * The kernel's side of a ruleset (libnftnl, libmnl; needs CAP_NET_ADMIN). Only the table `inet
 * cordon` and the policy routing of the marks (route.h) are ever changed.
 */
struct kernel;

/* 0 or -errno; the caller calls kernel_close, which leaves the ruleset in force. */
int kernel_open(struct kernel **kernel);	/* netlink sockets of this network namespace */
void kernel_close(struct kernel *kernel);

/*
 * From now on the table is to have an owner. With the flags owner and persist (Linux 6.9), the
 * kernel lets only this process change the table and keeps it when this process ends; the next
 * process to own it adopts it. "owner" is never set alone: the table would end with the process. An
 * existing table without "persist" stays as it is until the machine restarts. The flag cannot be
 * added, and a new table in its place would let packets through that are on their way through the
 * old one.
 */
void kernel_own(struct kernel *kernel);

enum kernel_owner {
	OWNER_UNWANTED,		/* kernel_own was not called */
	OWNER_OURS,
	OWNER_UNABLE,		/* this kernel cannot; any program with CAP_NET_ADMIN may change
				 * it */
	OWNER_LATER,		/* as above, until the machine restarts */
	OWNER_STATES
};
/* Who owns the table, as the last kernel_apply found it. */
enum kernel_owner kernel_owner(const struct kernel *kernel);

/*
 * Makes the kernel hold exactly this ruleset. It compares everything that the kernel acts on and
 * sends the difference in one transaction, which the kernel accepts or refuses whole. Then it reads
 * back and compares again. A dormant or ownerless table is first woken or adopted in a transaction
 * of its own, because kernels refuse new chains in the same one. Foreign objects in the table are
 * deleted; named counters and live pinholes survive. *changed: false if nothing had to be sent.
 * -errno with the kernel's reason in diag; after a refusal the old ruleset is still in force.
 * -EPERM: another process owns the table.
 */
int kernel_apply(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		 struct diag *diag) __attribute__((warn_unused_result));

/*
 * The same, but with elements only of small sets and of those in scope. It takes milliseconds, even
 * with large sets. What was sent to large sets is not read back, so kernel_apply has to follow.
 * Policy routes are not checked.
 */
int kernel_restore(struct kernel *kernel, const struct ruleset *ruleset, const struct scope *scope,
		   bool *changed, struct diag *diag) __attribute__((warn_unused_result));

/*
 * Policy routes and barrier only: as kernel_apply, and reports rules of others that precede the
 * barrier. *barrier: it is up, as it is for a ruleset that marks what passes it (MARK_GUARDED).
 */
int kernel_routes(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		  bool *barrier, struct route_others *others, struct diag *diag)
	__attribute__((warn_unused_result));

/* Interfaces as outside.h has them. */
int kernel_links(struct kernel *kernel, struct outside_links *links)
	__attribute__((warn_unused_result));

/* The number of the kernel's last change to nftables, in any table; 0: unknown. */
uint32_t kernel_generation(struct kernel *kernel);
/*
 * The number at which kernel_apply found or made the table whole; 0: other programs changed it
 * meanwhile.
 */
uint32_t kernel_whole(const struct kernel *kernel);

/* Removes the table and the policy routing; 0 also if there was none. */
int kernel_remove(struct kernel *kernel, struct diag *diag) __attribute__((warn_unused_result));

/* Named counters of the table, sorted by name. */
struct kernel_counter {
	char name[32];
	uint64_t packets;
	uint64_t bytes;
};
enum { KERNEL_COUNTERS = 64 };

/* Returns the number of counters, or -errno (-ENOENT: the table is not there). */
int kernel_counters(struct kernel *kernel, struct kernel_counter counter[KERNEL_COUNTERS]);
