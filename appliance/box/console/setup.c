/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/console/setup.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/diag.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/console/answers.h"
#include "appliance/box/console/wizard.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/confirm.h"
#include "appliance/box/settings/judgement.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_diff.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/box/settings/set_take.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"
#include "appliance/settings/network.h"

/*
 * `cordon setup`: questions, each answer judged at once by the parser of the file that it will
 * stand in; then the files as they will be, and a last yes.
 */
struct setup {
	struct answers answers;
	/* the box was not set up when this began, so no secret was asked for */
	bool fresh;
};

static void say_errors(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count && i < DIAG_KEEP; i++)
		printf("  %s\n", diag->entry[i].message);
}

/* Enter takes what stands in brackets. false: the input has ended. */
static bool ask(const struct setup *setup, const char *question, char *answer, size_t size,
		answers_check *good)
{
	static struct diag diag;
	char line[TERMINAL_LINE], text[2 * TERMINAL_LINE], before[TERMINAL_LINE];
	const char *shown = answer[0] ? answer : "none";

	snprintf(before, sizeof(before), "%s", answer);
	snprintf(text, sizeof(text), "%s [%s]: ", question, shown);
	for (;;) {
		if (terminal_ask(text, line, size < sizeof(line) ? size : sizeof(line)) < 0)
			return false;
		snprintf(answer, size, "%s",
			 strcmp(line, "none") == 0 ? "" :
			 line[0]		   ? line :
						     before);
		diag_init(&diag);
		if (good(&setup->answers, &diag))
			return true;
		say_errors(&diag);
	}
}

/* ---- the questions ---- */

