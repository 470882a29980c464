/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "appliance/evidence/leases_internal.h"

/* The next word, behind blanks; false at the end. */
static bool next(struct piece *rest, struct piece *word)
{
	size_t skip = 0, length = 0;

	while (skip < rest->length && (rest->text[skip] == ' ' || rest->text[skip] == '\t'))
		skip++;
	while (skip + length < rest->length && rest->text[skip + length] != ' ' &&
	       rest->text[skip + length] != '\t')
		length++;
	*word = (struct piece){ rest->text + skip, length, rest->column + (unsigned int)skip };
	rest->text += skip + length;
	rest->length -= skip + length;
	rest->column += (unsigned int)(skip + length);
	return length > 0;
}

/* ---- dnsmasq ---- */

static bool dnsmasq_times(struct leases *leases, const struct piece *expiry, struct naming *naming)
{
	bool date_only;
	int64_t until;

	if (leases_time(expiry, 0, &until, &date_only) < 0 || date_only) {
		leases_damage(leases, expiry->column, "expected the expiry in seconds since 1970");
		return false;
	}
	naming->from_ms = until ? until - leases->options.lease_ms : NAMING_SINCE_EVER;
	naming->until_ms = until ? until : NAMING_FOR_EVER;
	return true;
}

int leases_dnsmasq(struct leases *leases, const char *line, size_t length)
{
	struct naming naming = { .source = NAMING_LEASE, .has_address = true };
	struct piece rest = { line, length, 1 }, expiry, mac, address, name;

	if (!next(&rest, &expiry) || piece_is(&expiry, "duid"))
		return 0;
	if (!next(&rest, &mac) || !next(&rest, &address) || !next(&rest, &name)) {
		leases_damage(leases, rest.column,
			      "expected expiry, MAC, address, name, client id");
		return 0;
	}
	if (!dnsmasq_times(leases, &expiry, &naming))
		return 0;
	if (addr_parse(&naming.address, address.text, address.length) < 0 ||
	    !addr_is_host(&naming.address)) {
		leases_damage(leases, address.column, "expected the address of a host");
		return 0;
	}
	/* An IPv6 lease has the client's IAID there; other hardware than Ethernet a type. */
	if (!leases_mac(&naming, &mac) && addr_is_v4(&naming.address) &&
	    !memchr(mac.text, '-', mac.length)) {
		leases_damage(leases, mac.column, "expected a MAC address");
		return 0;
	}
	if (piece_is(&name, "*"))
		return 0;
	naming_text(naming.name, sizeof(naming.name), name.text, name.length);
	return leases_emit(leases, &naming);
}

/* ---- ISC ---- */

/* The statement without its semicolon and what follows; false: there is none. */
static bool statement(struct leases *leases, struct piece *piece)
{
	bool quoted = false;

	for (size_t i = 0; i < piece->length; i++) {
		if (piece->text[i] == '\\' && quoted)
			i++;
		else if (piece->text[i] == '"')
			quoted = !quoted;
		else if (piece->text[i] == ';' && !quoted) {
			piece->length = i;
			return true;
		}
	}
	leases_damage(leases, piece->column, "expected a semicolon behind the statement");
	return false;
}

/* The string in quotes, with the escapes that dhcpd writes: \ooo, \" and \\. */
static void unquote(struct leases *leases, const struct piece *piece)
{
	char plain[LEASES_LINE];
	size_t length = 0, i = 1;

	if (piece->length < 2 || piece->text[0] != '"' || piece->text[piece->length - 1] != '"') {
		leases_damage(leases, piece->column, "expected a name in double quotes");
		return;
	}
	while (i + 1 < piece->length) {
		const char *at = piece->text + i;
		const size_t left = piece->length - 1 - i;

		if (at[0] == '\\' && left >= 4 && at[1] >= '0' && at[1] <= '3' &&
		    (at[2] & ~7) == '0' && (at[3] & ~7) == '0') {
			plain[length++] = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 |
						 (at[3] - '0'));
			i += 4;
			continue;
		}
		if (at[0] == '\\' && left >= 2) {
			at++;
			i++;
		}
		plain[length++] = *at;
		i++;
	}
	naming_text(leases->naming.name, sizeof(leases->naming.name), plain, length);
}

