/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/look.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/journal/days.h"

extern const char weights_text[];	/* generated from weights.tsv */

static int read_all(struct look *look, const struct cli *cli, struct hosts_options *options)
{
	struct diag diag;
	int error;

	diag_init(&diag);
	error = look->weights ? weights_parse(look->weights, "weights.tsv", weights_text,
					      strlen(weights_text), &diag) : -ENOMEM;

	if (!error)
		error = names_read(&look->names, cli->state);
	if (error)
		return error;
	options->folder = look->folder;
	options->today = days_of(clock_wall_ms());
	options->weights = look->weights;
	options->naming = look->names.naming;
	options->namings = look->names.count;
	options->merge = look->names.merge;
	options->merges = look->names.merges;
	return hosts_read(&look->hosts, options);
}

int look_open(struct look *look, const char *command, const struct cli *cli,
	      struct hosts_options *options)
{
	int error;

	*look = (struct look){ .command = command, .weights = calloc(1, sizeof(*look->weights)) };
	snprintf(look->folder, sizeof(look->folder), "%s/log", cli->state);
	error = read_all(look, cli, options);
	if (error)
		fprintf(stderr, "cordon %s: %s: %s\n", command, look->folder,
			error == -ENOENT ? "there is no log" : strerror(-error));
	if (look->hosts.damaged)
		fprintf(stderr, "cordon %s: %u damaged files of the log were left out\n", command,
			look->hosts.damaged);
	if (look->names.damaged)
		fprintf(stderr, "cordon %s: %zu lines or files in %s/" NAMES_FOLDER " cannot be "
			"read\n", command, look->names.damaged, cli->state);
	return error ? EXIT_NO : EXIT_YES;
}

void look_close(struct look *look)
{
	hosts_free(&look->hosts);
	names_free(&look->names);
	free(look->reverse);
	free(look->weights);
}

/* ---- reverse DNS ---- */

static bool ask_name(const struct addr *addr, char *name, size_t size)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const bool is_v4 = addr_is_v4(addr);
	char text[NI_MAXHOST];
	int error;

	memcpy(&v4.sin_addr, addr->bytes + 12, 4);
	memcpy(&v6.sin6_addr, addr->bytes, 16);
	error = getnameinfo(is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
			    is_v4 ? sizeof(v4) : sizeof(v6), text, sizeof(text), NULL, 0,
			    NI_NAMEREQD);
	if (error)
		return false;
	naming_text(name, size, text, strlen(text));
	return name[0] != '\0';
}

int look_reverse(struct look *look)
{
	const int64_t end_ms = clock_uptime_ms() + (int64_t)LOOK_REVERSE_SECONDS * 1000;
	size_t asked = 0;

	/* One second per question, asked once: a host without a name is no reason to wait. */
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
	look->reverse = calloc(look->hosts.count + 1, sizeof(*look->reverse));
	if (!look->reverse)
		return -ENOMEM;
	for (size_t i = 0; i < look->hosts.count && asked < LOOK_REVERSE_MOST; i++) {
		struct hosts_row *row = &look->hosts.row[i];
		struct naming *naming = &look->reverse[i];

		if ((row->name && row->name->name[0]) || clock_uptime_ms() > end_ms)
			continue;
		asked++;
		if (row->name)
			*naming = *row->name;
		if (!ask_name(&row->host.address, naming->name, sizeof(naming->name)))
			continue;
		naming->source = NAMING_REVERSE_DNS;
		row->name = naming;
	}
	return 0;
}
