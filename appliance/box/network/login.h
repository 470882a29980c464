/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/ration.h"
#include "appliance/ipc/actor.h"

/*
 * Log-ins by ssh, from what dropbear says of them on its own standard error, which nothing else
 * writes to: "[PID] DATE Pubkey auth succeeded for 'root' with ssh-ed25519 key SHA256:... from
 * ADDRESS:PORT".
 */
enum { LOGIN_FROM = 64, LOGIN_LINE = 512 };

struct login {
	int pid;		/* of the server's process for this connection */
	bool accepted;
	struct actor actor;	/* accepted: ACTOR_SSH */
	char user[ACTOR_NAME];	/* "": not said */
	char from[LOGIN_FROM];	/* "192.0.2.1:50022" */
};
/* Is the line about a log-in that succeeded, or a connection that ended without one? */
bool login_parse(const char *line, struct login *login);

/* Failures that are told, so that a scanner does not fill the log; the rest are counted. */
struct logins {
	struct ration failures;
	uint64_t untold;
	char line[LOGIN_LINE];	/* the one that is not complete */
	size_t length;
	bool skipping;		/* it is longer than fits: the rest is dropped */
};
/*
 * Bytes of that output. Each line goes to the kernel's log; what it says of log-ins goes to the
 * log, and whose the server's processes are to RUN/sessions (ipc/sessions.h).
 */
void login_hear(struct logins *logins, const char *data, size_t size);
