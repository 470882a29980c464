/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/box/network/lease.h"
#include "appliance/box/network/wiring.h"
#include "appliance/settings/value.h"

/* Leases as lines of text: those of this box's own hand, but a disk may have made something else of
 * them. */

bool lease_same_dns(const struct lease *lease, const struct lease *old)
{
	for (size_t i = 0; i < lease->dns_count; i++) {
		size_t j = 0;

		while (j < old->dns_count && addr_compare(&lease->dns[i], &old->dns[j]) != 0)
			j++;
		if (j == old->dns_count)
			return false;
	}
	return lease->dns_count == old->dns_count;
}

/* A single address is a network of its own here. */
static const char *network_text(const struct prefix *prefix, char text[PREFIX_TEXT])
{
	struct network_address address = { prefix->addr, prefix->length };

	return wiring_address(&address, text);
}

static void print_number(struct text *out, const char *name, uint64_t value)
{
	if (value)
		text_printf(out, " %s=%" PRIu64, name, value);
}

void lease_print(const struct lease *lease, struct text *out)
{
	char text[PREFIX_TEXT], via[ADDR_TEXT];

	text_puts(out, lease->v6 ? "6 " : "4 ");
	if (lease->v6)
		text_puts(out, lease->has_prefix ? prefix_print(&lease->prefix, text) : "-");
	else
		text_puts(out, lease->has_address ? wiring_address(&lease->address, text) : "-");
	text_printf(out, " %s", lease->has_router ? addr_print(&lease->router, via) : "-");
	for (size_t i = 0; i < lease->dns_count; i++)
		text_printf(out, " %s", addr_print(&lease->dns[i], via));
	print_number(out, "since", (uint64_t)(lease->since > 0 ? lease->since : 0));
	print_number(out, "preferred", lease->v6 ? lease->preferred : 0);
	print_number(out, "valid", lease->valid);
	print_number(out, "mtu", lease->mtu);
	for (size_t i = 0; i < lease->routes; i++)
		text_printf(out, " route=%s,%s", network_text(&lease->route[i].to, text),
			    lease->route[i].on_link ? "-" : addr_print(&lease->route[i].via, via));
	for (size_t i = 0; i < lease->stales; i++)
		text_printf(out, " stale=%s,%" PRId64, prefix_print(&lease->stale[i].prefix, text),
			    lease->stale[i].until);
	text_puts(out, "\n");
}

/* Blanks alone part words: a comma is inside of some. */
static bool next_word(const char **at, const char **word, size_t *length)
{
	*word = *at + strspn(*at, " \t");
	*length = strcspn(*word, " \t");
	*at = *word + *length;
	return *length > 0;
}

static int read_first(struct lease *lease, const char *word, size_t length)
{
	const char *slash = memchr(word, '/', length);

	if (length == 1 && word[0] == '-')
		return 0;
	if (lease->v6) {
		lease->has_prefix = prefix_parse(&lease->prefix, word, length) == 0 &&
				    lease->prefix.length <= 64;
		return lease->has_prefix ? 0 : -EINVAL;
	}
	lease->has_address = slash &&
			     addr_parse(&lease->address.addr, word, (size_t)(slash - word)) == 0 &&
			     addr_is_v4(&lease->address.addr);
	lease->address.length =
		(uint8_t)(ADDR_V4_BITS + (slash ? strtoul(slash + 1, NULL, 10) & 0x3f : 0));
	return lease->has_address && lease->address.length <= 128 ? 0 : -EINVAL;
}

