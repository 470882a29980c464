/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/diag.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/ledger.h"
#include "appliance/box/settings/provision.h"

/*
 * Sets of settings files on the data partition. Below PATH_DATA:
 *
 *	settings/		the set in force, its ledger, and during a trial the trial's end
 *	settings.new/		the next set while it is written
 *	settings.old/		the set before a trial
 *	settings.gone/		a set while it is removed
 *	settings.waiting/	a refused set, which the administrator's secret can accept
 *	settings.bad/		a set that could not be used; etc/init.d/boot put it there
 *	settings.log		what was taken and refused (set_log.h)
 *	provisioned		this box was set up (set_mark.h)
 *
 * A folder is written beside its place and exchanged with it, so that a power cut leaves one whole
 * set. Errors are -errno.
 */
#define SET_STORE_NEW PATH_DATA "/settings.new"
#define SET_STORE_OLD PATH_DATA "/settings.old"
#define SET_STORE_WAITING PATH_DATA "/settings.waiting"
#define SET_STORE_BAD PATH_DATA "/settings.bad"
#define SET_STORE_TRIAL_NAME "trial"
#define SET_STORE_TRIAL PATH_SETTINGS "/" SET_STORE_TRIAL_NAME

/* One change at a time: waits for the lock, and the process holds it until its end. */
void set_store_lock(void);
/* For a change that ends before its process, and for a child that takes no part in it. */
void set_store_unlock(void);

/* Reads the files of a folder below PATH_DATA. The caller releases set, after an error too. */
int set_store_load(const char *folder, struct provision *set, struct diag *diag)
	__attribute__((warn_unused_result));
/* Does the folder still hold the set "before", byte for byte? */
bool set_store_unchanged(const char *folder, const struct provision *before);

/* Puts set in force, whole or not at all, also when the power goes. trial: the line of a trial's
 * end, or NULL. */
int set_store_replace(const struct provision *set, const struct ledger *ledger, const char *trial)
	__attribute__((warn_unused_result));
/* Writes set into another folder (SET_STORE_WAITING, SET_STORE_OLD), whole or not at all. why: a
 * text for the file "why" in it, or NULL. */
int set_store_copy(const char *folder, const struct provision *set, const struct ledger *ledger,
		   const char *why) __attribute__((warn_unused_result));
/* Exchanges the names of two folders below PATH_DATA; b may be missing. */
int set_store_exchange(const char *a, const char *b) __attribute__((warn_unused_result));
/* Removes a folder below PATH_DATA and the files in it. */
void set_store_remove(const char *folder);
/* Flushes names that were changed or removed below PATH_DATA to the disk. */
int set_store_sync(void);

/* Is the set in force on trial? */
bool set_store_on_trial(void);
