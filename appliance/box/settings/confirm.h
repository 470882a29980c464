/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/set_offer.h"

#define CONFIRM_CHANGED \
	"the settings were changed meanwhile: nothing of this was taken; look again\n"
#define CONFIRM_TRIAL \
	"a trial of settings is under way: first cordon settings keep, or wait for its end\n"

/*
 * Judges the offer and asks for the administrator's secret if it takes one. The lock is taken after
 * that, since a person at the question would block all others. So what is in force must be what it
 * was, and the offer is judged again. true: the set may be taken, and the lock is held. false: it
 * may not, after a message, and the lock is not held. The caller releases the judgement in either
 * case.
 */
bool confirm_offer(struct judgement *judgement, const struct set_offer *offer);
