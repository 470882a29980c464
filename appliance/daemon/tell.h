/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/parent.h"

/* What roles are told by the parent. */

/* Before it seals itself: settings, descriptors, lists. The first error. */
int tell_role(struct parent *parent, struct child *child) __attribute__((warn_unused_result));
/* A compiler that is ready: mode, time, hold. */
int tell_options(struct parent *parent, struct child *compiler)
	__attribute__((warn_unused_result));
/* A policy to take; patience begins. */
void tell_policy(struct parent *parent, struct child *child, const struct generation *generation);
/* Connects the dns and rules roles with each other. */
void tell_connect(struct parent *parent);
