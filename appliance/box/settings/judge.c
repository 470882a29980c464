/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/password.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/settings.h"
#include "appliance/box/settings/trusted.h"
#include "appliance/command/command.h"
#include "rules/signed/approval.h"


int settings_check(const struct provision *set, struct diag *diag)
{
	size_t errors = diag->count;

	settings_check_files(set, diag);
	if (diag->count == errors)
		settings_try(set, diag);
	return diag->count == errors ? 0 : -EINVAL;
}

/* ---- may it be? ---- */

static int check_approval(const struct settings_offer *offer, const struct provision *set,
			  struct settings_ledger *ledger, struct diag *diag)
{
	struct settings_approval approval = { .offer = offer,
					      .now = settings_now(),
					      .last = ledger->version };
	struct trusted trusted;
	int error;

	trusted_load(&trusted, set);
	approval.trust = trusted.trust;
	settings_who(&approval.who);
	settings_floor_load(&approval.floor);
	error = settings_check_approval(&approval, &ledger->version, ledger->approved, diag);
	trusted_release(&trusted);
	return error;
}

/* Of a set that changes the trust root; what it leads to without a root.json is the image's. */
static int check_root(const struct provision *old, const struct provision *new, bool *other,
		      struct diag *diag)
{
	struct trusted before, after;
	int error = 0;

	*other = false;
	trusted_load(&before, old);
	trusted_load(&after, new);
	if (before.trust.root.data && after.trust.root.data)
		error = settings_check_root(&before.trust, &after.trust.root, other, diag);
	else
		*other = true;
	trusted_release(&before);
	trusted_release(&after);
	return error;
}

static void say_errors(struct settings_judgement *judgement, const struct diag *diag,
		       const char *where)
{
	struct text out = TEXT_EMPTY;

	judgement->verdict = SETTINGS_WRONG;
	text_printf(&out, "settings of %s are wrong, and nothing of them was taken:\n", where);
	diag_print(diag, &out);
	judgement->why = out.data;
}

static void say_refusal(struct settings_judgement *judgement, const struct settings_offer *offer,
			bool other)
{
	const struct provision_changes *changes = &judgement->changes;
	struct text out = TEXT_EMPTY;

	judgement->verdict = SETTINGS_REFUSE;
	text_printf(&out, "settings of %s are refused: they would change ", offer->where);
	provision_print(changes, true, &out);
	if (offer->set.file[PROVISION_SECRET].data)
		text_puts(&out, " (leave the file admin-secret away where it is not to change)");
	if (other)
		text_puts(
			&out,
			".\nThe trust root is another repository's: that takes the administrator's "
			"secret here, whatever the signature:\ncordon settings accept.\n");
	else
		text_puts(&out, ".\nThat takes signatures of the trust root's keys (settings.json, "
				"see cordon "
				"repo settings), or the\nadministrator's secret here: cordon "
				"settings accept.\n");
	if (changes->count > changes->protected) {
		text_puts(&out, "A set is whole: ");
		provision_print(changes, false, &out);
		text_puts(&out, " was not taken either.\n");
	}
	judgement->why = out.data;
}

static void say_taken(struct settings_judgement *judgement, const struct settings_offer *offer)
{
	struct text out = TEXT_EMPTY;

	judgement->verdict = SETTINGS_TAKE;
	text_printf(&out, "settings of %s are taken: ", offer->where);
	provision_print(&judgement->changes, true, &out);
	if (judgement->changes.protected && judgement->changes.protected < judgement->changes.count)
		text_puts(&out, ", ");
	provision_print(&judgement->changes, false, &out);
	text_puts(&out, "\n");
	if (!judgement->complete.file[PROVISION_SECRET].data)
		text_puts(&out,
			  "no administrator's secret is set: later changes of what is protected "
			  "have to be signed, or come after a factory reset\n");
	judgement->why = out.data;
}

/* A plain secret is kept in no file; and what lies there is one line, as admin.c reads it. */
int settings_hash_secret(struct provision *set)
{
	struct provision_part *secret = &set->file[PROVISION_SECRET];
	char plain[PASSWORD_MOST + 1], line[PASSWORD_LINE + 1];
	int error;

	if (!secret->data)
		return 0;
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(secret->data, "\r\n"), secret->data);
	/* Checked already: what begins like a hash is one. */
	if (!provision_has_plain_secret(set)) {
		snprintf(line, PASSWORD_LINE, "%s", plain);
		error = 0;
	} else {
		error = password_hash(plain, line);
	}
	explicit_bzero(plain, sizeof(plain));
	if (error)
		return error;
	strcat(line, "\n");
	explicit_bzero(secret->data, secret->size);
	free(secret->data);
	*secret = (struct provision_part){ strdup(line), strlen(line) };
	return secret->data ? 0 : -ENOMEM;
}

