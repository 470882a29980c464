/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "appliance/base/sealed.h"
#include "appliance/box/image/slots.h"

enum { ROOT_BLOCK = 4096 };
#define BUILD_MAX INT64_C(253402300799)	/* the year 9999 */

/* One object that is read member by member; after the first mistake the rest is passed over. */
struct reader {
	const json_t *object;
	const char *source;
	struct diag *diag;
	int error;
};

static int refuse(struct reader *reader, const char *member, const char *expected)
{
	if (!reader->error)
		diag_error(reader->diag, reader->source, 0, 0, "\"%s\": expected %s", member,
			   expected);
	return reader->error = -EINVAL;
}

static const char *read_text(struct reader *reader, const char *member, const char *expected)
{
	const json_t *value = json_object_get(reader->object, member);
	const char *text = json_string_value(value);

	if (text && strlen(text) == json_string_length(value))
		return text;
	refuse(reader, member, expected);
	return "";
}

static bool is_word(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	const size_t length = strlen(text);

	return length > 0 && length < MANIFEST_WORD && strspn(text, allowed) == length;
}

static void read_word(struct reader *reader, const char *member, char out[MANIFEST_WORD])
{
	static const char expected[] = "a word of letters, digits and \". _ + -\", at most 32";
	const char *text = read_text(reader, member, expected);

	if (is_word(text))
		memcpy(out, text, strlen(text) + 1);
	else
		refuse(reader, member, expected);
}

static void read_hash(struct reader *reader, const char *member, uint8_t out[MANIFEST_HASH])
{
	static const char expected[] = "64 hexadecimal digits in lower case";

	if (!hex_parse(out, MANIFEST_HASH, read_text(reader, member, expected)))
		refuse(reader, member, expected);
}

static int64_t read_number(struct reader *reader, const char *member, int64_t most)
{
	const json_t *value = json_object_get(reader->object, member);
	const int64_t number = json_integer_value(value);
	char expected[64];

	if (json_is_integer(value) && number > 0 && number <= most)
		return number;
	snprintf(expected, sizeof(expected), "a whole number from 1 to %" PRId64, most);
	refuse(reader, member, expected);
	return 0;
}

/* What the kernel looks for in the end is made of the root's hash; a name that says another one
 * would hide which image this is. */
static bool is_named_by_root(const struct manifest *manifest)
{
	char ending[8 + sizeof("-.efi")], hash[2 * MANIFEST_HASH + 1];
	const size_t length = strlen(manifest->name);

	hex_print(manifest->root_hash, MANIFEST_HASH, hash);
	snprintf(ending, sizeof(ending), "-%.8s.efi", hash);
	return length >= sizeof(ending) &&
	       strcmp(manifest->name + length - (sizeof(ending) - 1), ending) == 0;
}

static void read_name(struct reader *reader, struct manifest *manifest)
{
	static const char expected[] = "cordon-....efi, at most 63 letters, digits and \". _ + -\"";
	const char *name = read_text(reader, "kernel-name", expected);

	if (!slots_check_name(name)) {
		refuse(reader, "kernel-name", expected);
		return;
	}
	memcpy(manifest->name, name, strlen(name) + 1);
	if (!is_named_by_root(manifest))
		refuse(reader, "kernel-name", "the first 8 digits of \"root-hash\" before .efi");
}

static void read_image(struct reader *reader, struct manifest *manifest)
{
	read_word(reader, "arch", manifest->arch);
	read_word(reader, "version", manifest->version);
	manifest->build = read_number(reader, "build", BUILD_MAX);
}

static void read_files(struct reader *reader, struct manifest *manifest)
{
	read_hash(reader, "root-hash", manifest->root_hash);
	manifest->root_size = (uint64_t)read_number(reader, "root-size", MANIFEST_ROOT_MAX);
	read_hash(reader, "root-sha256", manifest->root_sha256);
	manifest->kernel_size = (uint64_t)read_number(reader, "kernel-size", MANIFEST_KERNEL_MAX);
	read_hash(reader, "kernel-sha256", manifest->kernel_sha256);
	if (manifest->root_size % ROOT_BLOCK)
		refuse(reader, "root-size", "whole blocks of 4096 bytes");
	read_name(reader, manifest);
}

