/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/rules/nft/fixture.h"

#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "rules/nft/kernel.h"
#include "rules/nft/pinhole.h"
#include "rules/nft/table.h"

/* Each test has a network namespace of its own, so that nothing of this machine is touched. */

static struct diag diag;

static int run(const char *command)
{
	return system(command);
}

static void read_command(const char *command, struct text *out)
{
	FILE *pipe = popen(command, "r");
	char buffer[4096];
	size_t length;

	assert_non_null(pipe);
	while ((length = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
		text_put(out, buffer, length);
	assert_int_equal(pclose(pipe), 0);
	assert_false(text_failed(out));
}

/*
 * The listing, a line each chain, sorted, and all words sorted: sets of single values are hashed
 * with a seed of their own, so that nft lists the same elements in another order each time. Without
 * the rules that nft's language has no words for.
 */
static void list_ruleset(struct text *out)
{
	read_command(
		"nft list ruleset | grep -v '@nh,' | sed -n '/^\tchain/,/^\t}/p' | "
		"awk '{ chain = chain $0 } /^\t}/ { print chain; chain = \"\" }' | sort; "
		"nft list ruleset | grep -v '@nh,' | sed 's/elements = {//; s/[{}]//g' | tr , "
		"'\\n' | "
		"sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | sort",
		out);
}

struct bench {
	struct fixture fixture;
	struct kernel *kernel;
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(run("ip link set lo up"), 0);
	fixture_init(&bench->fixture);
	assert_int_equal(kernel_open(&bench->kernel), 0);
	diag_init(&diag);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	kernel_close(bench->kernel);
	fixture_release(&bench->fixture);
	free(bench);
	return 0;
}

static void complain(void)
{
	struct text out = TEXT_EMPTY;

	diag_print(&diag, &out);
	if (out.data)
		print_error("%s", out.data);
	text_release(&out);
}

static bool apply(struct bench *bench, const struct ruleset *ruleset)
{
	bool changed = false;
	int error = kernel_apply(bench->kernel, ruleset, &changed, &diag);

	if (error)
		complain();
	assert_int_equal(error, 0);
	return changed;
}

static struct pinhole hole(const char *client, const char *address)
{
	struct pinhole pinhole = { .client = fixture_addr(client),
				   .address = fixture_addr(address),
				   .port = { IPPROTO_TCP, 443, 443 } };

	assert_int_equal(name_parse(&pinhole.name, "exempt.example", 14, NULL), 0);
	return pinhole;
}

static void test_idempotent(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct ruleset *disarmed = fixture_build(&bench->fixture, RULESET_DISARMED);

	assert_true(apply(bench, ruleset));
	assert_false(apply(bench, ruleset));
	assert_true(apply(bench, disarmed));
	assert_false(apply(bench, disarmed));
	assert_true(apply(bench, ruleset));
	assert_false(apply(bench, ruleset));
}

/* Each of them, and once, and nothing else. */
static void assert_policy_routes(void)
{
	assert_int_equal(
		run("for f in -4 -6; do "
		    "test \"$(ip $f rule list | sed -n 's/^\\(10[0-4]\\):[[:space:]]*/\\1 /p' | "
		    "sed 's/ *$//' | paste -sd, )\" = '"
		    "100 from all iif lo goto 104,"
		    "101 from all fwmark 0x1000000/0x1000000 lookup 3085,"
		    "102 from all fwmark 0x2000000/0x2000000 goto 104,"
		    "103 from all prohibit,104 from all nop' && "
		    "ip $f route list table 3085 | grep -c '' | grep -qx 1 && "
		    "ip $f route list table 3085 | grep -q '^local default dev lo' || "
		    "exit 1; done"),
		0);
}

/* Rules and routes that are missing or altered are made whole; those of others are told. */
static void test_repairs_routes(void **state)
{
	static const char *const changes[] = {
		"ip rule del pref 100",
		"ip -6 rule del pref 101",
		"ip rule del pref 102",
		"ip -6 rule del pref 103",
		"ip rule del pref 104",
		"ip rule flush; ip rule add pref 32766 lookup main",
		"ip route flush table 3085",
		"ip link set lo down && ip link set lo up",
		"ip rule del pref 101 && ip rule add pref 101 fwmark 0x1000000/0x3000000 lookup "
		"3085",
		"ip rule del pref 101 && ip rule add pref 101 fwmark 0x1000000/0x1000000 "
		"to 10.0.0.0/8 lookup 3085",
		"ip rule add pref 101 fwmark 0xc0d000 lookup 3085",
		"ip -6 rule del pref 102 && ip -6 rule add pref 102 fwmark 0/0 goto 104",
		"ip route replace blackhole default table 3085",
		"ip route add blackhole 10.0.0.0/8 table 3085",
		"ip -6 route add unreachable fd00::/8 table 3085",
	};
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct route_others others;
	bool changed, barrier;

	apply(bench, ruleset);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		if (run(changes[i]) != 0)
			fail_msg("not taken: %s", changes[i]);
		assert_int_equal(kernel_routes(bench->kernel, ruleset, &changed, &barrier, &others,
					       &diag), 0);
		if (!changed || !barrier)
			fail_msg("not noticed: %s", changes[i]);
		assert_policy_routes();
		assert_int_equal(others.count, 0);
	}
	/* A packet that follows these meets no barrier. */
	assert_int_equal(
		run("ip rule add pref 50 lookup 200 && ip -6 rule add pref 103 to fd00::/8 "
		    "lookup main && ip rule add pref 60 blackhole && "
		    "ip rule add pref 5000 lookup 201"),
		0);
	assert_int_equal(kernel_routes(bench->kernel, ruleset, &changed, &barrier, &others, &diag),
			 0);
	assert_false(changed);
	assert_int_equal(others.count, 1);
	assert_string_equal(others.text[0], "50 (IPv4): lookup 200");
}

/* Every attribute that the kernel acts on is compared, and repaired. */
static void test_repairs_each(void **state)
{
	static const char *const changes[] = {
		"nft 'add table inet cordon { flags dormant; }'",
		"nft 'add table inet cordon { flags dormant; }' && nft flush chain inet cordon "
		"vendor && "
		"nft add chain inet cordon stranger '{ type filter hook forward priority -7; }'",
		"nft delete table inet cordon",
		"nft flush table inet cordon",
		"nft flush chain inet cordon forward",
		"nft 'chain inet cordon forward { policy drop; }'",
		"nft 'chain inet cordon stranger { type filter hook forward priority -7; policy "
		"drop; }'",
		"nft insert rule inet cordon forward accept",
		"nft insert rule inet cordon vendor ip saddr '{ 1.1.1.1, 2.2.2.2 }' accept",
		"nft flush map inet cordon networks4",
		"nft delete element inet cordon networks4 '{ 77.74.178.0/24 }'",
		"nft 'delete element inet cordon networks4 { 77.74.178.0/24 }; "
		"add element inet cordon networks4 { 77.74.178.0/24 : accept }'",
		"nft 'add element inet cordon networks4 { 1.0.0.0/8 : accept }'",
		"nft 'add element inet cordon lan { * }'",
		"nft flush set inet cordon lan",
		"nft add element inet cordon lan '{ wan0 }'",
		"nft add set inet cordon stranger '{ type ipv4_addr; flags dynamic; timeout 1m; }'",
		"nft add element inet cordon pinhole4 '{ 10.0.0.1 . 77.74.176.1 . tcp . 443 }'",
		"nft add element inet cordon pinhole4 '{ 10.0.0.1 . 77.74.176.1 . tcp . 443 "
		"timeout 9d }'",
		"nft 'flush chain inet cordon clients; flush chain inet cordon vendor; "
		"delete set inet cordon pinhole4; add set inet cordon pinhole4 "
		"{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 65536; flags "
		"timeout; timeout 5h; }'",
		"nft 'flush chain inet cordon clients; flush chain inet cordon vendor; "
		"delete set inet cordon pinhole4; add set inet cordon pinhole4 "
		"{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 65536; flags "
		"timeout; gc-interval 5h; }'",
		"nft 'flush chain inet cordon clients; flush chain inet cordon vendor; "
		"delete set inet cordon pinhole4; add set inet cordon pinhole4 "
		"{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 5; flags timeout; "
		"}'",
		"nft 'flush chain inet cordon clients; flush chain inet cordon vendor; "
		"delete set inet cordon pinhole4; add set inet cordon pinhole4 "
		"{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 65536; policy "
		"memory; flags timeout; }'",
		"nft 'flush chain inet cordon clients; flush chain inet cordon vendor; "
		"delete set inet cordon pinhole4; add set inet cordon pinhole4 "
		"{ type ipv4_addr . ipv4_addr . inet_proto . inet_service; size 65536; flags "
		"timeout, dynamic; counter; }'",
		"nft 'add quota inet cordon stranger { over 1 bytes }; "
		"insert rule inet cordon forward quota name stranger drop'",
		"nft 'add limit inet cordon stranger { rate 1/day }'",
	};
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	apply(bench, ruleset);
	list_ruleset(&before);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		if (run(changes[i]) != 0)
			fail_msg("nft does not take: %s", changes[i]);
		if (!apply(bench, ruleset))
			fail_msg("not noticed: %s", changes[i]);
		text_release(&after);
		list_ruleset(&after);
		if (strcmp(before.data, after.data) != 0)
			fail_msg("not restored: %s", changes[i]);
		if (apply(bench, ruleset))
			fail_msg("noticed twice: %s", changes[i]);
	}
	text_release(&before);
	text_release(&after);
}

