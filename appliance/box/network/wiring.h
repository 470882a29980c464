/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/settings/network.h"

/*
 * What network.conf means on the machine, as data: programs to run, files to write, services to
 * keep running, in their order. Nothing is looked up or done here; cli/network_run.c does it.
 */
enum {
	WIRING_WORDS = 32,
	WIRING_STEPS = 1024,
	WIRING_BUDGET = 4 << 20,
	WIRING_DNS = 4,
	WIRING_STALES = 4
};

/* What of a prefix is announced at most, in seconds (RFC 9096, 4: ND_PREFERRED_LIMIT,
 * ND_VALID_LIMIT). */
enum { WIRING_PREFERRED_MOST = 2700, WIRING_VALID_MOST = 5400 };

#define WIRING_BUSYBOX "/usr/bin/busybox"
#define WIRING_LEASE "/usr/libexec/lease"		/* what udhcpc and udhcpc6 call */
#define WIRING_RADVD "/usr/sbin/radvd"
#define WIRING_DROPBEAR "/usr/sbin/dropbear"
/* The home of the user "reader" leads there, as it may not look into the settings. */
#define WIRING_READER_KEYS "/run/reader_keys"
#define WIRING_DROPBEARKEY "/usr/bin/dropbearkey"

enum step_kind {
	STEP_RUN,	/* argv, to its end */
	STEP_WRITE,	/* text into the file path, which the kernel has */
	STEP_FILE,	/* path gets the content text */
	/* argv, kept running; path (when not NULL) is its configuration, text the content */
	STEP_SERVICE
};

struct step {
	enum step_kind kind;
	/* interface that fails with it; "": none. Of a service: its name */
	const char *link;
	const char *argv[WIRING_WORDS];	/* ended by NULL */
	const char *path, *text;
	const char *unless;		/* not when this path exists; NULL: always */
	bool rereads;			/* STEP_SERVICE: takes a new configuration by SIGHUP */
	/* may fail silently: not every kernel has it, or it is gone */
	bool optional;
};

struct wiring {
	struct arena arena;
	struct step *step;
	size_t steps;
	bool failed;	/* no memory, or more steps than WIRING_STEPS */
};

/* What a plan depends on beside the settings. */
struct wiring_facts {
	uint64_t memory_kb;
	struct prefix delegated;	/* from DHCPv6 */
	bool has_delegated;
	uint32_t preferred, valid;	/* seconds for which it may be announced */
	bool counts_down; /* and those end with the delegation: each is less than the one before */
	struct wiring_stale { /* no longer delegated, and clients may have it for so many seconds */
		struct prefix prefix;
		uint32_t valid;
	} stale[WIRING_STALES];
	size_t stales;
	uint32_t again; /* seconds until prefixes are to be announced in another way */
	bool has_keys;			/* there are keys for ssh, of root or of readers */
	const char *reader_keys;	/* of readers; static memory, NULL: none */
	bool has_radvd, has_dropbear;	/* programs that an image may be without */
};

/* No steps; wiring_release gives back what is added. */
void wiring_init(struct wiring *wiring);
void wiring_release(struct wiring *wiring);

/* Before any link but lo: nothing forwarded, nothing believed that the network says by itself;
 * sizes of the kernel's tables by memory. */
void wiring_sysctls(struct wiring *wiring, const struct wiring_facts *facts);
/* Takes away what old had and new has not. */
void wiring_leave(struct wiring *wiring, const struct network *old, const struct network *new);
/* Links, addresses, routes; harmless when they are there already. */
void wiring_links(struct wiring *wiring, const struct network *network,
		  const struct wiring_facts *facts);
/* Takes all of it down. */
void wiring_down(struct wiring *wiring, const struct network *network);
/* Last: forwarding, or its end. */
void wiring_forward(struct wiring *wiring, const struct network *network);
/* The WAN's cable may lead to another network: what router advertisements of the old one said is
 * forgotten, and the new one is asked. */
void wiring_moved(struct wiring *wiring, const struct network *network);
/* Addresses of the LANs from the delegated prefix, or (gone) their end. */
void wiring_delegate(struct wiring *wiring, const struct network *network,
		     const struct prefix *delegated, bool gone);
/* Steps that services need first, and the services. */
void wiring_services(struct wiring *wiring, const struct network *network,
		   const struct wiring_facts *facts);

/* The LAN's address in a delegated prefix: the n-th /64, host 1. false: it has not that many. */
bool wiring_delegated(struct network_address *address, const struct prefix *delegated,
		    const struct network *network, const struct network_link *lan);

/* ---- for those who make steps ---- */

/* A step that is zeroed but for its kind and link (copied). Never NULL: after a failure it is a
 * step that nobody sees. */
struct step *wiring_step(struct wiring *wiring, enum step_kind kind, const char *link);
/* Words of argv, one a blank; copied. */
void wiring_words(struct wiring *wiring, struct step *step, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *wiring_text(struct wiring *wiring, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* STEP_RUN of "busybox ip ...". */
struct step *wiring_ip(struct wiring *wiring, const char *link, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* STEP_WRITE of /proc/sys/PATH. */
void wiring_sysctl(struct wiring *wiring, const char *link, const char *path, const char *value);
/* "192.0.2.1/24" */
char *wiring_address(const struct network_address *address, char text[PREFIX_TEXT]);
