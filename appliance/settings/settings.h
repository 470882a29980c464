/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/base/url.h"
#include "rules/policy/addr.h"
#include "rules/policy/compile.h"
#include "rules/policy/name.h"
#include "rules/policy/rule.h"

/*
 * cordon.conf (cordon.conf(5)): INI text in, struct out. The parent reads the file and passes the
 * text to the roles, and each parses it with this pure function. Fixed sizes: no key can ask for
 * more.
 */
enum {
	SETTINGS_TEXT_MAX = 64 * 1024,
	SETTINGS_LANS = 16,
	SETTINGS_WANS = 4,
	SETTINGS_MANAGEMENTS = 4,
	SETTINGS_ADDRESSES = 32,
	SETTINGS_UPSTREAMS = 8,
	SETTINGS_ZONES = 64,
	SETTINGS_ZONE_SERVERS = 4,
	SETTINGS_REBINDING = 64,
	SETTINGS_SANCTIONED = 16,
	SETTINGS_SOURCES = 16,
	SETTINGS_LISTS = 32,
	SETTINGS_PATH = 256,
	SETTINGS_MIRRORS = 8,
	SETTINGS_PINS = 4,
	SETTINGS_PIN = 32,
	SETTINGS_RING = 33,
	SETTINGS_WORKERS = 16
};

enum blocked_reply { REPLY_NXDOMAIN, REPLY_NODATA, REPLY_REFUSED, REPLY_ZERO, REPLY_SINKHOLE };
enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

struct endpoint {
	struct addr addr;
	uint16_t port;
};

/* Queries at or below name go to these servers unchanged. */
struct internal_zone {
	struct name name;
	struct endpoint server[SETTINGS_ZONE_SERVERS];
	size_t servers;
};

/* DNS from these sources to this resolver passes uninspected, and is counted. */
struct sanctioned_resolver {
	struct prefix source[SETTINGS_SOURCES];
	size_t sources;
	struct endpoint resolver;
};

struct settings {
	/* [network] */
	char lan[SETTINGS_LANS][IFNAMSIZ];	/* interfaces that clients arrive on */
	size_t lans;
	char wan[SETTINGS_WANS][IFNAMSIZ];	/* the outside; none: found by nft/outside.h */
	size_t wans;
	bool masquerade;		/* clients leave with the gateway's own IPv4 address */
	struct embedding nat64[POLICY_NAT64];	/* the network's own NAT64 prefixes */
	size_t nat64s;
	bool guard_gateway;		/* the gateway's own programs are judged like clients */
	bool drop_others;		/* traffic that is neither from nor to a lan is not
					 * forwarded */
	/* None: any lan manages the gateway. */
	char management[SETTINGS_MANAGEMENTS][IFNAMSIZ];
	size_t managements;
	struct addr internal_dns[SETTINGS_ADDRESSES];
	size_t internal_dns_count;
	struct sanctioned_resolver sanctioned[SETTINGS_SANCTIONED];
	size_t sanctioned_count;
	struct addr forwarder[SETTINGS_ADDRESSES];	/* the agency's own DNS servers */
	size_t forwarders;

	/* [dns] */
	/* Loopback by default; the capture leads here. */
	struct endpoint listen[SETTINGS_UPSTREAMS];
	size_t listens;
	struct endpoint upstream[SETTINGS_UPSTREAMS];
	size_t upstreams;
	struct internal_zone zone[SETTINGS_ZONES];
	size_t zones;
	bool rebinding_protection;	/* no private address from an upstream, */
	struct name rebinding_domain[SETTINGS_REBINDING];	/* but at or below these names */
	size_t rebinding_domains;
	unsigned int workers;		/* 0: one a core */
	unsigned int timeout_ms;	/* until another upstream is asked */
	enum blocked_reply reply;
	struct addr sinkhole4, sinkhole6;	/* for REPLY_SINKHOLE */
	unsigned int block_ttl;		/* seconds, at most 60 */
	uint32_t censored;		/* bit per category: Extended DNS Error 16 instead of 15 */

	/* [rules] */
	char rules_dir[SETTINGS_PATH];
	char list[SETTINGS_LISTS][33];	/* none given: every list that is on by default */
	size_t lists;
	unsigned int max_v4_share;	/* of 65536 */
	uint64_t max_rules;		/* that a signed release may bring */

	/* [update] */
	char trust_root[SETTINGS_PATH];	/* root metadata; "": no signed updates */
	struct url mirror[SETTINGS_MIRRORS];	/* asked in this order */
	size_t mirrors;
	char mirror_ca[SETTINGS_PATH];	/* PEM; "": none */
	uint8_t mirror_pin[SETTINGS_PINS][SETTINGS_PIN];	/* SHA-256 of a public key */
	size_t mirror_pins;
	struct url collector;		/* receipts go there by PUT; host "": nowhere */
	uint64_t poll_interval;		/* seconds; each wait is randomly somewhat shorter */
	uint64_t stale_after;		/* seconds after the newest signature */
	char ring[SETTINGS_RING];

	/* [action] */
	enum action action[CATEGORY_COUNT];

	/* [mode] */
	uint64_t monitor_first;		/* seconds; 0: enforce from the first start */
	uint64_t monitor_max;		/* longest for `cordon mode monitor --for`, in seconds */

	/* [log] */
	enum log_level level;
	uint64_t log_budget;		/* bytes that the block log may take on disk; 0: half of
					 * its file system */
	uint64_t log_write_budget;	/* bytes of its entries per day */
	struct prefix log_counts_only[SETTINGS_ADDRESSES];	/* clients without detail */
	size_t log_counts_onlys;
	uint32_t log_retention_days;	/* 0: as long as the budget lasts */
	char appliance_id[64];		/* "": derived from the machine id */

	/* [daemon] */
	uint32_t uid_base;		/* the roles run as uid_base + 1, + 2, ... */
	uint16_t nflog_group;
	char watchdog[SETTINGS_PATH];	/* device; "": none */
	bool table_owner;		/* the kernel refuses changes of the table by other
					 * programs */
};

/* The values of an empty file. */
void settings_init(struct settings *settings);

/* 0, or -EINVAL with every error and its line in diag; *settings is then unusable. */
int settings_parse(struct settings *settings, const char *source, const char *text, size_t length,
		   struct diag *diag) __attribute__((warn_unused_result));

/* Reports what is allowed but opens everything, each as an entry of warnings. */
void settings_warn(const struct settings *settings, const char *source, struct diag *warnings);

/* "90", "15m", "2h", "14d" to seconds. 0, -EINVAL, or -ERANGE above ten years. */
int duration_parse(uint64_t *seconds, const char *text, size_t length);

/* Is it named by lan, by wan, by management? */
bool settings_is_lan(const struct settings *settings, const char *interface);
bool settings_is_wan(const struct settings *settings, const char *interface);
bool settings_is_management(const struct settings *settings, const char *interface);

/* Is it a management interface and not a lan? Nothing is forwarded through it. */
bool settings_is_aside(const struct settings *settings, const char *interface);

/* How long to wait for answers to a query before giving up. */
unsigned int settings_patience_ms(const struct settings *settings);

/* Is this one of the agency's own DNS servers (internal-dns)? */
bool settings_is_internal_dns(const struct settings *settings, const struct addr *addr);

/* The role's user id; the roles follow in the order of enum role. */
enum role {
	ROLE_PARENT, ROLE_DNS, ROLE_COMPILE, ROLE_RULES, ROLE_JOURNAL, ROLE_UPDATE, ROLE_COUNT
};
uint32_t settings_uid(const struct settings *settings, enum role role);
const char *role_print(enum role role);
