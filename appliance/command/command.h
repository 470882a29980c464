/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "appliance/base/diag.h"
#include "appliance/ipc/control.h"
#include "appliance/settings/settings.h"
#include "rules/policy/policy.h"
#include "rules/signed/release.h"

/*
 * `cordon`: a table of commands, one file each. A command gets its own words (argv[0] is its name)
 * and returns the exit code.
 */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	EXIT_BUSY = 3,
	EXIT_ATTENTION = 4,
	EXIT_OUTPUT = 5		/* yes or done, but the output could not be written (output.h) */
};

struct cli {
	const char *config;	/* cordon.conf */
	const char *state;	/* state folder */
	const char *run;	/* folder of the sockets */
	bool config_given;
};

struct command {
	const char *name;
	const char *arguments;	/* for the usage line; NULL: run answers --help itself */
	const char *summary;
	int (*run)(const struct cli *cli, int argc, char **argv);
};

/* ---- what commands share ---- */

/* Prints "cordon NAME: message" and how to get help on stderr; returns EXIT_USAGE. */
int command_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Who runs the command, for the record: the user before sudo, or "root". */
const char *command_user(void);

/* Prints every error on stderr. */
void command_print_diag(const struct diag *diag);

/* Reads cordon.conf; a missing file that nobody named gives the defaults. 0 or an exit code. */
int command_settings(const struct cli *cli, struct settings *settings);

/* The text under a key as it may be shown on a terminal (base/text.h); "-" when there is none. */
const char *command_text(const json_t *object, const char *key);
/* The same; NULL when there is none. */
const char *command_text_if(const json_t *object, const char *key);
/* One JSON object and a newline on stdout; takes the reference. */
void command_print_json(json_t *object);

/*
 * One request to the daemon. *reply: NUL-terminated text, malloc'ed. Returns the exit code that
 * the daemon sent, or EXIT_NO with *reply NULL when it cannot be reached (already said on stderr
 * unless quiet).
 */
int command_ask(const struct cli *cli, const struct control_request *request, bool quiet,
		char **reply);

/* The same, and the reply is printed. */
int command_tell(const struct cli *cli, const struct control_request *request);

/*
 * What cordond says of itself (cordon(1), status); the caller's reference. NULL when it does not
 * answer: *error, which may be NULL, is then -errno, and it was said on stderr unless quiet.
 */
json_t *command_daemon(const struct cli *cli, bool quiet, int *error);
/* Of a status, or NULL: is its policy in force? */
bool command_is_in_force(const json_t *status);

/*
 * Silent: does cordond answer, and is its policy in force, at the latest after wait_ms? EXIT_YES or
 * EXIT_NO.
 */
int command_in_force(const struct cli *cli, int64_t wait_ms);

/* The policy of a folder of rule lists, compiled and opened; the caller frees *block. 0 or an exit
 * code, after the reason went to stderr. */
int command_policy(const char *folder, const struct settings *settings, struct policy *policy,
		   void **block);

/* Who vouches for a policy: the release and the key ids of its signers; release 0: nobody. */
struct provenance {
	int64_t release;
	char signer[RELEASE_SIGNERS][METADATA_KEYID];
	size_t signers;
};

/* The policy that the gateway has: of the signed release when there is one, else of the folder that
 * the settings name. */
int command_policy_in_force(const struct cli *cli, const struct settings *settings,
			    struct policy *policy, void **block, struct provenance *provenance);
