/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "appliance/journal/notice.h"
#include "appliance/settings/settings.h"

#define NO_GROUP "-"

const char *filter_key_print(enum filter_key key)
{
	static const char *const words[FILTER_KEYS] = {
		"since", "until", "host", "category", "rule", "action", "channel", "name", "notice",
		"group",
	};

	return words[key];
}

/* ---- values ---- */

/* "Z", "+01:00", or nothing for UTC: how far the time is ahead of UTC. */
static int parse_zone(int64_t *ms, const char *text)
{
	unsigned int hours, minutes;
	int length = 0;

	*ms = 0;
	if (!*text || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return 0;
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &length) != 2 || length != 5 ||
	    text[6] || text[1] < '0' || text[1] > '9' || text[4] < '0' || text[4] > '9' ||
	    hours > 23 || minutes > 59)
		return -EINVAL;
	*ms = (int64_t)(hours * 60 + minutes) * (*text == '-' ? -60000 : 60000);
	return 0;
}

static int parse_moment(int64_t *ms, const char *text)
{
	static const char *const forms[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
		"%Y-%m-%d",
	};
	enum { DATE = 4, WITH_SECONDS = 2 };

	for (int i = 0; i <= DATE; i++) {
		struct tm tm = { .tm_mday = 1 };
		const char *end = strptime(text, forms[i], &tm);
		int64_t fraction = 0, zone = 0;

		if (!end)
			continue;
		/* A line of the log can be copied: "2026-11-28T10:00:00.123Z". */
		if (i < WITH_SECONDS && *end == '.') {
			for (int64_t digit = 100; *++end >= '0' && *end <= '9'; digit /= 10)
				fraction += (*end - '0') * digit;
		}
		if (i < DATE ? parse_zone(&zone, end) < 0 : *end != '\0')
			continue;
		*ms = (int64_t)timegm(&tm) * 1000 + fraction - zone;
		return 0;
	}
	return -EINVAL;
}

static int parse_time(int64_t *ms, const char *text, int64_t now_ms)
{
	uint64_t seconds;

	if (duration_parse(&seconds, text, strlen(text)) == 0) {
		*ms = now_ms - (int64_t)seconds * 1000;
		return 0;
	}
	return parse_moment(ms, text);
}

static int parse_host(struct filter *filter, const char *text)
{
	struct addr addr;

	filter->has_mac = filter->has_network = false;
	if (mac_parse(filter->mac, text, strlen(text)) == 0) {
		filter->has_mac = true;
		return 0;
	}
	if (addr_parse(&addr, text, strlen(text)) == 0)
		filter->network = (struct prefix){ .addr = addr, .length = 128 };
	else if (prefix_parse(&filter->network, text, strlen(text)) < 0)
		return -EINVAL;
	filter->has_network = true;
	return 0;
}

