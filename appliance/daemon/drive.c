/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/daemon/heard.h"
#include "appliance/daemon/lastgood.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/parts.h"
#include "appliance/daemon/requests.h"
#include "appliance/daemon/tell.h"
#include "appliance/daemon/witness.h"

enum { STIR_MS = 2000 };

static struct change_role role_of(const struct parent *parent, enum role role)
{
	const struct child *child = &parent->children.child[role];

	return (struct change_role){
		.exists = child->pid != 0, .ready = child->ready, .owes = child->owes,
		.allowed = parts_allow(parent, role), .sent = child->sent,
		.applied = child->applied, .patience = child->patience,
	};
}

static struct change_roles roles_of(const struct parent *parent)
{
	return (struct change_roles){
		.rules = role_of(parent, ROLE_RULES), .dns = role_of(parent, ROLE_DNS),
		.journal = role_of(parent, ROLE_JOURNAL),
		.journal_wanted = ENABLED(CONFIG_JOURNAL),
	};
}

/* ---- from a source to a compiler ---- */

static enum rules_source choose(const struct parent *parent)
{
	const struct change *change = &parent->change;
	bool by_mode = change->cause == CAUSE_MODE || change->cause == CAUSE_MODE_END;

	if (change->cause == CAUSE_UPDATE || updates_bundled(&parent->updates))
		return SOURCE_BUNDLE;
	/* A change of mode compiles what is in force again, not lists that may be half edited. */
	return by_mode && change->current.number && parent->copies.kept ? SOURCE_LAST_LISTS
									  : SOURCE_FOLDER;
}

/* A block of a mode that enforces: what was asked for beyond that waits for the next try. */
static void read_last_policy(struct parent *parent)
{
	char text[512];
	bool passes;
	int fd = lastgood_load(parent->daemon.state);
	int error = fd < 0 ? fd : change_switch(&parent->change, fd, false, parent->daemon.now);

	if (!error) {
		/* It was in force on this machine: it fits. */
		(void)patience_size(&parent->patience, &parent->change.next.policy, text,
				    sizeof(text), &passes);
		standing_enforce(&parent->standing);
		return;
	}
	if (fd >= 0)
		close(fd);
	snprintf(text, sizeof(text), "%s/" LASTGOOD_FILE ": %s\n", parent->daemon.state_path,
		 error == -ENOENT ? "no policy was kept yet" :
		 error == -EBADMSG ? "damaged, or of another version" : strerror(-error));
	heard_refuse(parent, text, file_error_passes(error));
}

static void read_source(struct parent *parent)
{
	struct change *change = &parent->change;
	struct text text = TEXT_EMPTY;
	struct diag diag;
	int error = 0;

	diag_init(&diag);
	copies_forget_staged(&parent->copies);
	if (change->source == SOURCE_LAST_POLICY) {
		read_last_policy(parent);
		return;
	}
	if (change->source == SOURCE_FOLDER)
		error = copies_stage(&parent->copies, &diag);
	if (!error) {
		change_read(change, parent->daemon.now);
		return;
	}
	diag_print(&diag, &text);
	heard_refuse(parent, text.data ? text.data : "out of memory\n", file_error_passes(error));
	text_release(&text);
}

void drive_compiler_gone(struct parent *parent)
{
	const struct child *compiler = parent_role(parent, ROLE_COMPILE);
	char text[sizeof(compiler->reason) + 64];

	if (parent->change.state != CHANGE_COMPILING)
		return;
	snprintf(text, sizeof(text), "the compiler ended without a result: %s\n",
		 compiler->reason);
	heard_refuse(parent, text, true);
}

static void start_compiler(struct parent *parent)
{
	struct child *compiler = parent_role(parent, ROLE_COMPILE);

	change_compiling(&parent->change, parent->daemon.now);
	/* One that was started and not told all is ended, and heard of then. */
	if (child_start(compiler) < 0 && !compiler->pid)
		drive_compiler_gone(parent);
}

/* ---- in force ---- */

