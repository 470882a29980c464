/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/policy/policy.h"

/*
 * The compiled policy that was in force last, in the state folder: enough for a start in which
 * nothing can be compiled. The file is used only when it belongs to root, nobody else can write it,
 * and policy_open takes it, which checks its digest.
 */
#define LASTGOOD_FILE "policy"

/* Nothing is written when that policy is there already. 0 or -errno: the old file stays. */
int lastgood_save(int state, const struct policy *policy) __attribute__((warn_unused_result));

/* A sealed memfd with the block (ipc/message.h), the caller's. -ENOENT. -EBADMSG: damaged, of
 * another version or owned by another user; it is set aside as policy.damaged. Another -errno: it
 * cannot be read now. */
int lastgood_load(int state) __attribute__((warn_unused_result));