static int parse_channel(enum event_channel *channel, const char *text)
{
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		if (strcmp(text, channel_print((enum event_channel)i)) == 0) {
			*channel = (enum event_channel)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool is_kind(const char *kind)
{
	static const char *const kinds[] = { NOTICE_KINDS };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

/* 0 or -EINVAL; the flag of the condition becomes true. */
static int given(bool *has, int error)
{
	*has = !error;
	return error ? -EINVAL : 0;
}

int filter_set(struct filter *filter, enum filter_key key, const char *value, int64_t now_ms,
	       const char **expected)
{
	static const char *const forms[FILTER_KEYS] = {
		"a time, such as 2026-11-28, 2026-11-28T10:00:00Z, 2026-11-28T11:00:00+01:00, "
		"or 24h for the last 24 hours",
		"a time, such as 2026-11-28, 2026-11-28T10:00:00Z, 2026-11-28T11:00:00+01:00, "
		"or 24h for 24 hours ago",
		"an address, a network such as 10.1.0.0/16, or a MAC address; `cordon host` takes "
		"names",
		"a category, such as update, activation or telemetry",
		"a rule id, or the beginning of one up to a colon",
		"block, monitor or allow", "a channel, such as dns, answer or packet",
		"a domain name, without *; what is below it is included",
		"a kind of notice, such as mode, policy, "
		"login or gap; cordon(1) lists them", "the name of a group",
	};
	size_t length = strlen(value);
	unsigned int column;

	*expected = forms[key];
	switch (key) {
	case FILTER_SINCE:
		return given(&filter->has_since, parse_time(&filter->since_ms, value, now_ms));
	case FILTER_UNTIL:
		return given(&filter->has_until, parse_time(&filter->until_ms, value, now_ms));
	case FILTER_HOST:
		return parse_host(filter, value);
	case FILTER_CATEGORY:
		return given(&filter->has_category,
			     category_parse(&filter->category, value, length));
	case FILTER_RULE:
		filter->rule = value;
		return length ? 0 : -EINVAL;
	case FILTER_ACTION:
		return given(&filter->has_action, action_parse(&filter->action, value, length));
	case FILTER_CHANNEL:
		return given(&filter->has_channel, parse_channel(&filter->channel, value));
	case FILTER_NAME:
		return given(&filter->has_name,
			     name_parse(&filter->name, value, length, &column));
	case FILTER_NOTICE:
		filter->notice = value;
		return is_kind(value) ? 0 : -EINVAL;
	case FILTER_GROUP:
		filter->group = value;
		return length ? 0 : -EINVAL;
	case FILTER_KEYS:
		break;
	}
	return -EINVAL;
}

bool filter_is_empty_time(const struct filter *filter)
{
	return filter->has_since && filter->has_until && filter->since_ms >= filter->until_ms;
}

/* ---- matching ---- */

static bool in_time(const struct filter *filter, int64_t first_ms, int64_t last_ms)
{
	return (!filter->has_since || last_ms >= filter->since_ms) &&
	       (!filter->has_until || first_ms < filter->until_ms);
}

static bool is_host(const struct filter *filter, const struct event *event)
{
	if (filter->has_mac)
		return event->has_mac && memcmp(event->mac, filter->mac, MAC_SIZE) == 0;
	return !filter->has_network || prefix_contains(&filter->network, &event->client);
}

/* "list", "list:category", or the whole id. */
static bool is_rule(const char *wanted, const struct entry_rule *rule)
{
	size_t length = strlen(wanted);

	return rule && strncmp(rule->id, wanted, length) == 0 &&
	       (rule->id[length] == '\0' || rule->id[length] == ':' || wanted[length - 1] == ':');
}

static bool asks_for_a_verdict(const struct filter *filter)
{
	return filter->has_mac || filter->has_network || filter->has_category ||
	       filter->has_action || filter->has_channel || filter->has_name ||
	       filter->rule || filter->group;
}

static bool event_matches(const struct filter *filter, const struct entry_event *entry,
			  const struct entry_rule *rule)
{
	const struct event *event = &entry->event;

	return !filter->notice && (!filter->group || strcmp(filter->group, NO_GROUP) == 0) &&
	       (filter->has_channel || !channel_is_presence(event->channel)) &&
	       in_time(filter, event->wall_ms, event->wall_ms + entry->span_ms) &&
	       is_host(filter, event) &&
	       (!filter->has_category || (rule && rule->category == filter->category)) &&
	       (!filter->rule || is_rule(filter->rule, rule)) &&
	       (!filter->has_action || event->action == filter->action) &&
	       (!filter->has_channel || event->channel == filter->channel) &&
	       (!filter->has_name || (event->name.length &&
				      name_prefix(&event->name, &filter->name) >= 0));
}

bool filter_matches(const struct filter *filter, const struct log_entry *entry,
		    const struct entry_rule *rule)
{
	const struct entry_notice *notice = &entry->notice;

	if (entry->type == ENTRY_EVENT)
		return event_matches(filter, &entry->event, rule);
	return !asks_for_a_verdict(filter) &&
	       in_time(filter, notice->wall_ms, notice->wall_ms) &&
	       (!filter->notice || strcmp(filter->notice, notice->kind) == 0);
}
