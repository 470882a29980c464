/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/console/wizard.h"

#include <stdio.h>
#include <string.h>

#include "appliance/box/network/wiring.h"

static void put_address(char answer[WIZARD_ANSWER], const struct network_family *family,
			const char *dynamic)
{
	char text[PREFIX_TEXT];

	snprintf(answer, WIZARD_ANSWER, "%s",
		 family->method == METHOD_STATIC  ? wiring_address(&family->address, text) :
		 family->method == METHOD_DYNAMIC ? dynamic :
						    "");
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

	*wizard = (struct wizard){ .before = network };
	snprintf(wizard->hostname, WIZARD_ANSWER, "%s", network->hostname);
	snprintf(wizard->wan_interface, WIZARD_ANSWER, "%s",
		 network->has_wan ? network->wan.interface : "");
	put_address(wizard->wan_address, wan, "dhcp");
	if (wan->has_gateway)
		snprintf(wizard->wan_gateway, WIZARD_ANSWER, "%s", addr_print(&wan->gateway, text));
	if (network->lan[0].v4.has_gateway)
		snprintf(wizard->lan_gateway, WIZARD_ANSWER, "%s",
			 addr_print(&network->lan[0].v4.gateway, text));
	for (size_t i = 0; i < network->lans; i++)
		put_lan(&wizard->lan[wizard->lans++], &network->lan[i]);
	snprintf(wizard->management, WIZARD_ANSWER, "%s",
		 network->ssh ? network->management_name : "");
}

/* ---- network.conf ---- */

static const char *or_none(const char *answer)
{
	return answer[0] ? answer : "none";
}

/* Is this line's key the one of these bytes? Then *value is what follows "=". */
static bool is_key(const char *line, const char *key, const char **value)
{
	size_t length = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, length) != 0)
		return false;
	line += length + strspn(line + length, " \t");
	*value = line + 1 + strspn(line + (*line != '\0'), " \t");
	return *line == '=' || *line == ':';
}

static bool begins(const char *line, const char *section)
{
	size_t length = strlen(section);

	return line[0] == '[' && strncmp(line + 1, section, length) == 0 && line[1 + length] == ']';
}

typedef bool judge(const void *context, const char *line);

/* Lines of the old file's section that nobody is asked for. */
static void keep_lines(const char *old, const char *section, judge *stays, const void *context,
		       struct text *out)
{
	bool inside = false;

	for (const char *at = old ? old : ""; *at;) {
		size_t length = strcspn(at, "\r\n");

		if (at[0] == '[')
			inside = begins(at, section);
		else if (inside && length && stays(context, at)) {
			text_put(out, at, length);
			text_puts(out, "\n");
		}
		at += length + strspn(at + length, "\r\n");
	}
}

static bool is_fixed(const struct wizard *wizard)
{
	return strchr(wizard->wan_address, '/') != NULL;
}

struct wan_lines {
	bool other_kind;	/* fixed before, by DHCP now, or the other way round */
	bool *has_v6;
};

/* "none" may have been our own word for a WAN of the other kind. */
static bool stays_of_wan(const void *context, const char *line)
{
	const struct wan_lines *wan = context;
	const char *value;

	if (is_key(line, "interface", &value) || is_key(line, "address", &value) ||
	    is_key(line, "gateway", &value))
		return false;
	if (!is_key(line, "address6", &value))
		return true;
	if (wan->other_kind && strncmp(value, "none", 4) == 0)
		return false;
	*wan->has_v6 = true;
	return true;
}

static void print_wan(const struct wizard *wizard, const char *old, struct text *out)
{
	bool has_v6 = false;
	const struct wan_lines lines = {
		(wizard->before->wan.v4.method == METHOD_STATIC) != is_fixed(wizard), &has_v6,
	};

	if (!wizard->wan_interface[0])
		return;
	text_printf(out, "\n[wan]\ninterface = %s\naddress = %s\n", wizard->wan_interface,
		    or_none(wizard->wan_address));
	if (is_fixed(wizard) && wizard->wan_gateway[0])
		text_printf(out, "gateway = %s\n", wizard->wan_gateway);
	keep_lines(old, "wan", stays_of_wan, &lines, out);
	/* Router advertisements of the provider are asked for where its DHCP is. */
	if (is_fixed(wizard) && !has_v6)
		text_puts(out, "address6 = none\n");
}

struct lan_lines {
	bool moved;		/* to another address */
	bool leads_out;		/* its gateway was asked for */
};

