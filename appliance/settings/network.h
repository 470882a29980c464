/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "rules/policy/addr.h"

/*
 * network.conf (network.conf(5)): how an appliance that runs the image is connected. INI text in,
 * struct out, checked as a whole. An empty file is a router: WAN on eth0 by DHCP and SLAAC, LAN on
 * eth1 with 192.168.77.1/24, DHCP and router advertisements.
 */
enum {
	NETWORK_TEXT_MAX = 64 * 1024,
	NETWORK_LANS = 16,
	NETWORK_ROUTES = 64,
	NETWORK_NTP = 4,
	NETWORK_NAME = 32,	/* of a LAN, a host; NUL included */
	NETWORK_HOST = 128,	/* of a time server */
	NETWORK_VLAN_MAX = 4094
};

/* An address on its link: unlike a prefix, it has host bits. */
struct network_address {
	struct addr addr;
	uint8_t length;		/* as in struct prefix: 96 + n for IPv4 */
};

enum network_method {
	METHOD_NONE,
	/* WAN: DHCP, or SLAAC and DHCPv6; LAN: from the prefix that the WAN was given. */
	METHOD_DYNAMIC,
	METHOD_STATIC
};

struct network_family {
	enum network_method method;
	struct network_address address;	/* METHOD_STATIC */
	struct addr gateway;
	bool has_gateway;
};

struct network_link {
	char name[NETWORK_NAME];	/* "wan", "lan", the name after lan, "management" */
	char interface[IFNAMSIZ];	/* eth0, or eth0.7 for VLAN 7 of it */
	struct network_family v4, v6;
	bool dhcp, ra;			/* LAN: served there */
	struct addr dhcp_first, dhcp_last;
	uint32_t lease;			/* seconds */
	unsigned int line;		/* of the file; 0: by default */
	unsigned int given;		/* bits of enum network_given: what the file itself says */
};

struct network_route {
	struct prefix to;
	struct addr via;
	unsigned int line;
};

struct network {
	bool has_wan;
	struct network_link wan;
	struct network_link lan[NETWORK_LANS];
	size_t lans;
	bool has_management;		/* a link of its own */
	struct network_link management;
	char management_name[NETWORK_NAME];	/* a LAN's name or the interface; "": none */
	bool ssh;
	bool masquerade, forward;
	struct network_route route[NETWORK_ROUTES];
	size_t routes;
	char ntp[NETWORK_NTP][NETWORK_HOST];
	size_t ntps;
	char hostname[NETWORK_NAME];
};

/* 0, or -EINVAL with every error and its line in diag; *network is then unusable. */
int network_parse(struct network *network, const char *source, const char *text, size_t length,
		  struct diag *diag) __attribute__((warn_unused_result));

/*
 * For offered settings, not for those being applied: is there a way out? 0, or -EINVAL with diag.
 */
int network_check_outside(const struct network *network, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));

/*
 * The VLAN's number, and in parent the interface that carries it (IFNAMSIZ bytes); 0: not a VLAN.
 */
unsigned int network_vlan(const char *interface, char *parent);

/* The network that an address is on. */
struct prefix network_prefix(const struct network_address *address);

/* The management interface; NULL: there is none. */
const struct network_link *network_management(const struct network *network);

/* Every link for i from 0: WAN, LANs, management; NULL at the end. */
const struct network_link *network_link(const struct network *network, size_t i);

/* ---- between network.c and network_check.c ---- */

enum network_given {
	GIVEN_INTERFACE = 1, GIVEN_ADDRESS = 2, GIVEN_ADDRESS6 = 4, GIVEN_DHCP = 8,
	GIVEN_RANGE = 16, GIVEN_RA = 32,
	GIVEN_MASQUERADE = 64, GIVEN_FORWARD = 128, GIVEN_NTP = 256	/* of the whole file */
};

/* What no key says. */
void network_complete(struct network *network, unsigned int given);
/* Contradictions between keys. */
void network_check(struct network *network, unsigned int given, const char *source,
		   struct diag *diag);
