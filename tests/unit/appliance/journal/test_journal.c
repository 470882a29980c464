/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/base/selftest.h"
#include "appliance/journal/aggregate.h"
#include "appliance/journal/fallback.h"
#include "appliance/journal/journal.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/reader.h"
#include "appliance/journal/whole.h"

/* Versions differ, so do states; the rule's index too. */
static const char first_list[] =
	"list: one\nversion: 1\n[network]\n77.74.176.0/21 category=infrastructure\n"
	"[update]\nupd.example.com\n";
static const char second_list[] =
	"list: two\nversion: 2\n[update]\nzzz.example.com\nupd.example.com\n"
	"[network]\n77.74.176.0/21 category=portal\n";

struct fixture {
	char path[64];
	int folder;
	struct journal *journal;
	void *memory;
	struct losses *losses;
};

/* What the journal lost so far, as kernel/rings/journal/disk. */
#define lost_is(fixture, kernel, rings, journal, disk) \
	do { \
		assert_int_equal((fixture)->losses->lost[LOSS_KERNEL], kernel); \
		assert_int_equal((fixture)->losses->lost[LOSS_RINGS], rings); \
		assert_int_equal((fixture)->losses->lost[LOSS_JOURNAL], journal); \
		assert_int_equal((fixture)->losses->lost[LOSS_DISK], disk); \
	} while (0)

static int make(void **state)
{
	static struct fixture fixture;
	static struct addr forwarder;
	struct journal_options options = { .route = -1, .budget = 64 << 20, .appliance = "gw",
					   .boot_id = "boot", .forwarder = &forwarder,
					   .forwarders = 1 };

	strcpy(fixture.path, "/tmp/cordon-journal.XXXXXX");
	if (!mkdtemp(fixture.path))
		return -1;
	fixture.folder = open(fixture.path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(chdir(fixture.path), 0);
	forwarder = sample_addr("192.0.2.53");
	fixture.memory = calloc(1, journal_memory());
	if (!fixture.memory)
		return -1;
	fixture.losses = journal_losses(fixture.memory);
	options.memory = fixture.memory;
	options.folder = fixture.folder;
	*state = &fixture;
	return journal_open(&fixture.journal, &options);
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir("/"), 0);
	close(fixture->folder);
	free(fixture->memory);
	assert_int_equal(file_remove_tree(parent, strrchr(fixture->path, '/') + 1), 0);
	return close(parent);
}

/* All entries of the log, as the lines that a reader gets. */
static json_t *lines(const struct fixture *fixture)
{
	const struct reader_options options = { .folder = fixture->path };
	json_t *all = json_array();
	struct reader_entry entry;
	struct log_reader *reader;

	assert_int_equal(reader_open(&reader, &options), 0);
	while (reader_next(reader, &entry)) {
		char *line;

		assert_int_equal(record_print(&entry.entry, &entry.context, &line), 0);
		json_array_append_new(all, json_loads(line, JSON_REJECT_DUPLICATES, NULL));
		free(line);
	}
	reader_close(reader);
	return all;
}

static const char *text_at(const json_t *all, size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(all, index), key));
}

static json_int_t sum(const json_t *all, const char *key)
{
	json_int_t total = 0;

	for (size_t i = 0; i < json_array_size(all); i++)
		total += json_integer_value(json_object_get(json_array_get(all, i), key));
	return total;
}

/* Gives the journal a policy the way the parent does: mapped memory. Returns its state. */
static uint32_t give(struct journal *journal, const char *list, int times)
{
	struct policy policy;
	uint32_t id = 0;

	for (int i = 0; i < times; i++) {
		size_t size;
		void *block = sample_block(list, NULL, &size);
		void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		assert_ptr_not_equal(mapped, MAP_FAILED);
		memcpy(mapped, block, size);
		free(block);
		assert_int_equal(policy_open(&policy, mapped, size), 0);
		id = policy_state(&policy);
		assert_int_equal(journal_policy(journal, mapped, size), 0);
	}
	return id;
}

