/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/repo/settings_base.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/command/command.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"
#include "rules/signed/strict.h"

/*
 * Settings of appliances, signed by the keys of the root role. The folder is read once: what is
 * shown are these bytes, and their digests are what is signed. After the question it is read again,
 * under a lock, and whatever changed meanwhile ends it; only signatures that others gave to exactly
 * the same stay.
 */

enum {
	KEY_OPTION, ROOT_OPTION, VERSION_OPTION, FOR_OPTION, ALL_OPTION, AGAINST_OPTION, YES_OPTION,
	FINGERPRINT_OPTION, FILE_OPTION
};

static const struct repo_option table[] = {
	[KEY_OPTION] = { "key", REPO_ONE },
	[ROOT_OPTION] = { "root", REPO_ONE },
	[VERSION_OPTION] = { "version", REPO_ONE },
	[FOR_OPTION] = { "for", REPO_MANY },
	[ALL_OPTION] = { "for-all", REPO_FLAG },
	[AGAINST_OPTION] = { "against", REPO_ONE },
	[YES_OPTION] = { "yes", REPO_FLAG },
	[FINGERPRINT_OPTION] = { "fingerprint", REPO_ONE },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	{ 0 },
};

enum { LOCK_TRIES = 100, LOCK_WAIT_NS = 100000000 };

struct settings_job {
	const struct repo_words *words;
	const char *path;
	int folder;
	int64_t version;		/* that was asked for; 0: none */
	const struct secret *secret;
	struct repo_keys keys;		/* the one, and what it has seen */
	struct diag *diag;
	struct set_offer offer;	/* as it was read and shown */
	struct approval before;		/* metadata NULL: nobody has signed yet */
	struct trust *trust;
	const struct metadata *root;
	char repository[METADATA_KEYID];	/* of root; "": it does not say */
	struct approve_file file[PROVISION_FILES];
	const char *name[APPROVAL_APPLIANCES + 1];
	struct approve approve;
	json_t *document;
};

/* ---- what lies there ---- */

static int parse_before(struct approval *before, const struct set_offer *offer,
			struct diag *diag)
{
	before->metadata = NULL;
	return offer->approval ? approval_parse(before, offer->approval, offer->approval_size, diag)
			       : 0;
}

static int load_folder(struct settings_job *job)
{
	int error = set_offer_read(job->folder, &job->offer, job->diag);

	if (error == 1) {
		diag_error(job->diag, job->path, 0, 0,
			   "expected cordon.conf, network.conf or another file of "
			   "settings");
		return -ENOENT;
	}
	if (!error)
		error = parse_before(&job->before, &job->offer, job->diag);
	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		const struct provision_part *part = &job->offer.set.file[file];

		if (part->data)
			job->file[job->approve.files++] = (struct approve_file){
				provision_name((enum provision_file)file), part->data, part->size };
	}
	job->approve.file = job->file;
	return error;
}

static int load_root(struct settings_job *job)
{
	const struct provision_part *own = &job->offer.set.file[PROVISION_ROOT];
	const char *path = repo_value(job->words, ROOT_OPTION);
	char *text = NULL;
	size_t size = own->size;
	int error = path ? file_read(AT_FDCWD, path, PROVISION_FILE_MAX, &text, &size) : 0;

	if (error || (!path && !own->data)) {
		diag_error(job->diag, path ? path : job->path, 0, 0,
			   "cannot read the root metadata that the "
			   "appliances trust (--root): %s",
			   strerror(error ? -error : ENOENT));
		return error ? error : -ENOENT;
	}
	error = approval_root(&job->trust, job->repository, path ? text : own->data, size, NULL,
			      job->diag);
	free(text);
	if (!error)
		job->approve.root = job->root = trust_get(job->trust, METADATA_ROOT);
	return error;
}

/* The root may have come with the folder: a key signs for a repository that it has met, or whose
 * fingerprint is typed by a user who has it from another source. */
static int check_met(const struct settings_job *job)
{
	const char *typed = repo_value(job->words, FINGERPRINT_OPTION);
	const size_t digits = typed ? strlen(typed) : 0;

	if (!job->repository[0] || seen_knows(&job->keys.seen[0], job->repository))
		return 0;
	if (digits >= REPOSITORY_FINGERPRINT_MIN && strncmp(job->repository, typed, digits) == 0)
		return 0;
	diag_error(job->diag, "root.json", 0, 0,
		   typed ? "is of another repository than --fingerprint says: "
			   "expected its root (--root)"
			 : "this key has not met the repository of this root: "
			   "expected --fingerprint DIGITS, at least 16 of them, which the maker of "
			   "the repository "
			   "read out, not taken from this folder");
	return -ENOKEY;
}

