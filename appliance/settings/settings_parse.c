/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/config.h"
#include "appliance/settings/lines.h"
#include "appliance/settings/value.h"

/* ---- [dns] ---- */

static bool set_listen(struct parser *parser, const char *key, const char *value)
{
	/* The given addresses replace the default. */
	if (!parser->listens)
		parser->settings->listens = 0;
	parser->listens = true;
	return value_endpoints(parser, key, value, parser->settings->listen,
			       &parser->settings->listens,
			 SETTINGS_UPSTREAMS);
}

static bool set_upstream(struct parser *parser, const char *key, const char *value)
{
	return value_endpoints(parser, key, value, parser->settings->upstream,
			 &parser->settings->upstreams, SETTINGS_UPSTREAMS);
}

/* NAME -> ADDRESS..., or with U+2192 for the arrow. */
static bool set_internal_zone(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;
	struct internal_zone *zone = &settings->zone[settings->zones];
	const char *arrow = strstr(value, "->"), *servers = arrow ? arrow + 2 : NULL;
	size_t length = strcspn(value, " \t");

	if (!arrow) {
		arrow = strstr(value, "\xe2\x86\x92");
		servers = arrow ? arrow + 3 : NULL;
	}
	if (arrow && length > (size_t)(arrow - value))
		length = (size_t)(arrow - value);
	if (!arrow || settings->zones == SETTINGS_ZONES ||
	    strspn(value + length, " \t") != (size_t)(arrow - value) - length) {
		value_error(parser, "%s: expected NAME -> ADDRESS... (at most %d such lines)", key,
			   SETTINGS_ZONES);
		return false;
	}
	if (name_parse(&zone->name, value, length, NULL) < 0 || zone->name.labels == 0) {
		value_error(parser, "%s: expected a domain name, found \"%.*s\"", key, (int)length,
			   value);
		return false;
	}
	zone->servers = 0;
	if (!value_endpoints(parser, key, servers, zone->server, &zone->servers,
			     SETTINGS_ZONE_SERVERS))
		return false;
	if (zone->servers == 0) {
		value_error(parser, "%s: expected an address after the arrow", key);
		return false;
	}
	settings->zones++;
	return true;
}

static bool set_rebinding(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "no", "yes", NULL };
	int index = value_choice(parser, key, value, words, "yes or no");

	parser->settings->rebinding_protection = index == 1;
	return index >= 0;
}

static bool set_rebinding_domain(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		struct name *name = &settings->rebinding_domain[settings->rebinding_domains];

		if (settings->rebinding_domains == SETTINGS_REBINDING ||
		    name_parse(name, word, length, NULL) < 0 || name->labels == 0) {
			value_error(parser, "%s: expected at most %d domain names, found \"%.*s\"",
				    key,
				    SETTINGS_REBINDING, (int)length, word);
			return false;
		}
		settings->rebinding_domains++;
	}
	return true;
}

static bool set_workers(struct parser *parser, const char *key, const char *value)
{
	uint64_t number;

	if (!value_number(parser, key, value, 0, SETTINGS_WORKERS, &number))
		return false;
	parser->settings->workers = (unsigned int)number;
	return true;
}

static bool set_timeout(struct parser *parser, const char *key, const char *value)
{
	uint64_t number;

	if (!value_number(parser, key, value, 50, 10000, &number))
		return false;
	parser->settings->timeout_ms = (unsigned int)number;
	return true;
}

static bool set_blocked_reply(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "nxdomain", "nodata", "refused", "zero", "sinkhole",
					     NULL };
	int index = value_choice(parser, key, value, words,
			   "nxdomain, nodata, refused, zero or sinkhole");

	if (index < 0)
		return false;
	parser->settings->reply = (enum blocked_reply)index;
	return true;
}

static bool set_sinkhole_address(struct parser *parser, const char *key, const char *value)
{
	struct addr list[2];
	size_t count = 0;

	if (!value_addresses(parser, key, value, list, &count, 2))
		return false;
	for (size_t i = 0; i < count; i++)
		*(addr_is_v4(&list[i]) ? &parser->settings->sinkhole4
				       : &parser->settings->sinkhole6) = list[i];
	return true;
}

