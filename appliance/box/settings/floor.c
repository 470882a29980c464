/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"
#include "appliance/command/command.h"
#include "rules/signed/approval.h"
#include "rules/signed/archive.h"
#include "rules/signed/metadata.h"
#include "rules/signed/trust.h"

#define UPDATES PATH_STATE "/updates"
enum { FLOORS = 2, FLOOR_MAX = 512, UPDATES_MAX = 4096 };

static const char *const floor_path[FLOORS] = { PATH_BOOT_IMAGES "/floor.0",
						PATH_BOOT_IMAGES "/floor.1" };

static void print_floor(const struct floor *floor, struct text *out)
{
	char hex[2 * DIGEST_SIZE + 1];
	uint8_t sum[DIGEST_SIZE];

	hex_print(floor->digest, DIGEST_SIZE, hex);
	text_printf(out, "sequence %" PRId64 "\nversion %" PRId64 " %s\nroot %" PRId64 " %s\n",
		    floor->sequence, floor->version, hex, floor->root, floor->repository);
	if (text_failed(out) || digest_sha256(out->data, out->length, sum) < 0)
		return;
	hex_print(sum, DIGEST_SIZE, hex);
	text_printf(out, "sum %s\n", hex);
}

/* What does not print as it reads was cut short, or was not written by this program. */
static bool parse_floor(struct floor *floor, const char *text)
{
	struct text again = TEXT_EMPTY;
	char hex[2 * DIGEST_SIZE + 1] = "";
	bool good;

	*floor = (struct floor){ .sequence = 0 };
	if (sscanf(text, "sequence %" SCNd64 "\nversion %" SCNd64 " %64[0-9a-f]\nroot %" SCNd64
		   " %64[0-9a-f]", &floor->sequence, &floor->version, hex, &floor->root,
		   floor->repository) < 4 || !hex_parse(floor->digest, DIGEST_SIZE, hex))
		return false;
	print_floor(floor, &again);
	good = !text_failed(&again) && again.data && strcmp(again.data, text) == 0 &&
	       floor->version >= 0 && floor->sequence >= 0;
	text_release(&again);
	return good;
}

static bool load_slot(struct floor *floor, int slot)
{
	size_t size;
	char *text = box_read(floor_path[slot], FLOOR_MAX, &size);
	const bool good = text && parse_floor(floor, text);

	free(text);
	if (!good)
		*floor = (struct floor){ .sequence = 0 };
	return good;
}

/* The newest, and whether both have it. */
static bool find_floor(struct floor *floor)
{
	struct floor second;
	const bool first = load_slot(floor, 0), next = load_slot(&second, 1);
	const bool both = first && next;
	const bool same = floor->sequence == second.sequence;

	if (second.sequence > floor->sequence)
		*floor = second;
	return both && same;
}

void floor_load(struct floor *floor)
{
	(void)find_floor(floor);
}

/* The root in force now is what nothing may go back behind later. */
static void raise_root(struct floor *floor)
{
	static struct archive archive;
	char path[BOX_PATH], repository[METADATA_KEYID], *bundle = NULL;
	size_t size = 0, bundle_size = 0;
	char *root = box_read(PATH_SETTINGS "/root.json", PROVISION_FILE_MAX, &size);
	struct trust *trust = NULL;
	bool has_bundle;

	if (!root)
		root = box_read(PATH_IMAGE_ROOT, PROVISION_FILE_MAX, &size);
	has_bundle = root &&
		     file_read(AT_FDCWD, box_path(path, PATH_BUNDLE), ARCHIVE_MAX, &bundle,
			       &bundle_size) == 0 &&
		     archive_parse(&archive, bundle, bundle_size) == 0;
	if (root &&
	    approval_root(&trust, repository, root, size, has_bundle ? &archive : NULL, NULL) ==
		    0 &&
	    repository[0]) {
		const int64_t version = trust_get(trust, METADATA_ROOT)->version;
		const bool same = strcmp(floor->repository, repository) == 0;

		floor->root = same && floor->root > version ? floor->root : version;
		memcpy(floor->repository, repository, sizeof(repository));
	}
	trust_free(trust);
	free(bundle);
	free(root);
}

/* The older one first: whatever a power cut leaves of that, the other one holds. */
static void write_floor(const struct floor *floor)
{
	struct floor first;
	struct text out = TEXT_EMPTY;
	const int slot = load_slot(&first, 0) && first.sequence == floor->sequence - 1;
	int error;

	print_floor(floor, &out);
	error = text_failed(&out) ? -ENOMEM : box_boot_begin();
	if (!error) {
		if (box_write(floor_path[slot], out.data, out.length, 0600) != EXIT_YES ||
		    box_write(floor_path[!slot], out.data, out.length, 0600) != EXIT_YES)
			error = -EIO;
		box_boot_end();
	}
	text_release(&out);
	if (error)
		box_log("settings: the EFI partition cannot be written: what version was "
			      "taken last is "
			      "known by the data partition alone, until the next start");
}

void floor_keep(void)
{
	struct floor floor, new;
	struct ledger ledger;
	bool both;

	if (!box_has(PATH_BOOT_IMAGES) || !box_keeps())
		return;
	both = find_floor(&floor);
	new = floor;
	ledger_load(&ledger);
	if (ledger.version > floor.version) {
		new.version = ledger.version;
		memcpy(new.digest, ledger.approved, DIGEST_SIZE);
	}
	raise_root(&new);
	if (both && memcmp(&new, &floor, sizeof(new)) == 0)
		return;
	new.sequence++;
	write_floor(&new);
}

/* ---- time ---- */

int64_t floor_now(void)
{
	size_t size;
	char *text = box_read(UPDATES, UPDATES_MAX, &size);
	const int64_t now = box_now(text, size);

	free(text);
	return now;
}
