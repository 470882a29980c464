/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/base/version.h"
#include "appliance/daemon/check.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/role.h"
#include "appliance/daemon/round.h"

enum { EXIT_USAGE = 2 };

static const char help[] =
	"usage: cordond [--config FILE] [--state DIR] [--run DIR] [--check [--fields]]\n"
	"\n"
	"  --config FILE  settings (/etc/cordon/cordon.conf)\n"
	"  --state DIR    state folder (/var/lib/cordon)\n"
	"  --run DIR      folder of the control socket (/run/cordon)\n"
	"  --check        check settings and rule lists, then end\n"
	"  --fields       with --check: errors on standard output, for programs\n"
	"\n"
	"Runs in the foreground, messages go to standard error; SIGHUP reloads the rule lists,\n"
	"SIGTERM stops. Exit status: 0 done, 1 failed, 2 usage. See cordond(8).\n";

static int run_role(const char *name)
{
	if (strcmp(name, role_print(ROLE_DNS)) == 0)
		return role_dns();
	if (strcmp(name, role_print(ROLE_COMPILE)) == 0)
		return role_compile();
	if (strcmp(name, role_print(ROLE_RULES)) == 0)
		return role_rules();
	if (ENABLED(CONFIG_JOURNAL) && strcmp(name, role_print(ROLE_JOURNAL)) == 0)
		return role_journal();
	if (ENABLED(CONFIG_UPDATE) && strcmp(name, role_print(ROLE_UPDATE)) == 0)
		return role_update();
	fprintf(stderr, "cordond: --role is how cordond starts its own parts\n");
	return EXIT_USAGE;
}

/* A shortage passes, and a daemon that ended for it would only be started again. */
static int read_text(struct daemon *daemon, bool patient)
{
	int error, said = 0;

	for (;;) {
		error = file_read(AT_FDCWD, daemon->config, SETTINGS_TEXT_MAX, &daemon->text,
				  &daemon->length);
		if (!patient || (error != -EMFILE && error != -ENFILE && error != -ENOMEM &&
				 error != -EIO))
			return error;
		if (error != said)
			log_error("%s: cannot read now: %s", daemon->config, strerror(-error));
		said = error;
		sleep(1);
	}
}

static int read_settings(struct daemon *daemon, bool patient)
{
	static struct diag diag, warnings;
	int error;

	diag_init(&diag);
	diag_init(&warnings);
	error = read_text(daemon, patient);
	if (error)
		diag_error(&diag, daemon->config, 0, 0, "cannot read: %s", strerror(-error));
	else
		error = settings_parse(&daemon->settings, daemon->config, daemon->text,
				       daemon->length, &diag);
	if (!error) {
		log_open(ROLE_PARENT, daemon->settings.level);
		check_sense(&daemon->settings, daemon->config, &diag);
		settings_warn(&daemon->settings, daemon->config, &warnings);
		log_warnings(&warnings);
		check_interfaces(&daemon->settings, daemon->config);
	}
	log_diag(&diag);
	return diag.count ? 1 : 0;
}

/* Started without some of descriptors 0 to 2, messages would go into whatever is opened there. */
static int open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "run", required_argument, NULL, 'r' },
		{ "check", no_argument, NULL, 'k' },
		{ "fields", no_argument, NULL, 'f' },
		{ "role", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	static struct parent parent = {
		.daemon = { .config = "/etc/cordon/cordon.conf", .state_path = "/var/lib/cordon",
			    .run_path = "/run/cordon" },
	};
	bool checking = false, fields = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			parent.daemon.config = optarg;
			break;
		case 's':
			parent.daemon.state_path = optarg;
			break;
		case 'r':
			parent.daemon.run_path = optarg;
			break;
		case 'k':
			checking = true;
			break;
		case 'f':
			fields = true;
			break;
		case 'o':
			return run_role(optarg);
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts(HARDENED ? "cordond " VERSION_TEXT
				      : "cordond " VERSION_TEXT " (without hardening)");
			return 0;
		default:
			fputs(help, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "cordond: unexpected word \"%s\"\n%s", argv[optind], help);
		return EXIT_USAGE;
	}
	if (fields && !checking) {
		fprintf(stderr, "cordond: --fields goes with --check\n%s", help);
		return EXIT_USAGE;
	}
	if (checking)
		return check_run(parent.daemon.config, fields);
	if (read_settings(&parent.daemon, geteuid() == 0))
		return 1;
	if (geteuid() != 0) {
		log_error("must be started by root: it opens port 53 and changes nftables, then "
			  "gives each of its parts only what that part needs");
		return 1;
	}
	if (open_standard() < 0) {
		log_error("/dev/null: %s", strerror(errno));
		return 1;
	}
	log_unblock();
	return round_run(&parent);
}