static bool set_block_ttl(struct parser *parser, const char *key, const char *value)
{
	uint64_t number;

	if (!value_number(parser, key, value, 0, 60, &number))
		return false;
	parser->settings->block_ttl = (unsigned int)number;
	return true;
}

static bool set_censored(struct parser *parser, const char *key, const char *value)
{
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		enum category category;

		if (category_parse(&category, word, length) < 0) {
			value_error(parser, "%s: unknown category \"%.*s\"", key, (int)length,
				    word);
			return false;
		}
		parser->settings->censored |= 1U << category;
	}
	return true;
}

/* ---- [rules], [mode], [log], [daemon] ---- */

static bool set_dir(struct parser *parser, const char *key, const char *value)
{
	return value_text(parser, key, value, parser->settings->rules_dir, SETTINGS_PATH);
}

static bool set_lists(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		if (settings->lists == SETTINGS_LISTS || length >= sizeof(settings->list[0])) {
			value_error(parser, "%s: expected at most %d names of rule lists", key,
				   SETTINGS_LISTS);
			return false;
		}
		memcpy(settings->list[settings->lists++], word, length);
	}
	return true;
}

static bool set_share(struct parser *parser, const char *key, const char *value)
{
	uint64_t number;

	if (!value_number(parser, key, value, 1, 65536, &number))
		return false;
	parser->settings->max_v4_share = (unsigned int)number;
	return true;
}

static bool set_max_rules(struct parser *parser, const char *key, const char *value)
{
	return value_number(parser, key, value, 1, 10000000, &parser->settings->max_rules);
}

static bool set_duration(struct parser *parser, const char *key, const char *value, uint64_t *out)
{
	if (duration_parse(out, value, strlen(value)) == 0)
		return true;
	value_error(parser, "%s: expected a duration such as 90s, 15m, 2h or 14d, found \"%s\"",
		    key,
		   value);
	return false;
}

static bool set_monitor_first(struct parser *parser, const char *key, const char *value)
{
	return set_duration(parser, key, value, &parser->settings->monitor_first);
}

static bool set_monitor_max(struct parser *parser, const char *key, const char *value)
{
	return set_duration(parser, key, value, &parser->settings->monitor_max);
}

static bool set_level(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "error", "warning", "info", "debug", NULL };
	int index = value_choice(parser, key, value, words, "error, warning, info or debug");

	if (index < 0)
		return false;
	parser->settings->level = (enum log_level)index;
	return true;
}

enum {
	BUDGET_MIN = 64 << 10, WRITE_BUDGET_MIN = 1 << 20,	/* bytes */
	RETENTION_DAYS = 20 * 1461 / 4
};

/* A number of bytes with K, M or G behind it. */
static bool set_bytes(struct parser *parser, const char *key, const char *value, uint64_t *bytes)
{
	static const char units[] = "KMG";
	size_t length = strlen(value);
	const char *unit = length ? strchr(units, value[length - 1]) : NULL;
	unsigned int shift = unit ? (unsigned int)(unit - units + 1) * 10 : 0;
	char digits[24];
	uint64_t number;

	snprintf(digits, sizeof(digits), "%.*s", (int)(length - (unit != NULL)), value);
	if (!value_number(parser, key, digits, 1, (1ULL << 40) >> shift, &number))
		return false;
	*bytes = number << shift;
	return true;
}

static bool set_budget(struct parser *parser, const char *key, const char *value)
{
	uint64_t bytes;

	if (strcmp(value, "half") == 0) {
		parser->settings->log_budget = 0;
		return true;
	}
	if (!set_bytes(parser, key, value, &bytes))
		return false;
	if (bytes < BUDGET_MIN) {
		value_error(parser, "%s: expected half, or at least 64K", key);
		return false;
	}
	parser->settings->log_budget = bytes;
	return true;
}

static bool set_write_budget(struct parser *parser, const char *key, const char *value)
{
	uint64_t bytes;

	if (!set_bytes(parser, key, value, &bytes))
		return false;
	if (bytes < WRITE_BUDGET_MIN) {
		value_error(parser, "%s: expected at least 1M", key);
		return false;
	}
	parser->settings->log_write_budget = bytes;
	return true;
}

