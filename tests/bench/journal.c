/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "appliance/journal/closing.h"
#include "appliance/journal/day.h"
#include "appliance/journal/journal.h"

/*
 * What the journal costs (tests/bench/journal):
 *
 *	fill FOLDER EVENTS DAYS HOSTS	makes a log: so many events over so many closed days that
 *					end today, of so many hosts; the last day stays open
 *	rate FOLDER EVENTS SECONDS	the role's work without its sockets: so many events, evenly
 *					over so many seconds of its clock
 */
enum { DAY_MS = 86400000, NAMES = 300, RULES = 40, BATCH_EVENTS = 900 };

static const struct {
	const char *word;
	enum category category;
} categories[] = {
	{ "update", CATEGORY_UPDATE }, { "telemetry", CATEGORY_TELEMETRY },
	{ "activation", CATEGORY_ACTIVATION }, { "web", CATEGORY_WEB },
	{ "portal", CATEGORY_PORTAL },
};

static double cpu(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(int error, const char *what)
{
	if (error == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

static uint32_t draw(uint32_t below)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

/* A tenth of the hosts has the product and brings most of the events. Half of the hosts' queries
 * come from IPv6 addresses that change by the day. */
static void make_event(struct event *event, uint32_t hosts, int64_t wall_ms)
{
	const uint32_t host = draw(4) ? draw(hosts / 10 + 1) : draw(hosts);
	const bool product = host <= hosts / 10;
	const uint32_t name = product ? draw(NAMES) : NAMES + draw(20);
	char text[64];

	*event = (struct event){
		.wall_ms = wall_ms, .uptime_ms = wall_ms, .action = ACTION_BLOCK,
		.intended = ACTION_BLOCK, .client_port = (uint16_t)(1024 + draw(60000)),
		.has_mac = true, .has_resolver = true, .resolver = addr_v4(0x0a0000fe),
		.qtype = draw(2) ? 1 : 28, .protocol = 17, .port = 53, .state = 7,
		.rule = product ? name % RULES : RULES + name % 4, .count = 1 + draw(3),
	};
	event->client = addr_v4(0x0a000000 + host);
	if (host % 2 && draw(2)) {
		event->client = (struct addr){ { 0x20, 0x01, 0x0d, 0xb8 } };
		event->client.bytes[12] = (uint8_t)(wall_ms / DAY_MS);
		event->client.bytes[14] = (uint8_t)(host >> 8);
		event->client.bytes[15] = (uint8_t)host;
	}
	event->mac[4] = (uint8_t)(host >> 8);
	event->mac[5] = (uint8_t)host;
	if (draw(50) == 0)
		event->resolver = addr_v4(0x08080808);
	snprintf(text, sizeof(text), "n%u.upd.kaspersky.com", name);
	(void)!name_parse(&event->name, text, strlen(text), NULL);
}

/* ---- fill ---- */

static void add_event(struct log_batch *batch, uint32_t hosts, int64_t wall_ms)
{
	static char id[RULES + 4][64];
	static uint64_t key[RULES + 4];
	struct log_entry entry = { .type = ENTRY_EVENT }, rule = { .type = ENTRY_RULE };
	uint32_t index, category;

	make_event(&entry.event.event, hosts, wall_ms);
	index = entry.event.event.rule;
	category = index < RULES ? index % 3 : 3 + index % 2;
	if (!id[index][0])
		snprintf(id[index], sizeof(id[index]), "kaspersky:%s:=n%u.upd.kaspersky.com",
			 categories[category].word, index);
	rule.rule = (struct entry_rule){ .state = 7, .index = index, .id = id[index],
					 .evidence = "", .versions = "kaspersky 1",
					 .category = (uint8_t)categories[category].category };
	if (!key[index])
		key[index] = entry_rule_key(&rule.rule);
	if (!batch_has_rule(batch, key[index]))
		check(batch_add(batch, &rule), "a rule");
	strcpy(entry.event.interface, "lan0");
	entry.event.rule_key = key[index];
	check(batch_add(batch, &entry), "an event");
}

static void fill_day(struct log_batch *batch, const struct days_file *file, uint64_t events,
		     uint32_t hosts, struct tree *tree)
{
	char name[DAYS_NAME];
	struct day day;
	enum day_state state;
	const int64_t start_ms = (int64_t)file->date * DAY_MS;

	check(day_open(&day, days_print(file, name), "bench", tree, &state), name);
	for (uint64_t i = 0; i < events; i++) {
		const int64_t wall_ms = start_ms + (int64_t)(i * (DAY_MS - 1) / events);

		add_event(batch, hosts, wall_ms);
		if (batch_summary(batch).entries >= BATCH_EVENTS || i + 1 == events) {
			check(day_write(&day, batch, "0c1d2e3f-0000-4000-8000-000000000000",
					wall_ms), name);
			batch_clear(batch);
			if (i / BATCH_EVENTS % 16 == 0)
				sql_run(&day.sql, "PRAGMA wal_checkpoint(PASSIVE)");
		}
	}
	*tree = day.tree;
	day_close(&day);
}

static void fill(int folder, uint64_t events, uint32_t days, uint32_t hosts)
{
	uint64_t lost, bytes[2] = { 0 };
	struct log_batch *batch = batch_attach(calloc(1, batch_size()), &lost);
	struct tree tree = { .end = 0 };
	double written = 0, closed = 0;

	for (uint32_t i = 0; i < days; i++) {
		struct days_file file = { .number = i + 1, .kind = DAYS_OPEN,
					  .date = (int32_t)(time(NULL) / 86400 - days + 1 + i) };
		char name[DAYS_NAME];
		struct stat status;
		double start = cpu();

		fill_day(batch, &file, events / days, hosts, &tree);
		written += cpu() - start;
		check(stat(days_print(&file, name), &status) ? -errno : 0, name);
		bytes[0] += (uint64_t)status.st_size;
		if (i + 1 == days)
			break;
		start = cpu();
		check(closing_day(folder, &file), "closing");
		closed += cpu() - start;
		file.kind = DAYS_CLOSED;
		check(stat(days_print(&file, name), &status) ? -errno : 0, name);
		bytes[1] += (uint64_t)status.st_size;
	}
	printf("%.2f %.1f %.2f %.1f\n", written * 1e6 / (double)events,
	       (double)bytes[0] / (double)events,
	       days > 1 ? closed * 1e6 / (double)(events - events / days) : 0,
	       days > 1 ? (double)bytes[1] / (double)(events - events / days) : 0);
}

/* ---- rate ---- */

static double disk_bytes(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	char line[80];
	double bytes = 0;

	while (file && fgets(line, sizeof(line), file))
		(void)sscanf(line, "write_bytes: %lf", &bytes);
	if (file)
		fclose(file);
	return bytes;
}

static void rate(int folder, uint64_t events, uint32_t seconds)
{
	const struct journal_options options = {
		.folder = folder, .route = -1, .budget = (uint64_t)1 << 40,
		.appliance = "bench", .boot_id = "0c1d2e3f-0000-4000-8000-000000000000",
	};
	const int64_t start_ms = time(NULL) * 1000;
	struct journal *journal;
	struct rusage usage;
	int64_t ticked_ms = 0;
	double start;

	check(journal_open(&journal, &options), "the journal");
	start = cpu();
	for (uint64_t i = 0; i < events; i++) {
		const int64_t at_ms = (int64_t)(i * seconds * 1000 / events);
		struct event event;

		make_event(&event, 400, start_ms + at_ms);
		event.uptime_ms = at_ms;
		journal_event(journal, &event);
		if (at_ms - ticked_ms >= 10) {
			journal_tick(journal, start_ms + at_ms, at_ms);
			ticked_ms = at_ms;
		}
	}
	journal_tick(journal, start_ms + seconds * 1000, seconds * 1000);
	start = cpu() - start;
	getrusage(RUSAGE_SELF, &usage);
	journal_close(journal, start_ms + seconds * 1000, seconds * 1000);
	printf("%.2f %llu %.0f %.1f\n", start * 1e6 / (double)events,
	       (unsigned long long)events / seconds, disk_bytes(),
	       (double)usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	int folder;

	if (argc < 5) {
		fprintf(stderr, "usage: see tests/bench/journal.c\n");
		return 2;
	}
	folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fchdir(folder) < 0) {
		perror(argv[2]);
		return 1;
	}
	if (strcmp(argv[1], "fill") == 0 && argc == 6)
		fill(folder, strtoull(argv[3], NULL, 10), (uint32_t)atoi(argv[4]),
		     (uint32_t)atoi(argv[5]));
	else if (strcmp(argv[1], "rate") == 0)
		rate(folder, strtoull(argv[3], NULL, 10), (uint32_t)atoi(argv[4]));
	close(folder);
	return 0;
}
