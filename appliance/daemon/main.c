/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/crypto/tls.h"
#include "base/file.h"
#include "base/version.h"
#include "daemon/log.h"
#include "daemon/parent.h"
#include "daemon/role.h"
#include "signed/metadata.h"

enum { EXIT_USAGE = 2, TRUST_MAX = 512 * 1024 };

static const char help[] =
	"usage: cordond [--config FILE] [--state DIR] [--run DIR] [--check]\n"
	"\n"
	"  --config FILE  settings (/etc/cordon/cordon.conf)\n"
	"  --state DIR    state folder (/var/lib/cordon)\n"
	"  --run DIR      folder of the control socket (/run/cordon)\n"
	"  --check        check settings and rule lists, then end\n"
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

static void check_url(const struct parent *parent, const char *key, const struct url *url,
		      struct diag *diag)
{
	if (url->tls && !parent->settings.mirror_ca[0] && !parent->settings.mirror_pins)
		diag_error(diag, parent->config, 0, 0, "[update] %s https://%s: expected mirror-ca "
			   "or mirror-pin too: no certificate is trusted by itself", key, url->host);
}

/* Settings alone can say something that no gateway can do. */
static void check_sense(const struct parent *parent, struct diag *diag)
{
	const struct settings *settings = &parent->settings;

	if (settings->upstreams == 0)
		diag_error(diag, parent->config, 0, 0, "[dns] upstream: expected at least one "
			   "resolver to forward to");
	if (settings->lans == 0)
		log_warning("%s: [network] lan names no interface: nothing is captured or blocked "
			    "for clients that are forwarded", parent->config);
	for (size_t i = 0; i < settings->lans; i++) {
		if (if_nametoindex(settings->lan[i]) == 0)
			log_warning("%s: [network] lan: there is no interface %s now; what comes in "
				    "by others is not guarded", parent->config, settings->lan[i]);
	}
	for (size_t i = 0; i < settings->managements; i++) {
		if (if_nametoindex(settings->management[i]) == 0)
			log_warning("%s: [network] management: there is no interface %s now; others "
				    "do not manage the gateway", parent->config,
				    settings->management[i]);
	}
	for (size_t i = 0; i < settings->mirrors; i++)
		check_url(parent, "mirror", &settings->mirror[i], diag);
	if (settings->collector.host[0])
		check_url(parent, "collector", &settings->collector, diag);
	if (settings->mirrors && !settings->trust_root[0])
		diag_error(diag, parent->config, 0, 0, "[update] mirror without trust-root: expected "
			   "the file of the root metadata that the administrator gave");
	if (settings->listens == 0)
		diag_error(diag, parent->config, 0, 0, "[dns] listen: expected at least one "
			   "address");
}

/* A shortage passes, and a daemon that ended for it would only be started again. */
static int read_text(struct parent *parent, bool patient)
{
	int error, said = 0;

	for (;;) {
		error = file_read(AT_FDCWD, parent->config, SETTINGS_TEXT_MAX, &parent->text,
				  &parent->length);
		if (!patient || (error != -EMFILE && error != -ENFILE && error != -ENOMEM &&
				 error != -EIO))
			return error;
		if (error != said)
			log_error("%s: cannot read now: %s", parent->config, strerror(-error));
		said = error;
		sleep(1);
	}
}

static int read_settings(struct parent *parent, bool patient)
{
	static struct diag diag;
	int error;

	diag_init(&diag);
	error = read_text(parent, patient);
	if (error)
		diag_error(&diag, parent->config, 0, 0, "cannot read: %s", strerror(-error));
	else
		error = settings_parse(&parent->settings, parent->config, parent->text,
				       parent->length, &diag);
	if (!error) {
		log_open(ROLE_PARENT, parent->settings.level);
		check_sense(parent, &diag);
	}
	log_diag(&diag);
	return diag.count ? 1 : 0;
}

/* What [update] names has to be what it is called. */
static void check_root(const char *path, struct diag *diag)
{
	struct metadata *root = NULL;
	size_t size, count;
	char *text;
	int error = file_read(AT_FDCWD, path, TRUST_MAX, &text, &size);

	if (error) {
		diag_error(diag, path, 0, 0, "trust-root: %s", strerror(-error));
		return;
	}
	error = metadata_parse(&root, METADATA_ROOT, text, size, path, diag);
	if (!error)
		(void)!metadata_verify(root, &root->role[METADATA_ROOT], root->key, root->keys, path,
				       NULL, 0, &count, diag);
	metadata_free(root);
	free(text);
}

static void check_ca(const char *path, struct diag *diag)
{
	size_t size;
	char *text;
	int error = file_read(AT_FDCWD, path, TLS_CA_MAX, &text, &size);

	if (error) {
		diag_error(diag, path, 0, 0, "mirror-ca: %s", strerror(-error));
		return;
	}
	(void)!tls_check_ca(text, diag);
	free(text);
}

static int check(const struct parent *parent)
{
	static struct diag diag;
	struct list_file file[SETTINGS_LISTS];
	struct policy_options options;
	void *block = NULL;
	size_t count, size;
	int error;

	diag_init(&diag);
	settings_policy_options(&parent->settings, &options);
	error = lists_open(parent->settings.rules_dir, file, &count, &diag);
	if (!error) {
		error = lists_compile(file, count, &parent->settings, &options, &block, &size,
				      &diag);
		lists_close(file, count);
	}
	if (ENABLED(CONFIG_UPDATE) && parent->settings.trust_root[0])
		check_root(parent->settings.trust_root, &diag);
	if (ENABLED(CONFIG_UPDATE) && parent->settings.mirror_ca[0])
		check_ca(parent->settings.mirror_ca, &diag);
	log_diag(&diag);
	if (error || diag.count)
		return 1;
	printf("%s and the rule lists in %s are clean\n", parent->config,
	       parent->settings.rules_dir);
	free(block);
	return 0;
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
		{ "role", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	static struct parent parent = { .config = "/etc/cordon/cordon.conf",
					.state_path = "/var/lib/cordon",
					.run_path = "/run/cordon" };
	bool checking = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			parent.config = optarg;
			break;
		case 's':
			parent.state_path = optarg;
			break;
		case 'r':
			parent.run_path = optarg;
			break;
		case 'k':
			checking = true;
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
	if (read_settings(&parent, !checking && geteuid() == 0))
		return 1;
	if (checking)
		return check(&parent);
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
	return parent_run(&parent);
}
