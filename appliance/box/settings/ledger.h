/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/text.h"
#include "appliance/box/base/paths.h"

/*
 * The ledger: which sets came before. It lies beside the files of a set and changes with them. Its
 * text has a line "version NUMBER [SHA-256]" and a line "taken SHA-256" per set.
 */
#define LEDGER_NAME "ledger"
#define LEDGER_PATH PATH_SETTINGS "/" LEDGER_NAME
enum { LEDGER_TAKEN = 16 };

struct ledger {
	int64_t version;				/* of the last signed set; 0: none */
	uint8_t approved[DIGEST_SIZE];			/* of what that set's approval signs */
	uint8_t taken[LEDGER_TAKEN][DIGEST_SIZE];	/* set_offer_digest, oldest first */
	size_t count;					/* of taken */
};

/* Reads a ledger's text; NULL is an empty ledger. Lines that do not read are skipped, and so is
 * every taken set after LEDGER_TAKEN. */
void ledger_parse(struct ledger *ledger, const char *text);
/* Prints it as ledger_parse reads it. */
void ledger_print(const struct ledger *ledger, struct text *out);

/* The ledger of the set in force; an empty one if there is none. */
void ledger_load(struct ledger *ledger);
/* The same of a folder below PATH_DATA. */
void ledger_load_from(const char *folder, struct ledger *ledger);

/* Was the set with this digest taken? */
bool ledger_knows(const struct ledger *ledger, const uint8_t digest[DIGEST_SIZE]);
/* Adds a taken set unless it is known. A full ledger forgets its oldest set. */
void ledger_add(struct ledger *ledger, const uint8_t digest[DIGEST_SIZE]);
