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

/* A word: the name of a list becomes a part of a path. */
static bool is_word(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	return *text != '\0' && strlen(text) < RELEASE_WORD && text[strspn(text, letters)] == '\0';
}

/* ---- parsing ---- */

static int parse_list(struct release *release, const json_t *value, const struct field *field)
{
	struct release_list *list = &release->list[release->lists];
	const char *name, *digest;
	int error = field_text(field, value, "name", RELEASE_WORD - 1, FIELD_REQUIRED, &name);

	if (!error && !is_word(name))
		error = field_wrong(field, "name", "lower case letters, digits, '-' and '_'");
	if (!error)
		error = field_text(field, value, "sha256", 2 * sizeof(list->sha256),
				   FIELD_REQUIRED, &digest);
	if (!error && !hex_parse(list->sha256, sizeof(list->sha256), digest))
		error = field_wrong(field, "sha256", "64 hexadecimal digits in lower case");
	if (error)
		return error;
	for (size_t i = 0; i < release->lists; i++) {
		if (strcmp(release->list[i].name, name) == 0)
			return field_wrong(field, "lists", "each name once");
	}
	snprintf(list->name, sizeof(list->name), "%s", name);
	release->lists++;
	return 0;
}

static int parse_lists(struct release *release, const json_t *document, const struct field *field)
{
	json_t *lists;
	int error = field_array(field, document, "lists", RELEASE_LISTS, FIELD_REQUIRED, &lists);

	if (!error && json_array_size(lists) == 0)
		error = field_wrong(field, "lists", "at least one");
	for (size_t i = 0; !error && i < json_array_size(lists); i++)
		error = parse_list(release, json_array_get(lists, i), field);
	return error;
}

static int parse_rings(struct release *release, const json_t *document, const struct field *field)
{
	json_t *rings = NULL, *value;
	const char *name;
	int64_t delay;
	int error = field_object(field, document, "rings", FIELD_OPTIONAL, &rings);

	if (error || !rings)
		return error;
	if (json_object_size(rings) > RELEASE_RINGS)
		return field_wrong(field, "rings", "at most 16");
	json_object_foreach(rings, name, value) {
		struct release_ring *ring = &release->ring[release->rings];

		if (!is_word(name))
			return field_wrong(field, "rings", "names in lower case letters and digits");
		error = field_integer(field, rings, name, 0, DELAY_MAX, FIELD_REQUIRED, &delay);
		if (error)
			return error;
		snprintf(ring->name, sizeof(ring->name), "%s", name);
		ring->delay = (uint64_t)delay;
		release->rings++;
	}
	return 0;
}

static int parse_limits(struct release *release, const json_t *document, const struct field *field)
{
	json_t *limits = NULL;
	int64_t rules = 0, share = 0;
	int error = field_object(field, document, "limits", FIELD_OPTIONAL, &limits);

	if (!error && limits)
		error = field_integer(field, limits, "max-rules", 1, FIELD_INTEGER_MAX,
				      FIELD_OPTIONAL, &rules);
	if (!error && limits)
		error = field_integer(field, limits, "max-address-share", 1, SHARE_MAX,
				      FIELD_OPTIONAL, &share);
	release->max_rules = (uint64_t)rules;
	release->max_share = (unsigned int)share;
	return error;
}

/* What a canary names is read by whoever asks the policy; here it is one printable word. */
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

static int parse_canaries(char canary[RELEASE_CANARIES][RELEASE_CANARY], size_t *count,
			  const json_t *canaries, const char *name, const struct field *field)
{
	json_t *list = NULL;
	int error = field_array(field, canaries, name, RELEASE_CANARIES, FIELD_OPTIONAL, &list);

	for (size_t i = 0; !error && i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!is_canary(text))
			return field_wrong(field, name, "names or addresses");
		snprintf(canary[(*count)++], RELEASE_CANARY, "%s", text);
	}
	return error;
}

static int parse(struct release *release, const json_t *document, const struct field *field)
{
	json_t *canaries = NULL;
	int error = field_integer(field, document, "version", 1, FIELD_INTEGER_MAX,
				  FIELD_REQUIRED, &release->version);

	if (!error)
		error = field_time(field, document, "published", FIELD_REQUIRED,
				   &release->published);
	if (!error)
		error = parse_lists(release, document, field);
	if (!error)
		error = parse_rings(release, document, field);
	if (!error)
		error = parse_limits(release, document, field);
	if (!error)
		error = field_object(field, document, "canaries", FIELD_OPTIONAL, &canaries);
	if (!error)
		error = parse_canaries(release->block, &release->blocks, canaries, "block", field);
	if (!error)
		error = parse_canaries(release->pass, &release->passes, canaries, "pass", field);
	return error;
}

int release_parse(struct release *release, const void *bytes, size_t size, struct diag *diag)
{
	const struct field field = { RELEASE_TARGET, diag };
	json_t *document;
	int error;

	if (size > RELEASE_TARGET_MAX) {
		diag_error(diag, RELEASE_TARGET, 0, 0, "has %zu bytes: expected at most %d", size,
			   RELEASE_TARGET_MAX);
		return -EINVAL;
	}
	memset(release, 0, sizeof(*release));
	error = strict_parse(&document, bytes, size, RELEASE_TARGET, diag);
	if (error)
		return error;
	error = parse(release, document, &field);
	json_decref(document);
	return error;
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
