/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/network.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/settings/lines.h"

/*
 * The file being read. parser comes first, so that the line reader's callbacks can get back to
 * this.
 */
struct network_reader {
	struct parser parser;
	struct network *network;
	char section[NETWORK_NAME];	/* "lan" for every LAN */
	struct network_link *link;	/* of the section; NULL: it has none */
	unsigned int given;
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char word_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

unsigned int network_vlan(const char *interface, char *parent)
{
	const char *dot = strrchr(interface, '.');

	if (!dot)
		return 0;
	snprintf(parent, IFNAMSIZ, "%.*s", (int)(dot - interface), interface);
	return (unsigned int)strtoul(dot + 1, NULL, 10);
}

/* ---- values ---- */

/* NAME or NAME.VLAN, in the form that the kernel and files below /proc/sys accept. */
static bool is_interface(const char *value)
{
	size_t length = strspn(value, word_bytes);
	const char *vlan = value + length + 1;
	char *end;
	unsigned long number;

	if (length == 0 || strlen(value) >= IFNAMSIZ || !strchr(letters, value[0]))
		return false;
	if (value[length] == '\0')
		return true;
	number = strtoul(vlan, &end, 10);
	return value[length] == '.' && vlan[0] >= '1' && vlan[0] <= '9' && *end == '\0' &&
	       number <= NETWORK_VLAN_MAX;
}

static void set_interface(struct network_reader *reader, const char *key, const char *value)
{
	if (is_interface(value)) {
		snprintf(reader->link->interface, IFNAMSIZ, "%s", value);
		reader->link->given |= GIVEN_INTERFACE;
		return;
	}
	value_error(&reader->parser, "%s: expected an interface of at most %d characters, such as "
		    "eth0, or eth0.7 for VLAN 7 of it (1 to %d), found \"%s\"", key, IFNAMSIZ - 1,
		    NETWORK_VLAN_MAX, value);
}

static bool parse_address(struct network_address *address, const char *value)
{
	const char *slash = strchr(value, '/');
	unsigned long length;
	char *end;

	if (!slash || addr_parse(&address->addr, value, (size_t)(slash - value)) < 0 ||
	    slash[1] < '0' || slash[1] > '9')
		return false;
	length = strtoul(slash + 1, &end, 10);
	if (*end || length > (addr_is_v4(&address->addr) ? 32 : 128))
		return false;
	address->length = (uint8_t)(length + (addr_is_v4(&address->addr) ? ADDR_V4_BITS : 0));
	return true;
}

static const char *dynamic_word(const struct network_reader *reader, bool v4)
{
	if (strcmp(reader->section, "wan") == 0)
		return v4 ? "dhcp" : "auto";
	return strcmp(reader->section, "lan") == 0 && !v4 ? "delegated" : NULL;
}

static void set_family(struct network_reader *reader, const char *key, const char *value, bool v4)
{
	struct network_family *family = v4 ? &reader->link->v4 : &reader->link->v6;
	const char *dynamic = dynamic_word(reader, v4);

	reader->link->given |= v4 ? GIVEN_ADDRESS : GIVEN_ADDRESS6;
	if (strcmp(value, "none") == 0) {
		family->method = METHOD_NONE;
	} else if (dynamic && strcmp(value, dynamic) == 0) {
		family->method = METHOD_DYNAMIC;
	} else if (parse_address(&family->address, value) &&
		   addr_is_v4(&family->address.addr) == v4) {
		family->method = METHOD_STATIC;
	} else {
		value_error(&reader->parser, "%s: expected %s%s%s or none, found \"%s\"", key,
			    dynamic ? dynamic : "", dynamic ? ", " : "",
			    v4 ? "ADDRESS/LENGTH such as 192.0.2.1/24"
			       : "ADDRESS/LENGTH such as 2001:db8::1/64", value);
	}
}

static void set_address(struct network_reader *reader, const char *key, const char *value)
{
	set_family(reader, key, value, true);
}

static void set_address6(struct network_reader *reader, const char *key, const char *value)
{
	set_family(reader, key, value, false);
}

static void set_via(struct network_reader *reader, const char *key, const char *value, bool v4)
{
	struct network_family *family = v4 ? &reader->link->v4 : &reader->link->v6;

	if (addr_parse(&family->gateway, value, strlen(value)) == 0 &&
	    addr_is_v4(&family->gateway) == v4) {
		family->has_gateway = true;
		return;
	}
	value_error(&reader->parser, "%s: expected an IPv%c address, found \"%s\"",
		    key, v4 ? '4' : '6',
		    value);
}

static void set_gateway(struct network_reader *reader, const char *key, const char *value)
{
	set_via(reader, key, value, true);
}

static void set_gateway6(struct network_reader *reader, const char *key, const char *value)
{
	set_via(reader, key, value, false);
}

static bool read_choice(struct network_reader *reader, const char *key, const char *value,
			const char *yes, const char *no, bool *out)
{
	char expected[32];
	const char *const words[] = { no, yes, NULL };
	int index;

	snprintf(expected, sizeof(expected), "%s or %s", yes, no);
	index = value_choice(&reader->parser, key, value, words, expected);
	*out = index > 0;
	return index >= 0;
}

static void set_dhcp(struct network_reader *reader, const char *key, const char *value)
{
	struct network_link *link = reader->link;
	const char *dash = strchr(value, '-'), *last = dash ? dash + 1 + strspn(dash + 1, " \t") :
			   NULL;
	size_t length = dash ? (size_t)(dash - value) : 0;

	link->given |= GIVEN_DHCP;
	if (!dash) {
		(void)read_choice(reader, key, value, "on", "off", &link->dhcp);
		return;
	}
	while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	if (addr_parse(&link->dhcp_first, value, length) < 0 || !addr_is_v4(&link->dhcp_first) ||
	    addr_parse(&link->dhcp_last, last, strlen(last)) < 0 || !addr_is_v4(&link->dhcp_last)) {
		value_error(&reader->parser, "%s: expected FIRST-LAST of IPv4 addresses, on or "
			    "off, found \"%s\"", key, value);
		return;
	}
	link->dhcp = true;
	link->given |= GIVEN_RANGE;
}

static void set_lease(struct network_reader *reader, const char *key, const char *value)
{
	uint64_t seconds;

	if (duration_parse(&seconds, value, strlen(value)) == 0 && seconds >= 120 &&
	    seconds <= 30 * 86400) {
		reader->link->lease = (uint32_t)seconds;
		return;
	}
	value_error(&reader->parser, "%s: expected a duration from 2m to 30d, found \"%s\"",
		    key, value);
}

static void set_ra(struct network_reader *reader, const char *key, const char *value)
{
	if (read_choice(reader, key, value, "on", "off", &reader->link->ra))
		reader->link->given |= GIVEN_RA;
}

static void set_masquerade(struct network_reader *reader, const char *key, const char *value)
{
	if (read_choice(reader, key, value, "yes", "no", &reader->network->masquerade))
		reader->given |= GIVEN_MASQUERADE;
}

static void set_forward(struct network_reader *reader, const char *key, const char *value)
{
	if (read_choice(reader, key, value, "yes", "no", &reader->network->forward))
		reader->given |= GIVEN_FORWARD;
}

static void set_route(struct network_reader *reader, const char *key, const char *value)
{
	struct network *network = reader->network;
	struct network_route *route = &network->route[network->routes];
	const char *word[3] = { value, value, value };
	size_t length[3] = { 0 };
	int words = 0;

	for (const char *at = value; words < 3 && value_word(&at, &word[words], &length[words]);)
		words++;
	if (network->routes == NETWORK_ROUTES || words != 3 || word[2][length[2]] != '\0' ||
	    length[1] != 3 || memcmp(word[1], "via", 3) != 0 ||
	    prefix_parse(&route->to, word[0], length[0]) < 0 ||
	    addr_parse(&route->via, word[2], length[2]) < 0 ||
	    addr_is_v4(&route->via) != addr_is_v4(&route->to.addr)) {
		value_error(&reader->parser, "%s: expected PREFIX via ADDRESS of one family, "
			    "without host bits (at most %d), found \"%s\"",
			    key, NETWORK_ROUTES, value);
		return;
	}
	route->line = reader->parser.line;
	network->routes++;
}

static void set_management(struct network_reader *reader, const char *key, const char *value)
{
	size_t length = strlen(value);

	if (is_interface(value) || (length && length < NETWORK_NAME &&
				    strspn(value, word_bytes) == length)) {
		snprintf(reader->network->management_name, NETWORK_NAME, "%s", value);
		return;
	}
	value_error(&reader->parser, "%s: expected the name of a LAN, or an interface of its own, "
		    "found \"%s\"", key, value);
}

static void set_ssh(struct network_reader *reader, const char *key, const char *value)
{
	(void)read_choice(reader, key, value, "on", "off", &reader->network->ssh);
}

/* A host name or an address: it becomes an argument of a command. */
static void set_ntp(struct network_reader *reader, const char *key, const char *value)
{
	static const char bytes[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
	struct network *network = reader->network;
	const char *word;
	size_t length;

	reader->given |= GIVEN_NTP;
	if (strcmp(value, "none") == 0)
		return;
	while (value_word(&value, &word, &length)) {
		if (network->ntps == NETWORK_NTP || length >= NETWORK_HOST || word[0] == '-' ||
		    strspn(word, bytes) < length) {
			value_error(&reader->parser, "%s: expected at most %d names or addresses, "
				    "or none, found \"%.*s\"", key, NETWORK_NTP, (int)length, word);
			return;
		}
		snprintf(network->ntp[network->ntps++], NETWORK_HOST, "%.*s", (int)length, word);
	}
}

static void set_hostname(struct network_reader *reader, const char *key, const char *value)
{
	size_t length = strlen(value);

	if (length && length < NETWORK_NAME && strspn(value, word_bytes) == length &&
	    value[0] != '-' && value[0] != '_') {
		snprintf(reader->network->hostname, NETWORK_NAME, "%s", value);
		return;
	}
	value_error(&reader->parser, "%s: expected at most %d letters, digits and - _, found "
		    "\"%s\"", key,
		    NETWORK_NAME - 1, value);
}

/* ---- the table of keys ---- */

static const struct {
	const char *section;
	const char *key;
	void (*set)(struct network_reader *reader, const char *key, const char *value);
	bool many;	/* its values add up */
} table[] = {
	{ "wan", "interface", set_interface, false },
	{ "wan", "address", set_address, false },
	{ "wan", "gateway", set_gateway, false },
	{ "wan", "address6", set_address6, false },
	{ "wan", "gateway6", set_gateway6, false },
	{ "lan", "interface", set_interface, false },
	{ "lan", "address", set_address, false },
	{ "lan", "gateway", set_gateway, false },
	{ "lan", "address6", set_address6, false },
	{ "lan", "gateway6", set_gateway6, false },
	{ "lan", "dhcp", set_dhcp, false },
	{ "lan", "lease", set_lease, false },
	{ "lan", "ra", set_ra, false },
	{ "routing", "masquerade", set_masquerade, false },
	{ "routing", "forward", set_forward, false },
	{ "routing", "route", set_route, true },
	{ "management", "interface", set_management, false },
	{ "management", "address", set_address, false },
	{ "management", "address6", set_address6, false },
	{ "management", "ssh", set_ssh, false },
	{ "time", "ntp", set_ntp, true },
	{ "system", "hostname", set_hostname, false },
};

static_assert(sizeof(table) / sizeof(*table) <= PARSER_KEYS, "places of the keys");

static int handle(void *context, const char *section, const char *key, const char *value)
{
	struct network_reader *reader = context;

	reader->parser.unhandled = 0;
	if (section[0] == '\0')
		value_error(&reader->parser, "expected a [section] before the first key");
	if (reader->section[0] == '\0')
		return 1;	/* said at the section's own line */
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(table[i].section, reader->section) == 0 &&
		    strcmp(table[i].key, key) == 0) {
			if (lines_key(&reader->parser, i, table[i].many, key))
				table[i].set(reader, key, value);
			return 1;
		}
	}
	value_error(&reader->parser, "unknown key \"%s\" in [%s]: see network.conf(5)", key,
		    reader->section);
	return 1;
}

