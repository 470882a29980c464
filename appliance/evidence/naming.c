/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/naming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/text.h"

const char *naming_source_print(enum naming_source source)
{
	static const char *const words[NAMING_SOURCES] = {
		[NAMING_HAND] = "hand",
		[NAMING_TABLE] = "table",
		[NAMING_LEASE] = "lease",
		[NAMING_FOREIGN_LEASE] = "foreign-lease",
		[NAMING_DHCP_SEEN] = "dhcp-seen",
		[NAMING_REVERSE_DNS] = "reverse-dns",
	};

	return source < NAMING_SOURCES ? words[source] : "unknown";
}

/* ---- text ---- */

/* The length of the UTF-8 character at the start (RFC 3629, 4); 0: it is none. */
static size_t character(const uint8_t *text, size_t left)
{
	const uint8_t first = text[0];
	const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint8_t least = 0x80, most = 0xbf;

	if (length == 1)
		return 1;
	if (first < 0xc2 || first > 0xf4 || length > left)
		return 0;
	if (first == 0xe0)
		least = 0xa0;
	if (first == 0xed)
		most = 0x9f;
	if (first == 0xf0)
		least = 0x90;
	if (first == 0xf4)
		most = 0x8f;
	if (text[1] < least || text[1] > most)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

void naming_text(char *out, size_t size, const char *text, size_t length)
{
	size_t at = 0, done = 0;

	while (length && text[length - 1] == ' ')
		length--;
	while (at < length && text[at] == ' ')
		at++;
	while (at < length) {
		size_t step = character((const uint8_t *)text + at, length - at);
		const bool good = step && text_is_plain(text + at, step, "");

		if (done + (good ? step : 1) >= size)
			break;
		if (good)
			memcpy(out + done, text + at, step);
		else
			out[done] = '?';
		done += good ? step : 1;
		at += step ? step : 1;
	}
	out[done] = '\0';
}

/* ---- index ---- */

static int compare_mac(const void *a, const void *b, void *context)
{
	const struct naming *naming = context;

	return memcmp(naming[*(const uint32_t *)a].mac, naming[*(const uint32_t *)b].mac, MAC_SIZE);
}

static int compare_address(const void *a, const void *b, void *context)
{
	const struct naming *naming = context;

	return addr_compare(&naming[*(const uint32_t *)a].address,
			    &naming[*(const uint32_t *)b].address);
}

int namings_build(struct namings *namings, const struct naming *naming, size_t count)
{
	*namings = (struct namings){ .naming = naming, .count = count };
	if (count >= UINT32_MAX)
		return -E2BIG;
	if (count == 0)
		return 0;
	namings->by_mac = calloc(count, sizeof(*namings->by_mac));
	namings->by_address = calloc(count, sizeof(*namings->by_address));
	if (!namings->by_mac || !namings->by_address) {
		namings_release(namings);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (naming[i].has_mac)
			namings->by_mac[namings->macs++] = i;
		if (naming[i].has_address)
			namings->by_address[namings->addresses++] = i;
	}
	qsort_r(namings->by_mac, namings->macs, sizeof(uint32_t), compare_mac, (void *)naming);
	qsort_r(namings->by_address, namings->addresses, sizeof(uint32_t), compare_address,
		(void *)naming);
	return 0;
}

void namings_release(struct namings *namings)
{
	free(namings->by_mac);
	free(namings->by_address);
	*namings = (struct namings){ .naming = NULL };
}

/* ---- lookup ---- */

static const struct naming *better(const struct naming *a, const struct naming *b)
{
	if (!a)
		return b;
	if (!a->name[0] != !b->name[0])
		return a->name[0] ? a : b;
	if (a->source != b->source)
		return a->source < b->source ? a : b;
	if (a->until_ms != b->until_ms)
		return a->until_ms > b->until_ms ? a : b;
	return a->from_ms >= b->from_ms ? a : b;
}

static bool is_true_then(const struct naming *naming, const struct naming_query *query)
{
	return (naming->tool || !query->tools) && naming->from_ms <= query->last_ms &&
	       naming->until_ms >= query->first_ms;
}

static const struct naming *lookup_mac(const struct namings *namings,
				       const struct naming_query *query, const struct naming *best)
{
	size_t low = 0, high = namings->macs;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (memcmp(namings->naming[namings->by_mac[middle]].mac, query->mac, MAC_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < namings->macs; low++) {
		const struct naming *naming = &namings->naming[namings->by_mac[low]];

		if (memcmp(naming->mac, query->mac, MAC_SIZE) != 0)
			break;
		if (is_true_then(naming, query))
			best = better(best, naming);
	}
	return best;
}

/* A naming with a MAC says nothing about another device that has the address. */
static const struct naming *lookup_address(const struct namings *namings,
					   const struct naming_query *query,
					   const struct naming *best)
{
	size_t low = 0, high = namings->addresses;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (addr_compare(&namings->naming[namings->by_address[middle]].address,
				 query->address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < namings->addresses; low++) {
		const struct naming *naming = &namings->naming[namings->by_address[low]];

		if (addr_compare(&naming->address, query->address) != 0)
			break;
		if (is_true_then(naming, query) && !(query->mac && naming->has_mac))
			best = better(best, naming);
	}
	return best;
}

const struct naming *namings_lookup(const struct namings *namings, const struct naming_query *query,
				    const struct naming *best)
{
	if (query->mac)
		best = lookup_mac(namings, query, best);
	return lookup_address(namings, query, best);
}
