/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/*
 * What differs between two texts of settings (cordon.conf, network.conf), for the log: one change a
 * key, "key" or "section.key". The values of a key that is there more than once are one, with ", "
 * between. Nothing is judged: texts with errors are compared, too. Values of keys whose names say
 * that they are secret are "(secret)" and never leave.
 */
enum { DIFFERENCE_KEYS = 512, DIFFERENCE_VALUE = 200 };

struct changed_key {
	const char *key;
	const char *old, *new;	/* at most DIFFERENCE_VALUE bytes; NULL: not there */
};

/* Calls back in the order of the keys in new, then of those that only old has. 0, -ENOMEM, or what
 * each returned. Keys beyond DIFFERENCE_KEYS of a text are one change with the key "...". */
int difference_find(const char *old, const char *new,
		    int (*each)(void *context, const struct changed_key *difference),
		    void *context) __attribute__((warn_unused_result));
