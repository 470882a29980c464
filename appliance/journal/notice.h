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
 * caller frees it. 0 or -ENOMEM. Members are fields with values; no program has to read a sentence.
 * by, wherever it is, is what a person wrote, not who was authenticated: that is the actor
 * (ipc/actor.h). late is true if the notice had to wait for cordond to start.
 *
 *	mode	mode until categories reason by; until and categories are null if they do not
 *		apply
 *	lost	lost kernel rings journal disk: events that could not be kept; lost is the sum
 *	start	version: the journal begins, with a boot or with cordond
 *	stop	it ends in order
 *	gap	last since: it did not end in order before. last is the number of the last entry
 *		that was stored, since its time: what happened between that and this notice may be
 *		missing
 *	expired	days bytes first last number: databases of whole days, by their dates, go
 *		because of the budget or the retention; number: of the last one's file
 *	folded	file number grain bytes_before bytes sha256: a day was made coarser because of the
 *		budget: its equal events of an hour (grain "hours") or of the day ("whole") are one
 *		entry now. sha256 is that of its file, which nothing else covers any more
 *	dropped	notices: so many could not wait for the journal
 *	role	role what reason signal code oom: a process of cordond is "ready", or "ended" and is
 *		started again; signal and code are null if it did not end so, oom is true if the
 *		kernel ended it for want of memory
 *	policy	cause release state versions mode digest root signed_at signers carried: it is in
 *		force from now on. digest of the bundle and signers (key ids) are null for lists of
 *		a folder. carried is true in the copy that each new day begins with
 *	damaged	files: databases that could not be read and were set aside
 *	seal	what signed last: about the checkpoints (checkpoint.h). "missing", "changed": the
 *		days do not continue what was signed, so many batches up to entry last, and the log
 *		goes on behind that. "reset": a factory reset deleted the log of so many batches.
 *		"key" old key public: from now on the key with the id "key" signs; old is null
 *		for the first one, public is the key's SubjectPublicKeyInfo in base64
 *	taken	file lines damaged: lines of the old log's file that are entries now, and those that
 *		could not be read
 *	update	what release digest source reason signers by: a release was "accepted", "refused",
 *		is "waiting" or failed to come ("failed"); "held", "released": none is taken, or
 *		they are again
 *	trust	what from to: the version of the trust root that signed what is in force changed
 *	settings what file changes digest reason: settings were "applied", "tried", "kept",
 *		"reverted", "refused" or "accepted". changes: an array of {key, old, new}; values of
 *		secrets are left out
 *	stick	what where reason: a stick brought settings; "taken", "refused", "unreadable" or
 *		"known"
 *	reset	log: a factory reset was ordered; log is true if the log goes, too
 *	image	what name before signers reason: an image was "installed", "refused", "confirmed",
 *		"failed" in its trial, or the other slot is started next ("rollback")
 *	hosts	action a b: two selectors are one machine by hand ("merge"), or no longer ("split")
 *	names	action label names host name user site tool: names of hosts were loaded ("load";
 *		label and how many), taken away ("remove"; label) or given by hand ("set"; host and
 *		what)
 *	login	service user key from result: at "ssh" or "console"; result is "accepted" or
 *		"failed"
 *	clock	old new step: wall time was set, by step milliseconds
 *	disk	folder percent level: the disk of "state" or "log" went over 75 or 90 percent, or
 *		fell below again; level is 0, 75 or 90
 *	budget	what: the write budget of the day is "reached", details become coarser; or "left"
 *	edit	changes what repaired: others changed cordond's table in the kernel
 *	selftest result checks failed: "passed" or "failed" of so many checks; failed names the
 *		first of those that did
 *	looked	host: someone read the story of this host
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
#define NOTICE_UPDATE "update"
#define NOTICE_TRUST "trust"
#define NOTICE_SETTINGS "settings"
#define NOTICE_STICK "stick"
#define NOTICE_RESET "reset"
#define NOTICE_IMAGE "image"
#define NOTICE_LOGIN "login"
#define NOTICE_CLOCK "clock"
#define NOTICE_DISK "disk"
#define NOTICE_BUDGET "budget"
#define NOTICE_EDIT "edit"
#define NOTICE_SELFTEST "selftest"
#define NOTICE_LOOKED "looked"
#define NOTICE_HOSTS "hosts"
#define NOTICE_NAMES "names"

