/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/release.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/hex.h"
#include "rules/signed/field.h"
#include "rules/signed/strict.h"

enum {
	SHARE_MAX = 1 << 16,
	DELAY_MAX = 10 * 366 * 86400	/* seconds */
};

/* The name of a list becomes part of a path. */
static bool is_word(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	return *text != '\0' && strlen(text) < RELEASE_WORD && text[strspn(text, letters)] == '\0';
}

/* ---- parsing ---- */

static bool has_list(const struct release *release, const char *name)
{
	for (size_t i = 0; i < release->lists; i++) {
		if (strcmp(release->list[i].name, name) == 0)
			return true;
	}
	return false;
}

static void parse_list(struct release *release, const json_t *value, struct field *field)
{
	struct release_list *list = &release->list[release->lists];
	const char *name, *digest;

	name = field_text(field, value, "name", RELEASE_WORD - 1, FIELD_REQUIRED);
	field_expect(field, is_word(name), "name", "lower case letters, digits, '-' and '_'");
	digest = field_text(field, value, "sha256", 2 * sizeof(list->sha256), FIELD_REQUIRED);
	field_expect(field, hex_parse(list->sha256, sizeof(list->sha256), digest), "sha256",
		     "64 hexadecimal digits in lower case");
	field_expect(field, !has_list(release, name), "lists", "each name once");
	snprintf(list->name, sizeof(list->name), "%s", name);
	release->lists++;
}

static void parse_lists(struct release *release, const json_t *document, struct field *field)
{
	const json_t *lists = field_array(field, document, "lists", RELEASE_LISTS, FIELD_REQUIRED);

	field_expect(field, json_array_size(lists) > 0, "lists", "at least one");
	for (size_t i = 0; !field->error && i < json_array_size(lists); i++)
		parse_list(release, json_array_get(lists, i), field);
}

static void parse_rings(struct release *release, const json_t *document, struct field *field)
{
	json_t *rings = field_object(field, document, "rings", FIELD_OPTIONAL), *value;
	const char *name;
	int64_t delay = 0;

	field_expect(field, json_object_size(rings) <= RELEASE_RINGS, "rings", "at most 16");
	json_object_foreach(rings, name, value) {
		struct release_ring *ring = &release->ring[release->rings];

		field_expect(field, is_word(name), "rings",
			     "names in lower case letters and digits");
		field_integer(field, rings, name, 0, DELAY_MAX, FIELD_REQUIRED, &delay);
		if (field->error)
			return;
		snprintf(ring->name, sizeof(ring->name), "%s", name);
		ring->delay = (uint64_t)delay;
		release->rings++;
	}
}

static void parse_limits(struct release *release, const json_t *document, struct field *field)
{
	const json_t *limits = field_object(field, document, "limits", FIELD_OPTIONAL);
	int64_t rules = 0, share = 0;

	field_integer(field, limits, "max-rules", 1, FIELD_INTEGER_MAX, FIELD_OPTIONAL, &rules);
	field_integer(field, limits, "max-address-share", 1, SHARE_MAX, FIELD_OPTIONAL, &share);
	release->max_rules = (uint64_t)rules;
	release->max_share = (unsigned int)share;
}

/* Canaries are parsed when the policy is asked; here each must be one printable word. */
static bool is_canary(const char *text)
{
	if (!text || *text == '\0' || strlen(text) >= RELEASE_CANARY)
		return false;
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	}
	return true;
}

static void parse_canaries(char canary[RELEASE_CANARIES][RELEASE_CANARY], size_t *count,
			   const json_t *canaries, const char *name, struct field *field)
{
	const json_t *list = field_array(field, canaries, name, RELEASE_CANARIES, FIELD_OPTIONAL);

	for (size_t i = 0; !field->error && i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		field_expect(field, is_canary(text), name, "names or addresses");
		if (!field->error)
			snprintf(canary[(*count)++], RELEASE_CANARY, "%s", text);
	}
}

