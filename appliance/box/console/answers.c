/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/console/answers.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/console/wizard.h"
#include "appliance/box/network/compose.h"
#include "appliance/box/settings/provision.h"
#include "appliance/command/terminal.h"
#include "appliance/settings/network.h"
#include "appliance/settings/settings.h"
#include "rules/policy/addr.h"

/* ---- are they right? ---- */

static bool read_network(const struct answers *answers, struct network *network, struct diag *diag)
{
	struct text text = TEXT_EMPTY;
	bool good;

	wizard_print_network(&answers->wizard, answers->step,
			     answers->old.file[PROVISION_NETWORK].data, &text);
	good = text.data && network_parse(network, "", text.data, text.length, diag) == 0;
	text_release(&text);
	return good;
}

bool answers_check_network(const struct answers *answers, struct diag *diag)
{
	static struct network network;

	return read_network(answers, &network, diag);
}

/* Without a gateway it would be a router whose WAN is eth0, or serve DHCP in a network that has a
 * server. */
bool answers_check_gateway(const struct answers *answers, struct diag *diag)
{
	static struct network network;

	if (!read_network(answers, &network, diag))
		return false;
	if (network.lan[0].v4.has_gateway || network.lan[0].v6.has_gateway)
		return true;
	diag_error(diag, "", 0, 0,
		   "expected the router of this network that leads out: there is no WAN");
	return false;
}

bool answers_check_upstream(const struct answers *answers, struct diag *diag)
{
	static struct settings settings;
	static struct network network;
	char text[TERMINAL_LINE + 32];
	int length = snprintf(text, sizeof(text), "[dns]\nupstream = %s\n", answers->upstream);

	if (answers->upstream[0])
		return settings_parse(&settings, "", text, (size_t)length, diag) == 0;
	if (!read_network(answers, &network, diag))
		return false;
	if (!compose_learns(&network))
		diag_error(
			diag, "", 0, 0,
			"expected at least one: this network has no WAN that learns them by DHCP");
	return compose_learns(&network);
}

bool answers_check_key(const struct answers *answers, struct diag *diag)
{
	const struct provision_part part = { (char *)(uintptr_t)answers->key,
					     strlen(answers->key) };

	return provision_check_keys(&part, "", diag) == 0;
}

/* ---- from and to the files ---- */

void answers_init_upstream(struct answers *answers)
{
	static struct settings settings;
	static struct diag diag;
	const struct provision_part *conf = &answers->old.file[PROVISION_CORDON];
	struct text text = TEXT_EMPTY;
	char address[ADDR_TEXT];

	diag_init(&diag);
	if (!conf->data || settings_parse(&settings, "", conf->data, conf->size, &diag) < 0)
		return;
	for (size_t i = 0; i < settings.upstreams; i++) {
		const struct endpoint *upstream = &settings.upstream[i];
		bool v4 = addr_is_v4(&upstream->addr);

		text_printf(&text,
			    upstream->port == 53 ? "%s%s" :
			    v4			 ? "%s%s:%u" :
						   "%s[%s]:%u",
			    i ? " " : "", addr_print(&upstream->addr, address), upstream->port);
	}
	if (text.data && text.length < sizeof(answers->upstream))
		memcpy(answers->upstream, text.data, text.length + 1);
	text_release(&text);
}

static int put_text(struct provision *set, enum provision_file file, struct text *text)
{
	int error = text_failed(text) ? -ENOMEM : 0;

	if (!error && text->data)
		error = provision_put(set, file, text->data, text->length);
	text_release(text);
	return error;
}

int answers_make_set(const struct answers *answers, struct provision *set)
{
	const struct provision_part *conf = &answers->old.file[PROVISION_CORDON];
	const struct provision_part *keys = &answers->old.file[PROVISION_KEYS];
	struct text text = TEXT_EMPTY;
	int error;

	wizard_print_network(&answers->wizard, WIZARD_ALL,
			     answers->old.file[PROVISION_NETWORK].data, &text);
	error = put_text(set, PROVISION_NETWORK, &text);
	wizard_print_conf(conf->data ? conf->data : "", answers->upstream, &text);
	if (!error)
		error = put_text(set, PROVISION_CORDON, &text);
	if (answers->key[0]) {
		text_put(&text, keys->data ? keys->data : "", keys->size);
		text_printf(&text, "%s%s\n",
			    keys->size && keys->data[keys->size - 1] != '\n' ? "\n" : "",
			    answers->key);
	}
	if (!error)
		error = put_text(set, PROVISION_KEYS, &text);
	if (answers->secret[0])
		text_printf(&text, "%s\n", answers->secret);
	if (!error)
		error = put_text(set, PROVISION_SECRET, &text);
	return error;
}
