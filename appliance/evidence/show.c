/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"

enum { NETWORKS_SHOWN = 5, RULE_TEXT = 160, DATE_LENGTH = 10 };

char *show_who(const struct host *host, char buffer[SHOW_WHO])
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED];

	addr_print(&host->address, addr);
	if (host->has_mac)
		snprintf(buffer, SHOW_WHO, "%s %s", addr, mac_print(host->mac, mac));
	else
		snprintf(buffer, SHOW_WHO, "%s", addr);
	return buffer;
}

void show_categories(uint32_t categories, struct text *out)
{
	const char *before = "";

	for (int category = 0; category < CATEGORY_COUNT; category++) {
		if (!(categories & 1U << category))
			continue;
		text_printf(out, "%s%s", before, category_print((enum category)category));
		before = ", ";
	}
}

static const char *text_of(const struct text *text)
{
	return text_failed(text) || !text->data ? "-" : text->data;
}

/* ---- text ---- */

static void show_name(const struct naming *name)
{
	if (!name)
		return;
	printf(" %s", name->name[0] ? name->name : "-");
	if (name->user[0])
		printf(", user %s", name->user);
	if (name->site[0])
		printf(", site %s", name->site);
	printf(" (by %s)", naming_source_print(name->source));
}

/* What to keep in mind: the identity may be less than a machine, or more. */
static void show_marks(const struct host *host)
{
	if (host->random)
		printf("  its MAC address is random: the machine may be here under others, too\n");
	if (host->behind_router)
		printf("  behind a router: an address, perhaps of several machines in turn\n");
	if (host->forwarder)
		printf("  a forwarder: it asks for other hosts\n");
	if (host->by_hand)
		printf("  merged by hand\n");
}

void show_host(const struct hosts_row *row, const struct weights *weights)
{
	char who[SHOW_WHO], first[CLOCK_TEXT], last[CLOCK_TEXT];
	struct text sentence = TEXT_EMPTY, state = TEXT_EMPTY;

	verdict_explain(&row->verdict, weights, &sentence);
	host_presence_print(&row->presence, &state);
	printf("%s", show_who(&row->host, who));
	show_name(row->name);
	printf("\n  %s\n", text_of(&sentence));
	printf("  %s, first %.10s, last %.10s, %u day%s, %" PRIu64 " event%s\n", text_of(&state),
	       clock_print(row->first_ms, first), clock_print(row->last_ms, last), row->days,
	       row->days == 1 ? "" : "s", row->events, row->events == 1 ? "" : "s");
	if (row->network_events)
		printf("  and up to %" PRIu64 " events of its network, whose hosts are not known\n",
		       row->network_events);
	show_marks(&row->host);
	text_release(&sentence);
	text_release(&state);
}

void show_evidence(const struct hosts_row *row, const struct weights *weights)
{
	for (size_t i = 0; i < row->verdict.count; i++) {
		const struct verdict_evidence *evidence = &row->verdict.evidence[i];
		char first[CLOCK_TEXT], last[CLOCK_TEXT], rule[RULE_TEXT];

		printf("  %4" PRIu32 " points, %s: %s\n       %" PRIu64 " event%s ",
		       evidence->points,
		       sign_class_print(evidence->class), evidence->sign < 0 ?
		       "names of software asked at two or more of the fallback resolvers" :
		       weights->sign[evidence->sign].reason, evidence->count,
		       evidence->count == 1 ? "" : "s");
		clock_print(evidence->first_ms, first);
		clock_print(evidence->last_ms, last);
		if (strncmp(first, last, DATE_LENGTH) == 0)
			printf("on %.10s", first);
		else
			printf("on %" PRIu32 " days or more, %.10s to %.10s", evidence->days, first,
			       last);
		printf(", most by %s\n", text_name(rule, sizeof(rule), evidence->rule));
	}
}

static void show_network(const struct hosts_network *network)
{
	const struct prefix prefix = { .addr = network->address,
				       .length = (uint8_t)(128 - network->host_bits) };
	char text[PREFIX_TEXT], last[CLOCK_TEXT];
	struct text categories = TEXT_EMPTY;

	show_categories(network->categories, &categories);
	printf("  %s: %" PRIu64 " events of %s, last %.10s\n", prefix_print(&prefix, text),
	       network->events, text_of(&categories), clock_print(network->last_ms, last));
	text_release(&categories);
}

