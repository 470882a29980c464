/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/set_take.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/witness.h"
#include "appliance/box/settings/floor.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/rootchange.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/command/command.h"
#include "appliance/journal/notice.h"
#include "appliance/settings/difference.h"

/* As many as a notice takes (HANDED_MEMBERS bytes), with values that are not all at their limit. */
enum { CHANGES = 24 };

static int add_change(void *context, const struct changed_key *difference)
{
	json_t *list = context;

	if (json_array_size(list) >= CHANGES)
		return 0;
	return json_array_append_new(list, json_pack("{s:s, s:s?, s:s?}", "key", difference->key,
						     "old", difference->old, "new",
						     difference->new)) < 0 ? -ENOMEM : 0;
}

static const char *text_of(const struct provision_part *part)
{
	return part->data ? part->data : "";
}

/* cordon.conf and network.conf key by key; of the other files only that they differ: keys and
 * secrets do not belong into the log. */
static void tell_file(const struct judgement *judgement, const struct provision *old,
		      enum provision_file file, const char *what)
{
	const struct provision_part *before = &old->file[file],
				    *after = &judgement->complete.file[file];
	char digest[2 * DIGEST_SIZE + 1];
	json_t *list = NULL;
	int error = 0;

	hex_print(judgement->digest, DIGEST_SIZE, digest);
	digest[SET_LOG_DIGITS] = '\0';
	if (file == PROVISION_CORDON || file == PROVISION_NETWORK) {
		list = json_array();
		error = difference_find(text_of(before), text_of(after), add_change, list);
	}
	if (error || !list) {
		json_decref(list);
		list = json_null();
	}
	box_notice(NOTICE_SETTINGS,
		   json_pack("{s:s, s:s, s:o, s:s}", "what", what, "file", provision_name(file),
			     "changes", list, "digest", digest));
}

static void tell(const struct judgement *judgement, const struct provision *old, const char *what)
{
	for (int file = 0; file < PROVISION_FILES; file++) {
		if (provision_differs(old, &judgement->complete, (enum provision_file)file))
			tell_file(judgement, old, (enum provision_file)file, what);
	}
}

int set_take(struct judgement *judgement, const char *trial)
{
	const bool root = judgement->changes.changed[PROVISION_TRUST_ROOT];
	int error = provision_hash_secret(&judgement->complete);
	char name[ROOTCHANGE_NAME];
	struct provision old = { 0 };
	struct diag diag;

	diag_init(&diag);
	if (set_store_load(PATH_SETTINGS, &old, &diag) < 0)
		provision_release(&old);
	/* First, so that a power cut in between leaves no bundle of another root. */
	if (!error && root)
		error = rootchange_name(&judgement->complete, name);
	if (!error && root && box_write(ROOTCHANGE_PATH, name, strlen(name), 0600) != EXIT_YES)
		error = -EIO;
	if (!error)
		error = set_store_replace(&judgement->complete, &judgement->ledger, trial);
	if (error) {
		fprintf(stderr, "cordon: the settings cannot be written: %s\n", strerror(-error));
		provision_release(&old);
		return EXIT_NO;
	}
	tell(judgement, &old, trial ? "tried" : "applied");
	provision_release(&old);
	set_mark_write(true);
	if (root)
		rootchange_drop_bundle(&judgement->complete);
	if (!trial)
		floor_keep();
	set_log_note("taken", judgement->digest, judgement->why ? judgement->why : "as before");
	return EXIT_YES;
}
