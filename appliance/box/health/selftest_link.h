/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "appliance/box/health/probe.h"

/*
 * The two ends of the self-test: selftest0 is a client's link (rules/nft counts it among the LANs),
 * selftest1 leads to a host of the test beyond the gateway. TUN devices: they, their addresses and
 * their routes go with the process, however it ends.
 */
struct selftest_link {
	int client, far;	/* descriptors */
	bool v6;		/* this machine speaks IPv6 */
};

/* 198.18.0.0/15 is for tests of devices (RFC 2544); fd00::/8 is private (RFC 4193). */
#define SELFTEST_CLIENT4 "198.18.0.2"
#define SELFTEST_GATEWAY4 "198.18.0.1"
#define SELFTEST_FAR4 "198.18.0.6"
#define SELFTEST_CLIENT6 "fdc0:7d01::2"
#define SELFTEST_FAR6 "fdc0:7d02::2"

/* 0, or -errno with *what saying what failed. */
int selftest_link_open(struct selftest_link *link, const char **what)
	__attribute__((warn_unused_result));
void selftest_link_close(struct selftest_link *link);

/* Packets for this address leave by selftest1 and so never reach a network. */
int selftest_link_route(const struct addr *addr)
	__attribute__((warn_unused_result));

/* Sends as the client and waits: the first answer, refusal or arrival, or PROBE_OTHER after
 * wait_ms. */
void selftest_link_ask(const struct selftest_link *link, const struct probe *probe, uint16_t id,
		       const uint8_t *packet, size_t size, int wait_ms, struct probe_reply *reply);