static void show_interfaces(void)
{
	char path[BOX_PATH], card[FACTS_CARD];
	struct dirent **entry;
	int count = scandir(box_path(path, "/sys/class/net"), &entry, NULL, alphasort);

	puts("interfaces of this box:");
	for (int i = 0; i < count; i++) {
		if (entry[i]->d_name[0] != '.' && strcmp(entry[i]->d_name, "lo") != 0)
			printf("  %-8s %s\n", entry[i]->d_name, facts_card(entry[i]->d_name, card));
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
}

static bool ask_wan(struct setup *setup)
{
	struct wizard *wizard = &setup->answers.wizard;

	setup->answers.step = WIZARD_WAN;
	if (!ask(setup, "WAN interface, or none", wizard->wan_interface, WIZARD_ANSWER,
		 answers_check_network))
		return false;
	if (!wizard->wan_interface[0])
		return true;
	/* The old gateway may not fit the next answer. */
	if (!strchr(wizard->wan_address, '/'))
		wizard->wan_gateway[0] = '\0';
	if (!ask(setup, "WAN address: dhcp, or ADDRESS/LENGTH", wizard->wan_address, WIZARD_ANSWER,
		 answers_check_network))
		return false;
	return !strchr(wizard->wan_address, '/') ||
	       ask(setup, "WAN gateway", wizard->wan_gateway, WIZARD_ANSWER, answers_check_network);
}

static bool ask_lan(struct setup *setup, struct wizard_lan *lan, const char *what)
{
	char question[160];

	snprintf(question, sizeof(question), "%s interface", what);
	if (!ask(setup, question, lan->interface, WIZARD_ANSWER, answers_check_network))
		return false;
	snprintf(question, sizeof(question), "%s address of this box, ADDRESS/LENGTH", what);
	return ask(setup, question, lan->address, WIZARD_ANSWER, answers_check_network);
}

/* Adds a LAN of this name with a proposal for its answers; false: it cannot be a name. */
static bool add_lan(struct setup *setup, const char *name)
{
	static struct diag diag;
	struct wizard *wizard = &setup->answers.wizard;
	struct wizard_lan *lan = &wizard->lan[wizard->lans];
	bool good;

	/* On its own, so that only the name is judged. */
	*lan = (struct wizard_lan){ .interface = "none1", .address = "198.18.1.1/32" };
	snprintf(lan->name, sizeof(lan->name), "%s", name);
	wizard->lans++;
	diag_init(&diag);
	good = answers_check_network(&setup->answers, &diag);
	say_errors(&diag);
	wizard->lans--;
	snprintf(lan->interface, WIZARD_ANSWER, "%.100s.%zu", wizard->lan[0].interface,
		 10 * wizard->lans);
	snprintf(lan->address, WIZARD_ANSWER, "192.168.%zu.1/24", 77 + wizard->lans);
	return good;
}

/* Asks about each LAN that is there, then about new ones until the answer is empty. */
static bool ask_vlans(struct setup *setup)
{
	struct wizard *wizard = &setup->answers.wizard;
	size_t known = wizard->lans;
	char name[NETWORK_NAME], question[160];

	for (wizard->lans = 1; wizard->lans < NETWORK_LANS;) {
		struct wizard_lan *lan = &wizard->lan[wizard->lans];

		if (wizard->lans >= known) {
			if (terminal_ask("another LAN or VLAN: its name (Enter: no more): ", name,
					 sizeof(name)) < 0)
				return false;
			if (!name[0])
				return true;
			if (!add_lan(setup, name))
				continue;
		}
		wizard->lans++;
		snprintf(question, sizeof(question), "%s (VLAN 7 of eth1 is eth1.7):", lan->name);
		if (!ask_lan(setup, lan, question))
			return false;
	}
	return true;
}

static bool ask_lans(struct setup *setup)
{
	struct wizard *wizard = &setup->answers.wizard;
	size_t known = wizard->lans;

	setup->answers.step = WIZARD_LAN;
	wizard->lans = 1;
	if (!ask_lan(setup, &wizard->lan[0], "LAN"))
		return false;
	wizard->lans = known;
	if (!wizard->wan_interface[0] &&
	    !ask(setup, "gateway in the LAN", wizard->lan_gateway, WIZARD_ANSWER,
		 answers_check_gateway))
		return false;
	return ask_vlans(setup);
}

static bool ask_people(struct setup *setup)
{
	setup->answers.step = WIZARD_MANAGEMENT;
	if (!ask(setup, "DNS servers to ask (none: those that DHCP names)", setup->answers.upstream,
		 sizeof(setup->answers.upstream), answers_check_upstream))
		return false;
	if (!ask(setup,
		 "manage this box with ssh from: the name of a LAN (the first is lan), or none",
		 setup->answers.wizard.management, WIZARD_ANSWER, answers_check_network))
		return false;
	if (setup->answers.wizard.management[0] &&
	    !ask(setup, "one more public key for ssh, a line \"ssh-ed25519 AAAA... name\"",
		 setup->answers.key, sizeof(setup->answers.key), answers_check_key))
		return false;
	if (admin_has_secret())
		puts("the administrator's secret stays unless you type another one");
	else
		puts("without an administrator's secret, later changes of what is protected need\n"
		     "signed settings or a factory reset");
	(void)admin_new(setup->answers.secret);
	return true;
}

static bool ask_all(struct setup *setup)
{
	setup->answers.step = WIZARD_HOST;
	puts("Enter takes what stands in brackets.");
	show_interfaces();
	return ask(setup, "name of this box", setup->answers.wizard.hostname, WIZARD_ANSWER,
		   answers_check_network) &&
	       ask_wan(setup) && ask_lans(setup) && ask_people(setup);
}

/* ---- the end ---- */

static int apply(const struct cli *cli, const struct set_offer *offer,
		 const struct setup *setup)
{
	struct judgement judgement;
	int code = EXIT_NO;

	set_store_lock();
	if ((setup->fresh && set_mark_provisioned()) ||
	    !set_store_unchanged(PATH_SETTINGS, &setup->answers.old)) {
		set_store_unlock();
		printf("another session has %s meanwhile: nothing was changed\n",
		       setup->fresh ? "set this box up" : "changed the settings");
		return EXIT_NO;
	}
	judgement_make(&judgement, offer, true);
	if (set_store_on_trial())
		fputs(CONFIRM_TRIAL, stdout);
	else if (judgement.verdict == JUDGEMENT_TAKE)
		code = set_take(&judgement, NULL);
	else if (judgement.verdict == JUDGEMENT_SAME)
		code = EXIT_YES;
	/* "Taken" means that it is on the disk. */
	if (code == EXIT_YES || judgement.verdict != JUDGEMENT_TAKE)
		fputs(judgement.why ? judgement.why : "nothing changes\n", stdout);
	set_store_unlock();
	if (code == EXIT_YES && judgement.verdict == JUDGEMENT_TAKE)
		code = activation_run(cli);
	judgement_release(&judgement);
	puts(code == EXIT_YES ? "done" : "the settings are not in force");
	return code;
}

static int finish(const struct cli *cli, const struct setup *setup)
{
	struct set_offer offer = { .where = "the console" };
	int code = EXIT_NO;

	if (answers_make_set(&setup->answers, &offer.set) != 0) {
		fputs("cordon: out of memory\n", stderr);
	} else {
		puts("\nThis is what changes:");
		if (!set_diff_print(&offer))
			puts("nothing");
		if (terminal_confirm("write these files and use them now? yes, or Enter for no: "))
			code = apply(cli, &offer, setup);
		else
			puts("nothing was changed");
	}
	set_offer_release(&offer);
	return code;
}

static int set_up(const struct cli *cli)
{
	static struct network network;
	static struct diag diag;
	struct setup setup = { .answers.step = WIZARD_HOST };
	int code = EXIT_NO;

	if (!box_may_decide()) {
		fputs("cordon: setup asks on the console; over ssh: cordon settings apply\n",
		      stderr);
		return EXIT_NO;
	}
	setup.fresh = !set_mark_provisioned();
	diag_init(&diag);
	if (set_store_load(PATH_SETTINGS, &setup.answers.old, &diag) == 0 &&
	    (setup.fresh || admin_ask("to set this box up")) &&
	    facts_network(&network) == EXIT_YES) {
		wizard_init(&setup.answers.wizard, &network);
		answers_init_upstream(&setup.answers);
		if (ask_all(&setup))
			code = finish(cli, &setup);
		else
			puts("\nnothing was changed");
	}
	command_print_diag(&diag);
	provision_release(&setup.answers.old);
	explicit_bzero(setup.answers.secret, sizeof(setup.answers.secret));
	return code;
}

int command_setup(const struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return command_usage("setup", "unexpected word \"%s\"", argv[1]);
	set_sealed_begin();
	return set_up(cli);
}
