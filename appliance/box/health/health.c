/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "appliance/box/network/lease.h"
#include "appliance/box/network/renew.h"

enum { DETAIL = 320 };	/* characters of it */

struct report {
	struct text *out;
	enum health_level wanted;	/* of this pass */
	enum health_level level;	/* of the worst, which comes first */
	size_t lines;
	size_t said;
	size_t left_out;
};

static void say(struct report *report, enum health_level level, const char *what,
		const char *detail, const char *remedy)
{
	char text[DETAIL];

	if (level != report->wanted)
		return;
	if (report->said == report->lines) {
		report->left_out++;
		return;
	}
	if (report->said == 0)
		report->level = level;
	text_puts(report->out, report->said ? "and "
				 : level == HEALTH_BAD ? "NOT HEALTHY: " : "healthy, but ");
	text_puts(report->out, what);
	/* What may be a whole report has its reason in the first line. */
	if (detail) {
		text_fit(text, sizeof(text), detail, strcspn(detail, "\n"));
		text_printf(report->out, " (%s)", text);
	}
	text_printf(report->out, "; %s\n", remedy);
	report->said++;
}

/* The same with figures in it. */
static void say_of(struct report *report, enum health_level level, const char *detail,
		   const char *remedy, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void say_of(struct report *report, enum health_level level, const char *detail,
		   const char *remedy, const char *format, ...)
{
	char what[DETAIL];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	say(report, level, what, detail, remedy);
}

static bool is(const char *word, const char *wanted)
{
	return word && strcmp(word, wanted) == 0;
}

/* What is told apart here asks different things of the reader: patience, memory, or a
 * report. */
static void judge_role(const struct health *health, const struct health_role *role,
		       struct report *report)
{
	long long seconds = (long long)role->seconds;

	if (is(role->state, "busy") && role->progress >= 0 && seconds >= HEALTH_BUSY_S)
		say_of(report, HEALTH_NOTICE, NULL,
		       "what is in force stays in force meanwhile; wait",
		       "the %s role has been busy with a policy for %lld s, %d %% of it are done",
		       role->name, seconds, role->progress);
	else if (is(role->state, "busy") && seconds >= HEALTH_BUSY_S)
		say_of(report, HEALTH_NOTICE, NULL,
		       "what is in force stays in force meanwhile; wait",
		       "the %s role has been busy with a policy for %lld s", role->name, seconds);
	if (is(role->state, "silent"))
		say_of(report, HEALTH_BAD, NULL,
		       "it is ended and started again by itself within 15 s; if that "
		       "repeats, report it with cordond's messages",
		       "the %s role has not answered for %lld s", role->name, seconds);
	if (is(role->state, "starting") && seconds >= HEALTH_BUSY_S)
		say_of(report, HEALTH_BAD, role->why,
		       "wait a minute; if it stays so, read cordond's messages",
		       "the %s role has been starting for %lld s", role->name, seconds);
	if (is(role->state, "waiting"))
		say_of(report, HEALTH_BAD, health->trouble ? health->trouble : role->why,
		       "it starts by itself when that is there",
		       "the %s role waits for what it needs", role->name);
	if (role->for_memory)
		say_of(report, HEALTH_BAD, NULL,
		       "this machine has too little of it for these rule lists and what "
		       "else runs: end other programs, add memory, or use fewer lists",
		       "the kernel ended the %s role for want of memory, %lld times of late",
		       role->name, (long long)role->for_memory);
	else if (is(role->state, "restarting"))
		say_of(report, HEALTH_BAD, role->why,
		       "it is started again by itself; if it stays so, mend what "
		       "it names, or report it with cordond's messages",
		       "the %s role does not stay up, it ended %lld times of late", role->name,
		       (long long)role->deaths);
	else if (role->deaths > 2)
		say_of(report, HEALTH_NOTICE, role->why,
		       "it runs again; report it with cordond's messages",
		       "the %s role ended %lld times of late", role->name, (long long)role->deaths);
}

static void judge_policy(const struct health *health, struct report *report)
{
	const char *again =
		health->box ?
			"restart the box; if that does not help, take back the last change of "
			"settings" :
			"mend what it names, then restart cordond; cordond --check says more";

	if (!health->answers) {
		say(report, HEALTH_BAD, "cordond does not answer", NULL,
		    health->box ?
			    "the kernel goes on with "
			    "the rules it has; wait a minute, then restart the box; if that does "
			    "not help, a factory "
			    "reset (f on the console)" :
			    "the kernel goes on with the rules it has; is cordond running, "
			    "and are you root?");
		return;
	}
	if (!health->in_force && health->closed)
		say(report, HEALTH_BAD,
		    "no policy is in force, and the vendor is closed off by what the kernel "
		    "holds",
		    health->refused, again);
	else if (!health->in_force)
		say(report, HEALTH_BAD, "the policy is not in force", health->refused, again);
	for (size_t i = 0; i < health->roles; i++)
		judge_role(health, &health->role[i], report);
	if (health->trouble)
		say(report, HEALTH_BAD, "cordond cannot open all that it needs", health->trouble,
		    "it tries again by itself; what is blocked stays blocked");
	if (health->tampered_for_good)
		say(report, HEALTH_BAD, "others changed the rules, and that could not be undone",
		    NULL, "read cordond's messages, and end the program that does it");
	else if (health->tampered)
		say_of(report, HEALTH_NOTICE, NULL, "cordon status --seen when you know who it was",
		       "others changed the rules %lld times, which was undone",
		       (long long)health->tampered);
	if (health->selftest_failed)
		say(report, HEALTH_BAD, "the self-test failed", NULL, "cordon selftest (t on the "
		    "console) says what gets through");
	if (health->boot_wrong)
		say(report, HEALTH_BAD, "this start did not go as it has to", NULL,
		    "cordon status --boot shows it; report it");
	if (is(health->mode, "monitor") || is(health->mode, "disarmed"))
		say(report, HEALTH_BAD,
		    is(health->mode, "monitor") ? "nothing is blocked, only watched" :
						  "nothing is blocked",
		    health->mode_until, "until then, or until cordon mode enforce");
}

static void judge_release(const struct health *health, struct report *report)
{
	if (!health->answers)
		return;
	if (is(health->freshness, "stale") || is(health->freshness, "refused"))
		say(report, HEALTH_BAD, "the rule lists are old", health->freshness,
		    "cordon update status "
		    "says why; does this box reach its mirror?");
	else if (is(health->freshness, "ahead"))
		say(report, HEALTH_BAD, "the newest timestamp is of a time that has not come", NULL,
		    "cordon update status says whose it is; is the clock of this box right?");
	else if (health->update_refusal)
		say(report, HEALTH_NOTICE, "an offered release was refused", health->update_refusal,
		    "tell the publisher of the lists");
	else if (!health->update_on && health->update_why)
		say(report, HEALTH_BAD, "signed updates are set up, and off", health->update_why,
		    "mend what it names");
	else if (!health->update_on && health->box)
		say(report, HEALTH_NOTICE, "no signed updates come", NULL,
		    "set up a trust root and a mirror");
	if (health->refused && health->in_force)
		say(report, HEALTH_NOTICE, "the last change was refused", health->refused,
		    "the policy of before is in force");
}

static void judge_box(const struct health *health, struct report *report)
{
	if (health->unsupported)
		say(report, HEALTH_BAD, "this image is supported no longer", NULL,
		    "install a newer one: cordon image install");
	if (health->image_failed && health->image_failed[0])
		say(report, HEALTH_NOTICE,
		    "three starts of the other image did not come to their end",
		    health->image_failed,
		    "power cuts, or a fault in it; cordon image rollback tries it again");
	if (health->image_refused)
		say(report, HEALTH_NOTICE, "an image was not installed", health->image_refused,
		    "this one runs on; install another file");
	if (health->answers && health->has_watchdog && !health->watchdog_fed)
		say(report, HEALTH_BAD, "the watchdog is not fed", health->watchdog_why,
		    "this box may not restart by itself when it hangs");
	if (health->answers && !health->clock_set)
		say(report, HEALTH_NOTICE, "the clock is not set", NULL,
		    "it blocks all the same; does this "
		    "box reach its time server?");
	if (health->image_on_trial)
		say(report, HEALTH_NOTICE, "this image is on trial", NULL,
		    "it stays when the self-test is "
		    "good, else the one before comes back");
}

/* Full to so many percent: before it bites, and when it does. */
static void judge_room(const struct health_disk *disk, int used, const char *of,
		       struct report *report)
{
	if (used >= 100)
		say_of(report, HEALTH_BAD, disk->holds,
		       "settings, updates and the newest rules cannot be kept, and "
		       "old events make room for new ones: free some of it now",
		       "the disk is full: no %s are left", of);
	else if (used >= HEALTH_FULL)
		say_of(report, HEALTH_BAD, disk->holds,
		       "free some of them before nothing can be kept: df and du "
		       "say who uses them",
		       "the disk is full soon: %d %% of its %s are used", used, of);
	else if (used >= HEALTH_FULL_SOON)
		say_of(report, HEALTH_NOTICE, disk->holds, "look for what grows there: df and du",
		       "%d %% of the disk's %s are used", used, of);
}

static void judge_disk(const struct health_disk *disk, bool box, struct report *report)
{
	if (!disk->answers)
		say(report, HEALTH_BAD, "the disk does not answer", disk->holds,
		    "it may be dying: keep a copy of "
		    "the settings (cordon settings export), and replace it");
	if (disk->error)
		say(report, HEALTH_BAD, "the disk fails", disk->error,
		    "what was written may be lost: keep a copy "
		    "of the settings, look into the kernel's messages (dmesg), and replace it");
	if (disk->read_only)
		say(report, HEALTH_BAD, "the disk is read-only", disk->holds,
		    box ? "nothing is kept: restart the "
			  "box, which repairs it; if it comes back, replace the disk" :
			  "nothing is kept: see dmesg for "
			  "why, repair it with fsck, and mount it for writing");
	else {
		judge_room(disk, disk->used, "bytes", report);
		judge_room(disk, disk->inodes, "inodes", report);
	}
}

static void judge_log(const struct health *health, struct report *report)
{
	if (!health->answers)
		return;
	for (size_t i = 0; i < health->disks; i++)
		judge_disk(&health->disk[i], health->box, report);
	if (health->log_error)
		say(report, HEALTH_BAD, "the log cannot be written", health->log_error,
		    "what is blocked is "
		    "blocked, and new events are lost: free room on the disk, or repair it");
	if (health->seal_error)
		say(report, HEALTH_NOTICE, "no checkpoint of the log is signed", health->seal_error,
		    "what is stored since the last one has no proof: see the log of cordond");
	if (health->log_freed)
		say_of(report, HEALTH_NOTICE, NULL,
		       "give the log more room, or shorten [log] retention; cordon status --seen "
		       "when you know",
		       "old events went before their retention was over, %lld KB of them",
		       (long long)(health->log_freed + 1023) / 1024);
	if (health->log_days && health->log_retention > health->log_days)
		say_of(report, HEALTH_NOTICE, NULL,
		       "give the log more room, or shorten [log] retention: then the oldest days "
		       "become coarser, and go in the end",
		       "the log has room for %lld days at its rate so far, and is to keep %lld",
		       (long long)health->log_days, (long long)health->log_retention);
	if (health->lost_disk)
		say_of(report, HEALTH_NOTICE, NULL,
		       "look after the disk; cordon status --seen when you know",
		       "the log lacks %lld events that the disk did not take",
		       (long long)health->lost_disk);
	if (health->lost_kernel)
		say_of(report, HEALTH_NOTICE, NULL,
		       "they were blocked all the same; cordon log shows which host "
		       "floods; cordon status --seen when you know",
		       "the log lacks %lld packets that came faster than it may grow",
		       (long long)health->lost_kernel);
	if (health->lost_rings)
		say_of(report, HEALTH_NOTICE, NULL,
		       "they were answered all the same; this machine is short of "
		       "processor time, or the journal role was down; cordon status --seen when "
		       "you know",
		       "the log lacks %lld DNS events that the journal did not fetch in time",
		       (long long)health->lost_rings);
	if (health->lost_journal)
		say_of(report, HEALTH_NOTICE, NULL,
		       "more kinds of events came than it counts at a time: look for a "
		       "host that floods; cordon status --seen when you know",
		       "the log lacks %lld events that the journal had no room for",
		       (long long)health->lost_journal);
	if (health->messages_lost)
		say_of(report, HEALTH_NOTICE, NULL,
		       "is its terminal stopped (^S)? cordon status --seen when you "
		       "know",
		       "%lld messages of cordond went nowhere", (long long)health->messages_lost);
}

static bool some_carrier(const struct health *health, bool wan)
{
	for (size_t i = 0; i < health->links; i++) {
		if (health->link[i].wan == wan && health->link[i].carrier)
			return true;
	}
	return false;
}

/* One of several WANs may be down; a port of a LAN is, where nobody plugged anything in. */
static void judge_link(const struct health *health, const struct health_link *link,
		       struct report *report)
{
	const char *kind = link->wan ? "WAN" : "LAN";
	bool others = some_carrier(health, link->wan);

	if (!link->exists && health->link_missing)
		return;	/* said by its name in network.conf */
	if (!link->exists)
		say_of(report, HEALTH_BAD, NULL, "plug it in, or name another one in the settings",
		       "the %s interface %s is not there", kind, link->name);
	else if (!link->carrier && (link->wan || !others))
		say_of(report, link->wan && !others ? HEALTH_BAD : HEALTH_NOTICE, NULL,
		       "plug its cable in, and look at what is at the other end",
		       "the %s interface %s has no carrier", kind, link->name);
}

static void judge_links(const struct health *health, struct report *report)
{
	for (size_t i = 0; i < health->links; i++)
		judge_link(health, &health->link[i], report);
	if (health->routes_known && !health->wan_waits && !health->default_v4 &&
	    !health->default_v6)
		say(report, HEALTH_NOTICE, "there is no default route", NULL,
		    "nothing beyond its own networks can "
		    "be reached: is the WAN up, and did its provider give a gateway?");
	if (health->link_missing)
		say(report, HEALTH_BAD, "an interface of network.conf is not there",
		    health->link_missing,
		    "plug it in, or name another one: it is used as soon as it comes");
	if (health->lease_refused)
		say(report, HEALTH_BAD, "the WAN does not use what DHCP gave it",
		    health->lease_refused, "mend network.conf");
	else if (health->wan_waits && !health->no_carrier)
		say(report, HEALTH_NOTICE, "the WAN has no address yet", NULL,
		    "is its cable in, and is there a DHCP server?");
	if (health->no_carrier)
		say(report, HEALTH_BAD,
		    "nothing leads outside: the WAN has no cable in, or the other end is off",
		    health->no_carrier, "plug it in; both families are renewed by themselves then");
	if (health->no_route)
		say(report, HEALTH_BAD, "there is no default route", health->no_route,
		    "cordon network renew asks for one, or set gateway in network.conf");
	if (health->lease_stale)
		say(report, HEALTH_BAD, "the lease of the WAN is not confirmed",
		    health->lease_stale,
		    "does the cable lead to a network with a DHCP server? cordon network renew "
		    "asks again");
}

static void judge_settings(const struct health *health, struct report *report)
{
	if (health->settings_put_aside)
		say(report, HEALTH_BAD, "the settings could not be used", NULL,
		    "those of the factory are in "
		    "force, and the others lie in /data/settings.bad: set this box up again");
	if (health->settings_wrong)
		say(report, HEALTH_NOTICE, "settings were wrong and not taken",
		    health->settings_wrong,
		    "errors.txt beside them says everything; the ones before are in force");
	if (!health->provisioned)
		say(report, HEALTH_NOTICE, "nobody has set this box up", NULL,
		    "it blocks as it is; s on the console, or settings on a stick");
	if (health->settings_on_trial)
		say(report, HEALTH_NOTICE, "settings are on trial", NULL,
		    "cordon settings keep (k on the console), or they take themselves back");
	if (health->settings_wait)
		say(report, HEALTH_NOTICE, "settings were refused and wait", NULL,
		    "cordon settings accept (a on the console) shows and takes them");
}

enum health_level health_print(const struct health *health, size_t lines, struct text *out)
{
	struct report report = { .out = out, .lines = lines };

	/* What is bad goes before what is worth a word, wherever it comes from. */
	for (report.wanted = HEALTH_BAD; report.wanted > HEALTH_GOOD; report.wanted--) {
		judge_policy(health, &report);
		judge_release(health, &report);
		judge_log(health, &report);
		judge_box(health, &report);
		judge_settings(health, &report);
		judge_links(health, &report);
	}
	if (!report.said)
		text_puts(out, "healthy\n");
	if (report.left_out)
		text_printf(out, "and %zu more\n", report.left_out);
	return report.level;
}
