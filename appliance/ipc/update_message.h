/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the update role, the compiling child and the parent exchange about signed updates, encoded
 * field by field. Times are seconds since 1970.
 */
enum { UPDATE_SIGNERS = 8, UPDATE_KEYID = 65, UPDATE_OWNER = 64, UPDATE_TEXT = 1000,
       UPDATE_SOURCE = 160, UPDATE_BODY_MAX = 4096 };

/* What an archive proved to be (MESSAGE_VERIFIED, compile to parent). */
struct bundle_info {
	int64_t release;		/* 0: nothing */
	uint8_t digest[32];
	int64_t published;
	int64_t signed_at;
	int64_t expires;
	/* When this appliance may take it; 0: at once, INT64_MAX: held. */
	int64_t due;
	int64_t root_version;
	char online[UPDATE_KEYID];	/* who signed the timestamp, and what that key is called; */
	char owner[UPDATE_OWNER];	/* comes back clean */
	bool withdrawn;			/* the key of MESSAGE_OPTIONS no longer signs timestamps */
	char signer[UPDATE_SIGNERS][UPDATE_KEYID];
	size_t signers;
};
int bundle_info_encode(const struct bundle_info *info, uint8_t body[UPDATE_BODY_MAX]);
int bundle_info_decode(struct bundle_info *info, const uint8_t *body, size_t size)
	__attribute__((warn_unused_result));

/* One poll of the sources (MESSAGE_ATTEMPT, update to parent). */
enum attempt_result {
	ATTEMPT_NOTHING_NEW,
	ATTEMPT_OFFERED,		/* MESSAGE_OFFER came before it */
	ATTEMPT_FAILED
};
struct attempt {
	enum attempt_result result;
	uint32_t poll;			/* of MESSAGE_POLL; 0: no person asked */
	uint32_t requests;
	char source[UPDATE_SOURCE];	/* the one that answered, or the last one asked */
	char text[UPDATE_TEXT];		/* why it failed, every source; lines */
};
/* Texts come back clean. */
int attempt_encode(const struct attempt *attempt, uint8_t body[UPDATE_BODY_MAX]);
int attempt_decode(struct attempt *attempt, const uint8_t *body, size_t size)
	__attribute__((warn_unused_result));

/*
 * Cleans text from a process that read untrusted bytes, before it goes to logs, terminals and JSON.
 * Visible ASCII, spaces and line ends stay; each other byte becomes '?'.
 */
void update_clean(char *text);

/* What became of an offer (MESSAGE_OUTCOME, parent to update). */
enum outcome { OUTCOME_TAKEN, OUTCOME_WAITS, OUTCOME_REFUSED, OUTCOME_COUNT };