static struct event dns_event(uint32_t id, uint32_t rule)
{
	return (struct event){
		.wall_ms = 5000, .uptime_ms = 1000, .channel = CHANNEL_DNS,
		.action = ACTION_BLOCK, .intended = ACTION_BLOCK,
		.client = sample_addr("192.0.2.53"), .client_port = 4711, .qtype = 1,
		.protocol = 17, .port = 53, .name = sample_name("a.upd.example.com"),
		.state = id, .rule = rule, .count = 1,
	};
}

static void nflog_from_to(struct journal *journal, uint32_t id, const char *from, const char *to,
			  int64_t uptime_ms)
{
	uint8_t packet[] = {
		0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x9c, 0x40, 0x01, 0xbb,
	};
	struct nfulnl_msg_packet_hw hw = { .hw_addrlen = htons(6),
					   .hw_addr = { 2, 0, 0, 0xab, 0xcd, 0xef } };
	struct addr source = sample_addr(from), destination = sample_addr(to);
	_Alignas(8) uint8_t bytes[512];
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	char prefix[64];

	memcpy(packet + 12, source.bytes + 12, 4);
	memcpy(packet + 16, destination.bytes + 12, 4);
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	snprintf(prefix, sizeof(prefix), "cordon %08x infrastructure", id);
	mnl_attr_put_strz(message, NFULA_PREFIX, prefix);
	mnl_attr_put(message, NFULA_HWADDR, sizeof(hw), &hw);
	mnl_attr_put(message, NFULA_PAYLOAD, sizeof(packet), packet);
	journal_nflog(journal, bytes, message->nlmsg_len, 6000, uptime_ms);
}

static void nflog_packet(struct journal *journal, uint32_t id, int64_t uptime_ms)
{
	nflog_from_to(journal, id, "192.0.2.7", "77.74.176.1", uptime_ms);
}

/* What comes from the vendor is about the host that it was for. */
static void inbound_packets_name_the_client(void **state)
{
	struct fixture *fixture = *state;
	uint32_t id = give(fixture->journal, first_list, 1);
	json_t *all, *line;

	nflog_from_to(fixture->journal, id, "77.74.176.1", "192.0.2.7", 1000);
	nflog_packet(fixture->journal, id, 1000);
	journal_tick(fixture->journal, 6000, 1000);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 2);
	line = json_array_get(all, 0);
	assert_string_equal(text_at(all, 0, "client"), "192.0.2.7");
	assert_string_equal(text_at(all, 0, "address"), "77.74.176.1");
	assert_string_equal(text_at(all, 0, "direction"), "in");
	assert_string_equal(text_at(all, 0, "rule"), "one:infrastructure:77.74.176.0/21");
	assert_int_equal(json_integer_value(json_object_get(line, "port")), 40000);
	assert_int_equal(json_integer_value(json_object_get(line, "client_port")), 443);
	assert_true(json_is_null(json_object_get(line, "mac")));
	assert_string_equal(text_at(all, 1, "direction"), "out");
	assert_string_equal(text_at(all, 1, "mac"), "02:00:00:ab:cd:ef");
	json_decref(all);
	journal_close(fixture->journal, 0, 2000);
}

