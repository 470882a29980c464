/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "appliance/base/hex.h"
#include "appliance/settings/value.h"

/* [update]: where signed rule lists come from and whose signatures count. */

static bool absolute(struct parser *parser, const char *key, const char *value, char *out)
{
	if (value[0] == '/')
		return value_text(parser, key, value, out, SETTINGS_PATH);
	value_error(parser, "%s: expected a path that begins with /, found \"%s\"", key, value);
	return false;
}

static bool address(struct parser *parser, const char *key, const char *value, struct url *url)
{
	const char *message;

	if (url_parse(url, value, &message) == 0)
		return true;
	value_error(parser, "%s: %s, found \"%s\"", key, message, value);
	return false;
}

bool update_trust_root(struct parser *parser, const char *key, const char *value)
{
	return absolute(parser, key, value, parser->settings->trust_root);
}

bool update_mirror(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;

	if (settings->mirrors == SETTINGS_MIRRORS) {
		value_error(parser, "%s: expected at most %d such lines", key, SETTINGS_MIRRORS);
		return false;
	}
	return address(parser, key, value, &settings->mirror[settings->mirrors++]);
}

bool update_mirror_ca(struct parser *parser, const char *key, const char *value)
{
	return absolute(parser, key, value, parser->settings->mirror_ca);
}

/* sha256:HEX, as printed by `openssl pkey -pubin -outform der | sha256sum`. */
bool update_mirror_pin(struct parser *parser, const char *key, const char *value)
{
	static const char prefix[] = "sha256:";
	struct settings *settings = parser->settings;

	if (strncmp(value, prefix, sizeof(prefix) - 1) != 0 ||
	    settings->mirror_pins == SETTINGS_PINS ||
	    !hex_parse(settings->mirror_pin[settings->mirror_pins], SETTINGS_PIN,
		       value + sizeof(prefix) - 1)) {
		value_error(parser, "%s: expected sha256: and 64 hexadecimal digits in lower case "
			   "(at most %d such lines)", key, SETTINGS_PINS);
		return false;
	}
	settings->mirror_pins++;
	return true;
}

bool update_collector(struct parser *parser, const char *key, const char *value)
{
	return address(parser, key, value, &parser->settings->collector);
}

static bool seconds(struct parser *parser, const char *key, const char *value, uint64_t low,
		    uint64_t high, const char *expected, uint64_t *out)
{
	if (duration_parse(out, value, strlen(value)) == 0 && *out >= low && *out <= high)
		return true;
	value_error(parser, "%s: expected %s, found \"%s\"", key, expected, value);
	return false;
}

bool update_interval(struct parser *parser, const char *key, const char *value)
{
	return seconds(parser, key, value, 10, 86400, "a time from 10s to 1d",
		       &parser->settings->poll_interval);
}

bool update_stale_after(struct parser *parser, const char *key, const char *value)
{
	return seconds(parser, key, value, 10, 366 * 86400, "a time from 10s to 366d",
		       &parser->settings->stale_after);
}

bool update_ring(struct parser *parser, const char *key, const char *value)
{
	static const char most[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	if (value[0] && strlen(value) < SETTINGS_RING && strspn(value, most) == strlen(value)) {
		memcpy(parser->settings->ring, value, strlen(value) + 1);
		return true;
	}
	value_error(parser, "%s: expected a word of lower-case letters, digits and -, at most %d, "
		    "found \"%s\"", key, SETTINGS_RING - 1, value);
	return false;
}