/* The quick comparison looks into small sets and into those that are named, and restores the rest
 * of the structure. */
static void test_restores_in_part(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct scope scope = { .count = 0 };
	bool changed;

	apply(bench, ruleset);
	assert_int_equal(kernel_generation(bench->kernel), kernel_whole(bench->kernel));
	assert_int_equal(
		run("nft add element inet cordon pinhole4 '{ 10.0.0.1 . 77.74.176.1 . tcp . 443 "
		    "}'"),
		0);
	assert_int_not_equal(kernel_generation(bench->kernel), kernel_whole(bench->kernel));
	assert_int_equal(kernel_restore(bench->kernel, ruleset, &scope, &changed, &diag), 0);
	assert_false(changed);
	scope_add(&scope, "pinhole4");
	assert_int_equal(kernel_restore(bench->kernel, ruleset, &scope, &changed, &diag), 0);
	assert_true(changed);
	assert_int_equal(run("nft delete table inet cordon"), 0);
	assert_int_equal(kernel_restore(bench->kernel, ruleset, &scope, &changed, &diag), 0);
	assert_true(changed);
	assert_false(apply(bench, ruleset));
	assert_int_equal(kernel_generation(bench->kernel), kernel_whole(bench->kernel));
}

static bool owner_works(void)
{
	return run("test $(printf '%s\\n6.9\\n' $(uname -r) | sort -V | head -n 1) = 6.9") == 0;
}

