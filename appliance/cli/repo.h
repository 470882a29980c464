/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/command.h"
#include "signed/publisher/publish.h"
#include "signed/publisher/repository.h"
#include "signed/publisher/signing.h"

/* `cordon repo` in parts: repo.c is the table and what the parts share. */

int repo_key(int argc, char **argv);
int repo_init(int argc, char **argv);
int repo_add(int argc, char **argv);
int repo_revert(int argc, char **argv);
int repo_sign(int argc, char **argv);
int repo_status(int argc, char **argv);
int repo_publish(int argc, char **argv);
int repo_timestamp(int argc, char **argv);
int repo_hold(int argc, char **argv);
int repo_rotate(int argc, char **argv);
int repo_delegate(int argc, char **argv);
int repo_verify(int argc, char **argv);
int repo_fleet(int argc, char **argv);
int repo_settings(int argc, char **argv);
int repo_image(int argc, char **argv);

/* ---- words of the command line ---- */

enum repo_kind { REPO_FLAG, REPO_ONE, REPO_MANY };

/* REPO_MANY takes every word up to the next that begins with "--". */
struct repo_option {
	const char *name;
	enum repo_kind kind;
};

enum { REPO_WORDS = 256, REPO_VALUES = 512 };

struct repo_words {
	const char *command;		/* "repo init", for messages */
	const char *word[REPO_WORDS];	/* those that belong to no option */
	size_t words;
	struct {
		size_t option;		/* index in the table */
		const char *text;	/* "" for a flag */
	} value[REPO_VALUES];
	size_t values;
};

/* The table ends with a NULL name. argv[0] is the command. 0 or EXIT_USAGE, already said. */
int repo_words(struct repo_words *words, const char *command, const struct repo_option *table,
	       int argc, char **argv);
/* The last value of an option; NULL: not given. */
const char *repo_value(const struct repo_words *words, size_t option);

/* "15m", "7d"; 0 when the option is not given. 0 or EXIT_USAGE. */
int repo_period(const struct repo_words *words, const char *text, int64_t *seconds);
/* "NAME=VALUE" in two; false when there is no "=" in it. */
bool repo_pair(const char *text, char *name, size_t size, const char **value);
/* A whole number of at least low; 0 or EXIT_USAGE. */
int repo_number(const struct repo_words *words, const char *text, int64_t low, int64_t *number);

/* ---- work ---- */

/* Prints what diag holds, or else what error means; returns EXIT_NO, or EXIT_YES for 0. */
int repo_report(const char *path, const struct diag *diag, int error);

/* Opens DIR, the first word; 0 or an exit code, after the reason went to stderr. */
int repo_open(struct repository *repository, const struct repo_words *words);

/* A public key's file. */
int repo_public(struct keyring_key *key, const char *path, struct diag *diag);

/* What the role images would say, each bundle held against its own manifest; -EINVAL with diag. */
int repo_show_images(const struct repository *repository, const struct metadata *images,
		     struct diag *diag);

/* A private key's file; the passphrase from its file, from CORDON_PASSPHRASE, or the terminal. */
int repo_secret(struct secret **secret, const char *path, const char *passphrase_file);
/* A new passphrase, asked twice on a terminal; false after a message. */
bool repo_new_passphrase(const char *name, const char *file,
			 char passphrase[KEY_PASSPHRASE_MAX + 1]);
/* One from file or environment; 1: none there, 0, or -errno after a message. */
int repo_find_passphrase(const char *file, char passphrase[KEY_PASSPHRASE_MAX + 1]);
/* Asks on the terminal; false for anything but yes. */
bool repo_ask(const char *question);

/* Says on stderr who had signed what was staged before; demands is 0: nothing was. */
void repo_warn_of_signatures(const struct signing *before);

/* "2027-02-22 (in 89 days)" */
void repo_print_expiry(int64_t expires, int64_t now, char *out, size_t size);
/* Bytes of somebody else with everything but printable ASCII as '?'. */
const char *repo_clean(const char *text, char *out, size_t size);