static bool set_counts_only(struct parser *parser, const char *key, const char *value)
{
	struct settings *settings = parser->settings;
	const char *word;
	size_t length;

	while (value_word(&value, &word, &length)) {
		if (settings->log_counts_onlys == SETTINGS_ADDRESSES) {
			value_error(parser, "%s: more than %d networks", key, SETTINGS_ADDRESSES);
			return false;
		}
		if (prefix_parse(&settings->log_counts_only[settings->log_counts_onlys], word,
				 length) < 0) {
			value_error(parser, "%s: expected networks without host bits, "
				    "found \"%.*s\"",
				    key, (int)length, word);
			return false;
		}
		settings->log_counts_onlys++;
	}
	return true;
}

/* "90d", "52w", "12mo", "7y", or "none". */
static bool set_retention(struct parser *parser, const char *key, const char *value)
{
	static const struct {
		const char *unit;
		unsigned int days, of;	/* days/of of them are one */
	} units[] = { { "d", 1, 1 }, { "w", 7, 1 }, { "mo", 1461, 48 }, { "y", 1461, 4 } };
	size_t digits = strspn(value, "0123456789");
	char number[8];
	uint64_t count;

	if (strcmp(value, "none") == 0) {
		parser->settings->log_retention_days = 0;
		return true;
	}
	snprintf(number, sizeof(number), "%.*s", (int)digits, value);
	for (size_t i = 0; digits && digits < sizeof(number) &&
			   i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(value + digits, units[i].unit) != 0)
			continue;
		count = (strtoull(number, NULL, 10) * units[i].days + units[i].of - 1) /
			units[i].of;
		if (count < 1 || count > RETENTION_DAYS)
			break;
		parser->settings->log_retention_days = (uint32_t)count;
		return true;
	}
	value_error(parser, "%s: expected none, or 1d to 20y, like 90d, 52w, 12mo; found \"%s\"",
		    key, value);
	return false;
}

