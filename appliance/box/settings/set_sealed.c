/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_sealed.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "appliance/base/config.h"
#include "appliance/base/crypto/digest.h"
#include "appliance/base/crypto/key.h"
#include "appliance/base/crypto/tls.h"
#include "appliance/base/cursor.h"
#include "appliance/base/diag.h"
#include "appliance/base/sealed.h"
#include "appliance/base/text.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/conf.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/linediff.h"
#include "appliance/box/settings/provision.h"
#include "appliance/settings/network.h"
#include "appliance/settings/settings.h"
#include "rules/signed/approval.h"
#include "rules/signed/archive.h"
#include "rules/signed/field.h"
#include "rules/signed/metadata.h"
#include "rules/signed/strict.h"
#include "rules/signed/trust.h"

enum {
	BUDGET = 64 << 20,	/* bytes for the JSON of strangers: root metadata, copies */
	COMPOSED_MOST = SETTINGS_TEXT_MAX + 64 * 1024,	/* what is filled in is a few lines */
	DIFF_MOST = 4 << 20,
	COPY_MOST = PROVISION_FILES * (PROVISION_FILE_MAX + 8),
	CHANGES_MOST = 256 + PROVISION_ITEMS * (PROVISION_ITEM + 8)
};

void set_sealed_begin(void)
{
	if (ENABLED(CONFIG_APPLIANCE_ED25519))
		key_use_ed25519();
	strict_budget(BUDGET);
}

/* ---- does it read? ---- */

struct composing {
	const struct provision *set;
	struct conf_found found;
};

static int compose_work(void *context, struct text *answer, struct diag *diag)
{
	static struct network network;
	const struct composing *composing = context;
	const struct provision_part *conf = &composing->set->file[PROVISION_CORDON];
	const struct provision_part *net = &composing->set->file[PROVISION_NETWORK];
	int error = network_parse(&network, "network.conf", net->data ? net->data : "", net->size,
				  diag);

	if (!error)
		error = network_check_outside(&network, "network.conf", diag);
	if (error)
		return error;
	error = conf_compose(&composing->found, &network, conf->data, conf->size, answer, diag);
	if (error && diag->count == 0)
		diag_error(diag, "cordon.conf", 0, 0, "cannot be put together with network.conf");
	return error;
}

int set_sealed_compose(const struct provision *set, const char *folder, struct text *out,
		     struct diag *diag)
{
	static struct composing composing;
	const struct sealed sealed = { .what = "cordon.conf with network.conf",
				       .work = compose_work,
				       .context = &composing,
				       .answer = COMPOSED_MOST };
	int error;

	composing.set = set;
	conf_find(&composing.found, folder);
	error = sealed_run(&sealed, out, diag);
	text_release(&composing.found.digests);
	/* A line of text, and nothing that a screen or a parser would stop at. */
	if (!error && !text_is_plain(out->data ? out->data : "", out->length, "\t\r\n"))
		error = sealed_refuse(sealed.what, diag);
	return error;
}

static int keys_work(void *context, struct text *answer, struct diag *diag)
{
	(void)answer;
	return provision_check_keys(context, provision_name(PROVISION_KEYS), diag);
}

static int reader_keys_work(void *context, struct text *answer, struct diag *diag)
{
	(void)answer;
	return provision_check_keys(context, provision_name(PROVISION_READER_KEYS), diag);
}

static int root_work(void *context, struct text *answer, struct diag *diag)
{
	const struct provision_part *root = context;
	char repository[METADATA_KEYID];
	struct trust *trust;
	int error = approval_root(&trust, repository, root->data, root->size, NULL, diag);

	(void)answer;
	if (!error)
		trust_free(trust);
	else if (diag->count == 0)
		diag_error(diag, "root.json", 0, 0,
			   "expected root metadata that is signed by itself");
	return error;
}

