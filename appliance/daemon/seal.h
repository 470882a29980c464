/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/base/diag.h"
#include "appliance/base/ration.h"
#include "appliance/daemon/devicekey.h"
#include "appliance/daemon/notices.h"
#include "appliance/ipc/message.h"
#include "appliance/journal/head.h"

/*
 * The parent signs what the journal asks for (journal/head.h): the journal has no key, and the
 * parent computes the root itself, from what it signed before. It writes that to its own folder
 * before the note leaves its hands, so that no restart, no journal that lies and no old copy of the
 * log makes it sign two trees that contradict one another.
 *
 *	STATE/seal		the newest tree that was signed, and its note
 *	STATE/seal.keys		every public key that signed, PEM, the newest last
 *	STATE/seal.reset	"seal" of a log that a factory reset deleted (recover.h)
 */
struct seal {
	struct daemon *daemon;
	struct devicekey *key;
	struct notices *notices;	/* a new key, a reset */
	bool open;
	struct head_signed before;
	char note[1024];	/* the newest; "": none yet */
	struct checkpoint newest;	/* in it */
	int error;		/* why the last head was not signed; 0 */
	struct ration ration;	/* of heads */
	struct secret *next;	/* the key to come; NULL: none */
};

/* daemon, key and notices are the caller's, and stay. */
void seal_init(struct seal *seal);

/* The key, and what was signed before. 0, or -errno with diag: try again later; nothing is signed
 * until then. */
int seal_open(struct seal *seal, struct diag *diag) __attribute__((warn_unused_result));

/* For a journal that starts: the body of MESSAGE_SIGNED; returns its size. */
size_t seal_tell(const struct seal *seal, uint8_t body[HEAD_BYTES]);

/* MESSAGE_HEAD. 0: seal->note is its note; -EBADMSG: no honest journal sends that; other -errno: it
 * cannot be signed now. wall_ms: the time in the note. */
int seal_head(struct seal *seal, const struct message *message, int64_t wall_ms)
	__attribute__((warn_unused_result));

/*
 * A new key: a notice names it, the old key signs a checkpoint over that, and from then on the new
 * one signs. So trust in the old key leads to it. seal_renew makes the key and the notice; the
 * caller then has the notice sent and a checkpoint asked for. seal_switch, after that was signed
 * and sent, takes the new key. seal_drop gives it up. 0 or -errno; -EAGAIN: there is none, or it
 * waits for its checkpoint.
 */
/* actor: who asked for it. */
int seal_renew(struct seal *seal, const struct actor *actor) __attribute__((warn_unused_result));
int seal_switch(struct seal *seal) __attribute__((warn_unused_result));
void seal_drop(struct seal *seal);

/* For the status: key, batches, last, time, reason, error; the caller's reference. */
json_t *seal_status(const struct seal *seal);
