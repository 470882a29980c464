/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A policy and settings with one of everything, for the tests of this folder. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/nft/outside.h"
#include "rules/nft/ruleset.h"
#include "rules/policy/compile.h"

static const char fixture_list[] =
	"list: sample\n"
	"version: 1\n"
	"[network]\n"
	"77.74.176.0/21 category=infrastructure confidence=high\n"
	"77.74.178.0/24 category=web confidence=high\n"
	"77.74.180.16 category=update confidence=high\n"
	"77.74.180.17 category=exempt\n"
	"62.67.238.0/24 category=infrastructure confidence=low\n"
	"2a03:2480::/32 category=infrastructure confidence=high\n"
	"2a03:2480:a::/48 category=removal confidence=high\n"
	"[bypass]\n"
	"8.8.8.8\n"
	"62.67.238.9\n"
	"2001:4860:4860::8888\n"
	"tcp/853\n"
	"udp/853\n"
	"[relay]\n"
	"tcp/13000-13001\n"
	"udp/15000\n"
	"tcp/65000-65535\n";

struct fixture {
	struct arena arena;
	struct settings settings;
	struct policy policy;
	void *block;
	size_t size;
	struct ruleset *ruleset;
	struct ruleset_outside outside;
};

static inline struct addr fixture_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, strlen(text)), 0);
	return addr;
}

static inline struct endpoint fixture_endpoint(const char *text, uint16_t port)
{
	return (struct endpoint){ .addr = fixture_addr(text), .port = port };
}

static inline struct prefix fixture_prefix(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(&prefix, text, strlen(text)), 0);
	return prefix;
}

static inline void fixture_policy(struct fixture *fixture, const char *text)
{
	static const char *const nat64[] = { "2001:db8:64::/96", "2001:db8:65::/64",
					     "2001:d00::/32", "2001:db8:66::/56" };
	static struct diag diag;
	struct policy_options options;
	struct rule_list list;

	diag_init(&diag);
	policy_options_init(&options);
	for (size_t i = 0; i < sizeof(nat64) / sizeof(*nat64); i++) {
		struct prefix prefix = fixture_prefix(nat64[i]);

		assert_int_equal(embed_nat64(&options.nat64[i], &prefix), 0);
	}
	options.nat64s = sizeof(nat64) / sizeof(*nat64);
	free(fixture->block);
	if (rule_list_parse(&list, &fixture->arena, "sample", text, strlen(text), &diag) ||
	    policy_compile(&list, 1, &options, &fixture->block, &fixture->size, &diag)) {
		struct text out = TEXT_EMPTY;

		diag_print(&diag, &out);
		fail_msg("%s", out.data);
	}
	assert_int_equal(policy_open(&fixture->policy, fixture->block, fixture->size), 0);
}

static inline void fixture_settings(struct settings *settings)
{
	settings_init(settings);
	strcpy(settings->lan[0], "lan0");
	strcpy(settings->lan[1], "lan1");
	settings->lans = 2;
	settings->internal_dns[0] = fixture_addr("192.0.2.10");
	settings->internal_dns[1] = fixture_addr("2001:db8:1::10");
	settings->internal_dns_count = 2;
	settings->sanctioned[0] = (struct sanctioned_resolver){
		.source = { fixture_prefix("10.20.0.0/16"), fixture_prefix("10.30.5.5"),
			    fixture_prefix("2001:db8:20::/48") },
		.sources = 3,
		.resolver = fixture_endpoint("198.51.100.53", 53),
	};
	settings->sanctioned[1] = (struct sanctioned_resolver){
		.source = { fixture_prefix("::/0") },
		.sources = 1,
		.resolver = fixture_endpoint("2001:db8:2::53", 853),
	};
	settings->sanctioned_count = 2;
	settings->listen[0] = fixture_endpoint("127.0.0.1", 5300);
	settings->listen[1] = fixture_endpoint("::1", 5300);
	settings->listens = 2;
	settings->upstream[0] = fixture_endpoint("203.0.113.53", 53);
	settings->upstream[1] = fixture_endpoint("2001:db8:3::53", 5353);
	settings->upstreams = 2;
	settings->zone[0].server[0] = fixture_endpoint("192.0.2.10", 53);
	settings->zone[0].server[1] = fixture_endpoint("192.0.2.11", 54);
	settings->zone[0].servers = 2;
	settings->zones = 1;
	strcpy(settings->trust_root, "/etc/cordon/root.json");
	settings->mirror[0] = (struct url){ .host = "mirror.example", .port = 443 };
	settings->mirror[1] = (struct url){ .host = "192.0.2.80", .port = 80 };
	settings->mirror[2] = (struct url){ .host = "other.example", .port = 443 };
	settings->mirrors = 3;
	settings->collector = (struct url){ .host = "collector.example", .port = 8443 };
	settings->uid_base = 7000;
	settings->nflog_group = 5;
}

/* As on the image: clients leave with the gateway's address, what is no lan forwards nothing; mgmt0
 * and lan1 manage it. */
static inline void fixture_managed(struct settings *settings)
{
	settings->masquerade = settings->drop_others = true;
	strcpy(settings->management[0], "mgmt0");
	strcpy(settings->management[1], "lan1");
	settings->managements = 2;
}

static inline void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){ .block = NULL };
	arena_init(&fixture->arena, 256 * 1024 * 1024);
	fixture_settings(&fixture->settings);
	strcpy(fixture->outside.name[0], "wan0");
	fixture->outside.count = 1;
	fixture_policy(fixture, fixture_list);
}

static inline void fixture_release(struct fixture *fixture)
{
	arena_release(&fixture->arena);
	free(fixture->block);
}

static inline struct ruleset *fixture_build(struct fixture *fixture, enum ruleset_mode mode)
{
	struct ruleset *ruleset = ruleset_build(&fixture->arena, &fixture->settings,
						&fixture->policy, mode, &fixture->outside);

	assert_non_null(ruleset);
	return ruleset;
}
