/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "appliance/evidence/leases_internal.h"
#include "rules/policy/name.h"

bool piece_is(const struct piece *piece, const char *word)
{
	const size_t length = strlen(word);

	if (piece->length != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name_lower((uint8_t)piece->text[i]) != (uint8_t)word[i])
			return false;
	}
	return true;
}

void leases_damage(struct leases *leases, unsigned int column, const char *expected)
{
	diag_error(leases->options.diag, leases->options.source, leases->line, column, "%s",
		   expected);
}

bool leases_mac(struct naming *naming, const struct piece *piece)
{
	const int error = mac_parse(naming->mac, piece->text, piece->length);

	naming->has_mac = !error && mac_is_device(naming->mac);
	return !error;
}

int leases_emit(struct leases *leases, const struct naming *naming)
{
	if (!naming->has_address && !naming->has_mac)
		return 0;
	if (!naming->name[0] && !naming->user[0] && !naming->site[0] && !naming->tool &&
	    !leases->options.bare)
		return 0;
	return leases->options.sink(leases->options.context, naming);
}
