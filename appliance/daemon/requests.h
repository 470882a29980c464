/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* What root asks for over the control socket, from the request to the reply. */

/* A request was read (the hook of control.h). */
void requests_take(struct parent *parent, struct control_client *client);
/* The change that clients wait for is over. */
void requests_changed(struct parent *parent, bool done, const char *text);
/* The rules role sent its counters. */
void requests_counted(struct parent *parent);
/* A poll of the disk ended. */
void requests_disks(struct parent *parent);
/* What came of a poll of the mirrors; no client waits for poll 0. */
void requests_polled(struct parent *parent, uint32_t poll, int code, const char *text);
/* The update role is gone, so no poll that a client waits for will end. */
void requests_abandoned(struct parent *parent, const char *text);
/* A checkpoint of the log was signed, or (-errno) not. */
void requests_signed(struct parent *parent, int error);
/* Once a round: time-outs, and requests whose turn has come. */
void requests_tick(struct parent *parent);