#define NOTICE_DROPPED "dropped"
#define NOTICE_ROLE "role"
#define NOTICE_POLICY "policy"

/* All of them, as elements of an array. */
#define NOTICE_KINDS NOTICE_MODE, NOTICE_LOST, NOTICE_START, NOTICE_STOP, NOTICE_GAP, \
	NOTICE_EXPIRED, NOTICE_DAMAGED, NOTICE_TAKEN, NOTICE_SEAL, NOTICE_FOLDED, NOTICE_UPDATE, \
	NOTICE_TRUST, NOTICE_SETTINGS, NOTICE_STICK, NOTICE_RESET, NOTICE_IMAGE, NOTICE_LOGIN, \
	NOTICE_CLOCK, NOTICE_DISK, NOTICE_BUDGET, NOTICE_EDIT, NOTICE_SELFTEST, NOTICE_LOOKED, \
	NOTICE_HOSTS, NOTICE_NAMES, NOTICE_DROPPED, NOTICE_ROLE, NOTICE_POLICY

/* From an object, which is taken over; NULL is -ENOMEM. */
int notice_members(json_t *members, char **body) __attribute__((warn_unused_result));

/* The other way: *members is the caller's. 0 or -errno: -EBADMSG: they are none, and *members is
 * NULL, as after -ENOMEM. */
int notice_parse(const char *body, json_t **members) __attribute__((warn_unused_result));

/* May another program of the box hand in a notice of this kind (ipc/handed.h)? */
bool notice_is_offered(const char *kind);
/*
 * Reads members that another program hands in: a flat object of at most NOTICE_MEMBERS members with
 * lower-case keys that no other part of a record has; values are strings, numbers, true, false,
 * null, and arrays of these or of such objects. 0: *members is the caller's; -EBADMSG.
 */
enum { NOTICE_MEMBERS = 24, NOTICE_ITEMS = 64 };
int notice_check(const char *text, json_t **members) __attribute__((warn_unused_result));

/* Call it while files may still be opened: jansson reads its seed from one. */
void notice_prepare(void);

/* From what it says; body as above, or an object. */
json_t *notice_mode_json(const struct mode_record *mode);
int notice_mode(const struct mode_record *mode, char **body) __attribute__((warn_unused_result));
/* first, last: dates, in days since 1970. number: of the last file. */
int notice_expired(uint32_t days, uint64_t bytes, int32_t first, int32_t last, uint32_t number,
		   char **body)
	__attribute__((warn_unused_result));
int notice_folded(const struct days_file *file, uint64_t before,
		  const uint8_t digest[DIGEST_SIZE], char **body)
	__attribute__((warn_unused_result));
int notice_damaged(uint32_t files, char **body) __attribute__((warn_unused_result));
int notice_gap(uint64_t last, int64_t since_ms, char **body) __attribute__((warn_unused_result));
int notice_start(char **body) __attribute__((warn_unused_result));
/* The members of NOTICE_SEAL without "key". */
int notice_seal(const char *what, uint64_t batches, uint64_t last, char **body)
	__attribute__((warn_unused_result));
/* reached: or left. */
int notice_budget(bool reached, char **body) __attribute__((warn_unused_result));
int notice_lost(const uint64_t lost[LOSS_COUNT], char **body) __attribute__((warn_unused_result));
/* The members of NOTICE_TAKEN; file: the name of the old log's file. */
int notice_taken(const char *file, uint64_t lines, uint64_t damaged, char **body)
	__attribute__((warn_unused_result));
