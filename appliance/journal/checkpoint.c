/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/base/clock.h"
#include "appliance/base/crypto/base64.h"

#define DASH "\xe2\x80\x94 "	/* U+2014 and a blank */
#define PREFIX "cordon/"

enum { KEY_ID = 4, ECDSA_SHA256 = 0x02, SIGNED = KEY_ID + KEY_SIGNATURE, LINE = 160 };

static const char *const reasons[CHECKPOINT_REASONS] = {
	"hourly", "rotation", "start", "stop", "request", "nothing",
};

const char *checkpoint_reason_print(enum checkpoint_reason reason)
{
	return reasons[reason];
}

/* ---- print ---- */

/* Names of keys, and words of a line. */
static bool is_word(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '+')
			return false;
	}
	return length > 0;
}

int checkpoint_origin(char origin[CHECKPOINT_ORIGIN], const char *appliance)
{
	if (!is_word(appliance, strlen(appliance)) ||
	    snprintf(origin, CHECKPOINT_ORIGIN, PREFIX "%s", appliance) >= CHECKPOINT_ORIGIN)
		return -EINVAL;
	return 0;
}

/* The part that is signed. */
static int print_text(const struct checkpoint *checkpoint, struct text *out)
{
	char root[BASE64_TEXT(DIGEST_SIZE)], time[CLOCK_TEXT];

	if (!is_word(checkpoint->origin, strlen(checkpoint->origin)) ||
	    !is_word(checkpoint->boot_id, strlen(checkpoint->boot_id)) ||
	    checkpoint->reason >= CHECKPOINT_REASONS)
		return -EINVAL;
	text_printf(out, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin, checkpoint->size,
		    base64_print(checkpoint->root, DIGEST_SIZE, root));
	text_printf(out, "last %" PRIu64 "\ntime %s\nboot %s\nreason %s\n", checkpoint->last,
		    clock_print(checkpoint->wall_ms, time), checkpoint->boot_id,
		    reasons[checkpoint->reason]);
	return text_failed(out) ? -ENOMEM : 0;
}

static int key_id(const struct key *key, uint8_t id[KEY_ID])
{
	uint8_t der[KEY_DER], digest[DIGEST_SIZE];
	size_t size;
	int error = key->type == KEY_P256 ? key_public_encode(key, der, &size) : -EINVAL;

	if (!error)
		error = digest_sha256(der, size, digest);
	if (!error)
		memcpy(id, digest, KEY_ID);
	return error;
}

int checkpoint_sign(const struct checkpoint *checkpoint, const struct secret *key,
		    struct text *note)
{
	char line[BASE64_TEXT(SIGNED)];
	uint8_t bytes[SIGNED];
	struct text text = TEXT_EMPTY;
	struct key public;
	size_t length = 0;
	int error = print_text(checkpoint, &text);

	secret_public(key, &public);
	if (!error)
		error = key_id(&public, bytes);
	if (!error)
		error = secret_sign(key, text.data, text.length, bytes + KEY_ID, &length);
	if (!error)
		text_printf(note, "%s\n" DASH "%s %s\n", text.data, checkpoint->origin,
			    base64_print(bytes, KEY_ID + length, line));
	text_release(&text);
	return !error && text_failed(note) ? -ENOMEM : error;
}

int checkpoint_key_print(const char *origin, const struct key *key, struct text *out)
{
	uint8_t id[KEY_ID], bytes[1 + KEY_DER] = { ECDSA_SHA256 };
	char line[BASE64_TEXT(1 + KEY_DER)];
	size_t size;
	int error = key_id(key, id);

	if (!error)
		error = key_public_encode(key, bytes + 1, &size);
	if (!error)
		text_printf(out, "%s+%02x%02x%02x%02x+%s", origin, id[0], id[1], id[2], id[3],
			    base64_print(bytes, 1 + size, line));
	return !error && text_failed(out) ? -ENOMEM : error;
}

/* ---- parse ---- */

/* The next line without its newline, NUL-terminated, behind this word. False: none, or too long. */
static bool take_line(const char **at, const char *end, const char *word, char line[LINE])
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t skip = strlen(word), length = newline ? (size_t)(newline - *at) : 0;

	if (!newline || length < skip || length - skip >= LINE || memcmp(*at, word, skip) != 0)
		return false;
	memcpy(line, *at + skip, length - skip);
	line[length - skip] = '\0';
	*at = newline + 1;
	return true;
}

static bool take_number(const char **at, const char *end, const char *word, uint64_t *number)
{
	char line[LINE];

	if (!take_line(at, end, word, line))
		return false;
	*number = strtoull(line, NULL, 10);
	return true;
}

static bool take_text(const char **at, const char *end, const char *word, char *out, size_t size)
{
	char line[LINE];

	return take_line(at, end, word, line) &&
	       snprintf(out, size, "%s", line) < (int)size;
}

static bool take_root(const char **at, const char *end, uint8_t root[DIGEST_SIZE])
{
	char line[LINE];
	size_t size;

	return take_line(at, end, "", line) &&
	       base64_parse(root, DIGEST_SIZE, &size, line, strlen(line)) && size == DIGEST_SIZE;
}

static bool take_time(const char **at, const char *end, int64_t *wall_ms)
{
	struct tm tm = { .tm_mday = 1 };
	char line[LINE];
	const char *rest;

	if (!take_line(at, end, "time ", line))
		return false;
	rest = strptime(line, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || *rest != '.')
		return false;
	*wall_ms = (int64_t)timegm(&tm) * 1000 + (int64_t)strtoul(rest + 1, NULL, 10) % 1000;
	return true;
}

