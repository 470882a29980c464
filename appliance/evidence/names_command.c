/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "appliance/evidence/act.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/names.h"
#include "appliance/journal/notice.h"

enum { LOAD_FILE = 64 << 20 };	/* bytes of a file from elsewhere */

static const struct {
	const char *word;
	enum leases_format format;
} formats[] = {
	{ "windows-dhcp", LEASES_WINDOWS }, { "isc", LEASES_ISC },
	{ "infoblox", LEASES_INFOBLOX }, { "dnsmasq", LEASES_DNSMASQ }, { "table", LEASES_TABLE },
};

static int failed(const char *what, int error)
{
	fprintf(stderr, "cordon names: %s: %s\n", what, error == -E2BIG ?
		"too many names; load a shorter period" : strerror(-error));
	return EXIT_NO;
}

/* ---- list ---- */

static void print_file(const struct names *names, const struct names_file *file, bool json)
{
	size_t tools = 0;

	for (size_t i = 0; i < file->count; i++)
		tools += names->naming[file->first + i].tool;
	if (json)
		command_print_json(json_pack("{s:s, s:s, s:I, s:I}", "label", file->label,
					     "source", naming_source_print(file->source),
					     "names", (json_int_t)file->count,
					     "tools", (json_int_t)tools));
	else
		printf("%-32s %6zu names, %zu tools, as %s\n", file->label, file->count, tools,
		       naming_source_print(file->source));
}

static void print_merges(const struct names *names, bool json)
{
	for (size_t i = 0; i < names->merges; i++) {
		char a[SELECTOR_TEXT], b[SELECTOR_TEXT];

		selector_print(&names->merge[i].a, a);
		selector_print(&names->merge[i].b, b);
		if (json)
			command_print_json(json_pack("{s:[s, s]}", "merged", a, b));
		else
			printf("merged by hand: %s and %s\n", a, b);
	}
}

static int list(const struct cli *cli, bool json)
{
	struct names names;
	size_t own;
	int error = names_read(&names, cli->state);

	if (error) {
		names_free(&names);
		return failed(cli->state, error);
	}
	own = names.count;
	for (size_t i = 0; i < names.files; i++) {
		print_file(&names, &names.file[i], json);
		own -= names.file[i].count;
	}
	if (own && !json)
		printf("%-32s %6zu names, as lease\n", "this box's DHCP server", own);
	print_merges(&names, json);
	if (names.damaged)
		fprintf(stderr, "cordon names: %zu lines or files cannot be read\n", names.damaged);
	names_free(&names);
	return EXIT_YES;
}

/* ---- load ---- */

struct load_words {
	enum leases_format format;
	const char *from;	/* NULL: not given */
	const char *label;	/* behind the format; NULL: none */
	int32_t utc_offset;
};

static int read_file(struct names *names, const struct load_words *words, const char *path,
		     struct diag *diag)
{
	const struct leases_options options = { .source = path, .diag = diag, .sink = names_sink,
						.context = names,
						.utc_offset = words->utc_offset };
	struct leases *leases = malloc(sizeof(*leases));
	char *data = NULL;
	size_t size;
	int error = leases ? file_read(AT_FDCWD, path, LOAD_FILE, &data, &size) : -ENOMEM;

	if (!error) {
		leases_init(leases, words->format, &options);
		error = leases_feed(leases, data, size);
		if (!error)
			error = leases_end(leases);
	}
	free(data);
	free(leases);
	return error;
}

static int load(const struct cli *cli, const struct load_words *words, const char *path)
{
	char label[NAMES_LABEL];
	enum naming_source source;
	struct names names = { .count = 0 };
	struct diag diag;
	int error = 0;
	size_t before;

	if (snprintf(label, sizeof(label), "%s%s%s", words->from, words->label ? "." : "",
		     words->label ? words->label : "") >= (int)sizeof(label) ||
	    !names_label(label, &source))
		return command_usage("names", "--label: expected letters, digits, - and _");
	diag_init(&diag);
	/* A table is the whole truth of its label; logs and leases are added to earlier ones. */
	if (words->format != LEASES_TABLE)
		error = names_read_label(&names, cli->state, label);
	before = names.count;
	if (!error)
		error = read_file(&names, words, path, &diag);
	command_print_diag(&diag);
	if (!error && names.count == before)
		error = -ENODATA;
	for (size_t i = 0; i < names.count; i++)
		names.naming[i].source = source;
	names_join(&names);
	if (!error)
		error = names_write(cli->state, label, names.naming, names.count);
	before = names.count;
	names_free(&names);
	if (error == -ENODATA)
		fprintf(stderr, "cordon names: %s: no names are in it; nothing is changed\n", path);
	if (error)
		return error == -ENODATA ? EXIT_NO : failed(path, error);
	printf("%s: %zu names%s\n", label, before, diag.count ? "; the lines above are left out" :
	       "");
	return act_record(cli, NOTICE_NAMES, json_pack("{s:s, s:s, s:I}", "action", "load", "label",
						    label, "names", (json_int_t)before));
}

