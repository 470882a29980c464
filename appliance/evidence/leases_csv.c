/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/evidence/leases_internal.h"

enum column_role {
	ROLE_NONE,
	ROLE_IP,
	ROLE_MAC,
	ROLE_NAME,
	ROLE_USER,
	ROLE_SITE,
	ROLE_FIRST,
	ROLE_LAST,
	ROLE_TOOL,
	ROLE_NETWORK,
	ROLE_ID,	/* Windows: event; Infoblox: kind of the row */
	ROLE_DATE,
	ROLE_TIME,
	ROLE_STATE,
	ROLE_V6,
	ROLE_COUNT
};

static const struct column_word {
	enum leases_format format;
	enum column_role role;
	const char *word;
} words[] = {
	{ LEASES_WINDOWS, ROLE_ID, "id" },
	{ LEASES_WINDOWS, ROLE_DATE, "date" },
	{ LEASES_WINDOWS, ROLE_TIME, "time" },
	{ LEASES_WINDOWS, ROLE_IP, "ip address" },
	{ LEASES_WINDOWS, ROLE_V6, "ipv6 address" },
	{ LEASES_WINDOWS, ROLE_NAME, "host name" },
	{ LEASES_WINDOWS, ROLE_NAME, "computer name" },
	{ LEASES_WINDOWS, ROLE_MAC, "mac address" },
	{ LEASES_WINDOWS, ROLE_USER, "user name" },
	{ LEASES_INFOBLOX, ROLE_ID, "header-lease" },
	{ LEASES_INFOBLOX, ROLE_IP, "ip_address" },
	{ LEASES_INFOBLOX, ROLE_MAC, "mac_address" },
	{ LEASES_INFOBLOX, ROLE_NAME, "client_hostname" },
	{ LEASES_INFOBLOX, ROLE_NAME, "hostname" },
	{ LEASES_INFOBLOX, ROLE_USER, "username" },
	{ LEASES_INFOBLOX, ROLE_FIRST, "starts" },
	{ LEASES_INFOBLOX, ROLE_LAST, "ends" },
	{ LEASES_INFOBLOX, ROLE_STATE, "binding_state" },
	{ LEASES_TABLE, ROLE_IP, "ip" },
	{ LEASES_TABLE, ROLE_MAC, "mac" },
	{ LEASES_TABLE, ROLE_NAME, "name" },
	{ LEASES_TABLE, ROLE_USER, "user" },
	{ LEASES_TABLE, ROLE_SITE, "site" },
	{ LEASES_TABLE, ROLE_FIRST, "first" },
	{ LEASES_TABLE, ROLE_LAST, "last" },
	{ LEASES_TABLE, ROLE_TOOL, "tool" },
	{ LEASES_TABLE, ROLE_NETWORK, "network" },
};

/* One line as cells; those in quotes that had doubled ones are rewritten in place. */
struct cells {
	char text[LEASES_LINE];
	struct piece cell[LEASES_COLUMNS];
	size_t count;
};

static void trim(struct piece *piece)
{
	while (piece->length && (*piece->text == ' ' || *piece->text == '\t')) {
		piece->text++;
		piece->length--;
		piece->column++;
	}
	while (piece->length && (piece->text[piece->length - 1] == ' ' ||
				 piece->text[piece->length - 1] == '\t'))
		piece->length--;
}

/* The text in quotes from *at, which moves behind them; false: they have no end. */
static bool unquote_cell(struct cells *cells, size_t length, size_t *at, struct piece *piece)
{
	size_t out = *at + 1, i = out;

	for (;; i++) {
		if (i >= length)
			return false;
		if (cells->text[i] == '"') {
			i++;
			if (i >= length || cells->text[i] != '"')
				break;
		}
		cells->text[out++] = cells->text[i];
	}
	piece->length = (size_t)(cells->text + out - piece->text);
	*at = i;
	return true;
}

/* The cell at *at, which moves behind its separator; false: wrong quotes. */
static bool next_cell(struct cells *cells, size_t length, size_t *at, char separator,
		      struct piece *piece)
{
	const bool quoted = *at < length && cells->text[*at] == '"';
	const size_t begin = *at + quoted;

	*piece = (struct piece){ cells->text + begin, 0, (unsigned int)begin + 1 };
	if (quoted && !unquote_cell(cells, length, at, piece))
		return false;
	while (!quoted && *at < length && cells->text[*at] != separator) {
		++*at;
		piece->length++;
	}
	if (*at < length && cells->text[*at] != separator)
		return false;
	++*at;
	trim(piece);
	return true;
}