static int ca_work(void *context, struct text *answer, struct diag *diag)
{
	const struct provision_part *ca = context;

	(void)answer;
	if (strlen(ca->data) == ca->size && tls_check_ca(ca->data, diag) == 0)
		return 0;
	diag_error(diag, "mirror-ca.pem", 0, 0,
		   "expected certificates in PEM, one of a CA at least");
	return -EINVAL;
}

static int secret_work(void *context, struct text *answer, struct diag *diag)
{
	(void)answer;
	return provision_check_secret(context, provision_name(PROVISION_SECRET), diag);
}

void set_sealed_check_files(const struct provision *set, struct diag *diag)
{
	static sealed_work *const work[PROVISION_FILES] = {
		[PROVISION_KEYS] = keys_work,
		[PROVISION_READER_KEYS] = reader_keys_work,
		[PROVISION_ROOT] = root_work,
		[PROVISION_CA] = ca_work,
		[PROVISION_SECRET] = secret_work,
	};
	struct text out = TEXT_EMPTY;

	/* Every error is in diag, and nothing else is wanted. */
	(void)!set_sealed_compose(set, PATH_SETTINGS, &out, diag);
	text_release(&out);
	for (int file = PROVISION_KEYS; file < PROVISION_FILES; file++) {
		struct provision_part part = set->file[file];
		const struct sealed sealed = { .what = provision_name((enum provision_file)file),
					       .work = work[file],
					       .context = &part };

		if (part.data)
			(void)!sealed_run(&sealed, &out, diag);
	}
}

/* ---- what would change? ---- */

struct comparing {
	const struct provision *old, *new;
	bool whole;
};

static int compare_work(void *context, struct text *answer, struct diag *diag)
{
	static struct provision_changes changes;
	const struct comparing *comparing = context;

	(void)diag;
	provision_compare(comparing->old, comparing->new, &changes);
	provision_changes_encode(&changes, answer);
	return 0;
}

int set_sealed_compare(const struct provision *old, const struct provision *new,
		     struct provision_changes *changes, struct diag *diag)
{
	struct comparing comparing = { .old = old, .new = new };
	const struct sealed sealed = { .what = "what these settings change", .work = compare_work,
				       .context = &comparing, .answer = CHANGES_MOST };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);

	if (!error && provision_changes_decode(changes, answer.data, answer.length, old, new) < 0)
		error = sealed_refuse(sealed.what, diag);
	text_release(&answer);
	return error;
}

static int diff_work(void *context, struct text *answer, struct diag *diag)
{
	const struct comparing *comparing = context;
	struct text out = TEXT_EMPTY;
	bool differs = false;

	(void)diag;
	for (int file = 0; file < PROVISION_FILES; file++) {
		const char *name = provision_name((enum provision_file)file);
		const char *old = comparing->old->file[file].data,
			   *new = comparing->new->file[file].data;

		if (!new && !comparing->whole)
			continue;
		/* Its hash is for nobody's screen. */
		if (file != PROVISION_SECRET)
			differs |= linediff(name, old, new, &out);
		else if (!old != !new || (new && strcmp(old, new) != 0)) {
			text_printf(&out, "%s: another one\n", name);
			differs = true;
		}
	}
	sealed_put32(answer, differs);
	sealed_put_bytes(answer, out.data, out.length);
	return text_failed(&out) ? -ENOMEM : 0;
}

int set_sealed_diff(const struct provision *old, const struct provision *new, bool whole,
			struct text *out, struct diag *diag)
{
	struct comparing comparing = { .old = old, .new = new, .whole = whole };
	const struct sealed sealed = { .what = "what these settings change", .work = diff_work,
				       .context = &comparing, .answer = DIFF_MOST };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);
	struct cursor cursor = cursor_reader(answer.data, answer.length);
	uint32_t differs = cursor_get32(&cursor);
	size_t size;
	const char *lines = sealed_take_bytes(&cursor, DIFF_MOST, &size);

	if (!error && (!lines || differs > 1 || cursor_left(&cursor)))
		error = sealed_refuse(sealed.what, diag);
	if (!error)
		text_put_masked(out, lines, size, "\t\n");
	text_release(&answer);
	return error ? error : (int)differs;
}