/* Two of the fallback resolvers in their order: an event of its own, behind the query. */
static void the_fallback_sequence_is_an_event(void **state)
{
	static const char list[] =
		"list: one\nversion: 1\n[update]\nupd.example.com\n"
		"[bypass]\ndns.example.net\n[exempt]\nfine.example.com\n";
	struct fixture *fixture = *state;
	uint32_t id = give(fixture->journal, list, 1);
	struct event event = dns_event(id, 0);
	size_t found = 0;
	json_t *all;

	event.has_resolver = true;
	/* Rules 0 to 2 in the compiled order: each of them asks at both resolvers. */
	for (uint32_t rule = 0; rule < 3; rule++) {
		event.rule = rule;
		event.client.bytes[15] = (uint8_t)(10 + rule);
		event.resolver = sample_addr("8.8.8.8");
		event.uptime_ms = 1000;
		journal_event(fixture->journal, &event);
		event.resolver = sample_addr("9.9.9.9");
		event.uptime_ms = 2000;
		journal_event(fixture->journal, &event);
	}
	/* The self-test asks like that, too. */
	event.interface = SELFTEST_LINK_INDEX;
	event.client.bytes[15] = 20;
	event.resolver = sample_addr("8.8.8.8");
	journal_event(fixture->journal, &event);
	event.resolver = sample_addr("9.9.9.9");
	journal_event(fixture->journal, &event);
	journal_tick(fixture->journal, 6000, 2000);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 9);
	for (size_t i = 0; i < 9; i++) {
		if (strcmp(text_at(all, i, "channel"), "fingerprint") != 0)
			continue;
		found++;
		assert_string_equal(text_at(all, i, "rule"), FALLBACK_RULE);
		assert_string_equal(text_at(all, i, "category"), "update");
		assert_string_equal(text_at(all, i, "resolver"), "9.9.9.9");
		assert_string_equal(text_at(all, i, "action"), "block");
		for (size_t j = 0; j < 9; j++) {
			if (j != i && strcmp(text_at(all, i, "client"),
					     text_at(all, j, "client")) == 0)
				assert_string_equal(text_at(all, j, "rule"),
						    "one:update:upd.example.com");
		}
	}
	assert_int_equal(found, 1);
	json_decref(all);
	journal_close(fixture->journal, 0, 3000);
}

/* Innocent queries: once in six hours per client, whatever the workers note. */
static void presence_is_noted_rarely(void **state)
{
	struct fixture *fixture = *state;
	struct event event = { .wall_ms = 5000, .channel = CHANNEL_SEEN_DNS, .count = 3,
			       .client = sample_addr("192.0.2.7"), .rule = POLICY_NO_RULE };
	json_t *all;

	give(fixture->journal, first_list, 1);
	for (int hour = 0; hour < 7; hour++) {
		event.wall_ms = 5000 + hour * 3600 * 1000;
		event.uptime_ms = event.wall_ms;
		journal_event(fixture->journal, &event);
		journal_tick(fixture->journal, event.wall_ms, event.uptime_ms);
	}
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 2);
	assert_string_equal(text_at(all, 0, "channel"), "seen-dns");
	assert_null(text_at(all, 0, "action"));
	assert_true(json_is_null(json_object_get(json_array_get(all, 0), "name")));
	assert_int_equal(sum(all, "count"), 3 + 6 * 3);
	json_decref(all);
	journal_close(fixture->journal, 0, event.uptime_ms);
}

static void names_and_packets(void **state)
{
	struct fixture *fixture = *state;
	uint32_t id = give(fixture->journal, first_list, 1);
	struct event event = dns_event(id, 1);
	json_t *all;

	journal_event(fixture->journal, &event);
	nflog_packet(fixture->journal, id, 1000);
	journal_tick(fixture->journal, 6000, 1000);
	journal_nflog(fixture->journal, "0123456789abcdef", 16, 0, 0);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 2);
	assert_string_equal(text_at(all, 0, "rule"), "one:update:upd.example.com");
	assert_string_equal(text_at(all, 0, "channel"), "dns");
	assert_true(json_is_true(json_object_get(json_array_get(all, 0), "forwarder")));
	assert_string_equal(text_at(all, 1, "rule"), "one:infrastructure:77.74.176.0/21");
	assert_string_equal(text_at(all, 1, "action"), "block");
	assert_string_equal(text_at(all, 1, "client"), "192.0.2.7");
	assert_string_equal(text_at(all, 1, "time"), "1970-01-01T00:00:06.000Z");
	assert_true(json_is_false(json_object_get(json_array_get(all, 1), "forwarder")));
	json_decref(all);
	/* The one that could not be read. */
	lost_is(fixture, 1, 0, 0, 0);
	journal_close(fixture->journal, 0, 2000);
}