static bool split(struct leases *leases, struct cells *cells, const char *line, size_t length)
{
	size_t at = 0;

	memcpy(cells->text, line, length);
	cells->count = 0;
	while (at <= length && cells->count < LEASES_COLUMNS) {
		struct piece *piece = &cells->cell[cells->count];
		const unsigned int column = (unsigned int)at + 1;

		if (!next_cell(cells, length, &at, leases->separator, piece)) {
			leases_damage(leases, column, "expected a closing quote and a separator");
			return false;
		}
		cells->count++;
	}
	return true;
}

/* ---- the line with the columns ---- */

static enum column_role role_of(enum leases_format format, struct piece name)
{
	/* Infoblox marks required columns. */
	if (name.length && name.text[name.length - 1] == '*')
		name.length--;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].format == format && piece_is(&name, words[i].word))
			return words[i].role;
	}
	return ROLE_NONE;
}

static char separator_of(const char *line, size_t length)
{
	if (memchr(line, ',', length))
		return ',';
	return memchr(line, ';', length) ? ';' : '\t';
}

/* Does this line name the columns? Then their roles are kept. */
static bool take_header(struct leases *leases, struct cells *cells, const char *line, size_t length)
{
	bool has[ROLE_COUNT] = { false };
	uint8_t role[LEASES_COLUMNS] = { ROLE_NONE };

	leases->separator = leases->format == LEASES_TABLE ? separator_of(line, length) : ',';
	if (!split(leases, cells, line, length))
		return false;
	for (size_t i = 0; i < cells->count; i++) {
		const enum column_role found = role_of(leases->format, cells->cell[i]);

		role[i] = has[found] ? ROLE_NONE : (uint8_t)found;
		has[found] = true;
	}
	if (leases->format == LEASES_WINDOWS && has[ROLE_ID] && has[ROLE_V6])
		leases_damage(leases, 1, "a log of DHCPv6, which has no MAC: expected DhcpSrvLog");
	if (leases->format == LEASES_WINDOWS &&
	    !(has[ROLE_ID] && has[ROLE_DATE] && has[ROLE_TIME] && has[ROLE_IP]))
		return false;
	if (leases->format == LEASES_INFOBLOX && !(role[0] == ROLE_ID && has[ROLE_IP]))
		return false;
	if (leases->format == LEASES_TABLE && !has[ROLE_IP] && !has[ROLE_MAC])
		return false;
	memcpy(leases->role, role, sizeof(role));
	leases->header = true;
	return true;
}

/* ---- rows ---- */

/* The cell with the role; empty when the row has none. */
static struct piece cell_of(const struct leases *leases, const struct cells *cells,
			    enum column_role role)
{
	for (size_t i = 0; i < cells->count; i++) {
		if (leases->role[i] == role)
			return cells->cell[i];
	}
	return (struct piece){ "", 0, 1 };
}

/*
 * Windows logs a client's identifier in place of its MAC if it has another form (RFC 2132, 9.14),
 * as those of remote access servers have: more digits than a MAC.
 */
static bool is_identifier(const struct piece *piece)
{
	for (size_t i = 0; i < piece->length; i++) {
		if (!strchr("0123456789abcdefABCDEF", piece->text[i]))
			return false;
	}
	return piece->length > 2 * MAC_SIZE && piece->length % 2 == 0;
}

static bool take_who(struct leases *leases, const struct cells *cells, struct naming *naming)
{
	const struct piece ip = cell_of(leases, cells, ROLE_IP);
	const struct piece mac = cell_of(leases, cells, ROLE_MAC);
	const struct piece name = cell_of(leases, cells, ROLE_NAME);
	const struct piece user = cell_of(leases, cells, ROLE_USER);
	const struct piece site = cell_of(leases, cells, ROLE_SITE);

	naming->has_address = ip.length > 0;
	if (naming->has_address && (addr_parse(&naming->address, ip.text, ip.length) < 0 ||
				    !addr_is_host(&naming->address))) {
		leases_damage(leases, ip.column, "expected the address of a host");
		return false;
	}
	if (mac.length && !leases_mac(naming, &mac) &&
	    !(leases->format == LEASES_WINDOWS && is_identifier(&mac))) {
		leases_damage(leases, mac.column, "expected a MAC address");
		return false;
	}
	if (!naming->has_address && !naming->has_mac) {
		leases_damage(leases, 1, "expected an address or a MAC");
		return false;
	}
	naming_text(naming->name, sizeof(naming->name), name.text, name.length);
	naming_text(naming->user, sizeof(naming->user), user.text, user.length);
	naming_text(naming->site, sizeof(naming->site), site.text, site.length);
	return true;
}

