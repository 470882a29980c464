/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/crypto/password.h"

/*
 * The administrator's secret (PATH_SETTINGS/admin-secret). There is none until one is set,
 * and no default one anywhere.
 */
bool admin_has_secret(void);

/*
 * Asks for it, up to three times; each wrong answer makes the next one wait longer, over processes
 * and restarts. true only for the right one. why: "to accept these settings". Without a secret:
 * false, after a word on how one is set.
 */
bool admin_ask(const char *why);

/* Asks for a new one twice; line as admin-secret has it. false: given up, after a word. "" for no
 * secret, where it may be left out. */
bool admin_new(char line[PASSWORD_LINE]);
