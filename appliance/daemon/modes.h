/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "ipc/control.h"
#include "settings/settings.h"

/*
 * The mode that was asked for (struct mode_record), kept in the state folder, so that a restart keeps
 * the deadline. A clock that was set back behind the beginning ends the mode: the safe side is to
 * enforce.
 */
/* Reads STATE/mode; a missing or damaged file is MODE_ENFORCE (damaged: said in diag). */
void mode_load(struct mode_record *record, int state, struct diag *diag);
int mode_save(const struct mode_record *record, int state) __attribute__((warn_unused_result));

/* Has the mode's time come? Never for MODE_ENFORCE. */
bool mode_ended(const struct mode_record *record, int64_t wall);

/* monitor-first: on the first start of an installation, monitor mode for so long. True when the
 * record was changed. */
bool mode_first_start(struct mode_record *record, const struct settings *settings, int state,
		      int64_t wall);

/* What a request asks for; 0, or -EINVAL with what is allowed in diag. */
int mode_request(struct mode_record *record, const struct control_request *request,
		 const struct settings *settings, int64_t wall, struct diag *diag);

/* The categories that only monitor in this mode, for struct policy_options. */
uint32_t mode_monitor_mask(const struct mode_record *record);