static void counts_survive_the_close(void **state)
{
	struct fixture *fixture = *state;
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	json_t *all;

	for (int i = 0; i < 1000; i++) {
		journal_event(fixture->journal, &event);
		journal_tick(fixture->journal, 5000, 1000 + i);
	}
	journal_close(fixture->journal, 5000, 2000);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 3);
	assert_int_equal(sum(all, "count"), 1000);
	json_decref(all);
}

/* Late events of the previous policy, and of one that nobody knows. */
static void previous_policy(void **state)
{
	struct fixture *fixture = *state;
	uint32_t old = give(fixture->journal, first_list, 2);
	uint32_t new = give(fixture->journal, second_list, 2);
	struct event event = dns_event(old, 1);
	json_t *all;

	assert_int_not_equal(old, new);
	journal_event(fixture->journal, &event);
	nflog_packet(fixture->journal, old, 1000);
	nflog_packet(fixture->journal, new, 1000);
	nflog_packet(fixture->journal, ~new ^ old, 1000);
	journal_tick(fixture->journal, 0, 1000);
	all = lines(fixture);
	assert_string_equal(text_at(all, 0, "rule"), "one:update:upd.example.com");
	assert_string_equal(text_at(all, 1, "rule"), "one:infrastructure:77.74.176.0/21");
	assert_string_equal(text_at(all, 2, "rule"), "two:portal:77.74.176.0/21");
	assert_null(text_at(all, 3, "rule"));
	assert_string_equal(text_at(all, 3, "action"), "none");
	json_decref(all);
	journal_close(fixture->journal, 0, 2000);
}

/* Two policies later the rules have no names any more: their counts are written before. */
static void counts_keep_their_rule(void **state)
{
	struct fixture *fixture = *state;
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	json_t *all;

	for (int i = 0; i < 3; i++) {
		journal_event(fixture->journal, &event);
		journal_tick(fixture->journal, 0, 1000);
	}
	give(fixture->journal, second_list, 1);
	give(fixture->journal, "list: three\nversion: 3\n[update]\nupd.example.com\n", 1);
	journal_tick(fixture->journal, 0, 2000);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 2);
	assert_int_equal(sum(all, "count"), 3);
	assert_string_equal(text_at(all, 1, "rule"), "one:update:upd.example.com");
	json_decref(all);
	/* Back to the second: it is still known, and known once. */
	give(fixture->journal, second_list, 1);
	journal_close(fixture->journal, 0, 2000);
}

static void refuses_a_broken_policy(void **state)
{
	struct fixture *fixture = *state;
	_Alignas(8) char block[512] = "no policy";

	assert_int_equal(journal_policy(fixture->journal, block, sizeof(block)), -EBADMSG);
	journal_close(fixture->journal, 0, 2000);
}

/* The disk takes nothing; undo gives it back. */
static void fill_disk(struct rlimit *undo)
{
	struct rlimit low;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, undo), 0);
	low = *undo;
	low.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
}