/* Before the first provisioning there is nobody to ask: the person who sets the box up decides who
 * will be.
 */
static int judge_approval(struct settings_judgement *judgement, const struct settings_offer *offer,
			  const struct provision *old, bool provisioned, struct diag *diag)
{
	const struct provision *trusted = provisioned ? old : &judgement->complete;

	return check_approval(offer, trusted, &judgement->ledger, diag);
}

int settings_digest(const struct settings_offer *offer, uint8_t digest[DIGEST_SIZE])
{
	uint8_t both[2 * DIGEST_SIZE];

	if (!offer->approval)
		return provision_digest(&offer->set, digest);
	if (provision_digest(&offer->set, both) < 0 ||
	    digest_sha256(offer->approval, offer->approval_size, both + DIGEST_SIZE) < 0)
		return -EIO;
	return digest_sha256(both, sizeof(both), digest);
}

static int prepare(struct settings_judgement *judgement, const struct settings_offer *offer,
		   struct provision *old, struct diag *diag)
{
	int error = settings_load(PATH_SETTINGS, old, diag);

	if (!error)
		error = settings_digest(offer, judgement->digest);
	for (int file = 0; file < PROVISION_FILES && !error; file++) {
		const struct provision_part *part = &offer->set.file[file];

		if (part->data)
			error = provision_put(&judgement->complete, (enum provision_file)file,
					      part->data, part->size);
	}
	if (!error && !offer->whole)
		error = provision_complete(&judgement->complete, old);
	if (!error)
		error = settings_check(&judgement->complete, diag);
	if (error && diag->count == 0)
		diag_error(diag, offer->where, 0, 0, "%s", strerror(-error));
	return error;
}

void settings_judge(struct settings_judgement *judgement, const struct settings_offer *offer,
		    bool confirmed)
{
	static struct diag diag;
	struct provision old;
	bool provisioned = settings_provisioned(), approved = false, other = false;
	int error;

	*judgement = (struct settings_judgement){ .verdict = SETTINGS_SAME };
	diag_init(&diag);
	settings_ledger_load(&judgement->ledger);
	error = prepare(judgement, offer, &old, &diag);
	if (!error && offer->approval && !confirmed) {
		error = judge_approval(judgement, offer, &old, provisioned, &diag);
		approved = !error;
	}
	if (!error)
		error = settings_compare(&old, &judgement->complete, &judgement->changes, &diag);
	if (!error && provisioned && judgement->changes.changed[PROVISION_TRUST_ROOT])
		error = check_root(&old, &judgement->complete, &other, &diag);
	settings_ledger_add(&judgement->ledger, judgement->digest);
	if (error)
		say_errors(judgement, &diag, offer->where);
	else if (provisioned && !confirmed && (!approved || other) && judgement->changes.protected)
		say_refusal(judgement, offer, other);
	else if (judgement->changes.count)
		say_taken(judgement, offer);
	provision_release(&old);
}

int settings_take(struct settings_judgement *judgement, const char *trial)
{
	const bool root = judgement->changes.changed[PROVISION_TRUST_ROOT];
	int error = settings_hash_secret(&judgement->complete);
	char name[SETTINGS_ROOT_NAME];

	/* First, so that a power cut in between leaves no bundle of another root. */
	if (!error && root)
		error = settings_name_root(&judgement->complete, name);
	if (!error && root && box_write(SETTINGS_ROOT, name, strlen(name), 0600) != EXIT_YES)
		error = -EIO;
	if (!error)
		error = settings_store(&judgement->complete, &judgement->ledger, trial);
	if (error) {
		fprintf(stderr, "cordon: the settings cannot be written: %s\n", strerror(-error));
		return EXIT_NO;
	}
	settings_mark(true);
	if (root)
		settings_drop_bundle(&judgement->complete);
	if (!trial)
		settings_floor_keep();
	settings_note("taken", judgement->digest, judgement->why ? judgement->why : "as before");
	return EXIT_YES;
}

void settings_judgement_release(struct settings_judgement *judgement)
{
	provision_release(&judgement->complete);
	free(judgement->why);
	judgement->why = NULL;
}
