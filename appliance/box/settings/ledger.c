/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"

enum { LEDGER_MAX = 4096 };

/* A digest until the end of its line. */
static bool read_digest(uint8_t digest[DIGEST_SIZE], const char *text)
{
	char hex[2 * DIGEST_SIZE + 1];

	if (strcspn(text, "\n") != 2 * DIGEST_SIZE)
		return false;
	memcpy(hex, text, 2 * DIGEST_SIZE);
	hex[2 * DIGEST_SIZE] = '\0';
	return hex_parse(digest, DIGEST_SIZE, hex);
}

/* "7", or "7 DIGEST". */
static void read_version(struct ledger *ledger, const char *text)
{
	char *end;

	ledger->version = strtoll(text, &end, 10);
	if (*end != ' ' || !read_digest(ledger->approved, end + 1))
		memset(ledger->approved, 0, DIGEST_SIZE);
}

static void read_taken(struct ledger *ledger, const char *text)
{
	if (ledger->count < LEDGER_TAKEN && read_digest(ledger->taken[ledger->count], text))
		ledger->count++;
}

void ledger_parse(struct ledger *ledger, const char *text)
{
	*ledger = (struct ledger){ .version = 0 };
	for (const char *line = text; line && *line;) {
		const char *newline = strchr(line, '\n');

		if (strncmp(line, "version ", 8) == 0)
			read_version(ledger, line + 8);
		else if (strncmp(line, "taken ", 6) == 0)
			read_taken(ledger, line + 6);
		line = newline ? newline + 1 : NULL;
	}
}

bool ledger_knows(const struct ledger *ledger, const uint8_t digest[DIGEST_SIZE])
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (memcmp(ledger->taken[i], digest, DIGEST_SIZE) == 0)
			return true;
	}
	return false;
}

void ledger_add(struct ledger *ledger, const uint8_t digest[DIGEST_SIZE])
{
	if (ledger_knows(ledger, digest))
		return;
	if (ledger->count == LEDGER_TAKEN)
		memmove(ledger->taken[0], ledger->taken[1], (LEDGER_TAKEN - 1) * DIGEST_SIZE);
	else
		ledger->count++;
	memcpy(ledger->taken[ledger->count - 1], digest, DIGEST_SIZE);
}

void ledger_print(const struct ledger *ledger, struct text *out)
{
	char hex[2 * DIGEST_SIZE + 1];

	hex_print(ledger->approved, DIGEST_SIZE, hex);
	text_printf(out, "version %lld %s\n", (long long)ledger->version, hex);
	for (size_t i = 0; i < ledger->count; i++) {
		hex_print(ledger->taken[i], DIGEST_SIZE, hex);
		text_printf(out, "taken %s\n", hex);
	}
}

void ledger_load_from(const char *folder, struct ledger *ledger)
{
	char path[BOX_PATH], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/" LEDGER_NAME, folder);
	text = box_read(path, LEDGER_MAX, &size);
	ledger_parse(ledger, text);
	free(text);
}

void ledger_load(struct ledger *ledger)
{
	ledger_load_from(PATH_SETTINGS, ledger);
}