/* While the disk takes nothing, entries wait; none is lost, and the error shows. */
static void entries_wait_for_the_disk(void **state)
{
	struct fixture *fixture = *state;
	const struct mode_record mode = { .mode = MODE_ENFORCE };
	struct entry_notice notice = { .uptime_ms = 500, .kind = NOTICE_MODE, .actor = "timer" };
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	struct rlimit before;
	json_t *all;
	char *body;

	fill_disk(&before);
	event.count = 5;
	journal_event(fixture->journal, &event);
	assert_int_equal(notice_mode(&mode, &body), 0);
	notice.body = body;
	assert_int_equal(journal_notice(fixture->journal, 1, &notice, 0), 0);
	/* Again, because its answer was lost: it is known. */
	assert_int_equal(journal_notice(fixture->journal, 1, &notice, 0), 0);
	free(body);
	journal_tick(fixture->journal, 0, 1000);
	assert_true(fixture->losses->write_error < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	journal_tick(fixture->journal, 0, 2000);
	assert_int_equal(fixture->losses->write_error, 0);
	all = lines(fixture);
	assert_int_equal(sum(all, "count"), 5);
	assert_string_equal(text_at(all, 0, "mode"), "enforce");
	json_decref(all);
	lost_is(fixture, 0, 0, 0, 0);
	journal_close(fixture->journal, 0, 200000);
}

/* What waits is bounded: the rest is counted as lost, and the count is stored later. */
static void more_than_can_wait_is_counted(void **state)
{
	struct fixture *fixture = *state;
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	struct rlimit before;
	uint64_t lost;
	json_t *all;

	event.name = sample_name("a-name-as-long-as-content-networks-like-to-have-them."
				 "and-more-of-it.upd.example.com");
	fill_disk(&before);
	for (uint32_t i = 0; i < 2000; i++) {
		memcpy(event.client.bytes + 12, &i, sizeof(i));
		journal_event(fixture->journal, &event);
	}
	journal_tick(fixture->journal, 0, 1000);
	lost = fixture->losses->lost[LOSS_DISK];
	assert_in_range(lost, 1, 1999);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	journal_lost(fixture->journal, LOSS_KERNEL, 2);
	journal_tick(fixture->journal, 0, 2000);
	journal_tick(fixture->journal, 0, 70000);
	journal_tick(fixture->journal, 0, 140000);
	all = lines(fixture);
	assert_int_equal(sum(all, "count") + sum(all, "disk"), 2000);
	assert_int_equal(sum(all, "kernel"), 2);
	json_decref(all);
	journal_close(fixture->journal, 0, 200000);
}

/* More clients than the table holds: no event is lost, and the log says what is coarse. */
static void flood(void **state)
{
	struct fixture *fixture = *state;
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	unsigned int coarse = 0;
	json_t *all;

	event.client = sample_addr("2001:db8::1");
	for (uint32_t i = 0; i < 20000; i++) {
		memcpy(event.client.bytes + 8, &i, sizeof(i));
		journal_event(fixture->journal, &event);
	}
	journal_tick(fixture->journal, 0, 1000);
	journal_close(fixture->journal, 0, 2000);
	all = lines(fixture);
	assert_int_equal(sum(all, "count"), 20000);
	for (size_t i = 0; i < json_array_size(all); i++) {
		if (!json_is_true(json_object_get(json_array_get(all, i), "coarse")))
			continue;
		coarse++;
		assert_string_equal(text_at(all, i, "client"), "2001:db8::/64");
		assert_string_equal(text_at(all, i, "rule"), "one:update:upd.example.com");
		assert_null(text_at(all, i, "name"));
	}
	assert_true(coarse > 0);
	json_decref(all);
	lost_is(fixture, 0, 0, 0, 0);
}

/* What killed ones leave is no leak. */
enum { KILLED = 16 };
static struct journal *volatile killed[KILLED];
static size_t kills;

/* The journal was killed, and its next one opens the same folder and memory. */
static void open_again(struct fixture *fixture)
{
	const struct journal_options options = { .route = -1, .budget = 64 << 20, .appliance = "gw",
						 .boot_id = "boot", .folder = fixture->folder,
						 .memory = fixture->memory };

	killed[kills++ % KILLED] = fixture->journal;
	assert_int_equal(journal_open(&fixture->journal, &options), 0);
}

/* The journal after one that was killed reports what was lost meanwhile, too. */
static void losses_survive_a_killed_journal(void **state)
{
	struct fixture *fixture = *state;
	json_t *all;

	journal_ring_lost(fixture->journal, 1, 3);
	journal_ring_lost(fixture->journal, 1, 3);
	journal_tick(fixture->journal, 0, 1000);
	journal_lost(fixture->journal, LOSS_JOURNAL, 4);
	journal_close(fixture->journal, 0, 1000);
	open_again(fixture);
	journal_ring_lost(fixture->journal, 1, 10);
	journal_tick(fixture->journal, 0, 2000);
	all = lines(fixture);
	assert_int_equal(sum(all, "lost"), 14);
	assert_int_equal(sum(all, "rings"), 10);
	json_decref(all);
	lost_is(fixture, 0, 10, 4, 0);
	journal_close(fixture->journal, 0, 2000);
}

/* The kinds of all notices, in their order. */
static const char *notices(const struct fixture *fixture)
{
	static char text[256];
	json_t *all = lines(fixture);

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(all); i++) {
		if (!text_at(all, i, "notice"))
			continue;
		strcat(text, text_at(all, i, "notice"));
		strcat(text, " ");
	}
	json_decref(all);
	return text;
}