/* ---- who signed? ---- */

/* The root in force: of the settings, else of the image, and what follows from it in the bundle. */
static int root_in_force(const struct set_sealed_trust *asked, struct trust **trust,
			 char repository[METADATA_KEYID], struct diag *diag)
{
	static struct archive archive;
	const bool has_bundle = asked->bundle &&
				archive_parse(&archive, asked->bundle, asked->bundle_size) == 0;

	if (!asked->root.data) {
		diag_error(diag, APPROVAL_NAME, 0, 0,
			   "there is no trust root on this box yet, so nobody can "
			   "sign for it");
		return -ENOKEY;
	}
	return approval_root(trust, repository, asked->root.data, asked->root.size,
			     has_bundle ? &archive : NULL, diag);
}

static int check_files(const struct approval *approval, const struct provision *set,
		       struct diag *diag)
{
	int error = 0;

	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		const struct provision_part *part = &set->file[file];

		if (part->data)
			error = approval_check(approval, provision_name((enum provision_file)file),
					       part->data, part->size, diag);
	}
	for (size_t i = 0; i < approval->files && !error; i++) {
		enum provision_file file = provision_lookup(approval->file[i].name);

		if (file != PROVISION_FILES && set->file[file].data)
			continue;
		diag_error(diag, approval->file[i].name, 0, 0,
			   APPROVAL_NAME " names this file, and it is "
					 "not there");
		error = -ENOENT;
	}
	return error;
}

/* Of the very last version the ledger knows nothing when the data partition was made anew. */
static int verify(const struct set_sealed_approval *asked, const struct approval *approval,
		  struct diag *diag)
{
	const struct floor *floor = &asked->floor;
	char repository[METADATA_KEYID];
	struct approval_judge judge = {
		.repository = repository,
		.key = asked->who.key,
		.serial = asked->who.serial,
		.now = asked->now,
		.last = asked->last > floor->version ? asked->last : floor->version,
		.again = asked->last < floor->version ? floor->digest : NULL,
		.root_repository = floor->repository,
		.root_version = floor->root,
	};
	struct trust *trust;
	int error = root_in_force(&asked->trust, &trust, repository, diag);

	if (error)
		return error;
	judge.root = trust_get(trust, METADATA_ROOT);
	error = approval_verify(approval, &judge, diag);
	trust_free(trust);
	return error;
}

static int approval_work(void *context, struct text *answer, struct diag *diag)
{
	static struct approval approval;
	const struct set_sealed_approval *asked = context;
	uint8_t digest[DIGEST_SIZE];
	int error = approval_parse(&approval, asked->offer->approval, asked->offer->approval_size,
				   diag);

	if (error)
		return error;
	error = verify(asked, &approval, diag);
	if (!error)
		error = check_files(&approval, &asked->offer->set, diag);
	if (!error)
		error = approval_digest(&approval, digest);
	sealed_put64(answer, (uint64_t)approval.version);
	text_put(answer, digest, sizeof(digest));
	approval_release(&approval);
	return error;
}

int set_sealed_check_approval(const struct set_sealed_approval *approval, int64_t *version,
			    uint8_t digest[DIGEST_SIZE], struct diag *diag)
{
	struct set_sealed_approval asked = *approval;
	const struct sealed sealed = { .what = APPROVAL_NAME,
				       .work = approval_work,
				       .context = &asked,
				       .answer = 8 + DIGEST_SIZE,
				       .memory = SEALED_MEMORY + approval->trust.bundle_size };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);
	struct cursor cursor = cursor_reader(answer.data, answer.length);
	const int64_t said = (int64_t)cursor_get64(&cursor);
	const uint8_t *of = cursor_take(&cursor, DIGEST_SIZE);
	const bool later = said > approval->last && said >= approval->floor.version;

	if (!error &&
	    (!of || cursor.failed || cursor_left(&cursor) || !later || said > FIELD_INTEGER_MAX))
		error = sealed_refuse(sealed.what, diag);
	if (!error) {
		*version = said;
		memcpy(digest, of, DIGEST_SIZE);
	}
	text_release(&answer);
	return error;
}