static bool set_appliance_id(struct parser *parser, const char *key, const char *value)
{
	static const char most[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-";

	/* It names the receipts' files, too. */
	if (value[0] == '.' || strspn(value, most) != strlen(value)) {
		value_error(parser, "%s: expected letters, digits and . _ -, found \"%s\"", key,
			    value);
		return false;
	}
	return value_text(parser, key, value, parser->settings->appliance_id,
		    sizeof(parser->settings->appliance_id));
}

static bool set_uid_base(struct parser *parser, const char *key, const char *value)
{
	uint64_t number;

	if (!value_number(parser, key, value, 1, 0x7fffffff, &number))
		return false;
	parser->settings->uid_base = (uint32_t)number;
	return true;
}

static bool set_nflog_group(struct parser *parser, const char *key, const char *value)
{
	uint64_t number;

	if (!value_number(parser, key, value, 1, 65535, &number))
		return false;
	parser->settings->nflog_group = (uint16_t)number;
	return true;
}

static bool set_watchdog(struct parser *parser, const char *key, const char *value)
{
	if (value[0] != '/') {
		value_error(parser, "%s: expected the path of a device, such as /dev/watchdog, "
			   "found \"%s\"", key, value);
		return false;
	}
	return value_text(parser, key, value, parser->settings->watchdog, SETTINGS_PATH);
}

static bool set_table_owner(struct parser *parser, const char *key, const char *value)
{
	static const char *const words[] = { "no", "auto", NULL };
	int index = value_choice(parser, key, value, words, "auto or no");

	parser->settings->table_owner = index == 1;
	return index >= 0;
}

/* ---- the table of keys ---- */

static const struct setting {
	const char *section;
	const char *key;
	bool (*set)(struct parser *parser, const char *key, const char *value);
	bool many;	/* its values add up, in one line or several */
} table[] = {
	{ "network", "lan", guarded_lan, true },
	{ "network", "wan", guarded_wan, true },
	{ "network", "masquerade", guarded_masquerade, false },
	{ "network", "others", guarded_others, false },
	{ "network", "management", guarded_management, true },
	{ "network", "internal-dns", guarded_internal_dns, true },
	{ "network", "sanctioned-resolver", guarded_sanctioned, true },
	{ "network", "forwarder", guarded_forwarder, true },
	{ "network", "nat64-prefix", guarded_nat64, true },
	{ "network", "guard-gateway", guarded_guard_gateway, false },
	{ "dns", "listen", set_listen, true },
	{ "dns", "upstream", set_upstream, true },
	{ "dns", "internal-zone", set_internal_zone, true },
	{ "dns", "rebinding-protection", set_rebinding, false },
	{ "dns", "rebinding-domain", set_rebinding_domain, true },
	{ "dns", "workers", set_workers, false },
	{ "dns", "timeout", set_timeout, false },
	{ "dns", "blocked-reply", set_blocked_reply, false },
	{ "dns", "sinkhole-address", set_sinkhole_address, true },
	{ "dns", "block-ttl", set_block_ttl, false },
	{ "dns", "censored", set_censored, true },
	{ "rules", "dir", set_dir, false },
	{ "rules", "lists", set_lists, true },
	{ "rules", "max-address-share", set_share, false },
	{ "rules", "max-rules", set_max_rules, false },
	{ "update", "trust-root", update_trust_root, false },
	{ "update", "mirror", update_mirror, true },
	{ "update", "mirror-ca", update_mirror_ca, false },
	{ "update", "mirror-pin", update_mirror_pin, true },
	{ "update", "collector", update_collector, false },
	{ "update", "interval", update_interval, false },
	{ "update", "stale-after", update_stale_after, false },
	{ "update", "ring", update_ring, false },
	{ "mode", "monitor-first", set_monitor_first, false },
	{ "mode", "monitor-max", set_monitor_max, false },
	{ "log", "level", set_level, false },
	{ "log", "budget", set_budget, false },
	{ "log", "counts-only", set_counts_only, true },
	{ "log", "retention", set_retention, false },
	{ "log", "write-budget", set_write_budget, false },
	{ "log", "appliance-id", set_appliance_id, false },
	{ "daemon", "uid-base", set_uid_base, false },
	{ "daemon", "nflog-group", set_nflog_group, false },
	{ "daemon", "watchdog", set_watchdog, false },
	{ "daemon", "table-owner", set_table_owner, false },
};

enum { KEYS = sizeof(table) / sizeof(*table) };
static_assert(KEYS + CATEGORY_COUNT <= PARSER_KEYS, "places of the keys and of the categories "
	      "behind them");

static bool set_action(struct parser *parser, const char *key, const char *value)
{
	enum category category;
	enum action action;

	if (category_parse(&category, key, strlen(key)) < 0 || category == CATEGORY_EXEMPT) {
		value_error(parser, "[action]: unknown category \"%s\"", key);
		return false;
	}
	if (action_parse(&action, value, strlen(value)) < 0) {
		value_error(parser, "%s: expected block, monitor or allow, found \"%s\"",
			    key, value);
		return false;
	}
	if (lines_key(parser, KEYS + (size_t)category, false, key))
		parser->settings->action[category] = action;
	return true;
}

/* inih's handler: 1 is success. Errors go into diag; the last pass counts them. */
static int handle(void *context, const char *section, const char *key, const char *value)
{
	struct parser *parser = context;
	bool known_section = strcmp(section, "action") == 0;

	parser->unhandled = 0;
	if (known_section) {
		set_action(parser, key, value);
		return 1;
	}
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(table[i].section, section) != 0)
			continue;
		known_section = true;
		if (strcmp(table[i].key, key) == 0) {
			if (lines_key(parser, i, table[i].many, key))
				table[i].set(parser, key, value);
			return 1;
		}
	}
	if (section[0] == '\0')
		value_error(parser, "expected a [section] before the first key");
	else if (known_section)
		value_error(parser, "unknown key \"%s\" in [%s]: see cordon.conf(5)", key, section);
	else
		value_error(parser, "unknown section [%s]: expected network, dns, rules, update, "
			   "action, mode, log or daemon", section);
	return 1;
}