/* Nobody else may change it, it outlives its owner, and the next one adopts it. */
static void test_owned(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);

	kernel_own(bench->kernel);
	assert_true(apply(bench, ruleset));
	assert_false(apply(bench, ruleset));
	if (!owner_works()) {
		assert_int_equal(kernel_owner(bench->kernel), OWNER_UNABLE);
		return;
	}
	assert_int_equal(kernel_owner(bench->kernel), OWNER_OURS);
	assert_int_not_equal(run("nft delete table inet cordon 2>/dev/null"), 0);
	assert_int_equal(run("nft flush ruleset && nft list chain inet cordon vendor >/dev/null"),
			 0);
	kernel_close(bench->kernel);
	assert_int_equal(run("nft list chain inet cordon vendor >/dev/null"), 0);
	assert_int_equal(kernel_open(&bench->kernel), 0);
	kernel_own(bench->kernel);
	assert_true(apply(bench, ruleset));
	assert_int_equal(kernel_owner(bench->kernel), OWNER_OURS);
	assert_int_not_equal(run("nft flush chain inet cordon vendor 2>/dev/null"), 0);
	assert_int_equal(kernel_remove(bench->kernel, &diag), 0);
	assert_int_not_equal(run("nft list table inet cordon >/dev/null 2>&1"), 0);
}