/* ---- which root may follow? ---- */

struct replacing {
	const struct set_sealed_trust *trust;
	const struct provision_part *root;
};

static int replace_work(void *context, struct text *answer, struct diag *diag)
{
	const struct replacing *replacing = context;
	char repository[METADATA_KEYID];
	struct trust *trust = NULL;
	bool other = true;
	int error = root_in_force(replacing->trust, &trust, repository, diag);

	if (!error)
		error = approval_replace(trust_get(trust, METADATA_ROOT), repository,
					 replacing->root->data, replacing->root->size, &other,
					 diag);
	trust_free(trust);
	sealed_put32(answer, other);
	return error;
}

int set_sealed_check_root(const struct set_sealed_trust *trust, const struct provision_part *root,
			bool *other, struct diag *diag)
{
	struct replacing replacing = { trust, root };
	const struct sealed sealed = { .what = "root.json",
				       .work = replace_work,
				       .context = &replacing,
				       .answer = 4,
				       .memory = SEALED_MEMORY + trust->bundle_size };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);
	struct cursor cursor = cursor_reader(answer.data, answer.length);
	const uint32_t said = cursor_get32(&cursor);

	if (!error && (cursor.failed || said > 1 || cursor_left(&cursor)))
		error = sealed_refuse(sealed.what, diag);
	text_release(&answer);
	*other = said;
	return error;
}

/* ---- a copy ---- */

struct copy {
	const char *path, *text;
	size_t size;
};

static void put_files(json_t *files, struct field *field, struct text *answer)
{
	const char *name;
	json_t *value;

	json_object_foreach(files, name, value) {
		enum provision_file file = provision_lookup(name);

		field_expect(field, file != PROVISION_FILES && json_is_string(value) &&
			     json_string_length(value) <= provision_limit(file), "files",
			     "texts under names of settings");
		if (field->error)
			return;
		sealed_put32(answer, file);
		sealed_put_bytes(answer, json_string_value(value), json_string_length(value));
	}
}

static int copy_work(void *context, struct text *answer, struct diag *diag)
{
	const struct copy *copy = context;
	struct field field = { .source = copy->path, .diag = diag };
	json_t *document;
	const char *type;

	field.error = strict_parse(&document, copy->text, copy->size, copy->path, diag);
	if (field.error)
		return field.error;
	type = field_text(&field, document, "_type", 64, FIELD_REQUIRED);
	field_expect(&field, strcmp(type, SET_SEALED_COPY_TYPE) == 0, "_type",
		     "\"" SET_SEALED_COPY_TYPE "\", as cordon settings export writes it");
	put_files(field_object(&field, document, "files", FIELD_REQUIRED), &field, answer);
	json_decref(document);
	return field.error;
}

static int take_files(const struct text *answer, struct provision *set)
{
	struct cursor cursor = cursor_reader(answer->data, answer->length);
	int error = 0;

	while (!error && cursor_left(&cursor)) {
		const uint32_t file = cursor_get32(&cursor);
		const bool known = file < PROVISION_FILES && !set->file[file].data;
		size_t size;
		const void *data =
			known ? sealed_take_bytes(&cursor,
						  provision_limit((enum provision_file)file),
						  &size) :
				NULL;

		error = data ? provision_put(set, (enum provision_file)file, data, size) : -EBADMSG;
	}
	return error;
}

int set_sealed_parse_copy(const char *path, const char *text, size_t size, struct provision *set,
			struct diag *diag)
{
	struct copy copy = { path, text, size };
	const struct sealed sealed = {
		.what = path, .work = copy_work, .context = &copy, .answer = COPY_MOST
	};
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);

	if (!error)
		error = take_files(&answer, set);
	if (error == -EBADMSG)
		error = sealed_refuse(path, diag);
	if (answer.data)
		explicit_bzero(answer.data, answer.length);
	text_release(&answer);
	return error;
}
