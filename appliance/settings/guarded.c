/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "appliance/settings/value.h"

/* The section [network]: who is guarded, from whom, and the exceptions. */

static bool set_interfaces(struct parser *parser, const char *key, const char *value,
			   char list[][IFNAMSIZ], size_t *count, size_t most)
{
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		if (*count == most || length >= IFNAMSIZ || memchr(word, '/', length) ||
		    memchr(word, '"', length)) {
			value_error(parser, "%s: expected at most %zu interface names of at most "
				    "%d bytes", key, most, IFNAMSIZ - 1);
			return false;
		}
		memcpy(list[(*count)++], word, length);
	}
	return true;
}

bool guarded_lan(struct parser *parser, const char *key, const char *value)
{
	return set_interfaces(parser, key, value, parser->settings->lan, &parser->settings->lans,
			      SETTINGS_LANS);
}

bool guarded_wan(struct parser *parser, const char *key, const char *value)
{
	return set_interfaces(parser, key, value, parser->settings->wan, &parser->settings->wans,
			      SETTINGS_WANS);
}

bool guarded_management(struct parser *parser, const char *key, const char *value)
{
	return set_interfaces(parser, key, value, parser->settings->management,
			      &parser->settings->managements, SETTINGS_MANAGEMENTS);
}

bool guarded_masquerade(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "no", "yes", NULL };
	int index = value_choice(parser, key, value, words, "yes or no");

	parser->settings->masquerade = index == 1;
	return index >= 0;
}

bool guarded_others(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "forward", "drop", NULL };
	int index = value_choice(parser, key, value, words, "forward or drop");

	parser->settings->drop_others = index == 1;
	return index >= 0;
}

bool guarded_nat64(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		struct prefix prefix;

		if (settings->nat64s == POLICY_NAT64 || prefix_parse(&prefix, word, length) < 0 ||
		    embed_nat64(&settings->nat64[settings->nat64s], &prefix) < 0) {
			value_error(parser, "%s: expected at most %d IPv6 prefixes of the length "
				    "32, 40, 48, 56, 64 or 96 (RFC 6052), found \"%.*s\"", key,
				   POLICY_NAT64, (int)length, word);
			return false;
		}
		settings->nat64s++;
	}
	return true;
}

bool guarded_guard_gateway(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "no", "yes", NULL };
	int index = value_choice(parser, key, value, words, "yes or no");

	parser->settings->guard_gateway = index == 1;
	return index >= 0;
}

bool guarded_internal_dns(struct parser *parser, const char *key, const char *value)
{
	return value_addresses(parser, key, value, parser->settings->internal_dns,
			 &parser->settings->internal_dns_count, SETTINGS_ADDRESSES);
}

bool guarded_forwarder(struct parser *parser, const char *key, const char *value)
{
	return value_addresses(parser, key, value, parser->settings->forwarder,
			 &parser->settings->forwarders, SETTINGS_ADDRESSES);
}

static bool sanctioned_sources(struct parser *parser, const char *key, const char *value,
			       size_t size, struct sanctioned_resolver *entry)
{
	char sources[256];
	const char *at = sources, *word;
	size_t length;

	snprintf(sources, sizeof(sources), "%.*s", (int)size, value);
	while (value_word(&at, &word, &length)) {
		if (entry->sources == SETTINGS_SOURCES ||
		    prefix_parse(&entry->source[entry->sources], word, length) < 0) {
			value_error(parser, "%s: expected source networks without host bits, at "
				    "most %d, found \"%.*s\"",
				    key, SETTINGS_SOURCES, (int)length, word);
			return false;
		}
		entry->sources++;
	}
	return entry->sources > 0;
}

/* SOURCES, ADDRESS, PORT: the last two commas separate; sources may contain blanks. */
bool guarded_sanctioned(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;
	struct sanctioned_resolver entry = { .sources = 0 };
	const char *first = strchr(value, ','), *last = strrchr(value, ',');
	uint64_t port = 0;
	const char *address;
	size_t length;

	if (!first || first == last || settings->sanctioned_count == SETTINGS_SANCTIONED) {
		value_error(parser, "%s: expected SOURCES, ADDRESS, PORT (at most %d such lines)",
			   key, SETTINGS_SANCTIONED);
		return false;
	}
	for (const char *comma = first; comma != last; comma = strchr(comma + 1, ','))
		first = comma;
	address = first + 1 + strspn(first + 1, " \t");
	length = strcspn(address, " \t,");
	if (addr_parse(&entry.resolver.addr, address, length) < 0) {
		value_error(parser, "%s: expected SOURCES, ADDRESS, PORT; \"%.*s\" is not an "
			    "address", key, (int)length, address);
		return false;
	}
	if (!value_number(parser, key, last + 1 + strspn(last + 1, " \t"), 1, 65535, &port) ||
	    !sanctioned_sources(parser, key, value, (size_t)(first - value), &entry))
		return false;
	for (size_t i = 0; i < entry.sources; i++) {
		if (addr_is_v4(&entry.source[i].addr) != addr_is_v4(&entry.resolver.addr)) {
			value_error(parser, "%s: sources and resolver are of different address "
				    "families", key);
			return false;
		}
	}
	entry.resolver.port = (uint16_t)port;
	settings->sanctioned[settings->sanctioned_count++] = entry;
	return true;
}