/* "persist" cannot be added, and "owner" alone would end the table with us. */
static void test_plain_table_stays_plain(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);

	apply(bench, ruleset);
	assert_int_equal(kernel_owner(bench->kernel), OWNER_UNWANTED);
	kernel_own(bench->kernel);
	assert_false(apply(bench, ruleset));
	assert_int_equal(kernel_owner(bench->kernel), OWNER_LATER);
	assert_int_equal(run("nft delete table inet cordon"), 0);
	assert_true(apply(bench, ruleset));
	assert_int_equal(kernel_owner(bench->kernel), owner_works() ? OWNER_OURS : OWNER_UNABLE);
}

/* Two of us: the second says why it cannot. */
static void test_owned_by_another(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct kernel *other;
	bool changed;

	if (!owner_works())
		skip();
	assert_int_equal(kernel_open(&other), 0);
	kernel_own(other);
	assert_int_equal(kernel_apply(other, ruleset, &changed, &diag), 0);
	assert_int_equal(kernel_apply(bench->kernel, ruleset, &changed, &diag), -EPERM);
	assert_non_null(strstr(diag.entry[0].message, "belongs to another program"));
	kernel_close(other);
	assert_false(apply(bench, ruleset));
}

/* Another program's change to our table is noticed and undone. */
static void test_repairs(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	apply(bench, ruleset);
	list_ruleset(&before);
	assert_int_equal(run("nft flush chain inet cordon vendor && "
			     "nft add chain inet cordon stranger && "
			     "nft add rule inet cordon stranger "
			     "ip saddr { 1.1.1.1, 2.2.2.2 } drop && "
			     "nft add set inet cordon more \\{ type ipv4_addr \\; \\} && "
			     "nft delete element inet cordon networks4 \\{ 77.74.178.0/24 \\} && "
			     "ip rule del pref 100"), 0);
	assert_true(apply(bench, ruleset));
	list_ruleset(&after);
	assert_string_equal(before.data, after.data);
	assert_policy_routes();
	assert_false(apply(bench, ruleset));
	text_release(&before);
	text_release(&after);
}

/* All of it is gone while we run, as after `nft flush ruleset`: the next apply brings it back. */
static void test_flushed(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct pinhole pinhole = hole("10.0.0.5", "77.74.176.9");
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	apply(bench, ruleset);
	list_ruleset(&before);
	assert_int_equal(run("nft flush ruleset; ip rule del pref 101; ip -6 rule del pref 102; "
			     "ip route flush table 3085; ip -6 route flush table 3085"), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 60), -ENOENT);
	assert_true(apply(bench, ruleset));
	assert_false(apply(bench, ruleset));
	list_ruleset(&after);
	assert_string_equal(before.data, after.data);
	assert_policy_routes();
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 60), 0);
	/* The routes alone, which no table tells of. */
	assert_int_equal(run("ip -6 rule del pref 100; ip route flush table 3085"), 0);
	assert_true(apply(bench, ruleset));
	assert_policy_routes();
	text_release(&before);
	text_release(&after);
}

/* Another process takes over what one left that died, open pinholes included. */
static void test_left_behind(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct pinhole pinhole = hole("10.0.0.5", "77.74.176.9");

	apply(bench, ruleset);
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 60), 0);
	kernel_close(bench->kernel);
	assert_int_equal(kernel_open(&bench->kernel), 0);
	assert_false(apply(bench, ruleset));
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 120), 0);
	assert_policy_routes();
	assert_true(apply(bench, fixture_build(&bench->fixture, RULESET_DISARMED)));
}

static void listed_like_text(struct bench *bench, enum ruleset_mode mode)
{
	struct ruleset *ruleset = fixture_build(&bench->fixture, mode);
	struct text text = TEXT_EMPTY, ours = TEXT_EMPTY, theirs = TEXT_EMPTY;
	FILE *nft;

	apply(bench, ruleset);
	list_ruleset(&ours);
	ruleset_print(ruleset, &text);
	nft = popen("nft -f -", "w");
	assert_non_null(nft);
	fwrite(text.data, 1, text.length, nft);
	assert_int_equal(pclose(nft), 0);
	list_ruleset(&theirs);
	assert_string_equal(ours.data, theirs.data);
	text_release(&text);
	text_release(&ours);
	text_release(&theirs);
}

/* What we apply and what nft makes of our text are listed alike. */
static void test_listed_like_text(void **state)
{
	listed_like_text(*state, RULESET_ENFORCE);
	listed_like_text(*state, RULESET_DISARMED);
}