static bool take_reason(const char **at, const char *end, enum checkpoint_reason *reason)
{
	char line[LINE];

	if (!take_line(at, end, "reason ", line))
		return false;
	for (*reason = 0; *reason < CHECKPOINT_REASONS; (*reason)++) {
		if (strcmp(line, reasons[*reason]) == 0)
			return true;
	}
	return false;
}

/* There is one text for each checkpoint: what was read has to print as the same bytes. */
static bool prints_as(const struct checkpoint *checkpoint, const char *bytes, size_t length)
{
	struct text text = TEXT_EMPTY;
	bool same = print_text(checkpoint, &text) == 0 && text.length == length &&
		    memcmp(text.data, bytes, length) == 0;

	text_release(&text);
	return same;
}

static int parse_text(struct checkpoint *checkpoint, const char *text, size_t length)
{
	const char *at = text, *end = text + length;

	*checkpoint = (struct checkpoint){ .size = 0 };
	if (!take_text(&at, end, "", checkpoint->origin, sizeof(checkpoint->origin)) ||
	    strncmp(checkpoint->origin, PREFIX, strlen(PREFIX)) != 0 ||
	    !take_number(&at, end, "", &checkpoint->size) ||
	    !take_root(&at, end, checkpoint->root) ||
	    !take_number(&at, end, "last ", &checkpoint->last) ||
	    !take_time(&at, end, &checkpoint->wall_ms) ||
	    !take_text(&at, end, "boot ", checkpoint->boot_id, sizeof(checkpoint->boot_id)) ||
	    !take_reason(&at, end, &checkpoint->reason) || at != end)
		return -EBADMSG;
	return prints_as(checkpoint, text, length) ? 0 : -EBADMSG;
}

/* ---- signatures ---- */

struct signature {
	const char *name;	/* of the key, in the note */
	size_t name_length;
	uint8_t bytes[SIGNED];	/* key id and signature */
	size_t size;
};

/* A line is DASH, name, blank, base64. What is longer than
 * a signature of ECDSA is another key's, and is cut. */
static int take_signature(const char **at, const char *end, struct signature *signature)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	const char *name = *at + strlen(DASH), *blank, *base64;
	uint8_t *bytes;
	int error = 0;

	if (!newline || (size_t)(newline - *at) <= strlen(DASH) ||
	    memcmp(*at, DASH, strlen(DASH)) != 0)
		return -EBADMSG;
	blank = memchr(name, ' ', (size_t)(newline - name));
	if (!blank || !is_word(name, (size_t)(blank - name)))
		return -EBADMSG;
	base64 = blank + 1;
	*signature = (struct signature){ .name = name, .name_length = (size_t)(blank - name) };
	bytes = malloc(CHECKPOINT_NOTE);
	if (!bytes)
		return -ENOMEM;
	if (!base64_parse(bytes, CHECKPOINT_NOTE, &signature->size, base64,
			  (size_t)(newline - base64)) || signature->size <= KEY_ID)
		error = -EBADMSG;
	else
		memcpy(signature->bytes, bytes,
		       signature->size < SIGNED ? signature->size : SIGNED);
	free(bytes);
	*at = newline + 1;
	return error;
}

/* 1: it is this key's and true; 0: another's; or -errno. */
static int check_signature(const struct signature *signature, const char *origin,
			   const struct key *key, const char *text, size_t length)
{
	uint8_t id[KEY_ID];
	int error = key_id(key, id);

	if (error)
		return error == -EINVAL ? 0 : error;
	if (signature->name_length != strlen(origin) ||
	    memcmp(signature->name, origin, signature->name_length) != 0 ||
	    memcmp(signature->bytes, id, KEY_ID) != 0)
		return 0;
	if (signature->size > SIGNED)
		return -EBADMSG;
	error = key_verify(key, text, length, signature->bytes + KEY_ID,
			   signature->size - KEY_ID);
	return error ? error : 1;
}

int checkpoint_verify(struct checkpoint *checkpoint, const char *note, size_t length,
		      const struct key *keys, size_t count, size_t *signer)
{
	const char *end = note + length, *at;
	bool found = false;
	size_t text;
	int error;

	if (length > CHECKPOINT_NOTE || length < 2)
		return -EBADMSG;
	at = end;
	/* The last empty line ends the text. */
	while (at > note + 1 && !(at[-1] == '\n' && at[-2] == '\n'))
		at--;
	if (at <= note + 1 || at == end)
		return -EBADMSG;
	text = (size_t)(at - note) - 1;
	error = parse_text(checkpoint, note, text);
	while (!error && at < end) {
		struct signature signature;

		error = take_signature(&at, end, &signature);
		for (size_t i = 0; !error && i < count; i++) {
			int mine = check_signature(&signature, checkpoint->origin, &keys[i], note,
						   text);

			error = mine < 0 ? mine : 0;
			if (mine == 1 && !found)
				*signer = i;
			found = found || mine == 1;
		}
	}
	return !error && !found ? -ENOKEY : error;
}

int checkpoint_parse(struct checkpoint *checkpoint, const char *note, size_t length)
{
	size_t signer;
	int error = checkpoint_verify(checkpoint, note, length, NULL, 0, &signer);

	return error == -ENOKEY ? 0 : error;
}
