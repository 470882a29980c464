/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/bundle.h"

#include <errno.h>

#include "appliance/base/sealed.h"
#include "appliance/box/image/manifest.h"
#include "rules/signed/archive.h"

enum { ANSWER_MOST = MANIFEST_ENCODED + 16, CHECK_SECONDS = 600 };

/* ---- in the child ---- */

struct bundle_bytes {
	const void *data;
	size_t size;
	const char *source;
};

static const struct archive_file *find(const struct archive *archive, const char *name,
				       const char *source, struct diag *diag)
{
	const struct archive_file *file = archive_lookup(archive, name);

	if (!file)
		diag_error(diag, source, 0, 0,
			   "no %s in it, expected a bundle as \"make image\" writes it", name);
	return file;
}

static void put_place(const struct bundle_bytes *bytes, const struct archive_file *file,
		      struct text *answer)
{
	sealed_put64(answer, (uint64_t)((const char *)file->data - (const char *)bytes->data));
}

static int open_work(void *context, struct text *answer, struct diag *diag)
{
	static struct archive archive;
	static struct manifest manifest;
	const struct bundle_bytes *bytes = context;
	const char *source = bytes->source;
	const struct archive_file *text, *kernel, *root;
	int error;

	if (archive_parse(&archive, bytes->data, bytes->size) < 0) {
		diag_error(diag, source, 0, 0, "not a bundle, or cut short");
		return -EINVAL;
	}
	text = find(&archive, MANIFEST_FILE, source, diag);
	kernel = find(&archive, MANIFEST_KERNEL, source, diag);
	root = find(&archive, MANIFEST_ROOT, source, diag);
	if (!text || !kernel || !root)
		return -EINVAL;
	error = manifest_parse(&manifest, text->data, text->size, source, diag);
	if (!error)
		error = manifest_check(&manifest, kernel->data, kernel->size, root->data,
				       root->size, source, diag);
	manifest_encode(&manifest, answer);
	put_place(bytes, kernel, answer);
	put_place(bytes, root, answer);
	return error;
}

/* ---- what it said ---- */

static const void *take_place(struct cursor *cursor, const struct bundle_bytes *bytes,
			      uint64_t size)
{
	const uint64_t offset = cursor_get64(cursor);

	if (size <= bytes->size && offset <= bytes->size - size)
		return (const char *)bytes->data + offset;
	cursor->failed = true;
	return NULL;
}

static bool hear(struct image_bundle *bundle, const struct bundle_bytes *bytes,
		 const struct text *answer)
{
	struct cursor cursor = cursor_reader(answer->data, answer->length);

	if (manifest_decode(&bundle->manifest, &cursor) < 0)
		return false;
	bundle->kernel = take_place(&cursor, bytes, bundle->manifest.kernel_size);
	bundle->root = take_place(&cursor, bytes, bundle->manifest.root_size);
	return !cursor.failed && cursor_left(&cursor) == 0;
}

int image_bundle_open(struct image_bundle *bundle, const void *data, size_t size,
		      const char *source, struct diag *diag)
{
	struct bundle_bytes bytes = { data, size, source };
	const struct sealed sealed = { .what = source, .work = open_work, .context = &bytes,
				       .answer = ANSWER_MOST, .seconds = CHECK_SECONDS,
				       .memory = SEALED_MEMORY + size };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);

	if (!error && !hear(bundle, &bytes, &answer))
		error = sealed_refuse(source, diag);
	text_release(&answer);
	return error;
}