/* An orderly end, an end without one (a power cut takes the memory), and a killed journal. */
static void a_log_that_did_not_end_in_order_says_so(void **state)
{
	struct fixture *fixture = *state;

	journal_begin(fixture->journal, 1000, 1000);
	journal_close(fixture->journal, 2000, 2000);
	memset(fixture->memory, 0, journal_memory());
	open_again(fixture);
	journal_begin(fixture->journal, 3000, 1000);
	journal_tick(fixture->journal, 4000, 2000);
	assert_string_equal(notices(fixture), "start stop start ");
	/* Killed: the next one has the memory. */
	open_again(fixture);
	journal_begin(fixture->journal, 5000, 3000);
	journal_tick(fixture->journal, 5000, 4000);
	assert_string_equal(notices(fixture), "start stop start ");
	memset(fixture->memory, 0, journal_memory());
	open_again(fixture);
	journal_begin(fixture->journal, 6000, 1000);
	journal_close(fixture->journal, 7000, 2000);
	assert_string_equal(notices(fixture), "start stop start gap start stop ");
}

/* A day of outage looked like a day of silence. A restart of seconds is none. */
static void an_outage_ends_what_is_whole(void **state)
{
	enum { START = 1000000, HOUR = 3600 * 1000 };
	struct fixture *fixture = *state;

	journal_begin(fixture->journal, START, 1000);
	assert_int_equal(fixture->losses->whole_since, START);
	journal_close(fixture->journal, START + 2000, 2000);
	memset(fixture->memory, 0, journal_memory());
	open_again(fixture);
	journal_begin(fixture->journal, START + 5000, 1000);
	assert_int_equal(fixture->losses->whole_since, START);
	journal_close(fixture->journal, START + 6000, 2000);
	assert_int_equal(whole_since(fixture->folder), START);
	memset(fixture->memory, 0, journal_memory());
	open_again(fixture);
	journal_begin(fixture->journal, START + HOUR, 1000);
	assert_int_equal(fixture->losses->whole_since, START + HOUR);
	journal_close(fixture->journal, START + HOUR + 1000, 2000);
	assert_int_equal(whole_since(fixture->folder), START + HOUR);
}

static int note(struct fixture *fixture, uint64_t number, const char *body)
{
	const struct entry_notice notice = { .kind = NOTICE_DISK, .actor = "box", .body = body };

	return journal_notice(fixture->journal, number, &notice, 0);
}

/* Notices come in their order and once, over a killed journal too. */
static void notices_over_a_killed_journal(void **state)
{
	struct fixture *fixture = *state;
	json_t *all;

	assert_int_equal(note(fixture, 1, "\"percent\":1"), 0);
	/* One before it is missing. */
	assert_int_equal(note(fixture, 3, "\"percent\":3"), -ENOSPC);
	open_again(fixture);
	assert_int_equal(note(fixture, 1, "\"percent\":1"), 0);
	assert_int_equal(note(fixture, 2, "\"percent\":2"), 0);
	assert_int_equal(note(fixture, 3, "\"percent\":3"), 0);
	journal_close(fixture->journal, 0, 2000);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 4);
	assert_int_equal(sum(all, "percent"), 6);
	assert_string_equal(text_at(all, 3, "notice"), "stop");
	assert_string_equal(text_at(all, 3, "actor"), "box");
	json_decref(all);
}

