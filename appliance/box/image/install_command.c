/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/install_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/image/bundle.h"
#include "appliance/box/image/installation.h"
#include "appliance/box/image/links.h"
#include "appliance/box/image/packed.h"
#include "appliance/box/image/told.h"

/* The words of `cordon image install`; installation.h decides and writes. */

struct options {
	const char *file;
	bool allow_downgrade, reboot;
};

static bool typed(const char *version)
{
	char line[MANIFEST_WORD + 2] = "";

	printf("To go back, type the version of the older image (%s): ", version);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, version) == 0;
}

static bool may_go_back(const struct manifest *new, const struct manifest *running,
			const struct options *options)
{
	char built[2][32];

	metadata_time_print(new->build, built[0]);
	metadata_time_print(running->build, built[1]);
	printf("version %s was built %s; the image that runs is newer (%s, %s). What was fixed "
	       "since then breaks again\n",
	       new->version, built[0], running->version, built[1]);
	if (installation_may_go_back(options->allow_downgrade, box_at_console()))
		return typed(new->version);
	fputs("cordon image: an older image is installed only with --allow-downgrade, and by "
	      "a person at the console\n",
	      stderr);
	return false;
}

static int check_manifest(const struct manifest *new, const struct options *options,
			  struct diag *diag)
{
	static struct manifest running;
	int error = installation_running(&running, diag);

	if (error)
		return error;
	switch (installation_judge(new, &running)) {
	case INSTALLATION_OTHER_ARCH:
		diag_error(diag, options->file, 0, 0, "it is for %s, this appliance is %s",
			   new->arch, running.arch);
		return -EINVAL;
	case INSTALLATION_OLDER:
		return may_go_back(new, &running, options) ? 0 : -EACCES;
	case INSTALLATION_FITS:
		break;
	}
	return 0;
}

static void progress(void *context, uint64_t done, uint64_t all)
{
	(void)context;
	printf("\r%3" PRIu64 " %% written%s", done * 100 / all, done == all ? "\n" : "");
	fflush(stdout);
}

static int put_in_slot(struct installation *installation, struct diag *diag)
{
	const struct manifest *manifest = installation->install.manifest;
	int error = installation_plan(installation, diag);

	if (error == -EALREADY) {
		error = installation_start_again(installation, diag);
		if (!error)
			printf("%s is in slot %s already\n", manifest->name,
			       slot_print(installation->found.boot.slots.primary));
		return error;
	}
	if (error)
		return error;
	printf("version %s (%s) goes to slot %s\n", manifest->version, manifest->name,
	       slot_print(installation->target));
	return installation_write(installation, isatty(STDOUT_FILENO) ? progress : NULL, diag);
}

static int install(const struct options *options, const struct image_bundle *bundle,
		   struct diag *diag)
{
	static struct installation installation;
	const char *running = installation.found.boot.running;
	int code = installation_open(&installation, bundle, diag), error;

	if (code)
		return code;
	if (installation.runs) {
		printf("%s is the image that runs, in slot %s\n", running,
		       slot_print(installation.install.slot));
		installation_close(&installation);
		return EXIT_YES;
	}
	error = check_manifest(&bundle->manifest, options, diag);
	if (!error)
		error = put_in_slot(&installation, diag);
	if (!error)
		image_links_keep(bundle->manifest.name);
	installation_close(&installation);
	command_print_diag(diag);
	if (error) {
		fprintf(stderr,
			"cordon image: not installed; the image that runs (%s) is untouched and "
			"starts again\n",
			running);
		return EXIT_NO;
	}
	printf("%s is started next, on trial: it stays when its self-test passes\n",
	       bundle->manifest.name);
	return options->reboot && program_reboot() != 0 ? EXIT_NO : EXIT_YES;
}

static int parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){ .file = NULL };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--allow-downgrade") == 0)
			options->allow_downgrade = true;
		else if (strcmp(argv[i], "--reboot") == 0)
			options->reboot = true;
		else if (options->file || strncmp(argv[i], "--", 2) == 0)
			return command_usage("image", "install: no option %s", argv[i]);
		else
			options->file = argv[i];
	}
	return options->file ?
		       0 :
		       command_usage("image", "install: expected FILE, or - for standard input");
}

/* A person at the console, or who asks for the status later, did not see what the person who
 * installed over the network saw. */
static void keep_refusal(int code, const struct diag *diag, const struct image_packed *packed,
			 const char *name)
{
	struct text out = TEXT_EMPTY;
	char path[BOX_PATH];

	if (code == EXIT_YES)
		unlink(box_path(path, PATH_IMAGE_REFUSED));
	else
		diag_print(diag, &out);
	image_tell(code == EXIT_YES ? "installed" : "refused", name[0] ? name : NULL, NULL,
		   packed->signers ? packed : NULL,
		   code == EXIT_YES ? NULL : out.data ? out.data : "given up");
	if (out.data) {
		(void)box_write(PATH_IMAGE_REFUSED, out.data, out.length, 0600);
		if (!box_at_console())
			box_say(out.data);
	}
	text_release(&out);
}

int image_install(const struct cli *cli, int argc, char **argv)
{
	static struct image_bundle bundle;
	static struct image_packed packed;
	static struct diag diag;
	struct options options;
	int code = parse(&options, argc, argv);

	if (code)
		return code;
	diag_init(&diag);
	code = image_packed_open(&packed, cli, options.file, &diag);
	if (!code) {
		code = image_bundle_open(&bundle, packed.target.data, packed.target.size,
					 packed.target.name, &diag) ? EXIT_NO : EXIT_YES;
		command_print_diag(&diag);
	}
	if (!code)
		code = install(&options, &bundle, &diag);
	keep_refusal(code, &diag, &packed, bundle.manifest.name);
	image_packed_close(&packed);
	return code;
}
