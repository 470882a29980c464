/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/judgement_words.h"

#include "appliance/base/text.h"
#include "appliance/box/settings/provision.h"

char *judgement_words_wrong(const char *where, const char *errors)
{
	struct text out = TEXT_EMPTY;

	text_printf(&out, "settings of %s are wrong, and nothing of them was taken:\n%s", where,
		    errors);
	return out.data;
}

char *judgement_words_refused(const char *where, const struct provision_changes *changes,
			      bool has_secret, bool other_root)
{
	struct text out = TEXT_EMPTY;

	text_printf(&out, "settings of %s are refused: they would change ", where);
	provision_print(changes, true, &out);
	if (has_secret)
		text_puts(&out, " (leave the file admin-secret away where it is not to change)");
	if (other_root)
		text_puts(&out, ".\nThe trust root is another repository's: that takes the "
				"administrator's secret here, whatever the signature:\n"
				"cordon settings accept.\n");
	else
		text_puts(&out, ".\nThat takes signatures of the trust root's keys (settings.json, "
				"see cordon repo settings), or the\nadministrator's secret here: "
				"cordon settings accept.\n");
	if (changes->count > changes->protected) {
		text_puts(&out, "A set is whole: ");
		provision_print(changes, false, &out);
		text_puts(&out, " was not taken either.\n");
	}
	return out.data;
}

char *judgement_words_taken(const char *where, const struct provision_changes *changes,
			    bool has_secret)
{
	struct text out = TEXT_EMPTY;

	text_printf(&out, "settings of %s are taken: ", where);
	provision_print(changes, true, &out);
	if (changes->protected && changes->protected < changes->count)
		text_puts(&out, ", ");
	provision_print(changes, false, &out);
	text_puts(&out, "\n");
	if (!has_secret)
		text_puts(&out, "no administrator's secret is set: later changes of what is "
				"protected have to be signed, or come after a factory reset\n");
	return out.data;
}
