/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/intake_plan.h"

#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/box/settings/judgement.h"

enum intake_outcome intake_plan_outcome(enum judgement_verdict verdict, bool stored)
{
	if (verdict == JUDGEMENT_WRONG)
		return INTAKE_WRONG;
	if (verdict == JUDGEMENT_REFUSE)
		return INTAKE_REFUSED;
	if (!stored)
		return INTAKE_UNKEPT;
	return verdict == JUDGEMENT_TAKE ? INTAKE_TAKEN : INTAKE_SAME;
}

bool intake_plan_is_done(enum intake_outcome outcome)
{
	return outcome == INTAKE_KNOWN || outcome == INTAKE_SAME || outcome == INTAKE_TAKEN;
}

bool intake_plan_failed(enum intake_outcome outcome)
{
	return outcome != INTAKE_NONE && !intake_plan_is_done(outcome);
}

bool intake_plan_has_errors(enum intake_outcome outcome)
{
	return outcome == INTAKE_REFUSED || outcome == INTAKE_WRONG ||
	       outcome == INTAKE_UNREADABLE;
}

enum intake_files intake_plan_boot(enum intake_outcome outcome, bool keeps, bool has_errors)
{
	if (intake_plan_is_done(outcome))
		return keeps ? INTAKE_REMOVE : INTAKE_STAY;
	return intake_plan_stick(outcome, has_errors);
}

enum intake_files intake_plan_stick(enum intake_outcome outcome, bool has_errors)
{
	return has_errors || intake_plan_has_errors(outcome) ? INTAKE_NOTE : INTAKE_LEAVE;
}

bool intake_plan_differ(const uint8_t digest[][DIGEST_SIZE], size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (memcmp(digest[0], digest[i], DIGEST_SIZE) != 0)
			return true;
	}
	return false;
}