static bool take_time(struct leases *leases, const struct piece *piece, bool end, int64_t *ms)
{
	bool date_only;

	*ms = end ? NAMING_FOR_EVER : NAMING_SINCE_EVER;
	if (piece->length == 0 || (end && piece_is(piece, "never")))
		return true;
	if (leases_time(piece, leases->options.utc_offset, ms, &date_only) < 0) {
		leases_damage(leases, piece->column, "expected a time, such as 2026-11-29 or "
			      "2026-11-29T08:15:00Z");
		return false;
	}
	if (end && date_only)
		*ms += LEASES_DAY_MS - 1;
	return true;
}

static bool take_times(struct leases *leases, const struct cells *cells, struct naming *naming)
{
	const struct piece first = cell_of(leases, cells, ROLE_FIRST);
	const struct piece last = cell_of(leases, cells, ROLE_LAST);

	if (!take_time(leases, &first, false, &naming->from_ms) ||
	    !take_time(leases, &last, true, &naming->until_ms))
		return false;
	if (naming->from_ms > naming->until_ms) {
		leases_damage(leases, last.column, "it ends before it begins");
		return false;
	}
	return true;
}

/* An event of a lease: 10 new, 11 renewed, 20 and 21 BOOTP. */
static int take_windows(struct leases *leases, const struct cells *cells)
{
	struct naming naming = { .source = NAMING_FOREIGN_LEASE };
	const struct piece id = cell_of(leases, cells, ROLE_ID);
	const struct piece date = cell_of(leases, cells, ROLE_DATE);
	const struct piece time = cell_of(leases, cells, ROLE_TIME);

	if (!piece_is(&id, "10") && !piece_is(&id, "11") && !piece_is(&id, "20") &&
	    !piece_is(&id, "21"))
		return 0;
	if (leases_windows_time(&date, &time, leases->options.utc_offset, &naming.from_ms) < 0) {
		leases_damage(leases, date.column, "expected month/day/year and "
			      "hour:minute:second");
		return 0;
	}
	naming.until_ms = naming.from_ms + leases->options.lease_ms;
	return take_who(leases, cells, &naming) ? leases_emit(leases, &naming) : 0;
}

/* Rows of other objects may stand in the same export. */
static int take_infoblox(struct leases *leases, const struct cells *cells)
{
	struct naming naming = { .source = NAMING_FOREIGN_LEASE };
	const struct piece kind = cell_of(leases, cells, ROLE_ID);
	const struct piece state = cell_of(leases, cells, ROLE_STATE);

	if (!piece_is(&kind, "lease") || piece_is(&state, "abandoned"))
		return 0;
	if (!take_who(leases, cells, &naming) || !take_times(leases, cells, &naming))
		return 0;
	return leases_emit(leases, &naming);
}

static int take_table(struct leases *leases, const struct cells *cells)
{
	struct naming naming = { .source = NAMING_TABLE };
	const struct piece tool = cell_of(leases, cells, ROLE_TOOL);
	const struct piece network = cell_of(leases, cells, ROLE_NETWORK);

	naming.tool = piece_is(&tool, "yes");
	if (tool.length && !naming.tool && !piece_is(&tool, "no")) {
		leases_damage(leases, tool.column, "expected yes or no");
		return 0;
	}
	if (!take_who(leases, cells, &naming) || !take_times(leases, cells, &naming))
		return 0;
	naming_text(leases->network, sizeof(leases->network), network.text, network.length);
	return leases_emit(leases, &naming);
}

/* Spreadsheets leave such rows at the end. */
static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!strchr(" \t,;", line[i]))
			return false;
	}
	return true;
}

static bool begins(const char *line, size_t length, const char *word)
{
	const struct piece piece = { line, strlen(word), 1 };

	return length >= piece.length && piece_is(&piece, word);
}

/* Windows has a preamble; an export of Infoblox names its columns again per kind of object. */
static bool may_be_header(const struct leases *leases, const char *line, size_t length)
{
	if (leases->format == LEASES_INFOBLOX)
		return begins(line, length, "header-");
	return !leases->header && (leases->format == LEASES_TABLE || begins(line, length, "id,"));
}

int leases_csv(struct leases *leases, const char *line, size_t length)
{
	struct cells cells;

	if (length == 0)
		return 0;
	if (may_be_header(leases, line, length)) {
		if (take_header(leases, &cells, line, length) || leases->format != LEASES_TABLE)
			return 0;
		leases_damage(leases, 1, "expected the names of the columns, with ip or mac");
		return -EINVAL;
	}
	if (!leases->header || is_blank(line, length) || !split(leases, &cells, line, length))
		return 0;
	if (leases->format == LEASES_WINDOWS)
		return take_windows(leases, &cells);
	if (leases->format == LEASES_INFOBLOX)
		return take_infoblox(leases, &cells);
	return take_table(leases, &cells);
}
