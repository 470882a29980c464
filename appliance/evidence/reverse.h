/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "appliance/evidence/naming.h"

/*
 * Names by address, as the resolver of this system has them now. A child asks, so that the process
 * that reads the log needs no socket. A question waits for a second and is asked once; all of them
 * together take REVERSE_SECONDS and REVERSE_MOST questions at most, and get no answer then.
 */
enum { REVERSE_MOST = 500, REVERSE_SECONDS = 20 };

struct reverse {
	int socket;	/* to the child; -1: there is none */
	pid_t child;
	unsigned int asked;
	int64_t end_ms;	/* uptime */
};

/* 0 or -errno. reverse_end in either case. */
int reverse_start(struct reverse *reverse) __attribute__((warn_unused_result));
void reverse_end(struct reverse *reverse);

/* False: there is no name. The text is as naming_text leaves it. */
bool reverse_ask(struct reverse *reverse, const struct addr *address, char name[NAMING_NAME]);
