/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <limits.h>

#include "appliance/command/command.h"
#include "rules/publisher/publish.h"
#include "rules/publisher/repository.h"
#include "rules/publisher/signing.h"

/*
 * What the commands of `cordon repo` share: words.c their words, seen.c what keys have seen,
 * secret.c and passphrase.c private keys. table.c has the commands (commands.h), one file each.
 */

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
	/*
	 * What every command takes: whose eyes look at the repository, and its fingerprint for a
	 * key that has not met it.
	 */
	const char *key;		/* where the table has no "key" of its own; NULL */
	const char *fingerprint;	/* NULL */
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

/* ---- what keys have seen (seen.h) ---- */

enum { REPO_ENDING = 8 };	/* ".shown" behind a stem */

/* The keys at hand, and what each has seen: NAME.seen beside NAME.pem or NAME.pub. */
struct repo_keys {
	struct seen seen[PUBLISH_SECRETS];
	char stem[PUBLISH_SECRETS][PATH_MAX];
	size_t count;
};

/* A word of --key. public: of a key on a token, whose file lies with the user; NULL for files. 0 or
 * an exit code, after a message. */
int repo_keys_add(struct repo_keys *keys, const char *key, const struct key *public);
/* For commands that sign nothing: --key, or CORDON_KEY, or none. */
int repo_keys_find(struct repo_keys *keys, const char *key);
void repo_keys_release(struct repo_keys *keys);

/* What they have seen now, written at once. 0, or -errno after a message. */
int repo_keys_pin(struct repo_keys *keys, const char *id);
/* Of every public key that the options from first to last give: they have met this repository. */
int repo_pin_given(const struct repo_words *words, size_t first, size_t last, const char *id);
int repo_keys_learn(struct repo_keys *keys, const struct repository *repository);
int repo_keys_published(struct repo_keys *keys, const struct seen_now *now);

/*
 * Before a signature leaves: what was shown for it goes into NAME.shown, what it is into NAME.seen.
 */
struct repo_shown {
	const char *command;
	const char *repository;		/* fingerprint */
	const struct seen_signature *signature;
	const char *text;
};
int repo_keys_sign(struct repo_keys *keys, size_t index, const struct repo_shown *shown);

/*
 * Opens DIR, the first word, which is its audit; 0 or an exit code, after the reason went to
 * stderr. REPO_ALONE: nobody else stages, signs or publishes meanwhile.
 */
enum repo_access { REPO_READ, REPO_ALONE };
int repo_open(struct repository *repository, const struct repo_words *words, struct repo_keys *keys,
	      enum repo_access access, struct diag *diag);
/* For the commands that sign nothing, with the key of words->key. repo_folder_close after 0. */
struct repo_folder {
	struct repository repository;
	struct repo_keys keys;
	struct diag diag;	/* of opening: what was printed already */
};
int repo_folder_open(struct repo_folder *folder, const struct repo_words *words,
		     enum repo_access access);
void repo_folder_close(struct repo_folder *folder);

/* A public key's file. */
int repo_public(struct keyring_key *key, const char *path, struct diag *diag);

/* What the role images would say, each bundle held against its own manifest; -EINVAL with diag. */
int repo_show_images(const struct repository *repository, const struct metadata *images,
		     struct text *out, struct diag *diag);

/* A private key's file, or a key on a token (pkcs11:...); its passphrase or PIN from the file, from
 * CORDON_PASSPHRASE, or the terminal. 0 or an exit code after a message, as of all with a code. */
int repo_secret(struct secret **secret, const char *path, const char *passphrase_file);
/* Its public key alone: of a token without its PIN. */
int repo_public_of(struct key *key, const char *path);
/* "pkcs11:..." */
bool repo_is_token(const char *key);

/* Keys on tokens, see repo_token.h; not there without CONFIG_PKCS11. */
int repo_token_secret(struct secret **secret, const char *uri, const char *passphrase_file);
int repo_token_public(struct key *key, const char *uri);
/* What can be seen without a PIN, into array or (NULL) onto standard output. */
int repo_token_list(const char *uri, json_t *array);

/* A file that nobody else can read, change or exchange; data is the caller's, to be wiped. 0, or
 * -errno after a message that says how to mend it. */
int repo_private_read(const char *path, char **data, size_t *size);
/* Its first line. */
int repo_private_line(const char *path, char line[KEY_PASSPHRASE_MAX + 1]);
/* Asks "QUESTION NAME: " on the terminal, without echo; 0, or -errno after a message. */
int repo_prompt(const char *question, const char *name, char passphrase[KEY_PASSPHRASE_MAX + 1]);

/* A new passphrase, asked twice on a terminal; false after a message. */
bool repo_new_passphrase(const char *name, const char *file,
			 char passphrase[KEY_PASSPHRASE_MAX + 1]);
/* One from file or environment; 1: none there, 0, or -errno after a message. */
int repo_find_passphrase(const char *file, char passphrase[KEY_PASSPHRASE_MAX + 1]);
/* Asks on the terminal; false for anything but yes. */
bool repo_ask(const char *question);

/* What is staged and whose signatures are missing, a line a role. */
int repo_print_status(const struct repository *repository, const char *folder, struct diag *diag);

/* Says on stderr who had signed what was staged before; demands is 0: nothing was. */
void repo_warn_of_signatures(const struct signing *before);

/* "2027-02-22 (in 89 days)" */
void repo_print_expiry(int64_t expires, int64_t now, char *out, size_t size);
