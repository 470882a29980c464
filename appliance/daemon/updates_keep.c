/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/updates_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/base/version.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/folder.h"
#include "rules/signed/archive.h"
#include "rules/signed/device.h"

/* What the parent keeps of signed updates in its state folder, and how it begins with that. */

#define BUNDLE_FILE "bundle"
#define KEEP_FILE "updates"
#define KEY_FILE "device.pem"

enum { KEEP_MAX = 4096, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* ---- time ---- */

static int64_t now_or_floor(const struct updates *updates, bool *behind)
{
	struct clock_reading reading;

	clock_read(&reading);
	return freshness_now(&updates->freshness, &reading, behind);
}

int64_t updates_now(const struct updates *updates)
{
	bool behind;

	return now_or_floor(updates, &behind);
}

bool updates_clock_set(const struct updates *updates)
{
	bool behind;

	(void)now_or_floor(updates, &behind);
	return !behind;
}

bool updates_clock_by_ntp(const struct updates *updates)
{
	struct clock_reading reading;

	clock_read(&reading);
	return freshness_by_ntp(&updates->freshness, &reading);
}

enum freshness_state updates_freshness(const struct updates *updates)
{
	return freshness_judge(updates_now(updates), updates->newest.signed_at,
			       updates->newest.expires, updates->daemon->settings.stale_after);
}

bool updates_bundled(const struct updates *updates)
{
	return updates->bundle >= 0;
}

void updates_bundle_damaged(struct updates *updates)
{
	if (updates->bundle >= 0)
		close(updates->bundle);
	updates->bundle = -1;
	updates->running = (struct bundle_info){ .release = 0 };
	updates->damaged = true;
	log_error("%s/bundle cannot be used: from the folder of rule lists until the next "
		  "release comes", updates->daemon->state_path);
}

/* ---- what is kept ---- */

int updates_keep(struct updates *updates)
{
	json_t *object = json_pack("{s:I, s:I, s:b, s:s, s:s}", "sequence",
				   (json_int_t)updates->sequence, "since",
				   (json_int_t)updates->since, "held", updates->held, "reason",
				   updates->held_reason, "by", updates->held_by);
	json_t *time = freshness_json(&updates->freshness, clock_uptime_ms());
	char *text = object && time && json_object_update(object, time) == 0
			     ? json_dumps(object, JSON_COMPACT) : NULL;

	int error = -EAGAIN;

	/* What was not read yet may hold releases back. */
	if (!updates->restored)
		goto end;
	error = text ? file_replace(updates->daemon->state, KEEP_FILE, text, strlen(text), 0600) :
		       -ENOMEM;
	if (error)
		log_error("%s/" KEEP_FILE " cannot be written: after a restart the clock may be "
			  "taken to be older than it is", updates->daemon->state_path);
end:
	updates->save_ms = clock_uptime_ms() + HOUR_MS;
	free(text);
	json_decref(time);
	json_decref(object);
	return error;
}

static void copy(char *out, size_t size, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(out, size, "%s", text ? text : "");
}

static void decode(struct updates *updates, const json_t *object)
{
	updates->sequence = json_integer_value(json_object_get(object, "sequence"));
	updates->since = json_integer_value(json_object_get(object, "since"));
	updates->held = json_is_true(json_object_get(object, "held"));
	copy(updates->held_reason, sizeof(updates->held_reason), object, "reason");
	copy(updates->held_by, sizeof(updates->held_by), object, "by");
	freshness_init(&updates->freshness, version_build_time(), object, clock_uptime_ms());
}

/* 0 also when there is nothing, or nothing that can be used. */
static int restore(struct updates *updates, struct diag *diag)
{
	json_t *object;
	size_t length;
	char *text;
	int error = file_read(updates->daemon->state, KEEP_FILE, KEEP_MAX, &text, &length);

	if (file_error_passes(error)) {
		diag_error(diag, "state/" KEEP_FILE, 0, 0,
			   "cannot be read now: %s; until it can, no "
			   "release is taken",
			   strerror(-error));
		return error;
	}
	updates->restored = true;
	if (error == -ENOENT)
		return 0;
	object = error ? NULL : json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (object)
		decode(updates, object);
	else
		log_error("%s/" KEEP_FILE
			  " is damaged: a hold is forgotten, and time begins at the "
			  "build; it is %s",
			  updates->daemon->state_path,
			  file_set_aside(updates->daemon->state, KEEP_FILE) == 0 ?
				  "kept as " KEEP_FILE ".damaged" :
				  "left there");
	json_decref(object);
	if (!error)
		free(text);
	return 0;
}

static int open_key(struct updates *updates)
{
	struct text pem = TEXT_EMPTY;
	size_t length;
	char *text;
	int error = updates->device ? 0 :
				      file_read(updates->daemon->state, KEY_FILE, KEY_PEM_MAX,
						&text, &length);

	if (!error && !updates->device) {
		error = secret_parse(&updates->device, text, length, NULL);
		explicit_bzero(text, length);
		free(text);
	}
	if (error == -EINVAL || error == -EFBIG) {
		log_error("%s/" KEY_FILE " is damaged: a new key is made, and the publisher will "
			  "call its receipts forged", updates->daemon->state_path);
		error = file_set_aside(updates->daemon->state, KEY_FILE) == 0 ? -ENOENT : -EIO;
	}
	/* Whatever else is wrong may be gone at the next start: a key is not given up for it. */
	if (error == -ENOENT) {
		error = secret_generate(&updates->device, KEY_P256);
		if (!error)
			error = secret_print(updates->device, NULL, &pem);
		if (!error)
			error = file_replace(updates->daemon->state, KEY_FILE, pem.data, pem.length,
					     0600);
		if (pem.data)
			explicit_bzero(pem.data, pem.length);
		text_release(&pem);
	}
	return error ? error : device_keyid(updates->device, updates->device_id);
}

static int make_folder(struct updates *updates)
{
	uid_t owner = settings_uid(&updates->daemon->settings, ROLE_UPDATE);

	return folder_make(updates->daemon->state, "update",
			   &(struct folder_access){ 0700, owner, owner });
}

/* Once: whatever becomes of the disk later, the policy in force can be compiled again. */
static int load_bundle(struct updates *updates, struct diag *diag)
{
	char *data;
	size_t size;
	int error;

	if (updates->bundle_read)
		return 0;
	error = file_read(updates->daemon->state, BUNDLE_FILE, ARCHIVE_MAX, &data, &size);
	if (!error) {
		updates->bundle = message_seal("bundle", data, size);
		error = updates->bundle < 0 ? updates->bundle : 0;
		free(data);
	}
	if (file_error_passes(error)) {
		diag_error(diag, "state/" BUNDLE_FILE, 0, 0,
			   "cannot be read now: %s; until it can, "
			   "no release is taken",
			   strerror(-error));
		return error;
	}
	updates->bundle_read = true;
	if (error && error != -ENOENT)
		updates_bundle_damaged(updates);
	return 0;
}

/* A second name, so that no power cut leaves none: what lies there is still a witness of what was.
 */
static void keep_damaged(struct updates *updates)
{
	if (!updates->damaged)
		return;
	updates->damaged = false;
	unlinkat(updates->daemon->state, BUNDLE_FILE ".damaged", 0);
	if (linkat(updates->daemon->state, BUNDLE_FILE, updates->daemon->state,
		   BUNDLE_FILE ".damaged", 0) < 0)
		log_warning("%s/" BUNDLE_FILE ", which is damaged, cannot be set aside: %s",
			    updates->daemon->state_path, strerror(errno));
}

void updates_save_bundle(struct updates *updates)
{
	void *data;
	size_t size;
	int error = message_map(updates->bundle, &data, &size);

	if (!error) {
		keep_damaged(updates);
		error = file_replace(updates->daemon->state, BUNDLE_FILE, data, size, 0600);
		munmap(data, size);
	}
	updates->unsaved = error != 0;
	if (error)
		log_error("%s/" BUNDLE_FILE
			  " cannot be written (%s): until it can, a restart begins "
			  "with the release before",
			  updates->daemon->state_path, strerror(-error));
}

/* 0, -ENOKEY, or why that cannot be told now. */
static int find_trust(const struct updates *updates)
{
	if (faccessat(updates->daemon->state, "update/root.json", F_OK, 0) == 0 ||
	    access(updates->daemon->settings.trust_root, R_OK) == 0)
		return 0;
	return file_error_passes(-errno) ? -errno : -ENOKEY;
}

static int open_updates(struct updates *updates)
{
	int error = make_folder(updates);

	if (!error)
		error = open_key(updates);
	return error ? error : find_trust(updates);
}

void updates_init(struct updates *updates)
{
	*updates = (struct updates){
		.daemon = updates->daemon, .role = updates->role, .current = updates->current,
		.mode = updates->mode, .polled = updates->polled, .context = updates->context,
		.history.daemon = updates->daemon,
		.bundle = -1, .offer = -1, .judged = -1, .candidate = -1,
		.messages = { .burst = 64, .interval = 100 },
		.offers = { .burst = 16, .interval = 10000 },
		.failures = { .burst = 16, .interval = 10 * MINUTE_MS },
		.verdicts = { .burst = 16, .interval = 10 * MINUTE_MS },
	};
	freshness_init(&updates->freshness, version_build_time(), NULL, clock_uptime_ms());
	snprintf(updates->off, sizeof(updates->off), "cordon.conf names no [update] trust-root");
}

int updates_open(struct updates *updates, struct diag *diag)
{
	bool wanted = ENABLED(CONFIG_UPDATE) && updates->daemon->settings.trust_root[0];
	int error = updates->restored ? 0 : restore(updates, diag);

	if (!wanted || updates->on)
		return error;
	/* What is in force stays, whatever becomes of the rest. */
	if (!error)
		error = load_bundle(updates, diag);
	if (error) {
		snprintf(updates->off, sizeof(updates->off), "%s cannot be read now: %s",
			 updates->daemon->state_path, strerror(-error));
		return error;
	}
	error = open_updates(updates);
	if (error) {
		snprintf(
			updates->off, sizeof(updates->off), "%s: %s",
			error == -ENOKEY ? updates->daemon->settings.trust_root :
					   updates->daemon->state_path,
			error == -ENOKEY ?
				"no root metadata there: put the administrator's there, and "
				"updates begin" :
				strerror(-error));
		diag_error(diag, "signed updates are off", 0, 0, "%s", updates->off);
		return error;
	}
	updates->on = true;
	updates->receipt_ms = clock_uptime_ms() + HOUR_MS;
	updates_keep(updates);
	return 0;
}
