/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/command/command.h"
#include "appliance/settings/network.h"
#include "rules/signed/approval.h"

/*
 * `cordon settings` in parts: settings.c is the table. Below PATH_DATA:
 *
 *	settings/		the files in force, a ledger of what was taken, during a trial its
 *end settings.new/		the next ones while they are written
 *	settings.old/		the ones before a trial
 *	settings.gone/		a set while it is removed
 *	settings.waiting/	refused, and can be accepted with the secret
 *	settings.log		what was taken and refused
 *	provisioned		this box was set up; the same on the EFI partition, for a
 *data partition that had to be made anew
 *
 * Beside that mark lie floor.0 and floor.1, written in turn, so that a power cut leaves one of them
 * whole: the highest version of a signed set that this box ever took, and the newest version of the
 * trust root. No signed set is taken that is not later than that; the very last one may come once
 *more to a data partition that was made anew. A factory reset ends the mark and not the floor:
 *a person at the console may set up anything by hand, and old signatures stay old. A partition
 *that is mounted read-only is read all the same. Where settings are not kept (no data partition),
 *nothing is raised. Where there is no EFI partition, as on a gateway that was installed from a
 *package, the ledger alone says what was taken.
 */
#define SETTINGS_NEW PATH_DATA "/settings.new"
#define SETTINGS_OLD PATH_DATA "/settings.old"
#define SETTINGS_WAITING PATH_DATA "/settings.waiting"
/* could not be used; etc/init.d/boot put it there */
#define SETTINGS_BAD PATH_DATA "/settings.bad"
#define SETTINGS_LOG PATH_DATA "/settings.log"
#define SETTINGS_MARK PATH_DATA "/provisioned"
#define SETTINGS_BOOT_MARK PATH_BOOT_IMAGES "/provisioned"
#define SETTINGS_RESET PATH_DATA "/reset"
/* to this root; the bundle still has to be looked at */
#define SETTINGS_ROOT PATH_DATA "/root-changes"
/* Messages of more than one file. */
#define SETTINGS_CHANGED_TEXT \
	"the settings were changed meanwhile: nothing of this was taken; look again\n"
#define SETTINGS_TRIAL_TEXT \
	"a trial of settings is under way: first cordon settings keep, or wait for its end\n"

enum { SETTINGS_ROOT_NAME = 2 * DIGEST_SIZE + 2 };
enum { SETTINGS_TAKEN = 16, SETTINGS_LOG_MAX = 64 * 1024 };

/* What is remembered of what came before; lies in the settings' folder and changes with it. */
struct settings_ledger {
	int64_t version;			/* of the last signed set */
	uint8_t approved[DIGEST_SIZE];		/* of what was signed */
	uint8_t taken[SETTINGS_TAKEN][DIGEST_SIZE];
	size_t takens;
};

/* A set that is offered. */
struct settings_offer {
	struct provision set;
	bool whole;		/* what is not in it goes; else it stays as it is */
	char *approval;		/* settings.json, malloc'ed; NULL: none */
	size_t approval_size;
	char where[64];		/* "the stick sdb1" */
	bool has_errors;	/* an errors.txt lies beside it */
	/* of a stick: what is wrong with it; there is no set then. malloc'ed */
	char *unreadable;
};

/* Wipes and frees what was offered. */
void settings_offer_release(struct settings_offer *offer);

/* Before settings are judged: the keys that this build knows, and what JSON may take of the memory.
 */
void settings_begin(void);

/* ---- settings_set.c: on disk ---- */

/* One change at a time; the process holds it until its end. */
void settings_lock(void);
/* When the change has come to its end before the process, and in a child that is not part of it. */
void settings_unlock(void);
/* Both marks of a box that was set up, or (false) the end of the one on the EFI partition. */
void settings_mark(bool provisioned);
/* Has this box been set up? Then what is protected is. */
bool settings_provisioned(void);
/* The files of a folder below PATH_DATA; -errno with diag. */
int settings_load(const char *folder, struct provision *set, struct diag *diag)
	__attribute__((warn_unused_result));
/* Is the folder's set this one still? */
bool settings_unchanged(const char *folder, const struct provision *before);
void settings_ledger_load(struct settings_ledger *ledger);
void settings_ledger_load_from(const char *folder, struct settings_ledger *ledger);
bool settings_ledger_knows(const struct settings_ledger *ledger, const uint8_t digest[DIGEST_SIZE]);
/* The oldest one is forgotten for it. */
void settings_ledger_add(struct settings_ledger *ledger, const uint8_t digest[DIGEST_SIZE]);
/* All of it or nothing, also when the power goes. trial: lines of a trial's end, or NULL. -errno.
 */
