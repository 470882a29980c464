/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/box/settings/linediff.h"
#include "appliance/box/settings/provision.h"
#include "rules/publisher/change.h"
#include "rules/repo/repo.h"
#include "rules/repo/settings_base.h"

/* What is about to be signed, in the words of what appliances will make of it. */

static int list_old(const struct repo_settings_base *base, enum provision_file file,
		    struct text *out)
{
	const struct provision_part *old = &base->set.file[file];
	struct diag ignored;

	diag_init(&ignored);
	/* Of a file that does not read any more its lines are shown as they are. */
	return old->data ? provision_list(file, old, out, &ignored) : 0;
}

static void put_lines(const char *name, const char *old, const char *new, struct text *out)
{
	if (!linediff(name, old, new, out))
		text_puts(out, "  what it says is the same\n");
}

static int show_text(const struct repo_settings_base *base, enum provision_file file,
		     const struct provision_part *part, struct text *out, struct diag *diag)
{
	const struct provision_part *old = &base->set.file[file];
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;
	int error = provision_list(file, part, &after, diag);
	const bool lists = !error && list_old(base, file, &before) == 0;
	const char *first = before.data ? before.data : "", *second = after.data ? after.data : "";

	if (!error && old->data && (!lists || strcmp(first, second) == 0)) {
		text_puts(out, lists ? "  comments or layout alone\n" : "");
		put_lines(provision_name(file), old->data, part->data, out);
	} else if (!error) {
		put_lines(provision_name(file), old->data ? first : NULL, second, out);
	}
	text_release(&before);
	text_release(&after);
	return error;
}

/* Against what appliances trust now, whatever was signed last. */
static int show_root(const struct provision_part *part, const struct metadata *trusted,
		     struct text *out, struct diag *diag)
{
	char repository[METADATA_KEYID], of[METADATA_KEYID], expiry[64];
	const struct metadata *root;
	struct trust *trust;
	bool other;
	int error = approval_repository(trusted, repository);

	if (!error)
		error = approval_replace(trusted, repository, part->data, part->size, &other, diag);
	if (!error)
		error = approval_root(&trust, of, part->data, part->size, NULL, diag);
	if (error)
		return error;
	root = trust_get(trust, METADATA_ROOT);
	repo_print_expiry(root->expires, clock_wall(), expiry, sizeof(expiry));
	text_printf(out,
		    "  trust root version %" PRId64 ", valid until %s, appliances trust version "
		    "%" PRId64 "\n",
		    root->version, expiry, trusted->version);
	if (other)
		text_printf(out, "  OF ANOTHER REPOSITORY: %s\n  appliances take it with the "
			    "administrator's secret alone, signatures do not suffice\n",
			    of[0] ? of : "it does not say which");
	change_print(trusted, root, out);
	trust_free(trust);
	return 0;
}

static int show_secret(const struct repo_settings_base *base, const struct provision_part *part,
		       struct text *out, struct diag *diag)
{
	uint8_t digest[DIGEST_SIZE];
	int error = provision_check_secret(part, provision_name(PROVISION_SECRET), diag);

	if (!error)
		error = digest_sha256(part->data, part->size, digest);
	if (error)
		return error;
	if (!base->has_secret)
		text_puts(out, "admin-secret: set\n");
	else
		text_printf(out, "admin-secret: %s\n",
			    memcmp(digest, base->secret, DIGEST_SIZE) == 0 ? "unchanged"
									   : "changed");
	return 0;
}

static int show_file(const struct repo_settings_base *base, enum provision_file file,
		     const struct provision *set, const struct metadata *root, struct text *out,
		     struct diag *diag)
{
	const struct provision_part *part = &set->file[file], *old = &base->set.file[file];
	const char *name = provision_name(file);

	if (!part->data) {
		if (old->data || (file == PROVISION_SECRET && base->has_secret))
			text_printf(out,
				    "%s: not in this set, and stays as it is on the appliances\n",
				    name);
		return 0;
	}
	if (file == PROVISION_SECRET)
		return show_secret(base, part, out, diag);
	text_printf(out, "%s: %s\n", name,
		    !old->data				    ? "new"
		    : provision_differs(&base->set, set, file) ? "changed"
							    : "unchanged");
	if (file == PROVISION_ROOT)
		return show_root(part, root, out, diag);
	if (old->data && !provision_differs(&base->set, set, file)) {
		struct text ignored = TEXT_EMPTY;
		int error = provision_list(file, part, &ignored, diag);

		text_release(&ignored);
		return error;
	}
	return show_text(base, file, part, out, diag);
}

int repo_settings_show(const struct repo_settings_base *base, const struct provision *set,
		       const struct metadata *root, struct text *out, struct diag *diag)
{
	int error = 0;

	if (base->known)
		text_printf(out, "against %s\n\n", base->where);
	else
		text_puts(out,
			  "nothing was signed for them before with this key: all of it is new\n\n");
	for (int file = 0; file < PROVISION_FILES; file++) {
		const int wrong = show_file(base, (enum provision_file)file, set, root, out, diag);

		error = error ? error : wrong;
	}
	return !error && text_failed(out) ? -ENOMEM : error;
}