/* What nobody signed may be anybody's. */
static void drop_unsigned(struct settings_job *job)
{
	if (!job->before.metadata || approve_count(&job->before, job->root) > 0)
		return;
	approval_release(&job->before);
	fprintf(stderr,
		"cordon repo settings: warning: nobody of the root role has signed the "
		"%s/" APPROVAL_NAME " that lies there: it is begun anew\n",
		job->path);
}

/* ---- for whom ---- */

static int order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_names(struct settings_job *job)
{
	const size_t count = job->approve.appliances;

	qsort(job->name, count, sizeof(*job->name), order);
	for (size_t i = 0; i < count; i++) {
		const char *wrong = approval_appliance_wrong(job->name[i]);

		if (!wrong && i > 0 && strcmp(job->name[i - 1], job->name[i]) == 0)
			wrong = "expected each appliance once";
		if (wrong) {
			diag_error(job->diag, job->name[i], 0, 0, "%s (--for)", wrong);
			return -EINVAL;
		}
	}
	job->approve.appliance = job->name;
	return 0;
}

/* Those that others have signed for already; whether it is the same set shows once it is built. */
static void take_names(struct settings_job *job)
{
	for (size_t i = 0; i < job->before.appliances; i++)
		job->name[i] = job->before.appliance[i];
	job->approve.appliances = job->before.appliances;
}

static int find_names(struct settings_job *job)
{
	const struct repo_words *words = job->words;
	const bool all = repo_value(words, ALL_OPTION) != NULL;

	for (size_t i = 0; i < words->values; i++) {
		if (words->value[i].option == FOR_OPTION &&
		    job->approve.appliances <= APPROVAL_APPLIANCES)
			job->name[job->approve.appliances++] = words->value[i].text;
	}
	if (all != (job->approve.appliances > 0))
		return check_names(job);
	if (!all && job->before.metadata) {
		take_names(job);
		return check_names(job);
	}
	diag_error(
		job->diag, job->path, 0, 0,
		"for which appliances? Expected --for with the ids of their "
		"keys or their serial numbers (cordon settings id on the appliance), or --for-all: "
		"then every appliance that trusts this root takes it");
	return -EINVAL;
}

/* ---- what is signed ---- */

static int digest_of(const struct settings_job *job, char hex[METADATA_KEYID])
{
	struct text canonical = TEXT_EMPTY;
	uint8_t digest[DIGEST_SIZE];
	int error = strict_canonical(document_signed(job->document), &canonical);

	if (!error)
		error = digest_sha256(canonical.data, canonical.length, digest);
	if (!error)
		hex_print(digest, sizeof(digest), hex);
	text_release(&canonical);
	return error;
}

/* The floor of this key. */
static int64_t last_version(const struct settings_job *job, const char **digest)
{
	return seen_signed(&job->keys.seen[0], job->repository, REPO_SETTINGS_ROLE, digest);
}

static int check_last(const struct settings_job *job)
{
	const char *signed_;
	const int64_t last = last_version(job, &signed_);
	char digest[METADATA_KEYID];
	int error = digest_of(job, digest);

	if (error || job->approve.version > last ||
	    (job->approve.version == last && strcmp(digest, signed_) == 0))
		return error;
	diag_error(job->diag, APPROVAL_NAME, 0, 0,
		   "has version %" PRId64 ", and this key has signed version "
		   "%" PRId64 " of other settings: expected a later one (--version %" PRId64 ")",
		   job->approve.version, last, last + 1);
	return -EEXIST;
}

/* Twice: which version it gets depends on whether others have signed the same. */
static int build(struct settings_job *job)
{
	const struct approval *before = job->before.metadata ? &job->before : NULL;
	int error = approve_build(&job->document, &job->approve, job->diag);

	if (error)
		return error;
	if (before && !repo_value(job->words, FOR_OPTION) && !repo_value(job->words, ALL_OPTION) &&
	    !approve_same(before, job->document)) {
		diag_error(job->diag, APPROVAL_NAME, 0, 0,
			   "is signed for other files than lie beside it: to "
			   "begin anew, say for which appliances (--for, --for-all)");
		return -EINVAL;
	}
	job->approve.version = job->version;
	if (!job->version)
		error = approve_version(&job->approve.version, job->document, before,
					last_version(job, NULL), job->diag);
	json_decref(job->document);
	job->document = NULL;
	return error ? error : approve_build(&job->document, &job->approve, job->diag);
}