int settings_store(const struct provision *set, const struct settings_ledger *ledger,
		   const char *trial) __attribute__((warn_unused_result));
/* What was renamed or removed below PATH_DATA reaches the disk. -errno. */
int settings_sync(void);
/* Exchanges the names of two folders below PATH_DATA. -errno. */
int settings_exchange(const char *a, const char *b) __attribute__((warn_unused_result));
/* Removes a folder below PATH_DATA and the files in it. */
void settings_remove(const char *folder);
/* The set into a folder of its own (SETTINGS_WAITING, SETTINGS_OLD), which is whole when it is
 * there. */
int settings_copy(const char *folder, const struct provision *set,
		  const struct settings_ledger *ledger, const char *why)
	__attribute__((warn_unused_result));
/* Ends what a power cut interrupted, a factory reset, and (boot) a trial that nobody kept. */
void settings_recover(void);
/* A line to SETTINGS_LOG and the kernel's log, unless the same set had the same word said already.
 */
void settings_note(const char *word, const uint8_t digest[DIGEST_SIZE], const char *text);
/* The last line of SETTINGS_LOG that says "refused"; "" for none. */
void settings_last_refusal(char *line, size_t size);

/* ---- settings_floor.c ---- */

/* By which a signed set names this box; "": it has none, or none that tells it from others. */
struct settings_who {
	char key[METADATA_KEYID], serial[APPROVAL_APPLIANCE];
};
void settings_who(struct settings_who *who);
int settings_id(void);
/* Time for signatures (signed/freshness.h), with the floor that cordond kept: seconds since 1970.
 */
int64_t settings_now(void);

struct settings_floor {
	int64_t sequence;
	int64_t version;			/* 0: none */
	uint8_t digest[DIGEST_SIZE];		/* of what was signed under it */
	int64_t root;				/* version of the trust root */
	char repository[METADATA_KEYID];	/* to which that belongs; "": none */
};
/* The higher of the two copies; zero when there is none. */
void settings_floor_load(struct settings_floor *floor);
/* Raises it to the settings in force, which are on no trial. */
void settings_floor_keep(void);

/* ---- settings_sealed.c: what parses ---- */

/*
 * Everything that is offered is parsed by sealed children (base/sealed.h), one for each question,
 * so that an exploit of the certificate reader does not decide who signed. Errors are in diag, as
 * the parsers say them. The settings in force, which were offered once, are the box's own: what
 * uses them parses them itself.
 */
/* The set as cordond gets it, with root.json and mirror-ca.pem of a folder. */
int settings_compose(const struct provision *set, const char *folder, struct text *out,
		     struct diag *diag) __attribute__((warn_unused_result));
/* Each file that is there, alone; cordon.conf and network.conf together. */
void settings_check_files(const struct provision *set, struct diag *diag);
/* What would change. */
int settings_compare(const struct provision *old, const struct provision *new,
		     struct provision_changes *changes, struct diag *diag)
	__attribute__((warn_unused_result));
struct settings_trust {
	struct provision_part root;	/* trusted; data NULL: none */
	const char *bundle;		/* in force, NULL: none */
	size_t bundle_size;
};
struct settings_approval {
	const struct settings_offer *offer;
	struct settings_trust trust;
	struct settings_who who;
	struct settings_floor floor;
	int64_t now;
	int64_t last;			/* version that was taken, by the ledger */
};
/* *version, digest: what the signed set says, and of what was signed. */
int settings_check_approval(const struct settings_approval *approval, int64_t *version,
			    uint8_t digest[DIGEST_SIZE], struct diag *diag)
	__attribute__((warn_unused_result));
/* May root stand in the place of the trusted one (signed/approval.h)? *other: of another
 * repository. */
int settings_check_root(const struct settings_trust *trust, const struct provision_part *root,
			bool *other, struct diag *diag) __attribute__((warn_unused_result));
#define SETTINGS_COPY_TYPE "x-cordon-settings-copy"
/* A copy as export writes it; what is in it comes into the set. */
int settings_parse_copy(const char *path, const char *text, size_t size, struct provision *set,
			struct diag *diag) __attribute__((warn_unused_result));
/* What differs, line by line, for a screen: masked. 1: it does, 0: it does not; whole: what is not
 * in new goes. */
