/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/rows.h"

#include <stdio.h>
#include <string.h>

enum {
	C_SEQ, C_BOOT, C_WALL, C_UPTIME, C_PORT, C_COUNT, C_SPAN, C_CLIENT, C_MAC, C_INTERFACE,
	C_FORWARDER, C_STATE, C_NUMBER, C_CHANNEL, C_ACTION, C_WOULD, C_INBOUND, C_COARSE,
	C_QTYPE, C_PROTOCOL, C_TO_PORT, C_RESOLVER, C_ADDRESS, C_NAME, C_RULE_KEY, C_RULE_ID,
	C_CATEGORY, C_CONFIDENCE, C_EVIDENCE, C_VERSIONS
};

#define SELECT_EVENTS \
	"SELECT e.seq, b.id, e.wall, e.uptime, e.port, e.count, e.span, c.address, c.mac," \
	" c.interface, c.forwarder, s.state, s.number, s.channel, s.action, s.would, s.inbound," \
	" s.coarse, s.qtype, s.protocol, s.port, s.resolver, s.address, s.name, r.key, r.id," \
	" r.category, r.confidence, r.evidence, r.versions" \
	" FROM event e JOIN boot b USING(boot) JOIN client c USING(client)" \
	" JOIN subject s USING(subject) LEFT JOIN rule r ON r.rule = s.rule"

static const char select_events[] = SELECT_EVENTS " WHERE e.seq > ? ORDER BY e.seq";
static const char select_event[] = SELECT_EVENTS " WHERE e.client = ? AND e.seq = ?";

static const char select_notices[] =
	"SELECT n.seq, b.id, n.wall, n.uptime, n.kind, n.actor, n.body FROM notice n"
	" JOIN boot b USING(boot) WHERE n.seq > ? ORDER BY n.seq";

static sqlite3_stmt *prepare(struct sql *sql, const char *text, uint64_t after)
{
	sqlite3_stmt *statement = sql_prepare(sql, text);

	sql_bind_number(sql, statement, 1, (int64_t)after);
	return statement;
}

sqlite3_stmt *rows_events(struct sql *sql, uint64_t after)
{
	return prepare(sql, select_events, after);
}

sqlite3_stmt *rows_one(struct sql *sql)
{
	return sql_prepare(sql, select_event);
}

sqlite3_stmt *rows_notices(struct sql *sql, uint64_t after)
{
	return prepare(sql, select_notices, after);
}

static void get_rule(sqlite3_stmt *row, struct entry_rule *rule)
{
	rule->state = (uint32_t)sqlite3_column_int64(row, C_STATE);
	rule->index = (uint32_t)sqlite3_column_int64(row, C_NUMBER);
	rule->id = sql_text(row, C_RULE_ID);
	rule->evidence = sql_text(row, C_EVIDENCE);
	rule->versions = sql_text(row, C_VERSIONS);
	rule->category = (uint8_t)sqlite3_column_int(row, C_CATEGORY);
	rule->confidence = (uint8_t)sqlite3_column_int(row, C_CONFIDENCE);
}

static void get_client(sqlite3_stmt *row, struct entry_event *entry)
{
	struct event *event = &entry->event;

	(void)sql_blob(row, C_CLIENT, event->client.bytes, sizeof(event->client.bytes));
	event->has_mac = sql_blob(row, C_MAC, event->mac, sizeof(event->mac));
	snprintf(entry->interface, sizeof(entry->interface), "%s", sql_text(row, C_INTERFACE));
	entry->forwarder = sqlite3_column_int(row, C_FORWARDER);
}

static void get_subject(sqlite3_stmt *row, struct entry_event *entry)
{
	struct event *event = &entry->event;
	const void *name = sqlite3_column_blob(row, C_NAME);
	int coarse;

	event->state = (uint32_t)sqlite3_column_int64(row, C_STATE);
	event->rule = (uint32_t)sqlite3_column_int64(row, C_NUMBER);
	event->channel = (enum event_channel)sqlite3_column_int(row, C_CHANNEL);
	event->action = (enum action)sqlite3_column_int(row, C_ACTION);
	event->intended = (enum action)sqlite3_column_int(row, C_WOULD);
	event->inbound = sqlite3_column_int(row, C_INBOUND);
	coarse = sqlite3_column_int(row, C_COARSE);
	entry->coarse = coarse != 0;
	entry->host_bits = coarse > 0 && coarse <= 129 ? (uint8_t)(coarse - 1) : 0;
	event->qtype = (uint16_t)sqlite3_column_int(row, C_QTYPE);
	event->protocol = (uint8_t)sqlite3_column_int(row, C_PROTOCOL);
	event->port = (uint16_t)sqlite3_column_int(row, C_TO_PORT);
	event->has_resolver = sql_blob(row, C_RESOLVER, event->resolver.bytes,
				       sizeof(event->resolver.bytes));
	event->has_address = sql_blob(row, C_ADDRESS, event->address.bytes,
				      sizeof(event->address.bytes));
	if (name)
		(void)name_from_wire(&event->name, name,
				     (size_t)sqlite3_column_bytes(row, C_NAME));
}

const char *rows_boot(sqlite3_stmt *row)
{
	return sql_text(row, C_BOOT);
}

bool rows_sane(const struct event *event)
{
	return (unsigned int)event->channel < CHANNEL_COUNT &&
	       (unsigned int)event->action < ACTION_COUNT &&
	       (unsigned int)event->intended < ACTION_COUNT;
}

void rows_event(sqlite3_stmt *row, struct log_entry *entry, struct entry_rule *rule)
{
	struct entry_event *event = &entry->event;

	memset(entry, 0, sizeof(*entry));
	entry->type = ENTRY_EVENT;
	entry->sequence = (uint64_t)sqlite3_column_int64(row, C_SEQ);
	event->event.wall_ms = sqlite3_column_int64(row, C_WALL);
	event->event.uptime_ms = sqlite3_column_int64(row, C_UPTIME);
	event->event.client_port = (uint16_t)sqlite3_column_int(row, C_PORT);
	event->event.count = (uint64_t)sqlite3_column_int64(row, C_COUNT);
	event->span_ms = sqlite3_column_int64(row, C_SPAN);
	get_client(row, event);
	get_subject(row, event);
	if (sqlite3_column_type(row, C_RULE_KEY) == SQLITE_NULL)
		return;
	event->rule_key = (uint64_t)sqlite3_column_int64(row, C_RULE_KEY);
	get_rule(row, rule);
}

void rows_notice(sqlite3_stmt *row, struct log_entry *entry)
{
	struct entry_notice *notice = &entry->notice;

	memset(entry, 0, sizeof(*entry));
	entry->type = ENTRY_NOTICE;
	entry->sequence = (uint64_t)sqlite3_column_int64(row, C_SEQ);
	notice->wall_ms = sqlite3_column_int64(row, C_WALL);
	notice->uptime_ms = sqlite3_column_int64(row, C_UPTIME);
	notice->kind = sql_text(row, 4);
	notice->actor = sql_text(row, 5);
	notice->body = sql_text(row, 6);
}
