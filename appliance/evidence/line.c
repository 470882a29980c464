/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/line.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/selftest.h"

/* Ports are of TCP and UDP alone. */
static void print_protocol(const struct event *event)
{
	if (event->protocol == IPPROTO_TCP || event->protocol == IPPROTO_UDP)
		printf(" %s/%u", event->protocol == IPPROTO_TCP ? "tcp" : "udp", event->port);
	else if (event->protocol == IPPROTO_ICMP || event->protocol == IPPROTO_ICMPV6)
		printf(" icmp");
	else
		printf(" protocol %u", event->protocol);
}

/* A network, if the hosts are not known. */
static char *client_print(const struct entry_event *entry, char buffer[PREFIX_TEXT])
{
	const struct prefix network = { .addr = entry->event.client,
					.length = (uint8_t)(128 - entry->host_bits) };

	return entry->host_bits ? prefix_print(&network, buffer) :
	       addr_print(&entry->event.client, buffer);
}

/* TIME ACTION CLIENT @RESOLVER TYPE WHAT RULE xCOUNT */
void line_event(const struct entry_event *entry, const struct entry_rule *rule)
{
	const struct event *event = &entry->event;
	char time[CLOCK_TEXT], client[PREFIX_TEXT], addr[ADDR_TEXT], name[NAME_TEXT];
	char qtype[QTYPE_TEXT];

	printf("%s %-7s %s", clock_print(event->wall_ms, time), action_print(event->action),
	       strcmp(entry->interface, SELFTEST_LINK) == 0 ?
	       "self-test" : client_print(entry, client));
	if (event->has_resolver)
		printf(" @%s", addr_print(&event->resolver, addr));
	if (event->name.length)
		printf(" %s %s", qtype_print(event->qtype, qtype),
		       name_print(event->name.wire, name));
	if (event->has_address)
		printf(" %s", addr_print(&event->address, addr));
	if (channel_is_presence(event->channel) || event->channel == CHANNEL_FINGERPRINT)
		printf(" %s", channel_print(event->channel));
	else if (!event->name.length)
		print_protocol(event);
	printf(" %s", rule ? rule->id : "-");
	if (event->count > 1)
		printf(" x%llu", (unsigned long long)event->count);
	putchar('\n');
}
