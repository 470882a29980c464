/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/settings/provision.h"

/* What a judgement (judgement.h) tells people: where the offer came from, what it would change,
 * what to do. Each text is malloc'ed, with a newline at its end; NULL: memory is short. */

/* errors: a line each. */
char *judgement_words_wrong(const char *where, const char *errors);
/* has_secret: the offer has an administrator's secret. other_root: its trust root belongs to
 * another repository, and no signature suffices. */
char *judgement_words_refused(const char *where, const struct provision_changes *changes,
			      bool has_secret, bool other_root);
/* has_secret: the settings have one after the change. */
char *judgement_words_taken(const char *where, const struct provision_changes *changes,
			    bool has_secret);