int settings_diff_lines(const struct provision *old, const struct provision *new, bool whole,
			struct text *out, struct diag *diag) __attribute__((warn_unused_result));

/* ---- settings_check.c: decisions ---- */

/* A set that reads: would cordond start with it? Errors in diag. settings_try.c */
void settings_try(const struct provision *set, struct diag *diag);
/* A complete set: does every file read, alone and together, and would cordond start with it? */
int settings_check(const struct provision *set, struct diag *diag)
	__attribute__((warn_unused_result));

enum settings_verdict { SETTINGS_SAME, SETTINGS_TAKE, SETTINGS_REFUSE, SETTINGS_WRONG };

struct settings_judgement {
	enum settings_verdict verdict;
	struct provision complete;
	struct provision_changes changes;
	struct settings_ledger ledger;	/* as it will be */
	uint8_t digest[DIGEST_SIZE];
	char *why;			/* for people; malloc'ed; NULL: nothing to say */
};

/* By which a set is known again; a newly signed one is another one. */
int settings_digest(const struct settings_offer *offer, uint8_t digest[DIGEST_SIZE])
	__attribute__((warn_unused_result));
/* confirmed: the secret was given. SETTINGS_WRONG: why has the errors. */
void settings_judge(struct settings_judgement *judgement, const struct settings_offer *offer,
		    bool confirmed);
/* A secret of the set that is plain text, which is kept in no file, becomes its hash. -errno.
 */
int settings_hash_secret(struct provision *set) __attribute__((warn_unused_result));
/* What follows from SETTINGS_TAKE; trial as settings_store. 0 or an exit code, said. */
int settings_take(struct settings_judgement *judgement, const char *trial);
/* A bundle of another repository than this set's trust root goes, and so does SETTINGS_ROOT. When
 * that names another root than the set's, its change never came to be, and the bundle stays. */
void settings_drop_bundle(const struct provision *set);
/* The name of the set's trust root in SETTINGS_ROOT. -errno. */
int settings_name_root(const struct provision *set, char name[SETTINGS_ROOT_NAME])
	__attribute__((warn_unused_result));
void settings_judgement_release(struct settings_judgement *judgement);

/* ---- settings_intake.c, settings_stick.c ---- */

/* Looks at the EFI partition and at sticks; activate: what was taken is put in force. An exit code.
 */
int settings_intake(const struct cli *cli, bool activate);
/* The set of a folder; 1: there is none of our files, -errno: too large or not to be read, with
 * diag. */
int settings_read_folder(int folder, struct settings_offer *offer, struct diag *diag)
	__attribute__((warn_unused_result));
/* Every stick with settings; how many. */
size_t settings_sticks(struct settings_offer *offer, size_t most);
/* errors.txt on a stick, or (NULL) its end. */
void settings_stick_note(const char *where, const char *errors);
/* The same beside settings in a folder. */
void settings_folder_note(int folder, const char *errors);

/* ---- settings_copy.c ---- */

/* A copy (export), one of the files by its name, or a folder of them. 0 or an exit code, said. */
int settings_read_any(const char *path, struct settings_offer *offer);
int settings_export(const char *path);
int settings_import(const struct cli *cli, const char *path);
int settings_diff(const char *path);
int settings_show(void);
/* What set would change of the settings in force, line by line; false: nothing. */
bool settings_print_diff(const struct settings_offer *offer);
/* The set in force. 0 or an exit code, after a message. */
int settings_load_in_force(struct provision *set);

/* ---- settings_trial.c ---- */

/* Takes a set for a trial of so many seconds, and keeps it for good. Exit codes. */
int settings_apply(const struct cli *cli, const char *path, const char *seconds);
int settings_keep(void);
/* Is one under way? */
bool settings_on_trial(void);
/* Back to the old ones: at once, or (expire) when its end has come. */
int settings_revert(const struct cli *cli);
int settings_expire(const struct cli *cli);

/* ---- settings_accept.c ---- */

/*
 * Judges the offer and asks for the secret where it takes one. The lock is taken after that, or
 * a person at the question would block all others; so what is in force must be what
 * it was, and is judged again. true: it may be taken, and the lock is held. false, after a word:
 * not, and it is not. The judgement is released by the caller in either case.
 */
bool settings_confirm(struct settings_judgement *judgement, const struct settings_offer *offer);
int settings_accept(const struct cli *cli);
/* The refused set is not to be taken; it stays where it came from. */
int settings_discard(void);
int settings_reset(bool log_too);

