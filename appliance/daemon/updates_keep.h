/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/base/ration.h"
#include "appliance/daemon/change.h"
#include "appliance/daemon/children.h"
#include "appliance/daemon/devicekey.h"
#include "appliance/daemon/history.h"
#include "appliance/ipc/control.h"
#include "appliance/ipc/message.h"
#include "appliance/ipc/update_message.h"
#include "rules/signed/freshness.h"

/*
 * The parent's side of signed updates. It takes an offer from the update role and has it verified
 * and compiled by a throw-away child. It keeps what went into force as STATE/bundle, and attests
 * it. It reads no metadata itself.
 *
 * A file that is damaged is kept as NAME.damaged; one that cannot be read now is read again later.
 *
 *	STATE/bundle		the release in force, metadata and lists (signed/archive.h);
 *				read at the start only
 *	STATE/update/		the update role's own folder
 *	STATE/updates		what has to outlive a restart: floor, sequence, hold, since
 *	STATE/device.pem	the appliance's key (devicekey.h)
 *	STATE/collector.pem	key and certificate that the collector knows it by
 *	STATE/receipt.json	the last receipt
 *	STATE/receipts.jsonl	those that said something new, bounded
 *	STATE/history.jsonl	what became of offers and polls, bounded
 */
struct updates {
	struct daemon *daemon;
	struct child *role;		/* the update role */
	const struct generation *current;	/* in force */
	const struct mode_record *mode;
	/* What came of a poll that a client of the control socket asked for. */
	void (*polled)(void *context, uint32_t poll, int code, const char *text);
	/* What became of a release: "accepted", "waiting", "refused", "failed". */
	void (*noted)(void *context, const char *what, int64_t release, const char *text);
	void *context;
	struct devicekey *key;
	const char *note;	/* the newest checkpoint of the log; "": none yet */
	struct history history;

	bool on;			/* cordon.conf names a trust root, and it is there */
	char off[320];			/* why not */
	struct freshness freshness;
	struct freshness told;		/* what the update role knows of it */

	/* outlives a restart */
	int64_t sequence;		/* of receipts */
	int64_t since;			/* when the release in force came into force */
	bool held;
	char held_reason[CONTROL_REASON];
	char held_by[CONTROL_BY];

	int bundle; /* the bundle in force, so that no disk is needed to go on with
		     * it; sealed memfd, -1: none */
	bool unsaved;			/* STATE/bundle is older */
	bool restored;			/* STATE/updates was read, or is not there */
	bool bundle_read;		/* STATE/bundle was read, or is not there */
	bool damaged;			/* and cannot be used: it is set aside when another comes */
	int offer;			/* waits for its turn; sealed memfd, -1 */
	int judged;			/* the offer under way; -1 */
	uint32_t offer_poll, judged_poll;	/* the polls that found them; 0: no person asked */
	uint32_t last_poll;
	int candidate;			/* what the compiler would keep of it; -1 */
	struct ration messages;		/* of the update role */
	struct ration offers;
	struct ration failures;		/* history lines of polls that failed */
	/* history lines and receipts of offers that were not taken */
	struct ration verdicts;
	struct bundle_info running;	/* in force; release 0: none */
	struct bundle_info verified;	/* the last one that a compiler verified */
	bool has_verified;		/* in the change under way */
	struct bundle_info newest;	/* of all that was verified, by root and time of signing */

	struct attempt attempt;		/* the last poll */
	int64_t attempt_at;		/* seconds since 1970; 0: none yet */
	int64_t contact_at;		/* the last one without failure */
	int64_t waiting;		/* release that is verified and not due; 0: none */
	int64_t waiting_until;		/* INT64_MAX: held */
	int64_t refused_at;		/* 0: nothing refused since the last acceptance */
	char refusal[UPDATE_TEXT];
	char failure[UPDATE_TEXT];	/* of the last poll, so that history says it once */
	char delivered[256];		/* the fate of the last receipt; "" none sent */
	bool attested;			/* since the start */
	int64_t receipt_ms;		/* uptime of the next one that nothing else causes */
	int64_t save_ms;		/* uptime of the next floor to keep */
};

/* In memory: no updates, and time begins at the build. */
/* The members before "on" are the caller's, and stay. */
void updates_init(struct updates *updates);
/*
 * What the state folder holds. 0 when all of it is there, or when the settings want no updates;
 * -errno with diag: then the daemon runs without updates, and calls this again later.
 */
int updates_open(struct updates *updates, struct diag *diag) __attribute__((warn_unused_result));

/* Is the policy compiled from STATE/bundle, and not from the folder of rule lists? */
bool updates_bundled(const struct updates *updates);
/* A compiler found it damaged: from now on the folder counts, until the next release. */
void updates_bundle_damaged(struct updates *updates);

/* What has to outlive a restart; a failure is logged, too. */
int updates_keep(struct updates *updates);
void updates_save_bundle(struct updates *updates);

/* What time it is by signed/freshness.h, in seconds since 1970, and how that is known. */
int64_t updates_now(const struct updates *updates);
enum freshness_state updates_freshness(const struct updates *updates);
bool updates_clock_set(const struct updates *updates);
bool updates_clock_by_ntp(const struct updates *updates);