static void parse(struct release *release, const json_t *document, struct field *field)
{
	const json_t *canaries;

	field_integer(field, document, "version", 1, FIELD_INTEGER_MAX, FIELD_REQUIRED,
		      &release->version);
	field_time(field, document, "published", FIELD_REQUIRED, &release->published);
	parse_lists(release, document, field);
	parse_rings(release, document, field);
	parse_limits(release, document, field);
	canaries = field_object(field, document, "canaries", FIELD_OPTIONAL);
	parse_canaries(release->block, &release->blocks, canaries, "block", field);
	parse_canaries(release->pass, &release->passes, canaries, "pass", field);
}

int release_parse(struct release *release, const void *bytes, size_t size, struct diag *diag)
{
	struct field field = { .source = RELEASE_TARGET, .diag = diag };
	json_t *document;

	if (size > RELEASE_TARGET_MAX) {
		diag_error(diag, RELEASE_TARGET, 0, 0, "has %zu bytes: expected at most %d", size,
			   RELEASE_TARGET_MAX);
		return -EINVAL;
	}
	memset(release, 0, sizeof(*release));
	field.error = strict_parse(&document, bytes, size, RELEASE_TARGET, diag);
	if (field.error)
		return field.error;
	parse(release, document, &field);
	json_decref(document);
	return field.error;
}

/* ---- printing ---- */

static void print_lists(const struct release *release, struct text *out)
{
	char digest[2 * sizeof(release->list[0].sha256) + 1];

	text_puts(out, "  \"lists\": [");
	for (size_t i = 0; i < release->lists; i++) {
		hex_print(release->list[i].sha256, sizeof(release->list[i].sha256), digest);
		text_printf(out, "%s\n    { \"name\": \"%s\", \"sha256\": \"%s\" }", i ? "," : "",
			    release->list[i].name, digest);
	}
	text_puts(out, "\n  ]");
}

static void print_rings(const struct release *release, struct text *out)
{
	if (release->rings == 0)
		return;
	text_puts(out, ",\n  \"rings\": {");
	for (size_t i = 0; i < release->rings; i++)
		text_printf(out, "%s \"%s\": %" PRIu64, i ? "," : "", release->ring[i].name,
			    release->ring[i].delay);
	text_puts(out, " }");
}

static void print_limits(const struct release *release, struct text *out)
{
	const char *separator = "";

	if (release->max_rules == 0 && release->max_share == 0)
		return;
	text_puts(out, ",\n  \"limits\": {");
	if (release->max_rules) {
		text_printf(out, " \"max-rules\": %" PRIu64, release->max_rules);
		separator = ",";
	}
	if (release->max_share)
		text_printf(out, "%s \"max-address-share\": %u", separator, release->max_share);
	text_puts(out, " }");
}

static void print_canaries(const char canary[RELEASE_CANARIES][RELEASE_CANARY], size_t count,
			   const char *name, struct text *out)
{
	text_printf(out, "\n    \"%s\": [", name);
	for (size_t i = 0; i < count; i++)
		text_printf(out, "%s \"%s\"", i ? "," : "", canary[i]);
	text_puts(out, " ]");
}

int release_print(const struct release *release, struct text *out)
{
	char published[32];

	metadata_time_print(release->published, published);
	text_printf(out, "{\n  \"version\": %" PRId64 ",\n  \"published\": \"%s\",\n",
		    release->version, published);
	print_lists(release, out);
	print_rings(release, out);
	print_limits(release, out);
	if (release->blocks || release->passes) {
		text_puts(out, ",\n  \"canaries\": {");
		print_canaries(release->block, release->blocks, "block", out);
		text_puts(out, ",");
		print_canaries(release->pass, release->passes, "pass", out);
		text_puts(out, "\n  }");
	}
	text_puts(out, "\n}\n");
	return text_failed(out) ? -ENOMEM : 0;
}

uint64_t release_delay(const struct release *release, const char *ring)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < release->rings; i++) {
		if (strcmp(release->ring[i].name, ring) == 0)
			return release->ring[i].delay;
		if (release->ring[i].delay > longest)
			longest = release->ring[i].delay;
	}
	return longest;
}
