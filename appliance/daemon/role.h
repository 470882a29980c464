/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/sandbox.h"
#include "appliance/ipc/message.h"
#include "appliance/journal/head.h"
#include "appliance/settings/lists.h"
#include "dns/worker.h"
#include "rules/signed/freshness.h"

/*
 * A child of cordond: the same program, executed anew, with descriptor 3 to the parent. It is told
 * everything it may use, seals itself, says READY, and only then meets anybody's input.
 */
struct role_start {
	char *text;		/* of cordon.conf */
	size_t length;
	struct settings settings;
	struct worker_options worker[SETTINGS_WORKERS];
	unsigned int workers;
	struct list_file list[SETTINGS_LISTS];
	size_t lists;
	int nflog;
	int route;
	int wake;
	int table;
	int trust, ca, own, bundle, offered;
	struct freshness freshness;
	char identity[64];
	struct head_signed before;
};

/* Each runs until its parent is gone; the exit code. */
int role_dns(void);
int role_compile(void);
int role_rules(void);
int role_journal(void);
int role_update(void);

/*
 * Address space of the dns role beside the policies that it maps, in bytes: the program, two arenas
 * of glibc's for each thread, buffers, the rings. The parent adds what the policies take.
 */
static inline uint64_t role_dns_room(unsigned int workers)
{
	return (256ULL << 20) + workers * ((256ULL << 20) + sizeof(struct worker_shared));
}

/* Tells the parent why this role cannot start or go on, and ends it. */
void role_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Of MESSAGE_CLOCK; ends the process when it is damaged. */
void role_clock(const struct message *message, struct freshness *freshness);

/* Reads messages up to MESSAGE_SEAL. Ends the process when the parent breaks the protocol. */
void role_begin(struct role_start *start, enum role role);

/* Enters the sandbox; ends the process when a step of it fails. */
void role_seal(const struct sandbox *sandbox);

/* Reads a descriptor from the parent; *text is malloc'ed. -errno with diag. */
int role_read(int fd, const char *what, char **text, size_t *size, struct diag *diag);

/* Sends to the parent; ends the process when it is gone. */
void role_tell(enum message_type type, const void *body, size_t size, int fd);

/* The answer to MESSAGE_POLICY. */
void role_applied(int result, bool changed, const struct diag *diag);

/* Opens the policy of a MESSAGE_POLICY and closes its descriptor; -errno when it is damaged. */
int role_policy(struct message *message, struct policy *policy, bool *disarmed);
void role_policy_release(const struct policy *policy);