static int parse(struct manifest *manifest, const void *bytes, size_t size, bool files,
		 const char *source, struct diag *diag)
{
	struct reader reader = { .source = source, .diag = diag };
	json_error_t json_error;
	json_t *object;

	memset(manifest, 0, sizeof(*manifest));
	if (size > MANIFEST_MAX) {
		diag_error(diag, source, 0, 0, "%zu bytes, expected at most %d", size,
			   MANIFEST_MAX);
		return -EINVAL;
	}
	object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &json_error);
	if (!json_is_object(object)) {
		diag_error(diag, source, 0, 0, "expected one JSON object: %s",
			   object ? "it is something else" : json_error.text);
		json_decref(object);
		return -EINVAL;
	}
	reader.object = object;
	read_image(&reader, manifest);
	if (files)
		read_files(&reader, manifest);
	json_decref(object);
	return reader.error;
}

int manifest_parse(struct manifest *manifest, const void *bytes, size_t size, const char *source,
		   struct diag *diag)
{
	return parse(manifest, bytes, size, true, source, diag);
}

int manifest_parse_image(struct manifest *image, const void *bytes, size_t size, const char *source,
			 struct diag *diag)
{
	return parse(image, bytes, size, false, source, diag);
}

/* ---- the files ---- */

static int check_file(const char *name, const void *data, size_t size, uint64_t expected_size,
		      const uint8_t expected[MANIFEST_HASH], const char *source, struct diag *diag)
{
	uint8_t digest[DIGEST_SIZE];
	char is[2 * DIGEST_SIZE + 1], should[2 * DIGEST_SIZE + 1];
	int error;

	if (size != expected_size) {
		diag_error(diag, source, 0, 0, "%s has %zu bytes, its manifest says %" PRIu64, name,
			   size, expected_size);
		return -EINVAL;
	}
	error = digest_sha256(data, size, digest);
	if (error || memcmp(digest, expected, sizeof(digest)) == 0)
		return error;
	hex_print(digest, sizeof(digest), is);
	hex_print(expected, sizeof(digest), should);
	diag_error(diag, source, 0, 0, "%s has the SHA-256 %s, its manifest says %s", name, is,
		   should);
	return -EINVAL;
}

int manifest_check(const struct manifest *manifest, const void *kernel, size_t kernel_size,
		   const void *root, size_t root_size, const char *source, struct diag *diag)
{
	int error = check_file(MANIFEST_KERNEL, kernel, kernel_size, manifest->kernel_size,
			       manifest->kernel_sha256, source, diag);

	return error ? error : check_file(MANIFEST_ROOT, root, root_size, manifest->root_size,
					  manifest->root_sha256, source, diag);
}

/* ---- from the child that parsed it ---- */

void manifest_encode(const struct manifest *manifest, struct text *out)
{
	sealed_put_bytes(out, manifest->arch, strlen(manifest->arch));
	sealed_put_bytes(out, manifest->version, strlen(manifest->version));
	sealed_put64(out, (uint64_t)manifest->build);
	text_put(out, manifest->root_hash, MANIFEST_HASH);
	sealed_put64(out, manifest->root_size);
	sealed_put64(out, manifest->kernel_size);
	text_put(out, manifest->root_sha256, MANIFEST_HASH);
	text_put(out, manifest->kernel_sha256, MANIFEST_HASH);
	sealed_put_bytes(out, manifest->name, strlen(manifest->name));
}

static bool fits(const struct manifest *manifest)
{
	return is_word(manifest->arch) && is_word(manifest->version) && manifest->build > 0 &&
	       manifest->build <= BUILD_MAX && manifest->root_size > 0 &&
	       manifest->root_size <= MANIFEST_ROOT_MAX && manifest->root_size % ROOT_BLOCK == 0 &&
	       manifest->kernel_size > 0 && manifest->kernel_size <= MANIFEST_KERNEL_MAX &&
	       slots_check_name(manifest->name) && is_named_by_root(manifest);
}

int manifest_decode(struct manifest *manifest, struct cursor *cursor)
{
	memset(manifest, 0, sizeof(*manifest));
	sealed_take_text(cursor, manifest->arch, sizeof(manifest->arch));
	sealed_take_text(cursor, manifest->version, sizeof(manifest->version));
	manifest->build = (int64_t)cursor_get64(cursor);
	cursor_get(cursor, manifest->root_hash, MANIFEST_HASH);
	manifest->root_size = cursor_get64(cursor);
	manifest->kernel_size = cursor_get64(cursor);
	cursor_get(cursor, manifest->root_sha256, MANIFEST_HASH);
	cursor_get(cursor, manifest->kernel_sha256, MANIFEST_HASH);
	sealed_take_text(cursor, manifest->name, sizeof(manifest->name));
	return cursor->failed || !fits(manifest) ? -EBADMSG : 0;
}