static void test_managed_listed_like_text(void **state)
{
	struct bench *bench = *state;

	fixture_managed(&bench->fixture.settings);
	listed_like_text(bench, RULESET_ENFORCE);
}

/* Chains and sets that only some settings have come and go with them. */
static void test_managed(void **state)
{
	struct bench *bench = *state;
	struct ruleset *plain = fixture_build(&bench->fixture, RULESET_ENFORCE), *managed;
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	apply(bench, plain);
	list_ruleset(&before);
	fixture_managed(&bench->fixture.settings);
	managed = fixture_build(&bench->fixture, RULESET_ENFORCE);
	assert_true(apply(bench, managed));
	assert_false(apply(bench, managed));
	assert_int_equal(run("nft flush chain inet cordon leaving"), 0);
	assert_true(apply(bench, managed));
	assert_true(apply(bench, plain));
	list_ruleset(&after);
	assert_string_equal(before.data, after.data);
	text_release(&before);
	text_release(&after);
}

static void test_other_tables(void **state)
{
	struct bench *bench = *state;
	struct ruleset *ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	assert_int_equal(run("nft 'add table inet other; add chain inet other c { type filter hook "
			     "forward priority 0; }; add rule inet other c tcp dport 1 counter; "
			     "add table ip cordon; add set ip cordon lan { type ipv4_addr; }; "
			     "add chain ip cordon forward; add counter ip cordon captured'"), 0);
	list_ruleset(&before);
	apply(bench, ruleset);
	assert_false(apply(bench, ruleset));
	assert_int_equal(kernel_remove(bench->kernel, &diag), 0);
	list_ruleset(&after);
	assert_string_equal(before.data, after.data);
	text_release(&before);
	text_release(&after);
}

static void test_remove(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(kernel_remove(bench->kernel, &diag), 0);
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_int_equal(kernel_remove(bench->kernel, &diag), 0);
	assert_int_equal(kernel_remove(bench->kernel, &diag), 0);
	assert_int_equal(run("test -z \"$(nft list ruleset)$(ip rule list | grep ^10)"
			     "$(ip -6 rule list | grep ^10)$(ip route list table 3085)\""), 0);
}

/* A ruleset with an error changes nothing, and the error names the place. */
static void test_refused(void **state)
{
	struct bench *bench = *state;
	struct ruleset *bad = fixture_build(&bench->fixture, RULESET_DISARMED);
	struct table_chain *chain = table_chain_add(&bad->table, "broken", NULL);
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;
	bool changed = true;

	TABLE_RULE(chain, statement_goto("nowhere"));
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	list_ruleset(&before);
	assert_int_equal(kernel_apply(bench->kernel, bad, &changed, &diag), -ENOENT);
	assert_false(changed);
	assert_non_null(strstr(diag.entry[0].message, "rule in chain broken"));
	list_ruleset(&after);
	assert_string_equal(before.data, after.data);
	text_release(&before);
	text_release(&after);
}

static void many_ranges(struct text *list, unsigned int count)
{
	text_puts(list, "list: many\nversion: 1\n[network]\n");
	for (unsigned int i = 0; i < count; i++)
		text_printf(list, "%u.%u.%u.%u category=%s confidence=high\n", 90 + i / 60000,
			    i / 200 % 256, i % 200, 2 * (i % 100),
			    i % 2 ? "update" : "infrastructure");
	for (unsigned int i = 0; i < count / 10; i++)
		text_printf(list, "2a03:2480:%x::/64 category=update confidence=high\n", i);
}

static void test_many(void **state)
{
	struct bench *bench = *state;
	struct text list = TEXT_EMPTY, count = TEXT_EMPTY;
	struct ruleset *ruleset;
	struct timespec before, after;

	many_ranges(&list, 20000);
	fixture_policy(&bench->fixture, list.data);
	assert_true(policy_ranges(&bench->fixture.policy, POLICY_NETWORKS) >= 20000);
	ruleset = fixture_build(&bench->fixture, RULESET_ENFORCE);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_true(apply(bench, ruleset));
	assert_false(apply(bench, ruleset));
	clock_gettime(CLOCK_MONOTONIC, &after);
	print_message("22,000 ranges, applied twice: %.2f s\n",
		      (double)(after.tv_sec - before.tv_sec) +
		      (double)(after.tv_nsec - before.tv_nsec) / 1e9);
	read_command("nft list map inet cordon networks4 | grep -o goto | wc -l", &count);
	assert_int_equal(atoi(count.data), 20000);
	/* And back to a small one, which must not leave any behind. */
	fixture_policy(&bench->fixture, fixture_list);
	assert_true(apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE)));
	text_release(&list);
	text_release(&count);
}