static int prepare(struct settings_job *job)
{
	int error = load_folder(job);

	if (!error)
		error = load_root(job);
	if (!error)
		error = check_met(job);
	if (!error)
		error = approve_check_key(job->root, job->secret, job->diag);
	if (!error)
		drop_unsigned(job);
	if (!error)
		error = find_names(job);
	if (!error)
		error = build(job);
	return error ? error : check_last(job);
}

/* ---- showing ---- */

static void print_head(const struct settings_job *job, struct text *out)
{
	const bool joins = job->before.metadata && approve_same(&job->before, job->document) &&
			   job->before.version == job->approve.version;
	char expiry[64];

	repo_print_expiry(job->root->expires, job->approve.now, expiry, sizeof(expiry));
	text_printf(out, "settings of %s, version %" PRId64 "\nfor        ", job->path,
		    job->approve.version);
	if (job->approve.appliances == 0)
		text_puts(out, "ALL appliances that trust this root");
	for (size_t i = 0; i < job->approve.appliances; i++)
		text_printf(out, "%s%s", i ? "\n           " : "", job->name[i]);
	text_printf(out, "\nrepository %s\nroot       version %" PRId64 ", valid until %s\n",
		    job->repository, job->root->version, expiry);
	if (job->before.metadata && !joins)
		text_printf(out,
			    "version %" PRId64
			    " with its signatures is replaced: their signers have to "
			    "sign again\n",
			    job->before.version);
}

static int show(const struct settings_job *job, struct text *out)
{
	const char *against = repo_value(job->words, AGAINST_OPTION);
	struct repo_settings_base base;
	int error = against ? repo_settings_read_base(&base, against, job->diag)
			    : repo_settings_load_base(&base, job->keys.stem[0], job->document,
						      job->diag);

	print_head(job, out);
	if (!error)
		error = repo_settings_show(&base, &job->offer.set, job->root, out, job->diag);
	/* Also what cannot be signed: it shows what is meant. */
	fputs(out->data ? out->data : "", stdout);
	repo_settings_base_release(&base);
	return error;
}

/* ---- signing ---- */

static int lock_folder(const struct settings_job *job)
{
	const struct timespec pause = { .tv_nsec = LOCK_WAIT_NS };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(job->folder, LOCK_EX | LOCK_NB) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	diag_error(job->diag, job->path, 0, 0,
		   "another process has been signing in it for 10 seconds: nothing "
		   "was signed, try again");
	return -EWOULDBLOCK;
}

static int changed(const struct settings_job *job, const char *what)
{
	diag_error(job->diag, what, 0, 0,
		   "changed while it was shown: nothing was signed; look at it again");
	return -ESTALE;
}

/* Byte for byte; a plain secret too. */
static int check_unchanged(const struct settings_job *job, const struct set_offer *now)
{
	for (int file = 0; file < PROVISION_FILES; file++) {
		const struct provision_part *a = &job->offer.set.file[file],
					    *b = &now->set.file[file];

		if (!a->data != !b->data || a->size != b->size ||
		    (a->data && memcmp(a->data, b->data, a->size) != 0))
			return changed(job, provision_name((enum provision_file)file));
	}
	return 0;
}

static bool same_approval(const struct set_offer *a, const struct set_offer *b)
{
	return !a->approval == !b->approval && a->approval_size == b->approval_size &&
	       (!a->approval || memcmp(a->approval, b->approval, a->approval_size) == 0);
}

/* What others signed meanwhile stays when it is the same, and else ends this: it was not shown. */
static int join(const struct settings_job *job, const struct set_offer *now)
{
	static struct approval others;
	int error = parse_before(&others, now, job->diag);
	bool joined;

	if (error || !now->approval)
		return error;
	joined = approve_count(&others, job->root) > 0 && approve_join(job->document, &others);
	approval_release(&others);
	return joined || same_approval(&job->offer, now) ? 0 : changed(job, APPROVAL_NAME);
}

static int write_document(const struct settings_job *job)
{
	struct text text = TEXT_EMPTY;
	int error = document_print(job->document, &text);

	if (!error)
		error = file_replace(job->folder, APPROVAL_NAME, text.data, text.length, 0644);
	text_release(&text);
	return error;
}

