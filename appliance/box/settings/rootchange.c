/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/rootchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_log.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/box/settings/trusted.h"
#include "rules/signed/approval.h"
#include "rules/signed/archive.h"
#include "rules/signed/metadata.h"
#include "rules/signed/trust.h"

int rootchange_name(const struct provision *set, char name[ROOTCHANGE_NAME])
{
	const struct provision_part *root = &set->file[PROVISION_ROOT];
	uint8_t digest[DIGEST_SIZE];

	snprintf(name, ROOTCHANGE_NAME, "-\n");
	if (!root->data)
		return 0;
	if (digest_sha256(root->data, root->size, digest) < 0)
		return -EIO;
	hex_print(digest, sizeof(digest), name);
	strcat(name, "\n");
	return 0;
}

/* The power went before the set was there that the mark was made for. A mark that says nothing is
 * believed. */
static bool change_never_came(const struct provision *set)
{
	char name[ROOTCHANGE_NAME], *mark;
	size_t size;
	bool other;

	mark = box_read(ROOTCHANGE_PATH, ROOTCHANGE_NAME, &size);
	other = mark && size && rootchange_name(set, name) == 0 && strcmp(mark, name) != 0;
	free(mark);
	return other;
}

/* The same bytes, or a root of the same repository: what was signed there goes on from the versions
 * that were reached. */
static bool vouched_for(const struct archive *bundle, const struct set_sealed_trust *trust)
{
	const struct archive_file *root = archive_lookup(bundle, "root.json");
	char one[METADATA_KEYID] = "", other[METADATA_KEYID] = "";
	struct trust *first = NULL, *second = NULL;
	bool known = false;

	for (size_t i = 0; i < bundle->count && trust->root.data; i++)
		known |= bundle->file[i].size == trust->root.size &&
			 memcmp(bundle->file[i].data, trust->root.data, trust->root.size) == 0;
	if (!known && root && trust->root.data &&
	    approval_root(&first, one, trust->root.data, trust->root.size, NULL, NULL) == 0 &&
	    approval_root(&second, other, root->data, root->size, NULL, NULL) == 0)
		known = one[0] && strcmp(one, other) == 0;
	trust_free(first);
	trust_free(second);
	return known;
}

/* What a bundle was signed by counts no longer when the root is another repository's: the built-in
 * lists block until a release of the new one has come. */
void rootchange_drop_bundle(const struct provision *new)
{
	static struct archive archive;
	struct trusted trusted;
	char path[BOX_PATH], mark[BOX_PATH];
	bool stays = change_never_came(new), gone = false, none;

	trusted_load(&trusted, new);
	none = access(box_path(path, PATH_BUNDLE), F_OK) < 0 && errno == ENOENT;
	if (!stays && trusted.bundle &&
	    archive_parse(&archive, trusted.bundle, trusted.trust.bundle_size) == 0)
		stays = vouched_for(&archive, &trusted.trust);
	trusted_release(&trusted);
	if (!stays && !none)
		gone = unlink(path) == 0;
	if (stays || gone || none)
		unlink(box_path(mark, ROOTCHANGE_PATH));
	if (gone)
		set_log_note("dropped", NULL,
			      "the release of lists that another trust root had signed; the "
			      "built-in lists are in force");
}