void settings_init(struct settings *settings)
{
	*settings = (struct settings){
		.timeout_ms = 1000,
		.reply = ENABLED(CONFIG_REPLY_NODATA) ? REPLY_NODATA :
			 ENABLED(CONFIG_REPLY_REFUSED) ? REPLY_REFUSED :
			 ENABLED(CONFIG_REPLY_ZERO) ? REPLY_ZERO : REPLY_NXDOMAIN,
		.level = ENABLED(CONFIG_LEVEL_ERROR) ? LEVEL_ERROR :
			 ENABLED(CONFIG_LEVEL_WARNING) ? LEVEL_WARNING :
			 ENABLED(CONFIG_LEVEL_DEBUG) ? LEVEL_DEBUG : LEVEL_INFO,
		.block_ttl = 60,
		.rules_dir = "/etc/cordon/rules",
		.max_v4_share = 64,
		.max_rules = 500000,
		.poll_interval = 240,
		.stale_after = 86400,
		.ring = "broad",
		.monitor_max = 86400,
		.log_retention_days = 366, .log_write_budget = 256 << 20,
		.uid_base = 64500,
		.nflog_group = 3085,
		.table_owner = true,
		.sinkhole4 = addr_v4(0),
	};
	settings->listen[settings->listens++] = (struct endpoint){ addr_v4(0x7f000001), 53 };
	if (ENABLED(CONFIG_IPV6)) {
		struct addr loopback = { .bytes = { [15] = 1 } };

		settings->listen[settings->listens++] = (struct endpoint){ loopback, 53 };
	}
	for (int category = 0; category < CATEGORY_COUNT; category++)
		settings->action[category] = category_default_action((enum category)category);
}

static unsigned int line_of(const struct parser *parser, const char *key)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(table[i].key, key) == 0)
			return parser->seen[i];
	}
	return 0;
}

/* Does traffic to that address and port reach that listener? */
static bool meets(const struct endpoint *to, const struct endpoint *listen)
{
	static const uint8_t any[16];
	bool v4 = addr_is_v4(&listen->addr), loopback = v4 ? to->addr.bytes[12] == 127 : false;

	if (to->port != listen->port || addr_is_v4(&to->addr) != v4)
		return false;
	if (addr_compare(&to->addr, &listen->addr) == 0)
		return true;
	return memcmp(listen->addr.bytes + (v4 ? 12 : 0), any, v4 ? 4 : 16) == 0 &&
	       (loopback || (!v4 && memcmp(to->addr.bytes, any, 15) == 0 &&
			     to->addr.bytes[15] == 1));
}

/* A server that cannot be queried, or that is the gateway itself, endlessly. */
static void check_server(struct parser *parser, const char *key, const struct endpoint *server)
{
	static const struct prefix link_local = { { { 0xfe, 0x80 } }, 10 };
	char text[ADDR_TEXT];

	if (!addr_is_host(&server->addr))
		diag_error(parser->diag, parser->source, line_of(parser, key), 0, "%s: %s is not a "
			   "host's address: expected that of a DNS server",
			   key, addr_print(&server->addr, text));
	if (prefix_contains(&link_local, &server->addr))
		diag_error(parser->diag, parser->source, line_of(parser, key), 0,
			   "%s: %s is a link-local address, without the link: expected another "
			   "address of that server", key,
			   addr_print(&server->addr, text));
	for (size_t i = 0; i < parser->settings->listens; i++) {
		if (meets(server, &parser->settings->listen[i]))
			diag_error(parser->diag, parser->source, line_of(parser, key), 0,
				   "%s: this gateway itself listens on %s port %u and would query "
				   "itself endlessly: expected another server",
				   key, addr_print(&server->addr, text), server->port);
	}
}

static void check_servers(struct parser *parser)
{
	const struct settings *settings = parser->settings;

	for (size_t i = 0; i < settings->upstreams; i++)
		check_server(parser, "upstream", &settings->upstream[i]);
	for (size_t i = 0; i < settings->zones; i++) {
		for (size_t k = 0; k < settings->zone[i].servers; k++)
			check_server(parser, "internal-zone", &settings->zone[i].server[k]);
	}
	for (size_t i = 0; i < settings->internal_dns_count; i++) {
		const struct endpoint server = { settings->internal_dns[i], 53 };

		check_server(parser, "internal-dns", &server);
	}
	for (size_t i = 0; settings->lans && i < settings->listens; i++) {
		if (settings->listen[i].port != 53)
			diag_error(parser->diag, parser->source, line_of(parser, "listen"), 0,
				   "listen: expected port 53 if there is a lan, because captured "
				   "queries are answered from there, found %u",
				   settings->listen[i].port);
	}
}

/* ---- allowed, but opens more than most users want ---- */

