/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/key.h"
#include "appliance/base/text.h"
#include "appliance/journal/tree.h"

/*
 * What the appliance signs about its log: how many batches there are, and the root of their tree
 * (tree.h). The format is C2SP tlog-checkpoint, a C2SP signed note:
 *
 *	cordon/gw-01				origin: "cordon/" and the appliance's id
 *	1042					leaves
 *	CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *	last 73210				sequence number of the last entry
 *	time 2026-11-29T08:00:00.000Z		the appliance's clock
 *	boot 0a7e3c52-…				boot id
 *	reason hourly
 *
 *	— cordon/gw-01 base64(key id || signature)
 *
 * The lines behind the root are extension lines, which the format allows and advises against. They
 * are for an auditor who has nothing but a copy of the note: how much he has to find, and when it
 * was. A log never signs two trees that do not continue one another.
 *
 * The key is the appliance's own (P-256), the one of its receipts. Signed notes name Ed25519 first,
 * which tokens and the Mbed TLS of today's Debian do not offer. Their type byte 0x02 is ECDSA: DER
 * (RFC 3279) over SHA-256 of the text up to the blank line, and as key id the first four bytes of
 * SHA-256 over the SubjectPublicKeyInfo. (The key id of other types is a hash of the name, the type
 * byte and the key.) So only the verifier key (checkpoint_key_print) contains the byte.
 *
 * A new key: the journal stores a notice that names it, and signs a checkpoint over that with the
 * old one. The new one signs from then on, so trust in the old one leads to it.
 */
enum checkpoint_reason {
	CHECKPOINT_HOURLY, CHECKPOINT_ROTATION, CHECKPOINT_START, CHECKPOINT_STOP,
	CHECKPOINT_REQUEST,
	CHECKPOINT_NOTHING,	/* hourly, and nothing happened since the last one */
	CHECKPOINT_REASONS
};
const char *checkpoint_reason_print(enum checkpoint_reason reason);	/* "hourly" */

enum {
	CHECKPOINT_ORIGIN = 80,		/* buffer, NUL included */
	CHECKPOINT_NOTE = 16 * 1024	/* most bytes of a note with all its signatures */
};

struct checkpoint {
	char origin[CHECKPOINT_ORIGIN];
	uint64_t size;
	uint8_t root[DIGEST_SIZE];
	uint64_t last;		/* 0: no entry yet */
	int64_t wall_ms;
	char boot_id[TREE_BOOT_ID];
	enum checkpoint_reason reason;
};

/* 0, or -EINVAL: the id is empty, too long, or has other characters than visible ASCII, or "+". */
int checkpoint_origin(char origin[CHECKPOINT_ORIGIN], const char *appliance)
	__attribute__((warn_unused_result));

/* Appends the whole note, signed. 0 or -errno; -EINVAL: a member has no valid form, or the key is
 * not P-256. */
int checkpoint_sign(const struct checkpoint *checkpoint, const struct secret *key,
		    struct text *note) __attribute__((warn_unused_result));

/* Reads a note of any length, without its signatures' truth. Only what checkpoint_sign prints is
 * one: 0, else -EBADMSG. */
int checkpoint_parse(struct checkpoint *checkpoint, const char *note, size_t length)
	__attribute__((warn_unused_result));

/*
 * Parses it, and verifies the signatures whose name is the origin and whose key id is one of these
 * keys'. 0: *signer is the first key that signed; -ENOKEY: none of them did; -EBADMSG: no
 * checkpoint, or a signature of a known key is false. Signatures of others (witnesses) are ignored.
 */
int checkpoint_verify(struct checkpoint *checkpoint, const char *note, size_t length,
		      const struct key *keys, size_t count, size_t *signer)
	__attribute__((warn_unused_result));

/* The key as tools for signed notes take it: "ORIGIN+KEYID+base64(0x02 || SubjectPublicKeyInfo)".
 * 0 or -errno. */
int checkpoint_key_print(const char *origin, const struct key *key, struct text *out)
	__attribute__((warn_unused_result));