static void isc_time(struct leases *leases, const struct piece *value, bool end)
{
	int64_t *ms = end ? &leases->naming.until_ms : &leases->naming.from_ms;

	if (end && piece_is(value, "never"))
		*ms = NAMING_FOR_EVER;
	else if (leases_isc_time(value, ms) < 0) {
		leases_damage(leases, value->column, "expected a weekday and "
			      "year/month/day hour:minute:second, or epoch and seconds");
		return;
	}
	if (end)
		leases->has_end = true;
	else
		leases->has_start = true;
}

static void trim(struct piece *piece)
{
	while (piece->length && (*piece->text == ' ' || *piece->text == '\t')) {
		piece->text++;
		piece->length--;
		piece->column++;
	}
	while (piece->length && piece->text[piece->length - 1] == ' ')
		piece->length--;
}

static void in_lease(struct leases *leases, struct piece rest)
{
	struct naming *naming = &leases->naming;
	struct piece word, value;

	if (!statement(leases, &rest) || !next(&rest, &word))
		return;
	value = rest;
	trim(&value);
	if (piece_is(&word, "starts") || piece_is(&word, "ends")) {
		isc_time(leases, &value, piece_is(&word, "ends"));
	} else if (piece_is(&word, "hardware") && next(&value, &word) &&
		   piece_is(&word, "ethernet")) {
		trim(&value);
		if (!leases_mac(naming, &value))
			leases_damage(leases, value.column, "expected a MAC address");
	} else if (piece_is(&word, "client-hostname")) {
		unquote(leases, &value);
	} else if (piece_is(&word, "abandoned") || piece_is(&value, "state abandoned")) {
		leases->abandoned = true;
	}
}

static int end_lease(struct leases *leases)
{
	const struct naming *naming = &leases->naming;

	leases->in_lease = false;
	if (leases->abandoned)
		return 0;
	if (!leases->has_start || !leases->has_end || naming->from_ms > naming->until_ms) {
		leases_damage(leases, 1, "lease without its times: expected starts before ends");
		return 0;
	}
	return leases_emit(leases, naming);
}

/* "lease ADDRESS {"; other declarations only count braces. */
static void open_brace(struct leases *leases, struct piece rest)
{
	struct piece word, address;

	leases->depth++;
	if (leases->depth != 1 || !next(&rest, &word) || !piece_is(&word, "lease") ||
	    !next(&rest, &address))
		return;
	leases->naming = (struct naming){ .source = NAMING_FOREIGN_LEASE, .has_address = true };
	leases->has_start = leases->has_end = leases->abandoned = false;
	if (addr_parse(&leases->naming.address, address.text, address.length) < 0 ||
	    !addr_is_host(&leases->naming.address))
		leases_damage(leases, address.column, "expected the address of a host");
	else
		leases->in_lease = true;
}

int leases_isc(struct leases *leases, const char *line, size_t length)
{
	struct piece rest = { line, length, 1 };

	trim(&rest);
	if (rest.length == 0 || rest.text[0] == '#')
		return 0;
	if (rest.text[rest.length - 1] == '{') {
		open_brace(leases, rest);
		return 0;
	}
	if (rest.text[0] == '}') {
		if (leases->depth == 0) {
			leases_damage(leases, rest.column, "closing brace without an opening one");
			return 0;
		}
		leases->depth--;
		return leases->depth == 0 && leases->in_lease ? end_lease(leases) : 0;
	}
	if (leases->in_lease && leases->depth == 1)
		in_lease(leases, rest);
	return 0;
}
