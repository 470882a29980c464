/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/trusted.h"

#include <fcntl.h>
#include <stdlib.h>

#include "appliance/base/file.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_sealed.h"
#include "rules/signed/archive.h"

void trusted_load(struct trusted *trusted, const struct provision *set)
{
	struct set_sealed_trust *trust = &trusted->trust;
	char path[BOX_PATH];

	*trusted = (struct trusted){ .trust = { .root = set->file[PROVISION_ROOT] } };
	if (!trust->root.data)
		trust->root.data = trusted->built_in =
			box_read(PATH_IMAGE_ROOT, PROVISION_FILE_MAX, &trust->root.size);
	if (file_read(AT_FDCWD, box_path(path, PATH_BUNDLE), ARCHIVE_MAX, &trusted->bundle,
		      &trust->bundle_size) == 0)
		trust->bundle = trusted->bundle;
}

void trusted_release(struct trusted *trusted)
{
	free(trusted->bundle);
	free(trusted->built_in);
}