/* A day alone says which policy its events met. */
static void a_day_begins_with_the_policy(void **state)
{
	const int64_t day = 24 * 3600 * 1000;
	struct fixture *fixture = *state;
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	json_t *all;

	journal_tick(fixture->journal, day, 1000);
	journal_standing(fixture->journal, "\"state\":\"0011\"");
	event.wall_ms = day + 10;
	journal_event(fixture->journal, &event);
	journal_tick(fixture->journal, day + 10, 2000);
	event.name.wire[1] = 'x';
	event.wall_ms = 2 * day;
	journal_event(fixture->journal, &event);
	journal_tick(fixture->journal, 2 * day + 10, 3000);
	journal_close(fixture->journal, 2 * day + 20, 4000);
	all = lines(fixture);
	assert_int_equal(json_array_size(all), 4);
	assert_string_equal(text_at(all, 0, "action"), "block");
	assert_string_equal(text_at(all, 1, "notice"), "policy");
	assert_string_equal(text_at(all, 1, "state"), "0011");
	assert_true(json_is_true(json_object_get(json_array_get(all, 1), "carried")));
	assert_string_equal(text_at(all, 2, "action"), "block");
	json_decref(all);
}

/* The longest line that a list may have, and many versions. */
static void long_evidence(void **state)
{
	struct fixture *fixture = *state;
	static char list[20000], evidence[4000], version[4000];
	struct event event;
	json_t *all;

	memset(evidence, 'e', 3900);
	memset(version, 'v', 4000 - 1);
	snprintf(list, sizeof(list), "list: one\nversion: %s\n[update]\nupd.example.com "
		 "evidence=%s\n", version, evidence);
	event = dns_event(give(fixture->journal, list, 1), 0);
	journal_event(fixture->journal, &event);
	journal_close(fixture->journal, 0, 2000);
	all = lines(fixture);
	assert_non_null(text_at(all, 0, "rule"));
	json_decref(all);
}

/* The budget of a day is spent by a flood, and that is told once; later that it has room again. */
static void budget_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct event event = dns_event(give(fixture->journal, first_list, 1), 1);
	int64_t uptime = 1000;
	unsigned int told = 0;
	json_t *all;

	/* More than AGGREGATE_BURST, in parts that the table holds. */
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			const uint32_t number = round * 5000 + i;

			memcpy(event.client.bytes + 8, &number, sizeof(number));
			journal_event(fixture->journal, &event);
		}
		journal_tick(fixture->journal, 0, uptime += 10);
	}
	for (int i = 0; i < 4000; i++)
		journal_tick(fixture->journal, 0, uptime += 1000);
	journal_close(fixture->journal, 0, uptime);
	all = lines(fixture);
	for (size_t i = 0; i < json_array_size(all); i++) {
		if (!text_at(all, i, "notice") || strcmp(text_at(all, i, "notice"), "budget") != 0)
			continue;
		assert_string_equal(text_at(all, i, "what"), told == 0 ? "reached" : "left");
		told++;
	}
	assert_int_equal(told, 2);
	json_decref(all);
}

#define with_journal(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_journal(names_and_packets),
		with_journal(the_fallback_sequence_is_an_event),
		with_journal(presence_is_noted_rarely),
		with_journal(inbound_packets_name_the_client),
		with_journal(counts_survive_the_close),
		with_journal(previous_policy),
		with_journal(counts_keep_their_rule),
		with_journal(refuses_a_broken_policy),
		with_journal(entries_wait_for_the_disk),
		with_journal(more_than_can_wait_is_counted),
		with_journal(flood),
		with_journal(losses_survive_a_killed_journal),
		with_journal(a_log_that_did_not_end_in_order_says_so),
		with_journal(an_outage_ends_what_is_whole),
		with_journal(notices_over_a_killed_journal),
		with_journal(a_day_begins_with_the_policy),
		with_journal(long_evidence),
		with_journal(budget_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