static void print_commit(const struct parent *parent, char *text, size_t size)
{
	const struct change *change = &parent->change;
	const struct bundle_info *running = change->cause == CAUSE_UPDATE ?
						    &parent->updates.verified :
						    &parent->updates.running;
	bool fell = change->source > SOURCE_FOLDER && change->cause == CAUSE_START;
	char release[48] = "";

	if (change->source == SOURCE_BUNDLE && running->release)
		snprintf(release, sizeof(release), "release %lld, ", (long long)running->release);
	snprintf(text, size, "%s: %s%s%sstate %08x in force, mode %s\n",
		 cause_print(change->cause), release, fell ? source_print(change->source) : "",
		 fell ? ", " : "", policy_state(&change->next.policy),
		 mode_print(parent->standing.mode.mode));
}

static void commit(struct parent *parent)
{
	struct change *change = &parent->change;
	char text[224];

	if (change->cause != CAUSE_UPDATE)
		updates_in_force(&parent->updates);
	print_commit(parent, text, sizeof(text));
	change_commit(change, text);
	copies_keep(&parent->copies, change->source);
	if (change->fallback_passes)
		change_retry(change, CAUSE_START, parent->daemon.now);
	else
		change->retry_at = change->retry_pause = 0;
	witness_mode(parent);
	witness_policy(parent);
	log_info("%.*s", (int)strlen(text) - 1, text);
	if (!parent->ready) {
		parent->ready = true;
		log_info("ready: %s", policy_versions(&change->current.policy));
	}
	if (change->cause == CAUSE_UPDATE)
		updates_finished(&parent->updates, OUTCOME_TAKEN, text);
}

/* ---- role by role ---- */

static void send_policy(struct parent *parent, enum role role, const struct generation *generation)
{
	if (generation)
		tell_policy(parent, parent_role(parent, role), generation);
}

static void supply(struct parent *parent)
{
	struct child *rules = parent_role(parent, ROLE_RULES), *dns = parent_role(parent, ROLE_DNS);
	const struct change *change = &parent->change;
	struct change_roles roles = roles_of(parent);

	if (change->next.number == 0 && change->current.number == 0)
		return;
	send_policy(parent, ROLE_RULES, change_for_rules(change, &roles));
	if (!change_lets_dns(change, &roles))
		return;
	if (roles.journal_wanted)
		send_policy(parent, ROLE_JOURNAL,
			    change_for_others(change, &roles, &roles.journal));
	if (!dns->pid && !dns->start_at)
		(void)!child_start(dns);	/* and again later */
	send_policy(parent, ROLE_DNS, change_for_others(change, &roles, &roles.dns));
	if (!parent->linked && dns->applied && rules->applied) {
		parent->linked = true;
		tell_connect(parent);
	}
	roles = roles_of(parent);
	if (change_is_taken(change, &roles))
		commit(parent);
}

/* ---- over ---- */

static void stay_closed(struct parent *parent)
{
	log_error("no policy is in force by this daemon: %s. Mend what the lines above name. The "
		  "daemon tries again by itself, and at once with: cordon rules reload",
		  parent->kernel == KERNEL_EARLIER
		  ? "the kernel goes on with that of an earlier one" : "the gateway stays closed");
	change_retry(&parent->change, CAUSE_START, parent->daemon.now);
}

static void conclude_refusal(struct parent *parent)
{
	struct change *change = &parent->change;

	standing_put_back(&parent->standing, change->cause == CAUSE_MODE);
	if (change->cause == CAUSE_UPDATE)
		updates_finished(&parent->updates, OUTCOME_REFUSED, change->text);
	if (change->first)
		stay_closed(parent);
	else if (change->cause == CAUSE_MODE_END ||
		 (change->cause == CAUSE_START && change->passes))
		change_retry(change, change->cause, parent->daemon.now);
}

static void conclude(struct parent *parent)
{
	struct change *change = &parent->change;

	if (!change->done)
		conclude_refusal(parent);
	standing_settle(&parent->standing);
	requests_changed(parent, change->done,
			 !change->done && change->first ? change->fallback : change->text);
	change_end(change);
}

/* ---- what is next ---- */

/* True: something was done, and there may be more. */
static bool step(struct parent *parent)
{
	struct change *change = &parent->change;

	switch (change->state) {
	case CHANGE_ASKED:
		if (change->cause == CAUSE_START)
			standing_try(&parent->standing);
		change_chosen(change, choose(parent));
		return true;
	case CHANGE_SOURCE:
		read_source(parent);
		return true;
	case CHANGE_COMPILE:
		/* One compiler at a time: the last one may not have ended yet. */
		if (parent_role(parent, ROLE_COMPILE)->pid)
			return false;
		start_compiler(parent);
		return true;
	case CHANGE_OVER:
		conclude(parent);
		return true;
	default:
		return false;
	}
}

