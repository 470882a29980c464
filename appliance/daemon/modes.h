/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/clock.h"
#include "appliance/base/diag.h"
#include "appliance/ipc/control.h"
#include "appliance/settings/settings.h"

/*
 * The mode that was asked for (struct mode_record), kept in the state folder, so that a restart
 * keeps the deadline. A clock that was set back behind the beginning ends the mode: the safe side
 * is to enforce.
 *
 * Its times are those of a box that may wake in 1970: until the clock is set they go by
 * signed/freshness.h, and when it is set they move along, so that two weeks stay two weeks. What
 * passed is then what the uptime says, or, from one boot to the next, nothing. Only a clock that is
 * set now and was set before counts the time in which the box was off.
 */
struct mode_clock {
	int64_t now;		/* seconds since 1970 by the best that is known; 0: nothing */
	int64_t uptime;		/* seconds */
	bool set;		/* now is the local clock's */
	char boot[CLOCK_BOOT_ID];
};

/*
 * Reads STATE/mode, and in *clock when it was written. A missing file is MODE_ENFORCE, and so is a
 * damaged one, which is set aside as mode.damaged (said in diag). -errno when it cannot be read
 * now: then nothing is known, both are as for a missing file, and the file must not be replaced but
 * for a new request.
 */
int mode_load(struct mode_record *record, struct mode_clock *clock, int state, struct diag *diag)
	__attribute__((warn_unused_result));
int mode_save(const struct mode_record *record, const struct mode_clock *clock, int state)
	__attribute__((warn_unused_result));

/* It is now, and it was *clock when this was called last: moves the times of the record along.
 * True when they moved. */
bool mode_move(struct mode_record *record, struct mode_clock *clock, const struct mode_clock *now);

/* Has the mode's time come? Never for MODE_ENFORCE. */
bool mode_ended(const struct mode_record *record, int64_t now);

/* monitor-first: on the first start of an installation, monitor mode for so long. True when the
 * record was changed. */
bool mode_first_start(struct mode_record *record, const struct settings *settings, int state,
		      int64_t now);

/* What a request asks for; 0, or -EINVAL with what is allowed in diag. */
int mode_request(struct mode_record *record, const struct control_request *request,
		 const struct settings *settings, int64_t now, struct diag *diag);

/* The categories that only monitor in this mode, for struct policy_options. */
uint32_t mode_monitor_mask(const struct mode_record *record);
