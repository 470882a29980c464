/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/names_seen.h"
#include "appliance/evidence/query.h"
#include "appliance/evidence/reverse.h"
#include "appliance/journal/days.h"

extern const char weights_text[];	/* generated from weights.tsv */

static int read_names(struct inquiry *inquiry, const struct cli *cli)
{
	struct diag diag;
	int error;

	diag_init(&diag);
	error = inquiry->weights ? weights_parse(inquiry->weights, "weights.tsv", weights_text,
					      strlen(weights_text), &diag) : -ENOMEM;
	if (!error)
		error = names_read(&inquiry->names, cli->state);
	/* A reader of the log is told what it says, if names are closed to them. */
	if (error == -EACCES) {
		fprintf(stderr, "cordon %s: %s/" NAMES_FOLDER ": %s; hosts have no names here\n",
			inquiry->command, cli->state, strerror(-error));
		error = 0;
	}
	if (inquiry->names.damaged)
		fprintf(stderr, "cordon %s: %zu lines or files in %s/" NAMES_FOLDER " cannot be "
			"read\n", inquiry->command, inquiry->names.damaged, cli->state);
	return error;
}

static int read_hosts(struct inquiry *inquiry, struct hosts_options *options)
{
	uint32_t damaged;	/* hosts_read says so, too */
	int error = names_seen(&inquiry->names, inquiry->folder, &damaged);

	if (error && error != -E2BIG)
		return error;
	names_join(&inquiry->names);
	options->folder = inquiry->folder;
	options->today = days_of(clock_wall_ms());
	options->weights = inquiry->weights;
	options->naming = inquiry->names.naming;
	options->namings = inquiry->names.count;
	options->merge = inquiry->names.merge;
	options->merges = inquiry->names.merges;
	return hosts_read(&inquiry->hosts, options);
}

/* Rows without a name get the one of their address. */
static int name_rows(struct inquiry *inquiry, struct reverse *reverse)
{
	inquiry->reverse = calloc(inquiry->hosts.count + 1, sizeof(*inquiry->reverse));
	if (!inquiry->reverse)
		return -ENOMEM;
	for (size_t i = 0; i < inquiry->hosts.count; i++) {
		struct hosts_row *row = &inquiry->hosts.row[i];
		struct naming *naming = &inquiry->reverse[i];

		if (row->name && row->name->name[0])
			continue;
		if (row->name)
			*naming = *row->name;
		if (!reverse_ask(reverse, &row->host.address, naming->name))
			continue;
		naming->source = NAMING_REVERSE_DNS;
		row->name = naming;
	}
	return 0;
}

int inquiry_open(struct inquiry *inquiry, const char *command, const struct cli *cli,
	      struct hosts_options *options, bool reverse)
{
	struct reverse names = { .socket = -1 };
	char folder[512];
	int error, code;

	*inquiry = (struct inquiry){ .command = command, .folder = ".",
			       .weights = calloc(1, sizeof(*inquiry->weights)) };
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	error = read_names(inquiry, cli);
	if (!error && reverse)
		error = reverse_start(&names);
	code = error ? EXIT_YES : query_begin(command, folder);
	if (!error && code == EXIT_YES)
		error = read_hosts(inquiry, options);
	if (!error && code == EXIT_YES && reverse)
		error = name_rows(inquiry, &names);
	reverse_end(&names);
	if (error)
		fprintf(stderr, "cordon %s: %s: %s\n", command, folder,
			error == -ENOENT ? "there is no log" : strerror(-error));
	if (inquiry->hosts.damaged)
		fprintf(stderr, "cordon %s: %u damaged files of the log were left out\n", command,
			inquiry->hosts.damaged);
	return error ? EXIT_NO : code;
}

void inquiry_close(struct inquiry *inquiry)
{
	hosts_free(&inquiry->hosts);
	names_free(&inquiry->names);
	free(inquiry->reverse);
	free(inquiry->weights);
}
