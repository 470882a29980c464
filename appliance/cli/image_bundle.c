/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/image.h"

#include <errno.h>

static const struct archive_file *find(const struct image_bundle *bundle, const char *name,
				       const char *source, struct diag *diag)
{
	const struct archive_file *file = archive_lookup(&bundle->archive, name);

	if (!file)
		diag_error(diag, source, 0, 0, "no %s in it, expected a bundle as \"make image\" writes it",
			   name);
	return file;
}

int image_bundle_open(struct image_bundle *bundle, const void *data, size_t size, const char *source,
		      struct diag *diag)
{
	const struct archive_file *manifest;
	int error;

	if (archive_parse(&bundle->archive, data, size) < 0) {
		diag_error(diag, source, 0, 0, "not a bundle, or cut short");
		return -EINVAL;
	}
	manifest = find(bundle, MANIFEST_FILE, source, diag);
	bundle->kernel = find(bundle, MANIFEST_KERNEL, source, diag);
	bundle->root = find(bundle, MANIFEST_ROOT, source, diag);
	if (!manifest || !bundle->kernel || !bundle->root)
		return -EINVAL;
	error = manifest_parse(&bundle->manifest, manifest->data, manifest->size, source, diag);
	return error ? error : manifest_check(&bundle->manifest, bundle->kernel->data, bundle->kernel->size,
					      bundle->root->data, bundle->root->size, source, diag);
}