/* ---- sections ---- */

static struct network_link *begin_lan(struct network_reader *reader, const char *name,
				      size_t length)
{
	struct network *network = reader->network;
	struct network_link *link = &network->lan[network->lans];

	if (network->lans == NETWORK_LANS || length == 0 || length >= NETWORK_NAME ||
	    strspn(name, word_bytes) < length) {
		value_error(&reader->parser, "expected [lan] or [lan NAME] with a name of at most "
			    "%d letters and digits, at most %d of them",
			    NETWORK_NAME - 1, NETWORK_LANS);
		return NULL;
	}
	for (size_t i = 0; i < network->lans; i++) {
		if (strlen(network->lan[i].name) == length &&
		    memcmp(network->lan[i].name, name, length) == 0) {
			value_error(&reader->parser, "there is already a LAN \"%.*s\", in line %u: "
				    "expected another name",
				    (int)length, name, network->lan[i].line);
			return NULL;
		}
	}
	*link = (struct network_link){ .lease = 12 * 3600, .line = reader->parser.line };
	memcpy(link->name, name, length);
	network->lans++;
	return link;
}

static void begin_section(struct parser *parser, const char *name, size_t length)
{
	static const char *const plain[] = { "wan", "routing", "management", "time", "system" };
	struct network_reader *reader = (struct network_reader *)parser;
	struct network *network = reader->network;

	reader->section[0] = '\0';
	reader->link = NULL;
	/*
	 * Keys of one link do not count for the next; a section that is repeated has its keys once.
	 */
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(table[i].section, "lan") == 0)
			parser->seen[i] = 0;
	}
	if (length >= 3 && memcmp(name, "lan", 3) == 0 && (length == 3 || name[3] == ' ')) {
		size_t skip = length == 3 ? 0 : 4;

		reader->link = begin_lan(reader, name + skip, length - skip);
		if (reader->link)
			snprintf(reader->section, sizeof(reader->section), "lan");
		return;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (strlen(plain[i]) == length && memcmp(plain[i], name, length) == 0)
			snprintf(reader->section, sizeof(reader->section), "%s", plain[i]);
	}
	if (reader->section[0] == '\0')
		value_error(parser, "unknown section [%.*s]: expected wan, lan, lan NAME, routing, "
			    "management, time or system", (int)(length < 40 ? length : 40), name);
	if (strcmp(reader->section, "wan") == 0) {
		reader->link = &network->wan;
		network->has_wan = true;
	} else if (strcmp(reader->section, "management") == 0) {
		reader->link = &network->management;
	}
	if (reader->link && !reader->link->line)
		reader->link->line = parser->line;
}

int network_parse(struct network *network, const char *source, const char *text, size_t length,
		  struct diag *diag)
{
	struct network_reader reader = {
		.parser = { .source = source, .diag = diag, .text = text, .length = length,
			    .begin = begin_section },
		.network = network,
	};
	size_t errors = diag->count;

	*network = (struct network){
		.wan = { .name = "wan" }, .management = { .name = "management" },
	};
	if (length > NETWORK_TEXT_MAX) {
		diag_error(diag, source, 0, 0, "larger than %d bytes", NETWORK_TEXT_MAX);
		return -EINVAL;
	}
	lines_parse(&reader.parser, handle);
	if (diag->count != errors)
		return -EINVAL;
	network_complete(network, reader.given);
	network_check(network, reader.given, source, diag);
	return diag->count == errors ? 0 : -EINVAL;
}