static void warn_sanctioned(const struct settings *settings, const char *source,
			    struct diag *warnings)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < settings->sanctioned_count; i++) {
		const struct sanctioned_resolver *entry = &settings->sanctioned[i];

		for (size_t k = 0; k < entry->sources; k++) {
			bool v4 = addr_is_v4(&entry->source[k].addr);

			if (entry->source[k].length <= (v4 ? ADDR_V4_BITS : 0))
				diag_error(warnings, source, 0, 0, "[network] sanctioned-resolver: "
					   "any query of a client to %s passes, whatever the rules "
					   "say: name the networks that need it",
					   addr_print(&entry->resolver.addr, text));
		}
	}
}

void settings_warn(const struct settings *settings, const char *source, struct diag *warnings)
{
	bool blocks = false;

	warn_sanctioned(settings, source, warnings);
	for (int category = 0; category < CATEGORY_COUNT; category++) {
		bool vital = category == CATEGORY_UPDATE || category == CATEGORY_ACTIVATION ||
			     category == CATEGORY_TELEMETRY;

		blocks = blocks || settings->action[category] == ACTION_BLOCK;
		if (vital && settings->action[category] == ACTION_ALLOW)
			diag_error(warnings, source, 0, 0, "[action] %s = allow: the product keeps "
				   "working; monitor lets it through too, but logs who has it",
				   category_print((enum category)category));
	}
	if (!blocks)
		diag_error(warnings, source, 0, 0, "[action] no category is blocked: this gateway "
			   "blocks nothing");
}

/* An interface that is both inside and outside would not be guarded at all. */
static void check_sides(struct parser *parser)
{
	const struct settings *settings = parser->settings;

	for (size_t i = 0; i < settings->wans; i++) {
		const char *name = settings->wan[i];

		if (settings_is_lan(settings, name) || settings_is_management(settings, name))
			diag_error(parser->diag, parser->source, 0, 0, "[network] wan has %s, "
				   "which is also in %s: expected it in one of them", name,
				   settings_is_lan(settings, name) ? "lan" : "management");
	}
}

int settings_parse(struct settings *settings, const char *source, const char *text, size_t length,
		   struct diag *diag)
{
	struct parser parser = { .settings = settings, .source = source, .diag = diag,
				 .text = text, .length = length };
	size_t errors = diag->count;

	settings_init(settings);
	if (length > SETTINGS_TEXT_MAX) {
		diag_error(diag, source, 0, 0, "larger than %d bytes", SETTINGS_TEXT_MAX);
		return -EINVAL;
	}
	lines_parse(&parser, handle);
	check_sides(&parser);
	check_servers(&parser);
	return diag->count == errors ? 0 : -EINVAL;
}

static bool names_interface(const char list[][IFNAMSIZ], size_t count, const char *interface)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], interface) == 0)
			return true;
	}
	return false;
}

bool settings_is_lan(const struct settings *settings, const char *interface)
{
	return names_interface(settings->lan, settings->lans, interface);
}

bool settings_is_wan(const struct settings *settings, const char *interface)
{
	return names_interface(settings->wan, settings->wans, interface);
}

bool settings_is_management(const struct settings *settings, const char *interface)
{
	return names_interface(settings->management, settings->managements, interface);
}

bool settings_is_aside(const struct settings *settings, const char *interface)
{
	return settings_is_management(settings, interface) &&
	       !settings_is_lan(settings, interface);
}

unsigned int settings_patience_ms(const struct settings *settings)
{
	enum { USUAL = 10000 };

	/* If another server is only asked after so long, its answer is waited for too. */
	return 2 * settings->timeout_ms < USUAL ? USUAL : 2 * settings->timeout_ms;
}

bool settings_is_internal_dns(const struct settings *settings, const struct addr *addr)
{
	for (size_t i = 0; i < settings->internal_dns_count; i++) {
		if (addr_compare(&settings->internal_dns[i], addr) == 0)
			return true;
	}
	return false;
}

uint32_t settings_uid(const struct settings *settings, enum role role)
{
	return role == ROLE_PARENT ? 0 : settings->uid_base + (uint32_t)role;
}

const char *role_print(enum role role)
{
	static const char *const words[ROLE_COUNT] = { "parent", "dns", "compile", "rules",
						       "journal", "update" };

	return words[role];
}
