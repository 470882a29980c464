/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "nft/ruleset.h"

/*
 * The kernel's side of a ruleset (libnftnl, libmnl; needs CAP_NET_ADMIN). Only the table
 * `inet cordon` and the policy route of the capture mark are ever touched.
 */
struct kernel;

int kernel_open(struct kernel **kernel);	/* netlink sockets of this network namespace */
void kernel_close(struct kernel *kernel);

/*
 * Makes the kernel hold exactly this ruleset, in one transaction that it takes or refuses whole,
 * then reads it back and compares. Named counters and live pinholes survive. *changed: false when
 * the kernel held it already and nothing was sent. -errno with the kernel's reason in diag; after
 * a refusal the old ruleset is still in force.
 */
int kernel_apply(struct kernel *kernel, const struct ruleset *ruleset, bool *changed,
		 struct diag *diag) __attribute__((warn_unused_result));

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
