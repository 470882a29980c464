/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/base/text.h"
#include "appliance/journal/policies.h"
#include "appliance/journal/reader.h"

/*
 * Why an event is what it is, by what was known then: all of it is stored with the event, nothing
 * is looked up in the lists of today.
 *
 *	event	the entry as in `cordon log --json`
 *	rule	id list category pattern confidence evidence versions; null if no rule was met, or
 *		it is not known any more
 *	policy	the notice of the policy that it met: its id and actor, and release digest signers
 *		(null for lists of a folder); null if it is not stored
 *
 * A notice has event and actor alone, actor in words.
 */
/* policy: NULL: not known. 0: *why is the caller's; -errno as record_json. */
int why_json(const struct reader_entry *entry, const struct policy_notice *policy, json_t **why)
	__attribute__((warn_unused_result));
/* The same for people, from that object: a line per fact. Everything is masked. */
void why_print(const json_t *why, struct text *out);
