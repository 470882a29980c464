/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system/wizard.h"

#include <stdio.h>
#include <string.h>

#include "system/wiring.h"

static void put_address(char answer[WIZARD_ANSWER], const struct network_family *family,
			const char *dynamic)
{
	char text[PREFIX_TEXT];

	snprintf(answer, WIZARD_ANSWER, "%s", family->method == METHOD_STATIC
		 ? wiring_address(&family->address, text) : family->method == METHOD_DYNAMIC ? dynamic : "");
}

static void put_lan(struct wizard_lan *lan, const struct network_link *link)
{
	*lan = (struct wizard_lan){ .name = "" };
	if (strcmp(link->name, "lan") != 0)
		snprintf(lan->name, sizeof(lan->name), "%s", link->name);
	snprintf(lan->interface, WIZARD_ANSWER, "%s", link->interface);
	put_address(lan->address, &link->v4, "");
}

void wizard_init(struct wizard *wizard, const struct network *network)
{
	const struct network_family *wan = &network->wan.v4;
	char text[ADDR_TEXT];

	*wizard = (struct wizard){ .lans = 0 };
	snprintf(wizard->hostname, WIZARD_ANSWER, "%s", network->hostname);
	snprintf(wizard->wan_interface, WIZARD_ANSWER, "%s", network->has_wan ? network->wan.interface : "");
	put_address(wizard->wan_address, wan, "dhcp");
	if (wan->has_gateway)
		snprintf(wizard->wan_gateway, WIZARD_ANSWER, "%s", addr_print(&wan->gateway, text));
	for (size_t i = 0; i < network->lans && i <= WIZARD_VLANS; i++)
		put_lan(&wizard->lan[wizard->lans++], &network->lan[i]);
	snprintf(wizard->management, WIZARD_ANSWER, "%s", network->management_name);
}

/* ---- network.conf ---- */

static const char *or_none(const char *answer)
{
	return answer[0] ? answer : "none";
}

static void print_wan(const struct wizard *wizard, struct text *out)
{
	bool fixed = strchr(wizard->wan_address, '/') != NULL;

	if (!wizard->wan_interface[0])
		return;
	text_printf(out, "\n[wan]\ninterface = %s\naddress = %s\n", wizard->wan_interface,
		    or_none(wizard->wan_address));
	if (fixed && wizard->wan_gateway[0])
		text_printf(out, "gateway = %s\n", wizard->wan_gateway);
	/* Router advertisements of the provider are asked for where its DHCP is. */
	if (fixed)
		text_puts(out, "address6 = none\n");
}

static void print_lans(const struct wizard *wizard, struct text *out)
{
	for (size_t i = 0; i < wizard->lans; i++) {
		const struct wizard_lan *lan = &wizard->lan[i];

		text_printf(out, "\n[lan%s%s]\ninterface = %s\naddress = %s\n", lan->name[0] ? " " : "",
			    lan->name, lan->interface, or_none(lan->address));
	}
}

static void print_management(const struct wizard *wizard, struct text *out)
{
	if (wizard->management[0])
		text_printf(out, "\n[management]\ninterface = %s\nssh = on\n", wizard->management);
}

/* Lines of the sections that are not asked for. */
static void keep_sections(const char *old, struct text *out)
{
	bool keep = false;

	for (const char *at = old; *at;) {
		size_t length = strcspn(at, "\n");

		if (at[0] == '[') {
			keep = strncmp(at, "[routing]", 9) == 0 || strncmp(at, "[time]", 6) == 0;
			text_puts(out, keep ? "\n" : "");
		}
		if (keep && length) {
			text_put(out, at, length);
			text_puts(out, "\n");
		}
		at += length + (at[length] == '\n');
	}
}

void wizard_print_network(const struct wizard *wizard, enum wizard_step step, const char *old,
			  struct text *out)
{
	text_printf(out, "# Written by cordon setup; network.conf(5) says what else can stand here.\n"
		    "[system]\nhostname = %s\n", wizard->hostname);
	if (step >= WIZARD_WAN)
		print_wan(wizard, out);
	if (step >= WIZARD_LAN)
		print_lans(wizard, out);
	else	/* one that is in nobody's way while the WAN is judged */
		text_puts(out, "\n[lan]\ninterface = none0\naddress = 198.18.0.1/32\n");
	if (step >= WIZARD_MANAGEMENT)
		print_management(wizard, out);
	if (old && step == WIZARD_ALL)
		keep_sections(old, out);
}

/* ---- cordon.conf ---- */

static bool is_upstream(const char *line)
{
	line += strspn(line, " \t");
	if (strncmp(line, "upstream", 8) != 0)
		return false;
	line += 8 + strspn(line + 8, " \t");
	return *line == '=' || *line == ':';
}

void wizard_print_conf(const char *old, const char *upstream, struct text *out)
{
	bool in_dns = false, said = upstream[0] == '\0';

	for (const char *at = old; *at;) {
		size_t length = strcspn(at, "\n");

		if (at[0] == '[')
			in_dns = strncmp(at, "[dns]", 5) == 0;
		if (!in_dns || !is_upstream(at)) {
			text_put(out, at, length);
			text_puts(out, "\n");
		}
		if (at[0] == '[' && in_dns && !said) {
			text_printf(out, "upstream = %s\n", upstream);
			said = true;
		}
		at += length + (at[length] == '\n');
	}
	if (!said)
		text_printf(out, "%s[dns]\nupstream = %s\n", *old ? "\n" : "", upstream);
}