/* Before the signature leaves: what was shown for it, and what it is of. */
static int record(struct settings_job *job, const struct text *shown)
{
	struct seen_signature signature = { .role = REPO_SETTINGS_ROLE,
					    .version = job->approve.version,
					    .time = job->approve.now };
	const struct repo_shown record = { "repo settings", job->repository, &signature,
					   shown->data };
	int error = digest_of(job, signature.digest);

	if (!error)
		error = repo_keys_sign(&job->keys, 0, &record);
	return error ? error
		     : repo_settings_keep(job->keys.stem[0], job->document, &job->offer.set,
					  job->diag);
}

static int sign_locked(struct settings_job *job, const struct text *shown,
		       struct approve_result *result)
{
	struct set_offer now = { .approval = NULL };
	int error = set_offer_read(job->folder, &now, job->diag);

	if (error == 1)
		error = changed(job, job->path);
	if (!error)
		error = check_unchanged(job, &now);
	if (!error && (job->offer.approval || now.approval))
		error = now.approval ? join(job, &now) : changed(job, APPROVAL_NAME);
	set_offer_release(&now);
	if (!error)
		error = approve_sign(result, job->document, job->root, job->secret, job->diag);
	if (!error)
		error = record(job, shown);
	return error ? error : write_document(job);
}

static int sign(struct settings_job *job, const struct text *shown)
{
	struct approve_result result;
	int error = lock_folder(job);

	if (error)
		return error;
	error = sign_locked(job, shown, &result);
	(void)flock(job->folder, LOCK_UN);
	if (error)
		return error;
	printf("\n%s/" APPROVAL_NAME ": version %" PRId64 " of", job->path, job->approve.version);
	for (size_t i = 0; i < job->approve.files; i++)
		printf(" %s", job->file[i].name);
	printf("\n%zu of %" PRId64 " signatures%s\n", result.have, result.threshold,
	       (int64_t)result.have >= result.threshold ? ": complete" : "");
	return 0;
}

static int run(struct settings_job *job, bool *signed_)
{
	struct text shown = TEXT_EMPTY;
	int error = prepare(job);

	*signed_ = false;
	if (!error)
		error = show(job, &shown);
	if (!error && !repo_value(job->words, YES_OPTION) && !repo_ask("\nSign these settings?")) {
		fputs("cordon repo settings: nothing was signed\n", stderr);
	} else if (!error) {
		error = sign(job, &shown);
		*signed_ = !error;
	}
	text_release(&shown);
	return error;
}

static int sign_folder(const struct repo_words *words, int64_t version, const struct secret *secret)
{
	static struct settings_job job;
	struct diag diag;
	struct key public;
	bool has_signed = false;
	int error, code;

	diag_init(&diag);
	job = (struct settings_job){ .words = words,
			    .path = words->word[0],
			    .version = version,
			    .secret = secret,
			    .diag = &diag,
			    .approve = { .now = clock_wall() } };
	secret_public(secret, &public);
	code = repo_keys_add(&job.keys, repo_value(words, KEY_OPTION), &public);
	if (code)
		return code;
	job.folder = open(job.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = job.folder < 0 ? -errno : run(&job, &has_signed);
	if (job.folder >= 0)
		close(job.folder);
	json_decref(job.document);
	approval_release(&job.before);
	trust_free(job.trust);
	set_offer_release(&job.offer);
	repo_keys_release(&job.keys);
	code = repo_report(job.path, &diag, error == -ESTALE ? -EINVAL : error);
	return !code && !has_signed ? EXIT_NO : code;
}

int repo_settings(int argc, char **argv)
{
	struct repo_words words;
	struct secret *secret;
	int64_t version = 0;
	int code = repo_words(&words, "repo settings", table, argc, argv);

	if (code)
		return code;
	if (words.words != 1 || !repo_value(&words, KEY_OPTION))
		return command_usage("repo settings",
				     "expected FOLDER --key FILE, and --for ID... or "
				     "--for-all");
	if (repo_value(&words, VERSION_OPTION))
		code = repo_number(&words, repo_value(&words, VERSION_OPTION), 1, &version);
	if (!code)
		code = repo_secret(&secret, repo_value(&words, KEY_OPTION),
				   repo_value(&words, FILE_OPTION));
	if (code)
		return code;
	code = sign_folder(&words, version, secret);
	secret_free(secret);
	return code;
}
