/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "rules/publisher/show.h"
#include "rules/publisher/signing.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"
#include "rules/signed/packed.h"

/*
 * sign: what is staged is read once, shown, asked for, and signed as it was shown. The signature is
 * made here, or elsewhere: --payload writes the bytes that are signed, --signature takes what came
 * back.
 */

enum { KEY_OPTION, FILE_OPTION, YES_OPTION, ROLE_OPTION, PAYLOAD_OPTION, SIGNATURE_OPTION };

static const struct repo_option table[] = {
	[KEY_OPTION] = { "key", REPO_ONE },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	[YES_OPTION] = { "yes", REPO_FLAG },
	[ROLE_OPTION] = { "role", REPO_ONE },
	[PAYLOAD_OPTION] = { "payload", REPO_ONE },
	[SIGNATURE_OPTION] = { "signature", REPO_ONE },
	{ 0 },
};

enum { ROLES = AUDIT_ROLES, SIGNATURE_MAX = REPOSITORY_FILE_MAX };

/* One staged role that this key may sign, as it was read and shown. */
struct staged_role {
	char name[METADATA_NAME];
	struct metadata *metadata;
	struct signing signing;
	struct text shown;
	bool has_signed;
};

struct sign {
	const struct repo_words *words;
	struct repository repository;
	struct repo_keys keys;
	struct secret *secret;	/* NULL: the signature is made elsewhere */
	struct key key;
	struct staged_role *role;	/* ROLES of them */
	size_t roles;
	size_t unsigned_;	/* that it has not signed yet */
	struct diff_counts counts;	/* what the staged release changes */
	int64_t now;
	struct diag diag;
};

/* ---- showing ---- */

static int show(struct sign *sign, struct staged_role *role)
{
	struct show show = { .repository = &sign->repository, .now = sign->now, .out = &role->shown,
			     .diag = &sign->diag };
	const struct metadata *metadata = role->metadata;
	int error = show_head(&show, role->name, metadata);

	if (error)
		return error;
	if (strcmp(role->name, "rules") == 0)
		error = show_rules(&show, metadata);
	else if (strcmp(role->name, PACKED_ROLE) == 0)
		error = repo_show_images(&sign->repository, metadata, show.out, show.diag);
	else
		error = show_keys(&show, role->name, metadata);
	if (!error && repository_type(role->name) == METADATA_TARGETS &&
	    strcmp(role->name, "rules") != 0 && strcmp(role->name, "targets") != 0 &&
	    strcmp(role->name, PACKED_ROLE) != 0)
		error = show_files(&show, role->name, metadata);
	sign->counts.blocked += show.counts.blocked;
	sign->counts.unblocked += show.counts.unblocked;
	sign->counts.changed += show.counts.changed;
	return error || !text_failed(show.out) ? error : -ENOMEM;
}

static int describe(const struct staged_role *role, int64_t now, struct seen_signature *signature)
{
	*signature = (struct seen_signature){ .role = role->name,
					      .version = role->metadata->version,
					      .time = now };
	return metadata_fingerprint(role->metadata, signature->digest);
}

/* Two contents under one version: the publisher of the other one has a signature for both. */
static int warn_of_other(struct sign *sign, struct staged_role *role)
{
	struct seen_signature signature;
	const char *time;
	int error = describe(role, sign->now, &signature);

	if (!error &&
	    seen_signed_other(&sign->keys.seen[0], sign->repository.id, &signature, &time))
		text_printf(&role->shown,
			    "NOTE: this key has signed another version %" PRId64 " of this "
			    "role, on %s; after this both are signed\n",
			    role->metadata->version, time ? time : "?");
	return error;
}

/* Takes the metadata. */
static int add_role(struct sign *sign, const char *name, struct metadata *metadata)
{
	struct staged_role *role = &sign->role[sign->roles];
	const struct signing_key *mine;
	int error = sign->roles == ROLES ? -E2BIG :
		    signing_judge(&role->signing, &sign->repository, name, metadata, &sign->diag);

	mine = error ? NULL : signing_may(&role->signing, &sign->key);
	if (!mine) {
		metadata_free(metadata);
		return error;
	}
	snprintf(role->name, sizeof(role->name), "%s", name);
	role->metadata = metadata;
	role->shown = TEXT_EMPTY;
	role->has_signed = mine->has_signed;
	sign->roles++;
	sign->unsigned_ += !mine->has_signed;
	error = show(sign, role);
	return error ? error : warn_of_other(sign, role);
}

static int show_role(void *context, const char *name)
{
	struct sign *sign = context;
	const char *only = repo_value(sign->words, ROLE_OPTION);
	struct metadata *metadata;
	int error;

	if (only && strcmp(only, name) != 0)
		return 0;
	error = repository_staged(&sign->repository, name, &metadata, &sign->diag);
	if (error)
		return error == -ENOENT ? 0 : error;
	return add_role(sign, name, metadata);
}

