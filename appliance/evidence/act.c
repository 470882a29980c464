/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/act.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/command/notice.h"
#include "appliance/ipc/control.h"

int act_record(const struct cli *cli, const char *kind, json_t *members)
{
	const struct notice_way way = { .state = cli->state, .run = cli->run };
	const int error = command_notice(&way, kind, members);

	if (!error)
		return EXIT_YES;
	fprintf(stderr, "cordon: this is done, but the block log has no entry of it: %s\n",
		strerror(-error));
	return EXIT_NO;
}

void act_looked(const struct cli *cli, const char *host)
{
	struct control_request request = { .type = CONTROL_LOOKED };
	char *reply = NULL;
	int code = 0;

	text_name(request.reason, sizeof(request.reason), host);
	(void)!control_ask(cli->run, &request, &code, &reply);
	free(reply);
}
