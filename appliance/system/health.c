/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system/health.h"

#include <string.h>

enum { DETAIL = 120 };	/* characters of it */

struct report {
	struct text *out;
	enum health_level wanted;	/* of this pass */
	enum health_level level;	/* of the worst, which comes first */
	unsigned int said;
	unsigned int left_out;
};

static void say(struct report *report, enum health_level level, const char *what, const char *detail,
		const char *remedy)
{
	size_t length = detail ? strcspn(detail, "\n") : 0;	/* of what may be a whole report */

	if (level != report->wanted)
		return;
	if (report->said == HEALTH_LINES) {
		report->left_out++;
		return;
	}
	if (report->said == 0)
		report->level = level;
	text_puts(report->out, report->said ? "and "
				 : level == HEALTH_BAD ? "NOT HEALTHY: " : "healthy, but ");
	text_puts(report->out, what);
	if (detail)
		text_printf(report->out, " (%.*s)", (int)(length < DETAIL ? length : DETAIL), detail);
	text_printf(report->out, "; %s\n", remedy);
	report->said++;
}

static bool is(const char *word, const char *wanted)
{
	return word && strcmp(word, wanted) == 0;
}

static void judge_policy(const struct health *health, struct report *report)
{
	if (!health->answers) {
		say(report, HEALTH_BAD, "cordond does not answer", NULL, "the kernel goes on with the rules "
		    "it has; wait a minute, then restart the box; if that does not help, a factory reset (f on "
		    "the console)");
		return;
	}
	if (!health->in_force)
		say(report, HEALTH_BAD, "the policy is not in force", health->refused, "restart the box; "
		    "if that does not help, take back the last change of settings");
	if (health->down)
		say(report, HEALTH_BAD, "a part of cordond does not run", health->down, "it is started "
		    "again by itself; when it stays so, restart the box and read the log");
	if (health->selftest_failed)
		say(report, HEALTH_BAD, "the self-test failed", NULL, "cordon selftest (t on the "
		    "console) says what gets through");
	if (health->boot_wrong)
		say(report, HEALTH_BAD, "this start did not go as it has to", NULL,
		    "cordon status --boot shows it; report it");
	if (is(health->mode, "monitor") || is(health->mode, "disarmed"))
		say(report, HEALTH_BAD, is(health->mode, "monitor") ? "nothing is blocked, only watched"
		    : "nothing is blocked", health->mode_until, "until then, or until cordon mode enforce");
}

static void judge_release(const struct health *health, struct report *report)
{
	if (!health->answers)
		return;
	if (is(health->freshness, "stale") || is(health->freshness, "refused"))
		say(report, HEALTH_BAD, "the rule lists are old", health->freshness, "cordon update status "
		    "says why; does this box reach its mirror?");
	else if (is(health->freshness, "ahead"))
		say(report, HEALTH_BAD, "the newest timestamp is of a time that has not come", NULL,
		    "cordon update status says whose it is; is the clock of this box right?");
	else if (health->update_refusal)
		say(report, HEALTH_NOTICE, "an offered release was refused", health->update_refusal,
		    "tell whoever publishes the lists");
	else if (!health->update_on)
		say(report, HEALTH_NOTICE, "no signed updates come", NULL,
		    "set up a trust root and a mirror");
	if (health->refused && health->in_force)
		say(report, HEALTH_NOTICE, "the last change was refused", health->refused,
		    "the policy of before is in force");
}

static void judge_box(const struct health *health, struct report *report)
{
	if (health->supported_until && health->now > health->supported_until)
		say(report, HEALTH_BAD, "this image is supported no longer", NULL,
		    "install a newer one: cordon image install");
	if (health->image_failed && health->image_failed[0])
		say(report, HEALTH_NOTICE, "three starts of the other image did not come to their end",
		    health->image_failed, "power cuts, or a fault in it; cordon image rollback tries it again");
	if (health->image_refused)
		say(report, HEALTH_NOTICE, "an image was not installed", health->image_refused,
		    "this one runs on; install another file");
	if (health->answers && health->has_watchdog && !health->watchdog_fed)
		say(report, HEALTH_BAD, "the watchdog is not fed", health->watchdog_why,
		    "this box may not restart by itself when it hangs");
	if (health->events_lost)
		say(report, HEALTH_NOTICE, "the log is not complete", NULL, "raise [log] budget where the disk has "
		    "room, or look for a host that floods");
	if (health->answers && !health->clock_set)
		say(report, HEALTH_NOTICE, "the clock is not set", NULL, "it blocks all the same; does this "
		    "box reach its time server?");
	if (health->image_on_trial)
		say(report, HEALTH_NOTICE, "this image is on trial", NULL, "it stays when the self-test is "
		    "good, else the one before comes back");
}

static void judge_links(const struct health *health, struct report *report)
{
	if (health->link_missing)
		say(report, HEALTH_BAD, "an interface of network.conf is not there", health->link_missing,
		    "plug it in, or name another one: it is used as soon as it comes");
	if (health->lease_refused)
		say(report, HEALTH_BAD, "the WAN does not use what DHCP gave it", health->lease_refused,
		    "mend network.conf");
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
		say(report, HEALTH_BAD, "the settings could not be used", NULL, "those of the factory are in "
		    "force, and the others lie in /data/settings.bad: set this box up again");
	if (health->settings_wrong)
		say(report, HEALTH_NOTICE, "settings were wrong and not taken", health->settings_wrong,
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

enum health_level health_print(const struct health *health, struct text *out)
{
	struct report report = { .out = out };

	/* What is bad goes before what is worth a word, wherever it comes from. */
	for (report.wanted = HEALTH_BAD; report.wanted > HEALTH_GOOD; report.wanted--) {
		judge_policy(health, &report);
		judge_release(health, &report);
		judge_box(health, &report);
		judge_settings(health, &report);
		judge_links(health, &report);
	}
	if (!report.said)
		text_puts(out, "healthy\n");
	if (report.left_out)
		text_printf(out, "and %u more\n", report.left_out);
	return report.level;
}
