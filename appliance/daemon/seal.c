/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/seal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/crypto/base64.h"
#include "appliance/base/file.h"
#include "appliance/daemon/log.h"
#include "appliance/journal/notice.h"
#include "rules/signed/device.h"

#define SEAL_FILE "seal"
#define KEYS_FILE "seal.keys"
#define RESET_FILE "seal.reset"

enum { SEAL_MAX = 16 * 1024, KEYS_MAX = 64 * 1024, SEAL_VERSION = 1 };

void seal_init(struct seal *seal)
{
	*seal = (struct seal){ .daemon = seal->daemon, .key = seal->key,
			       .notices = seal->notices,
			       .ration = { .burst = 32, .interval = 10 * 1000 } };
}

/* ---- what was signed ---- */

static int decode(struct seal *seal, const json_t *object)
{
	const json_t *tree = json_object_get(object, "signed");
	const char *note = json_string_value(json_object_get(object, "note"));
	uint8_t bytes[HEAD_BYTES];
	size_t size;

	if (json_integer_value(json_object_get(object, "version")) != SEAL_VERSION || !note ||
	    !json_is_string(tree) || strlen(note) >= sizeof(seal->note) ||
	    !base64_parse(bytes, sizeof(bytes), &size, json_string_value(tree),
			  json_string_length(tree)) ||
	    head_signed_decode(&seal->before, bytes, size) < 0 ||
	    checkpoint_parse(&seal->newest, note, strlen(note)) < 0)
		return -EBADMSG;
	strcpy(seal->note, note);
	return 0;
}

/* 0; -ENOENT; -EBADMSG: it is damaged; other -errno: not now. */
static int read_seal(struct seal *seal, const char *name)
{
	json_t *object;
	size_t length;
	char *text;
	int error = file_read(seal->daemon->state, name, SEAL_MAX, &text, &length);

	if (error)
		return file_error_passes(error) || error == -ENOENT ? error : -EBADMSG;
	object = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	error = decode(seal, object);
	if (error) {
		seal->before = (struct head_signed){ .last = 0 };
		seal->note[0] = '\0';
	}
	json_decref(object);
	free(text);
	return error;
}

static int write_seal(const struct seal *seal, const struct head_signed *before, const char *note)
{
	char tree[BASE64_TEXT(HEAD_BYTES)];
	uint8_t bytes[HEAD_BYTES];
	size_t size = head_signed_encode(before, bytes);
	json_t *object = json_pack("{s:i, s:s, s:s}", "version", SEAL_VERSION, "signed",
				   base64_print(bytes, size, tree), "note", note);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int error = text ? file_replace(seal->daemon->state, SEAL_FILE, text, strlen(text), 0644)
			 : -ENOMEM;

	free(text);
	json_decref(object);
	return error;
}

/* A factory reset deleted the log: the new one goes on behind it, and says so. */
static int take_reset(struct seal *seal)
{
	int error = read_seal(seal, RESET_FILE);

	if (error)
		return error;
	error = write_seal(seal, &seal->before, seal->note);
	if (error)
		return error;
	notices_add_box(seal->notices, NOTICE_SEAL,
		    json_pack("{s:s, s:I, s:I}", "what", "reset", "signed",
			      (json_int_t)seal->before.tree.end, "last",
			      (json_int_t)seal->before.last));
	(void)unlinkat(seal->daemon->state, RESET_FILE, 0);
	return 0;
}

static int load(struct seal *seal)
{
	int error = read_seal(seal, SEAL_FILE);

	if (error == -EBADMSG) {
		log_error("%s/" SEAL_FILE " is damaged: what was signed before is not known, and "
			  "the next checkpoint goes by the log alone; it is %s",
			  seal->daemon->state_path,
			  file_set_aside(seal->daemon->state, SEAL_FILE) == 0 ?
			  "kept as " SEAL_FILE ".damaged" : "left there");
		return 0;
	}
	if (error == -ENOENT)
		error = take_reset(seal);
	return error == -ENOENT || error == -EBADMSG ? 0 : error;
}

/* ---- keys ---- */

#define ID_LINE "# "

/* The id in the last line that has one; "" */
static void last_id(const char *text, char id[METADATA_KEYID])
{
	const char *at, *line = NULL;

	for (at = text; (at = strstr(at, ID_LINE)); at++)
		line = at + strlen(ID_LINE);
	snprintf(id, METADATA_KEYID, "%.*s", line ? (int)strcspn(line, "\n") : 0, line ? line : "");
}

static void tell_key(struct seal *seal, const struct key *public, const char *id, const char *old,
		     const struct actor *actor)
{
	char text[BASE64_TEXT(KEY_DER)];
	uint8_t der[KEY_DER];
	size_t size;

	if (key_public_encode(public, der, &size) < 0)
		return;
	notices_add(seal->notices, NOTICE_SEAL, actor,
		    json_pack("{s:s, s:s?, s:s, s:s}", "what", "key", "old", *old ? old : NULL,
			      "key", id, "public", base64_print(der, size, text)));
}

