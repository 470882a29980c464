/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/special.h"

#include <stdbool.h>
#include <string.h>

enum { NIBBLES = 32, OCTETS = 4 };

/* The labels of a name from the right: label 0 is the top. */
struct labels {
	const uint8_t *label[NAME_LABELS_MAX];
	uint8_t count;
};

static void split(struct labels *labels, const struct name *name)
{
	size_t at = 0;

	labels->count = name->labels;
	for (unsigned int i = name->labels; i > 0; i--) {
		labels->label[i - 1] = name->wire + at;
		at += name->wire[at] + 1U;
	}
}

static bool is(const struct labels *labels, unsigned int index, const char *text)
{
	return index < labels->count && labels->label[index][0] == strlen(text) &&
	       memcmp(labels->label[index] + 1, text, strlen(text)) == 0;
}

/* The decimal number in a label, as in in-addr.arpa, or -1. */
static int octet(const struct labels *labels, unsigned int index)
{
	const uint8_t *label = labels->label[index];
	int value = 0;

	if (label[0] > 3 || (label[0] > 1 && label[1] == '0'))
		return -1;
	for (unsigned int i = 1; i <= label[0]; i++) {
		if ((uint8_t)(label[i] - '0') > 9)
			return -1;
		value = value * 10 + label[i] - '0';
	}
	return value;
}

/* How many labels the zone has: in-addr.arpa and the octets before it; 0: a public one. */
static uint8_t zone_of_octets(const struct labels *labels)
{
	int at[OCTETS] = { -1, -1, -1, -1 };

	for (unsigned int i = 0; i < OCTETS && i + 2 < labels->count; i++)
		at[i] = octet(labels, i + 2);
	if (at[0] == 0 || at[0] == 10 || at[0] == 127)
		return 3;
	if ((at[0] == 172 && at[1] >= 16 && at[1] <= 31) || (at[0] == 192 && at[1] == 168) ||
	    (at[0] == 169 && at[1] == 254) || (at[0] == 100 && at[1] >= 64 && at[1] <= 127))
		return 4;
	if ((at[0] == 192 && at[1] == 0 && at[2] == 2) ||
	    (at[0] == 198 && at[1] == 51 && at[2] == 100) ||
	    (at[0] == 203 && at[1] == 0 && at[2] == 113))
		return 5;
	return at[0] == 255 && at[1] == 255 && at[2] == 255 && at[3] == 255 ? 6 : 0;
}

static uint8_t zone_of_nibbles(const struct labels *labels)
{
	static const char *const zones[] = {
		"fd", "fe8", "fe9", "fea", "feb", "20010db8",
		"00000000000000000000000000000000", "00000000000000000000000000000001",
	};
	char nibble[NIBBLES + 1] = "";

	for (unsigned int i = 0; i < NIBBLES && i + 2 < labels->count; i++)
		nibble[i] = labels->label[i + 2][0] == 1 ? (char)labels->label[i + 2][1] : '?';
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		if (strncmp(nibble, zones[i], strlen(zones[i])) == 0)
			return (uint8_t)(2 + strlen(zones[i]));
	}
	return 0;
}

static bool is_loopback(const struct labels *labels, const struct query *query)
{
	static const uint8_t v4[] = "\1" "1\1" "0\1" "0\3" "127\7in-addr\4arpa";

	return (query->name.length == sizeof(v4) &&
		memcmp(query->name.wire, v4, sizeof(v4)) == 0) ||
	       (labels->count == 2 + NIBBLES && is(labels, 1, "ip6") &&
		is(labels, 1 + NIBBLES, "1") &&
		zone_of_nibbles(labels) == 2 + NIBBLES);
}

static enum special find_arpa(const struct labels *labels, const struct query *query,
			      uint8_t *depth)
{
	if (is(labels, 1, "resolver")) {
		*depth = 2;
		return SPECIAL_DISCOVERY;
	}
	*depth = is(labels, 1, "home") ? 2 : is(labels, 1, "in-addr") ? zone_of_octets(labels) :
		 is(labels, 1, "ip6") ? zone_of_nibbles(labels) : 0;
	if (*depth == 0)
		return SPECIAL_NO;
	if (is_loopback(labels, query))
		return SPECIAL_LOOPBACK;
	if (labels->count > *depth)
		return SPECIAL_NXDOMAIN;
	return query->type == TYPE_DS ? SPECIAL_NO : SPECIAL_NODATA;
}

/* _dns.NAME, or _853._dns.NAME: how to reach the resolver of that name with encryption. */
static bool is_service_of_resolver(const struct labels *labels, const struct query *query)
{
	return (query->type == TYPE_SVCB || query->type == TYPE_HTTPS) && labels->count > 1 &&
	       (is(labels, labels->count - 1U, "_dns") ||
		(labels->label[labels->count - 1][0] > 1 &&
		 labels->label[labels->count - 1][1] == '_' &&
		 is(labels, labels->count - 2U, "_dns")));
}

enum special special_find(const struct query *query, uint8_t *depth)
{
	static const char *const nowhere[] = { "invalid", "onion", "local" };
	struct labels labels;

	if (query->class != 1 || query->name.labels == 0)
		return SPECIAL_NO;
	split(&labels, &query->name);
	*depth = 1;
	if (is(&labels, 0, "localhost"))
		return SPECIAL_LOCALHOST;
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		if (is(&labels, 0, nowhere[i]))
			return SPECIAL_NXDOMAIN;
	}
	if (is(&labels, 0, "arpa"))
		return find_arpa(&labels, query, depth);
	*depth = query->name.labels;
	return is_service_of_resolver(&labels, query) ? SPECIAL_DISCOVERY : SPECIAL_NO;
}
