/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/crypto/key.h"
#include "appliance/daemon/daemon.h"
#include "appliance/ipc/update_message.h"

/*
 * The appliance's own key, P-256, in STATE/device.pem. It signs receipts (receipt.h) and
 * checkpoints of the log (seal.h). The parent makes it at its first start, and no other process has
 * it.
 */
struct devicekey {
	struct daemon *daemon;
	struct secret *secret;	/* NULL: not open */
	char id[UPDATE_KEYID];	/* as the publisher knows it */
};

/* Reads it, or makes one. Nothing to do when it is open. A damaged one is set aside. 0 or -errno:
 * try again later. */
int devicekey_open(struct devicekey *key) __attribute__((warn_unused_result));
/* Takes over secret in place of the one before. -errno: it could not be written, and stays the
 * caller's. */
int devicekey_replace(struct devicekey *key, struct secret *secret)
	__attribute__((warn_unused_result));
