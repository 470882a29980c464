/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/base/witness.h"

#include <string.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/command/notice.h"

static bool secret;

void box_notice_secret(bool given)
{
	secret = given;
}

void box_notice_of(const struct actor *actor, const char *kind, json_t *members)
{
	char state[BOX_PATH], run[BOX_PATH];
	const struct notice_way way = { .state = box_path(state, PATH_STATE),
					.run = box_path(run, PATH_RUN), .actor = actor,
					.secret = secret };
	int error = command_notice(&way, kind, members);

	if (error)
		box_log("the log lacks a notice of kind %s: %s", kind, strerror(-error));
}

void box_notice(const char *kind, json_t *members)
{
	box_notice_of(NULL, kind, members);
}
