/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * All bits of packet and connection marks are allocated here. Every rule sets and compares single
 * bits under a mask, so that other programs keep theirs. The fourth byte was chosen because common
 * users (Kubernetes 0xc000, mwan3 0x3f00, Tailscale 0xff0000) leave it free.
 */
enum mark {
	/* Deliver to this machine, whatever the destination (route.h). */
	MARK_LOCAL = 0x01000000,
	/*
	 * Has passed prerouting of our table; without it nothing is forwarded (route.h, the second
	 * barrier).
	 */
	MARK_GUARDED = 0x02000000,
	MARK_QUIET = 0x04000000,	/* over its source's share of log entries */
	MARK_ALL = MARK_LOCAL | MARK_GUARDED | MARK_QUIET
};

enum ct_mark {
	CT_MARK_PINHOLE = 0x01000000,	/* began through a pinhole */
	CT_MARK_MONITORED = 0x02000000,	/* matched a monitor rule, and is in the log */
	CT_MARK_BLOCKED = 0x04000000,	/* is in the log as blocked */
	CT_MARK_ALL = CT_MARK_PINHOLE | CT_MARK_MONITORED | CT_MARK_BLOCKED
};
