/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/ipc/update_message.h"
#include "rules/signed/archive.h"
#include "tests/fuzz/fuzz.h"

/* What is an archive has one form: printed again it is the same bytes. */
static void archive_of(const uint8_t *data, size_t size)
{
	static struct archive archive;
	struct text text = TEXT_EMPTY;

	if (archive_parse(&archive, data, size) < 0)
		return;
	require(archive.count <= ARCHIVE_FILES);
	for (size_t i = 0; i < archive.count; i++) {
		const struct archive_file *file = &archive.file[i];

		require(archive_lookup(&archive, file->name) == file && file->name[0] != '.' &&
			!strchr(file->name, '/'));
	}
	archive_print(&archive, &text);
	require(!text_failed(&text) && text.length == size && memcmp(text.data, data, size) == 0);
	text_release(&text);
}

static void require_text(const char *text)
{
	for (; *text; text++)
		require((*text >= ' ' && *text <= '~') || *text == '\n');
}

static void messages_of(const uint8_t *data, size_t size)
{
	static struct bundle_info info, info_back;
	static struct attempt attempt, attempt_back;
	uint8_t body[UPDATE_BODY_MAX];

	if (bundle_info_decode(&info, data, size) == 0) {
		require(info.signers <= UPDATE_SIGNERS);
		require(bundle_info_decode(&info_back, body,
					   (size_t)bundle_info_encode(&info, body)) == 0);
		require(info_back.release == info.release && info_back.signers == info.signers);
	}
	if (attempt_decode(&attempt, data, size) == 0) {
		require(attempt.result <= ATTEMPT_FAILED);
		require_text(attempt.source);
		require_text(attempt.text);
		require(attempt_decode(&attempt_back, body,
				       (size_t)attempt_encode(&attempt, body)) == 0);
		require(strcmp(attempt_back.text, attempt.text) == 0);
	}
}

/* What a taken-over update role may send: an archive, and messages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	archive_of(data, size);
	messages_of(data, size);
	return 0;
}