void drive(struct parent *parent)
{
	struct change *change = &parent->change;

	do {
		while (step(parent))
			;
		if (change->stirred) {
			change->stirred = false;
			supply(parent);
		}
	} while (change->stirred || change->state == CHANGE_OVER);
}

/* ---- no role is waited for without end ---- */

void drive_died(struct parent *parent, const struct child *child)
{
	const struct change_role role = role_of(parent, child->role);
	char text[CHILD_TEXT + 96];

	if (child->role == ROLE_JOURNAL || !change_died(&parent->change, &role))
		return;
	snprintf(text, sizeof(text), "the %s role ended %u times while it took this policy: %s\n",
		 role_print(child->role), parent->change.deaths, child->reason);
	heard_refuse(parent, text, true);
}

/* It is ended, and the policy that it was busy with refused: the same again would end the same. */
static void hangs(struct parent *parent, struct child *child)
{
	const struct generation *next = &parent->change.next;
	bool took_next = next->number && child->sent == next->number;
	char why[128], text[sizeof(why) + 64];

	snprintf(why, sizeof(why), "it made no progress with a policy for %lld s",
		 (long long)(child->patience - child->sent_at) / 1000);
	log_error("%s: %s: it is started again", role_print(child->role), why);
	child->owes = false;
	child_kill(child, why);
	if (child->role == ROLE_RULES)
		patience_lost(&parent->patience);
	if (!took_next)
		return;
	snprintf(text, sizeof(text), "the %s role is started again: %s\n", role_print(child->role),
		 why);
	heard_refuse(parent, text, true);
}

static bool look_after(struct parent *parent, enum role role)
{
	struct child *child = parent_role(parent, role);

	if (!child->owes || parent->daemon.now < child->patience)
		return false;
	hangs(parent, child);
	return true;
}

static void out_of_patience(struct parent *parent)
{
	struct change *change = &parent->change;
	const struct change_roles roles = roles_of(parent);
	char text[CHILD_TEXT + 64];

	switch (change_late(change, &roles, parent->daemon.now)) {
	case CHANGE_COMPILER_LATE:
		change->patience = parent->daemon.now + SIZING_SILENCE_MS;
		child_kill(parent_role(parent, ROLE_COMPILE), "it took longer than it may");
		break;
	case CHANGE_WITHOUT_JOURNAL:
		child_explain(parent_role(parent, ROLE_JOURNAL), text, sizeof(text));
		log_warning("%s: its log goes by the policy before", text);
		commit(parent);
		break;
	case CHANGE_WITHOUT_DNS:
		child_explain(parent_role(parent, ROLE_DNS), text, sizeof(text));
		log_warning("%s: what is blocked is blocked, names are not answered meanwhile",
			    text);
		commit(parent);
		break;
	case CHANGE_WITHOUT_RULES:
		child_explain(parent_role(parent, ROLE_RULES), text, sizeof(text) - 1);
		strcat(text, "\n");
		heard_refuse(parent, text, true);
		break;
	case CHANGE_NO_RULES:
		child_explain(parent_role(parent, ROLE_RULES), change->last_error,
			      sizeof(change->last_error) - 1);
		strcat(change->last_error, "\n");
		break;
	default:
		break;
	}
}

void drive_tick(struct parent *parent)
{
	struct child *journal = parent_role(parent, ROLE_JOURNAL);
	struct change *change = &parent->change;
	const int64_t now = parent->daemon.now;

	if (!look_after(parent, ROLE_RULES))
		(void)look_after(parent, ROLE_DNS);
	out_of_patience(parent);
	if (copies_due(&parent->copies) && !change_runs(change))
		copies_tick(&parent->copies, change->current.number &&
			    parent->standing.mode.mode == MODE_ENFORCE
			    ? &change->current.policy : NULL);
	change_tick(change, now);
	if (journal->ready)
		notices_send(&parent->notices, journal->watch.fd, now);
	/* A role that refused what is in force: what was in its way may be gone. */
	if (now < parent->stir_at)
		return;
	parent->stir_at = now + STIR_MS;
	if (!journal->owes)
		journal->sent = journal->applied;
	change_stir(change);
}