/* An auditor needs every key that signed the log. */
static int keep_key(struct seal *seal, const struct secret *secret, const struct actor *actor)
{
	struct text keys = TEXT_EMPTY, pem = TEXT_EMPTY;
	struct key public;
	char *old = NULL, id[METADATA_KEYID], before[METADATA_KEYID];
	size_t length;
	int error = file_read(seal->daemon->state, KEYS_FILE, KEYS_MAX, &old, &length);

	if (error && file_error_passes(error))
		return error;
	secret_public(secret, &public);
	error = key_public_write(&public, &pem);
	if (!error)
		error = device_public_keyid(&public, id);
	if (!error && !(old && strstr(old, pem.data))) {
		last_id(old ? old : "", before);
		text_printf(&keys, "%s" ID_LINE "%s\n%s", old ? old : "", id, pem.data);
		error = text_failed(&keys) ? -ENOMEM :
			file_replace(seal->daemon->state, KEYS_FILE, keys.data, keys.length, 0644);
		if (!error)
			tell_key(seal, &public, id, before, actor);
	}
	text_release(&keys);
	text_release(&pem);
	free(old);
	return error;
}

int seal_open(struct seal *seal, struct diag *diag)
{
	int error;

	if (!ENABLED(CONFIG_JOURNAL))
		return 0;
	error = devicekey_open(seal->key);
	if (!error)
		error = keep_key(seal, seal->key->secret,
				 &(struct actor){ .kind = ACTOR_BOX });
	if (!error)
		error = load(seal);
	if (error)
		diag_error(diag, seal->daemon->state_path, 0, 0,
			   "checkpoints of the log cannot be signed: %s", strerror(-error));
	seal->open = !error;
	return error;
}

size_t seal_tell(const struct seal *seal, uint8_t body[HEAD_BYTES])
{
	return head_signed_encode(&seal->before, body);
}

/* ---- heads ---- */

/* The signed note of that tree. */
static int sign(const struct seal *seal, const struct head *head, const struct head_signed *next,
		int64_t wall_ms, struct checkpoint *checkpoint, struct text *note)
{
	int error;

	*checkpoint = (struct checkpoint){ .size = next->tree.end, .last = next->last,
					   .wall_ms = wall_ms, .reason = head->reason };
	snprintf(checkpoint->boot_id, sizeof(checkpoint->boot_id), "%s", seal->daemon->boot);
	error = checkpoint_origin(checkpoint->origin, seal->daemon->identity);
	if (!error)
		error = tree_root(&next->tree, checkpoint->root);
	if (!error)
		error = checkpoint_sign(checkpoint, seal->key->secret, note);
	return !error && note->length >= sizeof(seal->note) ? -EMSGSIZE : error;
}

/* It is written before anybody has the note. */
static int sign_and_keep(struct seal *seal, const struct head *head, int64_t wall_ms)
{
	struct checkpoint checkpoint;
	struct text note = TEXT_EMPTY;
	struct head_signed next;
	int error = head_continue(&seal->before, head, &next);

	if (!error)
		error = sign(seal, head, &next, wall_ms, &checkpoint, &note);
	if (!error)
		error = write_seal(seal, &next, note.data);
	if (!error) {
		seal->before = next;
		seal->newest = checkpoint;
		memcpy(seal->note, note.data, note.length + 1);
	}
	text_release(&note);
	return error;
}

static const char *reason_print(int error)
{
	switch (error) {
	case -EBADMSG:
		return "what the journal asked for does not continue the one before";
	case -EDQUOT:
		return "the journal asks too often";
	default:
		return strerror(-error);
	}
}

int seal_head(struct seal *seal, const struct message *message, int64_t wall_ms)
{
	struct head head;
	int error = head_decode(&head, message->body, message->size);

	if (error)
		return error;
	if (!seal->open)
		error = -EAGAIN;
	else if (!ration_take(&seal->ration, seal->daemon->now))
		error = -EDQUOT;
	else
		error = sign_and_keep(seal, &head, wall_ms);
	if (error && error != seal->error)
		log_error("no checkpoint of the log was signed: %s", reason_print(error));
	seal->error = error;
	return error;
}

/* ---- another key ---- */

int seal_renew(struct seal *seal, const struct actor *actor)
{
	int error;

	if (!seal->open || seal->next)
		return -EBUSY;
	error = secret_generate(&seal->next, KEY_P256);
	if (!error)
		error = keep_key(seal, seal->next, actor);
	if (error)
		seal_drop(seal);
	return error;
}

void seal_drop(struct seal *seal)
{
	if (seal->next)
		secret_free(seal->next);
	seal->next = NULL;
}

int seal_switch(struct seal *seal)
{
	struct secret *next = seal->next;
	int error;

	/* Only a checkpoint of after the notice names the new key with the old one. */
	if (!next || seal->newest.reason != CHECKPOINT_REQUEST)
		return -EAGAIN;
	seal->next = NULL;
	error = devicekey_replace(seal->key, next);
	if (error)
		secret_free(next);
	else
		log_warning("the appliance has a new key, %s; the publisher calls its receipts "
			    "forged until its list has it", seal->key->id);
	return error;
}

json_t *seal_status(const struct seal *seal)
{
	char time[CLOCK_TEXT];
	json_t *object = json_pack("{s:s, s:I, s:I, s:s?}", "key", seal->key->id, "batches",
				   (json_int_t)seal->before.tree.end, "last",
				   (json_int_t)seal->before.last, "error",
				   seal->error ? reason_print(seal->error) : NULL);

	if (object && seal->note[0])
		json_object_update_new(object, json_pack(
			"{s:s, s:s}", "time", clock_print(seal->newest.wall_ms, time), "reason",
			checkpoint_reason_print(seal->newest.reason)));
	return object;
}
