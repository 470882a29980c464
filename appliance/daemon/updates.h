/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/updates_keep.h"

/*
 * Signed updates, from an offer to the receipt: it is verified and compiled by a throw-away child
 * (change.h), comes into force, is kept, and is attested.
 */

/* Messages for a child that is being started. */
int updates_tell_update(struct updates *updates, struct child *child);
/* offered: the offer under way is to be judged. */
int updates_tell_compile(struct updates *updates, struct child *child, bool offered);

/* Has the update role said more than it ever has to? */
bool updates_flooded(struct updates *updates);
/* From the update role and the compiler; messages keep their descriptors unless taken. */
void updates_offer(struct updates *updates, struct message *message);
void updates_attempt(struct updates *updates, const struct message *message);
void updates_delivered(struct updates *updates, const struct message *message);
int updates_verified(struct updates *updates, struct message *message);

/* The change that an offer caused is over. */
void updates_finished(struct updates *updates, enum outcome outcome, const char *text);
/* It was the bundle in force, to the byte. */
void updates_known(struct updates *updates);
/* A change of another cause is in force: the bundle in it is the one that runs. */
void updates_in_force(struct updates *updates);

/* Requests of a person. The number of the poll, and the reply comes with the hook; or 0 with
 * *text, static, now. */
uint32_t updates_poll(struct updates *updates, const char *folder, const char **text);
/* -errno: it is so, and a restart will not know. */
int updates_hold(struct updates *updates, bool held, const struct control_request *request);

/* Once a round. idle: no change is under way. True: a change has to judge an offer now. */
bool updates_tick(struct updates *updates, bool idle);
