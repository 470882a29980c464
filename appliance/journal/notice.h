/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/ipc/control.h"
#include "appliance/journal/days.h"
#include "appliance/journal/losses.h"

/*
 * The members of notices (entry.h), as text of a JSON object without its braces. *body: the
 * caller frees it. 0 or -ENOMEM.
 *
 *	mode	mode until categories reason by; until and categories are null if they do not
 *		apply. by is what a person wrote, not who was authenticated
 *	lost	lost kernel rings journal disk: events that could not be kept; lost is the sum
 *	start	version: the journal begins, with a boot or with cordond
 *	stop	it ends in order
 *	gap	last since: it did not end in order before. last is the number of the last entry
 *		that was stored, since its time: what happened between that and this notice may be
 *		missing
 *	expired	days bytes first last number: databases of whole days, by their dates, deleted
 *		because of the budget or the retention; number: of the last one's file
 *	folded	file number grain bytes_before bytes sha256: a day was made coarser because of the
 *		budget: its equal events of an hour (grain "hours") or of the day ("whole") are one
 *		entry now. sha256 is that of its file, which nothing else covers any more
 *	dropped	notices: so many could not wait for the journal
 *	role	role what reason: a process of cordond is "ready", or "ended" and is started again
 *	policy	cause release state versions mode: it is in force from now on
 *	damaged	files: databases that could not be read and were set aside
 *	seal	what signed last: about the checkpoints (checkpoint.h). "missing", "changed": the
 *		days do not continue what was signed, so many batches up to entry last, and the log
 *		goes on behind that. "reset": a factory reset deleted the log of so many batches.
 *		"key" old key public: from now on the key with the id key signs; old is null if there
 *		was none, public is its SubjectPublicKeyInfo in base64
 *	taken	file lines damaged: lines of the old log's file that are entries now, and those that
 *		could not be read
 */
#define NOTICE_MODE "mode"
#define NOTICE_LOST "lost"
#define NOTICE_START "start"
#define NOTICE_STOP "stop"
#define NOTICE_GAP "gap"
#define NOTICE_EXPIRED "expired"
#define NOTICE_DAMAGED "damaged"
#define NOTICE_TAKEN "taken"
#define NOTICE_SEAL "seal"

#define NOTICE_FOLDED "folded"
#define NOTICE_DROPPED "dropped"
#define NOTICE_ROLE "role"
#define NOTICE_POLICY "policy"

/* From an object, which is taken over; NULL is -ENOMEM. */
int notice_members(json_t *members, char **body) __attribute__((warn_unused_result));

/* Call it while files may still be opened: jansson reads its seed from one. */
void notice_prepare(void);

/* From what it says; body as above. */
int notice_mode(const struct mode_record *mode, char **body) __attribute__((warn_unused_result));
/* first, last: dates, in days since 1970. number: of the last file. */
int notice_expired(uint32_t days, uint64_t bytes, int32_t first, int32_t last, uint32_t number,
		   char **body)
	__attribute__((warn_unused_result));
int notice_folded(const struct days_file *file, uint64_t before,
		  const uint8_t digest[DIGEST_SIZE], char **body) __attribute__((warn_unused_result));
int notice_damaged(uint32_t files, char **body) __attribute__((warn_unused_result));
int notice_gap(uint64_t last, int64_t since_ms, char **body) __attribute__((warn_unused_result));
int notice_start(char **body) __attribute__((warn_unused_result));
/* The members of NOTICE_SEAL without "key". */
int notice_seal(const char *what, uint64_t batches, uint64_t last, char **body)
	__attribute__((warn_unused_result));
int notice_lost(const uint64_t lost[LOSS_COUNT], char **body) __attribute__((warn_unused_result));
/* The members of NOTICE_TAKEN; file: the name of the old log's file. */
int notice_taken(const char *file, uint64_t lines, uint64_t damaged, char **body)
	__attribute__((warn_unused_result));