static bool read_number(const char *word, size_t length, const char *name, int64_t most,
			int64_t *value)
{
	size_t skip = strlen(name);
	char text[24];

	if (length <= skip || length - skip >= sizeof(text) || memcmp(word, name, skip) != 0)
		return false;
	memcpy(text, word + skip, length - skip);
	text[length - skip] = '\0';
	if (text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	*value = strtoll(text, NULL, 10);
	return errno == 0 && *value <= most;
}

/* NAME=FIRST,SECOND; false: it is something else. */
static bool read_pair(const char *word, size_t length, const char *name, struct prefix *first,
		      const char **second, size_t *second_length)
{
	size_t skip = strlen(name);
	const char *comma = memchr(word, ',', length);

	if (!comma || length <= skip || memcmp(word, name, skip) != 0 ||
	    prefix_parse(first, word + skip, (size_t)(comma - word) - skip) < 0)
		return false;
	*second = comma + 1;
	*second_length = length - (size_t)(comma + 1 - word);
	return *second_length > 0;
}

static void read_route(struct lease *lease, const char *word, size_t length)
{
	struct lease_route route = { .on_link = false };
	const char *via;
	size_t size;

	if (lease->v6 || lease->routes == LEASE_ROUTES ||
	    !read_pair(word, length, "route=", &route.to, &via, &size) ||
	    !addr_is_v4(&route.to.addr))
		return;
	route.on_link = size == 1 && via[0] == '-';
	if (route.on_link || (addr_parse(&route.via, via, size) == 0 && addr_is_v4(&route.via)))
		lease->route[lease->routes++] = route;
}

static void add_stale(struct lease *lease, const struct prefix *prefix, int64_t until)
{
	if (lease->v6 && lease->stales < WIRING_STALES && !addr_is_v4(&prefix->addr) &&
	    prefix->length <= 64)
		lease->stale[lease->stales++] = (struct lease_stale){ *prefix, until };
}

static void read_stale(struct lease *lease, const char *word, size_t length)
{
	struct prefix prefix;
	const char *until;
	int64_t value;
	size_t size;

	if (read_pair(word, length, "stale=", &prefix, &until, &size) &&
	    read_number(until, size, "", INT64_MAX / 2, &value))
		add_stale(lease, &prefix, value);
}

static void read_word(struct lease *lease, const char *word, size_t length)
{
	int64_t value;

	if (read_number(word, length, "since=", INT64_MAX / 2, &value))
		lease->since = value;
	else if (read_number(word, length, "preferred=", UINT32_MAX, &value))
		lease->preferred = (uint32_t)value;
	else if (read_number(word, length, "valid=", UINT32_MAX, &value))
		lease->valid = (uint32_t)value;
	else if (read_number(word, length, "mtu=", UINT16_MAX, &value))
		lease->mtu = (uint32_t)value;
	read_route(lease, word, length);
	read_stale(lease, word, length);
	lease_add_dns(lease, NULL, word, length);
}

int lease_read(struct lease *lease, const char *line)
{
	const char *word;
	size_t length;

	*lease = (struct lease){ .event = LEASE_BOUND };
	if (!next_word(&line, &word, &length) || length != 1 || (word[0] != '4' && word[0] != '6'))
		return -EINVAL;
	lease->v6 = word[0] == '6';
	if (!next_word(&line, &word, &length) || read_first(lease, word, length) < 0 ||
	    !next_word(&line, &word, &length))
		return -EINVAL;
	if (length != 1 || word[0] != '-')
		lease->has_router = addr_parse(&lease->router, word, length) == 0;
	while (next_word(&line, &word, &length))
		read_word(lease, word, length);
	return 0;
}

/* ---- over a restart ---- */

void lease_print_prefixes(const struct lease *lease, int64_t now, int64_t wall, struct text *out)
{
	char text[PREFIX_TEXT];

	if (lease->has_prefix)
		text_printf(out, "%s %d 0\n", prefix_print(&lease->prefix, text),
			    WIRING_VALID_MOST);
	for (size_t i = 0; i < lease->stales; i++)
		text_printf(out, "%s %" PRId64 " %" PRId64 "\n",
			    prefix_print(&lease->stale[i].prefix, text),
			    (lease->stale[i].until - now) / 1000, wall);
}

static void read_line(struct lease *lease, const char *line, int64_t now, int64_t wall)
{
	int64_t left, at, gone;
	struct prefix prefix;
	const char *word;
	size_t length;

	if (!next_word(&line, &word, &length) || prefix_parse(&prefix, word, length) < 0 ||
	    !next_word(&line, &word, &length) ||
	    !read_number(word, length, "", WIRING_VALID_MOST, &left) ||
	    !next_word(&line, &word, &length) || !read_number(word, length, "", INT64_MAX / 2, &at))
		return;
	/* A clock that is not set says nothing of what has gone by. */
	gone = at && wall > at ? wall - at : 0;
	if (gone < left)
		add_stale(lease, &prefix, now + 1000 * (left - gone));
}

void lease_read_prefixes(struct lease *lease, const char *text, int64_t now, int64_t wall)
{
	char line[PREFIX_TEXT + 64];

	for (unsigned int lines = 0; *text && lines < 2 * WIRING_STALES; lines++) {
		size_t length = strcspn(text, "\n");

		if (length < sizeof(line)) {
			memcpy(line, text, length);
			line[length] = '\0';
			read_line(lease, line, now, wall);
		}
		text += length + (text[length] == '\n');
	}
}