/* "+01:00" or "-05:30". 0 or -EINVAL. */
static int parse_zone(const char *text, int32_t *offset)
{
	unsigned int hours, minutes;
	char sign, rest;

	if (sscanf(text, "%c%2u:%2u%c", &sign, &hours, &minutes, &rest) != 3 ||
	    (sign != '+' && sign != '-') || hours > 14 || minutes > 59)
		return -EINVAL;
	*offset = (int32_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return 0;
}

static int find_format(struct load_words *words, const char *word)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(word, formats[i].word) == 0) {
			words->from = formats[i].word;
			words->format = formats[i].format;
			return 0;
		}
	}
	return -EINVAL;
}

static int command_load(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "label", required_argument, NULL, 'l' },
		{ "zone", required_argument, NULL, 'z' },
		{ 0 },
	};
	struct load_words words = { .from = NULL };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			words.label = optarg;
		else if (option == 'f' && find_format(&words, optarg) < 0)
			return command_usage("names", "--from: expected windows-dhcp, isc, "
					     "infoblox, dnsmasq or table");
		else if (option == 'z' && parse_zone(optarg, &words.utc_offset) < 0)
			return command_usage("names", "--zone: expected +01:00, for example");
		else if (option == '?')
			return command_usage("names", "expected options as in --help");
	}
	if (!words.from || optind + 1 != argc)
		return command_usage("names", "expected --from FORMAT and a file");
	return load(cli, &words, argv[optind]);
}

/* ---- remove ---- */

static int command_remove(const struct cli *cli, int argc, char **argv)
{
	enum naming_source source;
	int error;

	if (argc != 2 || !names_label(argv[1], &source))
		return command_usage("names", "expected a label of cordon names list");
	error = names_write(cli->state, argv[1], NULL, 0);
	if (error)
		return failed(argv[1], error);
	return act_record(cli, NOTICE_NAMES, json_pack("{s:s, s:s}", "action", "remove", "label",
						    argv[1]));
}

/* ---- set ---- */

static bool is_about(const struct naming *naming, const struct naming *other)
{
	return naming->has_mac == other->has_mac && naming->has_address == other->has_address &&
	       (!naming->has_mac || memcmp(naming->mac, other->mac, MAC_SIZE) == 0) &&
	       (!naming->has_address || addr_compare(&naming->address, &other->address) == 0);
}

/* In place of what was said by hand about the same; empty: that is taken away. */
static int write_hand(const struct cli *cli, const struct naming *naming)
{
	struct names names;
	size_t kept = 0;
	int error = names_read_label(&names, cli->state, "hand");

	for (size_t i = 0; i < names.count; i++) {
		if (!is_about(&names.naming[i], naming))
			names.naming[kept++] = names.naming[i];
	}
	names.count = kept;
	if (!error && (naming->name[0] || naming->user[0] || naming->site[0] || naming->tool))
		error = names_add(&names, naming);
	if (!error)
		error = names_write(cli->state, "hand", names.naming, names.count);
	names_free(&names);
	return error == -ENOENT ? 0 : error;
}

static int set(const struct cli *cli, const struct naming *naming, const char *host)
{
	const int error = write_hand(cli, naming);

	if (error)
		return failed("hand", error);
	return act_record(cli, NOTICE_NAMES, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "action",
						    "set", "host", host, "name", naming->name,
						    "user", naming->user, "site", naming->site,
						    "tool", naming->tool));
}

static int command_set(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' }, { "user", required_argument, NULL, 'u' },
		{ "site", required_argument, NULL, 's' }, { "tool", required_argument, NULL, 't' },
		{ 0 },
	};
	struct naming naming = { .source = NAMING_HAND, .from_ms = NAMING_SINCE_EVER,
				 .until_ms = NAMING_FOR_EVER };
	char host[SELECTOR_TEXT];
	struct selector selector;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			naming_text(naming.name, sizeof(naming.name), optarg, strlen(optarg));
		else if (option == 'u')
			naming_text(naming.user, sizeof(naming.user), optarg, strlen(optarg));
		else if (option == 's')
			naming_text(naming.site, sizeof(naming.site), optarg, strlen(optarg));
		else if (option == 't' && (strcmp(optarg, "yes") == 0 || strcmp(optarg, "no") == 0))
			naming.tool = *optarg == 'y';
		else
			return command_usage("names", "expected --name, --user, --site, or --tool "
					     "yes or no");
	}
	if (optind + 1 != argc || selector_parse(&selector, argv[optind]) < 0)
		return command_usage("names", "expected an address or a MAC address");
	naming.has_mac = selector.is_mac;
	naming.has_address = !selector.is_mac;
	naming.address = selector.address;
	memcpy(naming.mac, selector.mac, MAC_SIZE);
	return set(cli, &naming, selector_print(&selector, host));
}

int command_names(const struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "list";

	if (strcmp(verb, "load") == 0)
		return command_load(cli, argc - 1, argv + 1);
	if (strcmp(verb, "remove") == 0)
		return command_remove(cli, argc - 1, argv + 1);
	if (strcmp(verb, "set") == 0)
		return command_set(cli, argc - 1, argv + 1);
	if (strcmp(argv[argc - 1], "--json") == 0)
		return argc == 2 || (argc == 3 && strcmp(verb, "list") == 0) ? list(cli, true) :
		       command_usage("names", "expected a verb as in --help");
	if (argc > 2 || strcmp(verb, "list") != 0)
		return command_usage("names", "expected a verb as in --help");
	return list(cli, false);
}
