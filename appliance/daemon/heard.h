/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/*
 * What roles say to the parent. A message that is not a role's to send, or that is damaged, ends
 * the role. What a message means for the change under way only changes its state: the round acts on
 * it.
 */
void heard_message(struct parent *parent, struct child *child, struct message *message);

/* A change is refused; the source after it follows when nothing is in force (change.h). */
void heard_refuse(struct parent *parent, const char *text, bool passes);