/* ---- pinholes ---- */

static bool has_pinhole(const char *set, const char *element)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "nft get element inet cordon %s '{ %s }' >/dev/null 2>&1", set, element);
	return run(command) == 0;
}

static void test_pinhole(void **state)
{
	static const char v4[] = "10.0.0.5 . 77.74.176.9 . tcp . 443";
	struct bench *bench = *state;
	struct pinhole pinhole = hole("10.0.0.5", "77.74.176.9");
	struct pinhole mixed = hole("10.0.0.5", "2a03:2480::9");
	struct pinhole v6 = hole("2001:db8::5", "2a03:2480::9");

	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 60), -ENOENT);
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_int_equal(kernel_pinhole(bench->kernel, &mixed, 60), -EINVAL);
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 0), -EINVAL);
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, PINHOLE_LONGEST + 1), -EINVAL);
	assert_int_equal(kernel_pinhole(bench->kernel, &v6, PINHOLE_LONGEST), 0);
	assert_true(has_pinhole("pinhole6", "2001:db8::5 . 2a03:2480::9 . tcp . 443"));
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 1), 0);
	assert_true(has_pinhole("pinhole4", v4));
	assert_false(has_pinhole("pinhole4", "10.0.0.6 . 77.74.176.9 . tcp . 443"));
	assert_false(has_pinhole("pinhole4", "10.0.0.5 . 77.74.176.9 . udp . 443"));
	/* Extended, and not shortened. */
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 3), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 1), 0);
	usleep(1500 * 1000);
	assert_true(has_pinhole("pinhole4", v4));
	usleep(2000 * 1000);
	assert_false(has_pinhole("pinhole4", v4));
}

static void test_pinhole_mac(void **state)
{
	struct bench *bench = *state;
	struct pinhole v4 = hole("10.0.0.5", "77.74.176.9"), v6 = hole("10.0.0.5", "2a03:2480::9");

	v4.kind = v6.kind = PINHOLE_MAC;
	memcpy(v4.mac, "\2\0\0\xab\xcd\xef", sizeof(v4.mac));
	memcpy(v6.mac, v4.mac, sizeof(v6.mac));
	assert_int_equal(kernel_pinhole(bench->kernel, &v4, 60), -ENOENT);
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_int_equal(kernel_pinhole(bench->kernel, &v4, 60), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &v4, 120), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &v6, 60), 0);
	assert_true(has_pinhole("pinhole_mac4", "02:00:00:ab:cd:ef . 77.74.176.9 . tcp . 443"));
	assert_true(has_pinhole("pinhole_mac6", "02:00:00:ab:cd:ef . 2a03:2480::9 . tcp . 443"));
	assert_false(has_pinhole("pinhole_mac6", "02:00:00:ab:cd:ee . 2a03:2480::9 . tcp . 443"));
	apply(bench, fixture_build(&bench->fixture, RULESET_DISARMED));
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_true(has_pinhole("pinhole_mac4", "02:00:00:ab:cd:ef . 77.74.176.9 . tcp . 443"));
}

struct judged {
	unsigned int seen;
	unsigned int nameless;
};

/* Keeps what leads to IPv6. */
static bool keep_v6(const struct pinhole *pinhole, void *context)
{
	struct judged *judged = context;
	struct name name;

	judged->seen++;
	assert_int_equal(pinhole->port.first, 443);
	assert_int_equal(pinhole->port.protocol, IPPROTO_TCP);
	if (pinhole->name.length == 0) {
		judged->nameless++;
		return false;
	}
	assert_int_equal(name_parse(&name, "exempt.example", 14, NULL), 0);
	assert_memory_equal(name.wire, pinhole->name.wire, name.length);
	return !addr_is_v4(&pinhole->address);
}

