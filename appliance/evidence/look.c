/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/query.h"
#include "appliance/evidence/reverse.h"
#include "appliance/journal/days.h"

extern const char weights_text[];	/* generated from weights.tsv */

static int read_names(struct look *look, const struct cli *cli)
{
	struct diag diag;
	int error;

	diag_init(&diag);
	error = look->weights ? weights_parse(look->weights, "weights.tsv", weights_text,
					      strlen(weights_text), &diag) : -ENOMEM;
	if (!error)
		error = names_read(&look->names, cli->state);
	/* A reader of the log is told what it says, if names are closed to them. */
	if (error == -EACCES) {
		fprintf(stderr, "cordon %s: %s/" NAMES_FOLDER ": %s; hosts have no names here\n",
			look->command, cli->state, strerror(-error));
		error = 0;
	}
	if (look->names.damaged)
		fprintf(stderr, "cordon %s: %zu lines or files in %s/" NAMES_FOLDER " cannot be "
			"read\n", look->command, look->names.damaged, cli->state);
	return error;
}

static int read_hosts(struct look *look, struct hosts_options *options)
{
	options->folder = look->folder;
	options->today = days_of(clock_wall_ms());
	options->weights = look->weights;
	options->naming = look->names.naming;
	options->namings = look->names.count;
	options->merge = look->names.merge;
	options->merges = look->names.merges;
	return hosts_read(&look->hosts, options);
}

/* Rows without a name get the one of their address. */
static int name_rows(struct look *look, struct reverse *reverse)
{
	look->reverse = calloc(look->hosts.count + 1, sizeof(*look->reverse));
	if (!look->reverse)
		return -ENOMEM;
	for (size_t i = 0; i < look->hosts.count; i++) {
		struct hosts_row *row = &look->hosts.row[i];
		struct naming *naming = &look->reverse[i];

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

int look_open(struct look *look, const char *command, const struct cli *cli,
	      struct hosts_options *options, bool reverse)
{
	struct reverse names = { .socket = -1 };
	char folder[512];
	int error, code;

	*look = (struct look){ .command = command, .folder = ".",
			       .weights = calloc(1, sizeof(*look->weights)) };
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	error = read_names(look, cli);
	if (!error && reverse)
		error = reverse_start(&names);
	code = error ? EXIT_YES : query_begin(command, folder);
	if (!error && code == EXIT_YES)
		error = read_hosts(look, options);
	if (!error && code == EXIT_YES && reverse)
		error = name_rows(look, &names);
	reverse_end(&names);
	if (error)
		fprintf(stderr, "cordon %s: %s: %s\n", command, folder,
			error == -ENOENT ? "there is no log" : strerror(-error));
	if (look->hosts.damaged)
		fprintf(stderr, "cordon %s: %u damaged files of the log were left out\n", command,
			look->hosts.damaged);
	return error ? EXIT_NO : code;
}

void look_close(struct look *look)
{
	hosts_free(&look->hosts);
	names_free(&look->names);
	free(look->reverse);
	free(look->weights);
}
