/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * `cordon rules check`: what is wrong with each of the lists, and with each beside the others.
 * paths ends with NULL. json: an object per file on standard output instead of words. EXIT_NO:
 * something is.
 */
int rules_check(char *const paths[], bool json);
