/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/intake_words.h"

#include <stdio.h>
#include <string.h>

#include "appliance/base/text.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"

void intake_words_known(const struct set_offer *offer)
{
	printf("settings of %s were taken before and do nothing when they come again%s\n",
	       offer->where,
	       provision_has_plain_secret(&offer->set) ?
		       "; whether the secret among them is another one is not "
		       "looked at" :
		       ": a comment more in one of the files makes them other ones");
}

char *intake_words_unreadable(const char *where, const char *errors)
{
	struct text out = TEXT_EMPTY;

	text_printf(&out,
		    "settings of %s cannot be read, and nothing of them was taken:\n%s", where,
		    errors);
	if (out.data)
		fputs(out.data, stdout);
	return out.data;
}

void intake_words_conflict(const struct set_offer *first, const struct set_offer *second)
{
	printf("%s and %s both have settings, and other ones: nothing was taken; leave one in\n",
	       first->where, second->where);
}

void intake_words_note(struct text *note, const char *where, const char *errors)
{
	if (!errors)
		errors = "out of memory";
	if (!note->length)
		text_printf(note, "%s: %.*s\n", where, (int)strcspn(errors, "\n"), errors);
}