static int show_all(struct sign *sign)
{
	int error = repository_each(&sign->repository, show_role, sign, &sign->diag);

	for (size_t i = 0; !error && i < sign->roles; i++)
		fputs(sign->role[i].shown.data ? sign->role[i].shown.data : "", stdout);
	if (error || sign->roles)
		return error;
	diag_error(&sign->diag, sign->words->word[0], 0, 0,
		   "nothing is staged that this key may sign");
	return -ENOENT;
}

/* What was shown may be long, and the counts have scrolled away. */
static bool ask(const struct sign *sign)
{
	const struct diff_counts *counts = &sign->counts;

	if (repo_value(sign->words, YES_OPTION))
		return true;
	if (counts->blocked || counts->unblocked || counts->changed)
		printf("\nIn all: %zu newly blocked, %zu no longer blocked, %zu otherwise changed.",
		       counts->blocked, counts->unblocked, counts->changed);
	if (repo_ask("\nSign all of this?"))
		return true;
	fputs("cordon repo sign: nothing was signed\n", stderr);
	return false;
}

/* ---- signing ---- */

static int record(struct sign *sign, const struct staged_role *role, const char *command)
{
	struct seen_signature signature;
	const struct repo_shown shown = { command, sign->repository.id, &signature,
					  role->shown.data ? role->shown.data : "" };
	int error = describe(role, sign->now, &signature);

	return error ? error : repo_keys_sign(&sign->keys, 0, &shown);
}

/* All of it is still what was shown, or nothing is signed. */
static int write_all(struct sign *sign)
{
	int error = repository_lock(&sign->repository, &sign->diag);

	for (size_t i = 0; !error && i < sign->roles; i++)
		error = signing_unchanged(&sign->repository, sign->role[i].name,
					  sign->role[i].metadata, &sign->diag);
	for (size_t i = 0; !error && i < sign->roles; i++)
		error = record(sign, &sign->role[i], "sign");
	for (size_t i = 0; !error && i < sign->roles; i++)
		error = signing_merge(&sign->repository, sign->role[i].name,
				      sign->role[i].metadata, &sign->diag);
	return error;
}

static int sign_here(struct sign *sign)
{
	int error = 0;

	for (size_t i = 0; !error && i < sign->roles; i++) {
		if (!sign->role[i].has_signed)
			error = signing_sign(&sign->role[i].signing, sign->role[i].metadata,
					     sign->secret, &sign->diag);
	}
	return error ? error : write_all(sign);
}

/* ---- signatures made elsewhere ---- */

static int one_role(struct sign *sign)
{
	struct text names = TEXT_EMPTY;

	if (sign->roles == 1)
		return 0;
	for (size_t i = 0; i < sign->roles; i++)
		text_printf(&names, "%s%s", i ? ", " : "", sign->role[i].name);
	diag_error(&sign->diag, sign->words->word[0], 0, 0,
		   "%zu roles are staged for this key (%s): "
		   "expected --role NAME, one after the other",
		   sign->roles, names.data ? names.data : "");
	text_release(&names);
	return -EINVAL;
}

static int write_payload(struct sign *sign, const char *path)
{
	const struct text *canonical;
	int error = one_role(sign);

	if (!error)
		error = record(sign, &sign->role[0], "sign --payload");
	if (error)
		return error;
	canonical = &sign->role[0].metadata->canonical;
	error = file_write_named(path, canonical->data, canonical->length, 0644, false);
	if (error) {
		diag_error(&sign->diag, path, 0, 0, "cannot write: %s", file_write_problem(error));
		return error;
	}
	printf("\n%s: %zu bytes, what is signed for %s, version %" PRId64
	       "; next, where the key is:\n"
	       "  openssl dgst -sha256 -sign KEY -out SIGNATURE %s\nthen: cordon repo sign %s "
	       "--key %s "
	       "--signature SIGNATURE\n",
	       path, canonical->length, sign->role[0].name, sign->role[0].metadata->version, path,
	       sign->words->word[0], repo_value(sign->words, KEY_OPTION));
	return 0;
}

/* The same file as another person has signed it, out of another copy of the folder. */
static int take_file(struct sign *sign, const char *path, const char *data, size_t size)
{
	struct staged_role *role = &sign->role[0];
	const size_t before =
		json_array_size(json_object_get(role->metadata->document, "signatures"));
	int error = signing_take_file(&role->signing, &sign->repository, role->metadata, path, data,
				      size, &sign->diag);

	if (error ||
	    json_array_size(json_object_get(role->metadata->document, "signatures")) > before)
		return error;
	diag_error(&sign->diag, path, 0, 0, "has no signature that counts and is not here already: "
		   "expected the file as a signer of the role has signed it");
	return -ENOENT;
}