/* What belongs to the address of before goes with it. */
static bool stays_of_lan(const void *context, const char *line)
{
	const struct lan_lines *lan = context;
	const char *value;

	if (is_key(line, "interface", &value) || is_key(line, "address", &value))
		return false;
	if (is_key(line, "dhcp", &value))
		return !lan->moved || !memchr(value, '-', strcspn(value, "\r\n"));
	return !(lan->moved || lan->leads_out) || !is_key(line, "gateway", &value);
}

static bool has_moved(const struct wizard *wizard, const struct wizard_lan *lan)
{
	const struct network *before = wizard->before;

	for (size_t i = 0; i < before->lans; i++) {
		struct wizard_lan old;

		put_lan(&old, &before->lan[i]);
		if (strcmp(old.name, lan->name) == 0)
			return strcmp(old.address, lan->address) != 0;
	}
	return true;
}

static void print_lans(const struct wizard *wizard, const char *old, struct text *out)
{
	for (size_t i = 0; i < wizard->lans; i++) {
		const struct wizard_lan *lan = &wizard->lan[i];
		const struct lan_lines lines = { has_moved(wizard, lan),
						 i == 0 && !wizard->wan_interface[0] };
		char section[WIZARD_ANSWER];

		snprintf(section, sizeof(section), "lan%s%s", lan->name[0] ? " " : "", lan->name);
		text_printf(out, "\n[%s]\ninterface = %s\naddress = %s\n", section, lan->interface,
			    or_none(lan->address));
		if (lines.leads_out && wizard->lan_gateway[0])
			text_printf(out, "gateway = %s\n", wizard->lan_gateway);
		keep_lines(old, section, stays_of_lan, &lines, out);
	}
}

/* An answer to where it is managed from means ssh. */
static bool stays_of_management(const void *context, const char *line)
{
	const struct wizard *wizard = context;
	const char *value;

	if (!wizard->management[0])
		return true;
	return !is_key(line, "interface", &value) && !is_key(line, "ssh", &value) &&
	       strcmp(wizard->management, wizard->before->management_name) == 0;
}

static void print_management(const struct wizard *wizard, const char *old, struct text *out)
{
	if (wizard->management[0])
		text_printf(out, "\n[management]\ninterface = %s\nssh = on\n", wizard->management);
	else if (!wizard->before->ssh && wizard->before->management_name[0] && old)
		text_puts(out, "\n[management]\n");
	else
		return;
	keep_lines(old, "management", stays_of_management, wizard, out);
}

static bool stays_of_system(const void *context, const char *line)
{
	const char *value;

	(void)context;
	return !is_key(line, "hostname", &value);
}

static bool stays_whole(const void *context, const char *line)
{
	(void)context;
	(void)line;
	return true;
}

/* The sections that are not asked for. */
static void keep_sections(const char *old, struct text *out)
{
	static const char *const section[] = { "routing", "time" };

	for (size_t i = 0; i < sizeof(section) / sizeof(*section); i++) {
		struct text kept = TEXT_EMPTY;

		keep_lines(old, section[i], stays_whole, NULL, &kept);
		if (kept.length)
			text_printf(out, "\n[%s]\n%s", section[i], kept.data);
		text_release(&kept);
	}
}

void wizard_print_network(const struct wizard *wizard, enum wizard_step step, const char *old,
			  struct text *out)
{
	text_printf(out,
		    "# Written by cordon setup; network.conf(5) says what else can stand here.\n"
		    "[system]\nhostname = %s\n",
		    wizard->hostname);
	keep_lines(old, "system", stays_of_system, NULL, out);
	if (step >= WIZARD_WAN)
		print_wan(wizard, old, out);
	if (step >= WIZARD_LAN)
		print_lans(wizard, old, out);
	else	/* one that is in nobody's way while the WAN is judged */
		text_puts(out, "\n[lan]\ninterface = none0\naddress = 198.18.0.1/32\n");
	if (step >= WIZARD_MANAGEMENT)
		print_management(wizard, old, out);
	if (old && step == WIZARD_ALL)
		keep_sections(old, out);
}

/* ---- cordon.conf ---- */

void wizard_print_conf(const char *old, const char *upstream, struct text *out)
{
	const char *value;
	bool in_dns = false, said = upstream[0] == '\0';

	for (const char *at = old; *at;) {
		size_t length = strcspn(at, "\n");

		if (at[0] == '[')
			in_dns = strncmp(at, "[dns]", 5) == 0;
		if (!in_dns || !is_key(at, "upstream", &value)) {
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