void show_sums(const struct hosts *hosts)
{
	struct text range = TEXT_EMPTY;

	for (size_t i = 0; i < hosts->networks && i < NETWORKS_SHOWN; i++)
		show_network(&hosts->network[i]);
	if (hosts->networks > NETWORKS_SHOWN)
		printf("  ... and %zu more networks\n", hosts->networks - NETWORKS_SHOWN);
	if (hosts->networks)
		printf("%" PRIu64 " events of networks whose hosts are not known: there may be "
		       "more hosts\n", hosts->network_events);
	host_range_print(&hosts->products, &range);
	printf("%zu host%s met a rule, %zu more were seen; with the product: %s%s\n",
	       hosts->met, hosts->met == 1 ? "" : "s", hosts->seen,
	       hosts->networks ? "at least " : "", text_of(&range));
	text_release(&range);
}

/* ---- JSON ---- */

static json_t *categories_json(uint32_t categories)
{
	json_t *list = json_array();

	for (int category = 0; category < CATEGORY_COUNT; category++) {
		if (categories & 1U << category)
			(void)json_array_append_new(list, json_string(category_print(
							  (enum category)category)));
	}
	return list;
}

static json_t *channels_json(uint32_t channels)
{
	json_t *list = json_array();

	for (int channel = 0; channel < CHANNEL_COUNT; channel++) {
		if (channels & 1U << channel)
			(void)json_array_append_new(list, json_string(channel_print(
							  (enum event_channel)channel)));
	}
	return list;
}

static json_t *time_json(int64_t ms)
{
	char text[CLOCK_TEXT];

	return json_string(clock_print(ms, text));
}

static json_t *evidence_json(const struct hosts_row *row, const struct weights *weights)
{
	json_t *list = json_array();

	for (size_t i = 0; i < row->verdict.count; i++) {
		const struct verdict_evidence *evidence = &row->verdict.evidence[i];

		(void)json_array_append_new(list, json_pack(
			"{s:s, s:I, s:s?, s:s?, s:I, s:I, s:o, s:o}", "class",
			sign_class_print(evidence->class), "points", (json_int_t)evidence->points,
			"reason", evidence->sign < 0 ? NULL : weights->sign[evidence->sign].reason,
			"rule", evidence->rule, "count", (json_int_t)evidence->count, "days",
			(json_int_t)evidence->days, "first", time_json(evidence->first_ms), "last",
			time_json(evidence->last_ms)));
	}
	return list;
}

static json_t *identity_json(const struct hosts_row *row)
{
	const struct naming *name = row->name;
	const struct host *host = &row->host;
	char addr[ADDR_TEXT], mac[MAC_PRINTED];

	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:b, s:b, s:I}",
			 "address", addr_print(&host->address, addr),
			 "mac", host->has_mac ? mac_print(host->mac, mac) : NULL,
			 "name", name && name->name[0] ? name->name : NULL,
			 "user", name && name->user[0] ? name->user : NULL,
			 "site", name && name->site[0] ? name->site : NULL,
			 "named_by", name ? naming_source_print(name->source) : NULL,
			 "random_mac", host->random, "behind_router", host->behind_router,
			 "forwarder", host->forwarder, "merged_by_hand", host->by_hand,
			 "addresses", (json_int_t)host->addresses);
}

json_t *show_host_json(const struct hosts_row *row, const struct weights *weights)
{
	struct text sentence = TEXT_EMPTY;
	json_t *json = identity_json(row);

	verdict_explain(&row->verdict, weights, &sentence);
	if (json)
		(void)json_object_update_new(json, json_pack(
			"{s:s, s:s, s:s?, s:s?, s:b, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, "
			"s:o}",
			"verdict", verdict_print(row->verdict.kind),
			"confidence", confidence_print(row->verdict.confidence),
			"family", row->verdict.family[0] ? row->verdict.family : NULL,
			"explanation", text_failed(&sentence) ? NULL : sentence.data,
			"suggests_tool", row->verdict.suggests_tool,
			"state", host_state_print(row->presence.state),
			"silent_days", (json_int_t)row->presence.silent_days,
			"days", (json_int_t)row->days, "categories",
			categories_json(row->categories), "channels", channels_json(row->channels),
			"first", time_json(row->first_ms), "last", time_json(row->last_ms),
			"events", (json_int_t)row->events,
			"events_at_most", (json_int_t)(row->events + row->network_events),
			"evidence", evidence_json(row, weights)));
	text_release(&sentence);
	return json;
}

json_t *show_network_json(const struct hosts_network *network)
{
	const struct prefix prefix = { .addr = network->address,
				       .length = (uint8_t)(128 - network->host_bits) };
	char text[PREFIX_TEXT];

	return json_pack("{s:s, s:I, s:o, s:o, s:o}", "network", prefix_print(&prefix, text),
			 "events", (json_int_t)network->events, "categories",
			 categories_json(network->categories), "first",
			 time_json(network->first_ms), "last", time_json(network->last_ms));
}
