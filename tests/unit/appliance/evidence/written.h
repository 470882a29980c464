/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A log for tests, written day by day with the journal's own means. */

#include "tests/unit/sample.h"

#include <fcntl.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/evidence/mac.h"
#include "appliance/journal/closing.h"
#include "appliance/journal/day.h"

#define WRITTEN_DAY_MS ((int64_t)86400 * 1000)

struct written {
	char path[64];
	int folder;
	struct log_batch *batch;
	struct tree tree;
	struct day day;
	struct days_file file;
};

static inline void written_begin(struct written *log)
{
	uint64_t lost;

	*log = (struct written){ .file = { .number = 0 } };
	strcpy(log->path, "/tmp/cordon-written.XXXXXX");
	assert_non_null(mkdtemp(log->path));
	log->folder = open(log->path, O_RDONLY | O_DIRECTORY);
	log->batch = batch_attach(calloc(1, batch_size()), &lost);
}

static inline void written_end(struct written *log)
{
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir("/"), 0);
	close(log->folder);
	free(log->batch);
	assert_int_equal(file_remove_tree(parent, strrchr(log->path, '/') + 1), 0);
	close(parent);
}

/* date: days since 1970. */
static inline void written_open(struct written *log, int32_t date)
{
	char name[DAYS_NAME], path[128];
	enum day_state state;

	log->file = (struct days_file){ .number = log->file.number + 1, .date = date,
					.kind = DAYS_OPEN };
	snprintf(path, sizeof(path), "%s/%s", log->path, days_print(&log->file, name));
	assert_int_equal(day_open(&log->day, path, "gw", &log->tree, &state), 0);
}

static inline void written_flush(struct written *log)
{
	assert_int_equal(day_write(&log->day, log->batch, "boot", 0), 0);
	batch_clear(log->batch);
}

/* The day is stored; closed: as a closed one. */
static inline void written_close(struct written *log, bool closed)
{
	written_flush(log);
	log->tree = log->day.tree;
	day_close(&log->day);
	if (closed) {
		assert_int_equal(fchdir(log->folder), 0);
		assert_int_equal(closing_day(log->folder, &log->file), 0);
		assert_int_equal(chdir("/"), 0);
	}
}

/* What a test says of an event; the rest is that of a blocked query. */
struct written_event {
	const char *client;
	const char *mac;	/* NULL: none */
	const char *rule;	/* its id; NULL: none */
	const char *resolver;
	const char *interface;	/* NULL: "lan0" */
	enum event_channel channel;
	uint8_t host_bits;
	uint64_t count;		/* 0: 1 */
	int64_t at_ms;		/* of the day */
	int64_t span_ms;
	bool forwarder;
};

static inline void written_event(struct written *log, const struct written_event *what)
{
	struct log_entry rule = { .type = ENTRY_RULE }, entry = { .type = ENTRY_EVENT };
	struct event *event = &entry.event.event;
	const char *colon = what->rule ? strchr(what->rule, ':') : NULL;
	enum category category = CATEGORY_UPDATE;

	if (colon)
		(void)!category_parse(&category, colon + 1, strcspn(colon + 1, ":"));
	if (what->rule) {
		rule.rule = (struct entry_rule){ .state = 7, .index = 1, .id = what->rule,
						 .evidence = "", .versions = "",
						 .category = (uint8_t)category };
		entry.event.rule_key = entry_rule_key(&rule.rule);
		assert_int_equal(batch_add(log->batch, &rule), 0);
	}
	*event = (struct event){
		.wall_ms = log->file.date * WRITTEN_DAY_MS + what->at_ms,
		.channel = what->channel, .action = ACTION_BLOCK, .intended = ACTION_BLOCK,
		.client = sample_addr(what->client), .state = 7, .rule = 1, .qtype = 1,
		.protocol = 17, .port = 53, .count = what->count ? what->count : 1,
	};
	if (channel_is_presence(what->channel))
		event->action = event->intended = ACTION_ALLOW;
	event->has_mac = what->mac != NULL;
	if (what->mac)
		assert_int_equal(mac_parse(event->mac, what->mac, strlen(what->mac)), 0);
	event->has_resolver = what->resolver != NULL;
	if (what->resolver)
		event->resolver = sample_addr(what->resolver);
	strcpy(entry.event.interface, what->interface ? what->interface : "lan0");
	if (what->host_bits)
		entry.event.interface[0] = '\0';
	entry.event.coarse = what->host_bits > 0;
	entry.event.host_bits = what->host_bits;
	entry.event.span_ms = what->span_ms;
	entry.event.forwarder = what->forwarder;
	assert_int_equal(batch_add(log->batch, &entry), 0);
}

#define WRITTEN(log, client_, mac_, rule_, ...) \
	written_event(log, &(const struct written_event){ .client = client_, .mac = mac_, \
							  .rule = rule_, __VA_ARGS__ })
