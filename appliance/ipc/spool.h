/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/ipc/handed.h"

/*
 * Notices that wait for a cordond that does not run: files in STATE/notices, one each, in the order
 * of their names. A file is there whole or not at all. cordond removes one when the journal has it.
 */
#define SPOOL_FOLDER "notices"
enum { SPOOL_MOST = 64, SPOOL_NAME = 48 };

/* Adds one; makes the folder. state: descriptor of the state folder. 0 or -errno; -ENOSPC: as many
 * wait as may. */
int spool_add(int state, const struct handed *handed) __attribute__((warn_unused_result));

/*
 * The oldest one behind the name after ("" at the start): its name in name. 0; -ENOENT: there is
 * none; -EBADMSG: it is damaged; other -errno.
 */
int spool_next(int state, const char *after, char name[SPOOL_NAME], struct handed *handed)
	__attribute__((warn_unused_result));
/* Removes it. */
void spool_remove(int state, const char *name);

/* The bytes of a file. 0 or -EBADMSG. */
int spool_decode(struct handed *handed, const void *data, size_t size)
	__attribute__((warn_unused_result));