/* A binary signature may begin with the bracket of a file, too. */
static int take_bytes(struct sign *sign, const char *path, const char *data, size_t size)
{
	struct staged_role *role = &sign->role[0];
	const bool is_file = size > 0 && *data == '{' && memmem(data, size, "\"keyid\"", 7);
	int error = is_file ? take_file(sign, path, data, size) :
			      signing_take(&role->signing, role->metadata, &sign->key, data, size,
					   &sign->diag);

	if (error && !is_file)
		diag_error(&sign->diag, path, 0, 0, "no signature was taken from it");
	return error;
}

static int take_signature(struct sign *sign, const char *path)
{
	char *data;
	size_t size;
	int error = one_role(sign);

	if (error)
		return error;
	error = file_read(AT_FDCWD, path, SIGNATURE_MAX, &data, &size);
	if (error) {
		diag_error(&sign->diag, path, 0, 0, "cannot read the signature: %s",
			   strerror(-error));
		return error;
	}
	error = take_bytes(sign, path, data, size);
	free(data);
	return error ? error : write_all(sign);
}

/* ---- the command ---- */

static int act(struct sign *sign)
{
	const char *payload = repo_value(sign->words, PAYLOAD_OPTION);
	const char *signature = repo_value(sign->words, SIGNATURE_OPTION);

	if (payload)
		return write_payload(sign, payload);
	return signature ? take_signature(sign, signature) : sign_here(sign);
}

static int sign_all(struct sign *sign, bool *signed_)
{
	const bool elsewhere = !sign->secret;
	int error = show_all(sign);

	*signed_ = false;
	if (!error && !*sign->repository.id) {
		diag_error(&sign->diag, sign->words->word[0], 0, 0,
			   "the folder changes while it is read: "
			   "it had no root; try again");
		error = -EAGAIN;
	}
	if (error)
		return error;
	if (sign->unsigned_ == 0 && !elsewhere) {
		*signed_ = true;
		puts("\nthis key has signed all of it already");
		return repo_print_status(&sign->repository, sign->words->word[0], &sign->diag);
	}
	if (!ask(sign))
		return 0;
	error = act(sign);
	if (error)
		return error;
	*signed_ = true;
	if (repo_value(sign->words, PAYLOAD_OPTION))
		return 0;
	puts("\nsigned");
	return repo_print_status(&sign->repository, sign->words->word[0], &sign->diag);
}

static int run(struct sign *sign)
{
	bool has_signed = false;
	int error, code = repo_open(&sign->repository, sign->words, &sign->keys, REPO_READ,
				   &sign->diag);

	if (code)
		return code;
	error = sign_all(sign, &has_signed);
	for (size_t i = 0; i < sign->roles; i++) {
		metadata_free(sign->role[i].metadata);
		text_release(&sign->role[i].shown);
	}
	repository_close(&sign->repository);
	code = repo_report(sign->words->word[0], &sign->diag, error);
	return code || has_signed ? code : EXIT_NO;
}

/* With a signature from elsewhere it is the public key that is given. */
static int load_key(struct sign *sign)
{
	const char *path = repo_value(sign->words, KEY_OPTION);
	struct keyring_key public;
	int error, code;

	if (repo_value(sign->words, PAYLOAD_OPTION) || repo_value(sign->words, SIGNATURE_OPTION)) {
		error = repo_public(&public, path, &sign->diag);
		sign->key = public.key;
		return repo_report(path, &sign->diag, error);
	}
	code = repo_secret(&sign->secret, path, repo_value(sign->words, FILE_OPTION));
	if (!code)
		secret_public(sign->secret, &sign->key);
	return code;
}

int repo_sign(int argc, char **argv)
{
	static struct sign sign;
	struct repo_words words;
	int code = repo_words(&words, "repo sign", table, argc, argv);

	if (code)
		return code;
	if (words.words != 1 || !repo_value(&words, KEY_OPTION) ||
	    (repo_value(&words, PAYLOAD_OPTION) && repo_value(&words, SIGNATURE_OPTION)))
		return command_usage("repo sign",
				     "expected DIR --key FILE, and at most one of --payload "
				     "and --signature");
	sign.words = &words;
	sign.now = clock_wall();
	diag_init(&sign.diag);
	code = load_key(&sign);
	sign.role = code ? NULL : calloc(ROLES, sizeof(*sign.role));
	if (!code)
		code = repo_keys_add(&sign.keys, repo_value(&words, KEY_OPTION), &sign.key);
	if (!code)
		code = sign.role ? run(&sign) : EXIT_NO;
	repo_keys_release(&sign.keys);
	free(sign.role);
	secret_free(sign.secret);
	return code;
}
