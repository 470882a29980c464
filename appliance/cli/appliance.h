/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/cli/command.h"
#include "appliance/settings/network.h"
#include "appliance/system/lease.h"
#include "appliance/system/wiring.h"

/* What the commands of an appliance share (system/paths.h). */
enum { APPLIANCE_PATH = 512 };

/* A path of system/paths.h, below the folder that a test named; returns buffer. */
char *appliance_path(char buffer[APPLIANCE_PATH], const char *path);

/* A small file; NULL when it is not there or larger than limit. malloc'ed, NUL-terminated. */
char *appliance_read(const char *path, size_t limit, size_t *size);
/* A file of the kernel (/proc, /sys), which does not tell its size: as much as buffer takes,
 * NUL-terminated; false when it is not there. */
bool appliance_peek(const char *path, char *buffer, size_t size);
/* 0 or an exit code, after a word on stderr. */
int appliance_write(const char *path, const char *text, size_t size, mode_t mode);
bool appliance_has(const char *path);
/* Is what is written to PATH_DATA there after a restart? Not where no disk could be mounted. */
bool appliance_keeps(void);
/* Waits until nobody else holds this lock; until what it returns is closed, nobody else does. -1: none can be
 * made there, and what it is for is done without. */
int appliance_lock(const char *path);
void appliance_unlock(int lock);
/* A file of the kernel that holds "1". */
bool appliance_is_on(const char *path);
/* A line to the kernel's log; nothing when there is none. */
void appliance_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lines to whoever sits at the console, from a program whose output goes elsewhere. */
void appliance_say(const char *text);

bool appliance_has_interface(const char *interface);
enum { APPLIANCE_CARD = 48 };
/* "02:00:5e:00:53:01, cable in", "not there": by which a person finds the socket of an interface. */
const char *appliance_card(const char *interface, char text[APPLIANCE_CARD]);

/* The EFI partition, which is mounted read-only, while something is written there: one process at a time, and the
 * next one waits. May be nested. -errno: it cannot be written, and there is nothing to end. Below a test's folder
 * nothing is mounted. */
int appliance_boot_begin(void);
void appliance_boot_end(void);

/* network.conf among the settings, or what an empty one says. 0 or an exit code, errors on stderr. */
int appliance_network(struct network *network);
/* The same, and its text, malloc'ed; NULL after a failure. */
int appliance_network_text(struct network *network, char **text);
/* The last lease of a family; false: there is none. */
bool appliance_lease(struct lease *lease, bool v6, bool kept);
/* When the clients of DHCP were last told to begin anew: uptime in ms; 0: they were not. */
int64_t appliance_lease_asked(void);
void appliance_facts(struct wiring_facts *facts);

/* What this box adds to settings when cordond gets them: leases, and which files there are. */
struct appliance_found {
	struct lease lease[2];		/* v4, v6 */
	const char *trust_root, *mirror_ca, *watchdog;	/* NULL: there is no such file */
	char root[APPLIANCE_PATH], ca[APPLIANCE_PATH], dog[APPLIANCE_PATH];
	struct text digests;		/* of those files, as comments; the caller's */
};
/* root.json and mirror-ca.pem of a folder. found stays where it is: it points into itself. */
void appliance_find(struct appliance_found *found, const char *folder);
/* Settings as cordond gets them, from a cordon.conf (NULL: none) and network; checked, over bytes alone.
 * -errno, errors in diag. */
int appliance_compose_found(const struct appliance_found *found, const struct network *network,
			    const char *conf, size_t length, struct text *out, struct diag *diag)
	__attribute__((warn_unused_result));
/* Writes those of the settings in force to PATH_CONFIG; *changed: they are others than before. 0; EXIT_NO: they
 * are wrong; EXIT_BUSY: they may be right and cannot be written, or there is no memory. */
int appliance_compose(bool *changed);
/* The time that cordond goes by (signed/freshness.h), from the text of STATE/updates; NULL: there is none. */
int64_t appliance_now(const char *text, size_t size);
/* Waits until a cordond other than the one of this pid (0: any) has its policy in force. */
bool appliance_await(const struct cli *cli, int old, int64_t wait_ms);
/* Ends cordond, which init starts again with the new settings; waits until its policy is in force. */
int appliance_restart(const struct cli *cli);
/* Everything that follows from changed settings: composed, restarted, links, forwarding. */
int appliance_activate(const struct cli *cli);

/* ---- network_run.c ---- */

/* Every step but services; those of a link end at its first failure, the others go on. 0, or how many
 * failed, after a line on stderr each. */
unsigned int run_wiring(const struct wiring *wiring);
/* A program with an environment of nothing but PATH, service (CORDON_SERVICE) and the test's folder; a service
 * gets SIGTERM when this process ends, however it does.
 * quiet: its output goes nowhere; else, for a service, to the kernel's log. A pid or -errno. */
int run_start(const char *const argv[], const char *service, bool quiet);
/* In a child: is this program from now on. Returns when it cannot, with errno. */
void run_become(const char *const argv[], const char *service);
/* Its exit status, or 128 + signal. */
int run_wait(int pid);
/* Asks the supervisor of the services to look at the settings again. */
void run_reload_services(void);
/* Asks it to begin DHCP anew in both families; false: it does not run. */
bool run_renew_leases(void);

int network_services(const struct cli *cli);

/* ---- network_renew.c ---- */

/* Carrier of the WAN: whether its cable came back, which may lead to another network now. */
struct carrier {
	char interface[IFNAMSIZ];
	char changes[24];	/* how often the kernel saw it come or go, as text */
	bool moved;		/* and that is not answered yet */
	int64_t answered;	/* uptime in ms */
};
/* A descriptor that can be read whenever some link changes, or -1; drained by carrier_look. */
int carrier_open(void);
/* true: DHCP is to be begun anew now. One that comes and goes all the time gets that every ten
 * seconds. */
bool carrier_look(struct carrier *carrier, int fd, const char *interface, int64_t now);
/* Whether the interface has a cable in: 1, 0, or -1 when it is down or not there. */
int carrier_state(const char *interface);

/* Before the clients of DHCP begin anew: notes that they do, from which on what the box has is kept
 * until somebody else is heard (lease_judge), and lets router advertisements of the WAN begin anew.
 * false: network.conf does not read. */
bool renew_begin(void);
/* `cordon network renew`: an exit code. */
int network_renew(bool json);
