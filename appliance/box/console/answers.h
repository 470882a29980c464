/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/base/crypto/password.h"
#include "appliance/base/diag.h"
#include "appliance/box/console/wizard.h"
#include "appliance/box/settings/provision.h"
#include "appliance/command/terminal.h"

/* The answers to `cordon setup`, judged by the parsers of the files that they will stand in. An
 * empty answer is "none". */
struct answers {
	struct wizard wizard;
	struct provision old;		/* the settings in force */
	enum wizard_step step;		/* the question that is asked; later answers do not count */
	char upstream[TERMINAL_LINE];	/* DNS servers; "": those that DHCP names */
	char key[TERMINAL_LINE];	/* one more line of authorized_keys */
	char secret[PASSWORD_LINE];	/* as admin-secret has it; "": the old one stays */
};

/* Is an answer right with those before it? Errors in diag. */
typedef bool answers_check(const struct answers *answers, struct diag *diag);
/* network.conf up to this step reads. */
bool answers_check_network(const struct answers *answers, struct diag *diag);
/* The first LAN has a gateway, for a box without a WAN. */
bool answers_check_gateway(const struct answers *answers, struct diag *diag);
/* The DNS servers read; none is right if DHCP names some. */
bool answers_check_upstream(const struct answers *answers, struct diag *diag);
/* The line is a public key of OpenSSH. */
bool answers_check_key(const struct answers *answers, struct diag *diag);

/* Fills in the DNS servers of the old cordon.conf. */
void answers_init_upstream(struct answers *answers);
/* The files that the answers change; the others are missing in set. -ENOMEM. The caller releases
 * set in any case. */
int answers_make_set(const struct answers *answers, struct provision *set)
	__attribute__((warn_unused_result));