/* The reason for a pinhole was known to the memory of a process alone. */
static void test_pinholes_are_judged_by_what_the_kernel_holds(void **state)
{
	struct bench *bench = *state;
	struct pinhole v4 = hole("10.0.0.5", "77.74.176.9"), mac = v4, any = v4;
	struct pinhole v6 = hole("2001:db8::5", "2a03:2480::9");
	struct judged judged = { 0 };

	mac.kind = PINHOLE_MAC;
	any.kind = PINHOLE_ANY;
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_int_equal(kernel_pinhole(bench->kernel, &v4, 60), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &mac, 60), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &any, 60), 0);
	assert_int_equal(kernel_pinhole(bench->kernel, &v6, 60), 0);
	assert_int_equal(run("nft add element inet cordon pinhole_any4 "
			     "'{ 77.74.176.8 . tcp . 443 timeout 60s }'"), 0);
	/* By another process than the one that opened them. */
	kernel_close(bench->kernel);
	assert_int_equal(kernel_open(&bench->kernel), 0);
	assert_int_equal(kernel_pinholes_judge(bench->kernel, keep_v6, &judged), 0);
	assert_int_equal(judged.seen, 5);
	assert_int_equal(judged.nameless, 1);
	assert_false(has_pinhole("pinhole4", "10.0.0.5 . 77.74.176.9 . tcp . 443"));
	assert_false(has_pinhole("pinhole_any4", "77.74.176.9 . tcp . 443"));
	assert_false(has_pinhole("pinhole_any4", "77.74.176.8 . tcp . 443"));
	assert_true(has_pinhole("pinhole6", "2001:db8::5 . 2a03:2480::9 . tcp . 443"));
}

/* An apply leaves open pinholes and counted packets alone. */
static void test_survivors(void **state)
{
	struct bench *bench = *state;
	struct pinhole pinhole = hole("10.0.0.5", "77.74.176.9");
	struct kernel_counter counter[KERNEL_COUNTERS];
	int count;

	assert_int_equal(kernel_counters(bench->kernel, counter), -ENOENT);
	assert_int_equal(run("nft 'add table inet cordon; "
			     "add counter inet cordon block_update { packets 7 bytes 700 }'"), 0);
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_int_equal(kernel_pinhole(bench->kernel, &pinhole, 60), 0);
	assert_false(apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE)));
	apply(bench, fixture_build(&bench->fixture, RULESET_DISARMED));
	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	assert_true(has_pinhole("pinhole4", "10.0.0.5 . 77.74.176.9 . tcp . 443"));
	count = kernel_counters(bench->kernel, counter);
	assert_true(count > 20 && count <= KERNEL_COUNTERS);
	for (int i = 1; i < count; i++)
		assert_true(strcmp(counter[i - 1].name, counter[i].name) < 0);
	for (int i = 0; i < count; i++) {
		if (strcmp(counter[i].name, "block_update") == 0) {
			assert_int_equal(counter[i].packets, 7);
			assert_int_equal(counter[i].bytes, 700);
			return;
		}
	}
	fail_msg("no counter block_update");
}

static void test_pinholes_full(void **state)
{
	struct bench *bench = *state;
	struct pinhole pinhole = hole("10.0.0.5", "77.74.176.9");
	int error = 0;

	apply(bench, fixture_build(&bench->fixture, RULESET_ENFORCE));
	for (uint32_t i = 0; i <= RULESET_PINHOLES && !error; i++) {
		pinhole.address = addr_v4(0x4d4ab000 + i);
		error = kernel_pinhole(bench->kernel, &pinhole, PINHOLE_LONGEST);
		if (error)
			assert_int_equal(i, RULESET_PINHOLES);
	}
	assert_int_equal(error, -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idempotent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repairs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repairs_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repairs_routes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restores_in_part, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain_table_stays_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owned_by_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flushed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listed_like_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_managed_listed_like_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_managed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pinhole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pinhole_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pinholes_are_judged_by_what_the_kernel_holds,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_survivors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pinholes_full, setup, teardown),
	};

	if (geteuid() != 0) {
		print_message("skipped: network namespaces and nftables need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
