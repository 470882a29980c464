/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/ipc/event.h"
#include "dns/core.h"
#include "dns/wire.h"

/* A worker's counters, and what it reports to the journal. */

/* Counts a query, and logs it if the policy blocks or monitors it, or exempts it by a rule. Of
 * others it notes that the client is there (ipc/attendance.h). */
void account_query(struct core *core, const struct path *path, const struct query *query,
		   const struct verdict *verdict);
/* Logs one event. address: what the verdict is about; NULL if it is about the name. */
void account_log(struct core *core, const struct path *path, const struct query *query,
		 const struct verdict *verdict, enum event_channel channel,
		 const struct addr *address);
/* Wakes the journal when there are events for it; once a round. */
void account_wake(struct core *core);
