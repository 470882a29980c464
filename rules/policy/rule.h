/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rules/policy/addr.h"
#include "rules/policy/name.h"

/* The words of the rule-list language, the same as in the manual page cordon-rules(5). */

enum category {
	CATEGORY_UPDATE,
	CATEGORY_ACTIVATION,
	CATEGORY_TELEMETRY,
	CATEGORY_DISTRIBUTION,
	CATEGORY_INFRASTRUCTURE,
	CATEGORY_PORTAL,
	CATEGORY_REMOVAL,	/* support, help and removal tools */
	CATEGORY_WEB,
	CATEGORY_MAIL,
	CATEGORY_RELAY,		/* on-premises management traffic */
	CATEGORY_BYPASS,	/* foreign resolvers */
	CATEGORY_EXEMPT,
	CATEGORY_COUNT
};

enum action { ACTION_NONE, ACTION_ALLOW, ACTION_MONITOR, ACTION_BLOCK, ACTION_COUNT };

enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH, CONFIDENCE_COUNT };

enum pattern_kind {
	PATTERN_SUFFIX,	/* a name and everything below it */
	PATTERN_EXACT,	/* =name: exactly this name */
	PATTERN_PREFIX,	/* an address or a network */
	PATTERN_PORT	/* tcp/PORT, udp/PORT, tcp/FIRST-LAST */
};

/* A transport protocol and an inclusive range of destination ports. */
struct ports {
	uint8_t protocol;	/* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t first;
	uint16_t last;
};

enum { RULE_PORTS = 8, RULE_NETWORKS = 16 };	/* limits of ports= and leads-to= */

struct rule {
	enum pattern_kind kind;
	enum category category;
	enum confidence confidence;
	const uint8_t *name;	/* wire form, for the two kinds of names */
	struct prefix prefix;
	struct ports ports;
	const char *id;		/* list:category:pattern */
	const char *evidence;	/* "" when the rule states none */
	/* Of ports=: a name's pinhole opens these too; a resolver is refused on these only. */
	const struct ports *port;
	size_t port_count;
	const struct prefix *network;	/* leads-to=: where a name's pinhole may lead; none:
					 * anywhere */
	size_t network_count;
	unsigned int line;
};

/* The word, "update" for example; static memory. */
const char *category_print(enum category category);
const char *action_print(enum action action);
const char *confidence_print(enum confidence confidence);

/* 0 or -EINVAL. */
int category_parse(enum category *category, const char *text, size_t length);
int action_parse(enum action *action, const char *text, size_t length);
int confidence_parse(enum confidence *confidence, const char *text, size_t length);
/* "tcp/853", "udp/15000", "tcp/23100-23199". */
int ports_parse(struct ports *ports, const char *text, size_t length);

/* The default of each category: block, monitor or allow. */
enum action category_default_action(enum category category);
