/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The two slots of a disk, as GRUB's environment block says it (image/boot/grub.cfg is the other
 * side): which one is started first, how many starts it has left until the other one is tried, and
 * the name of the boot artefact in each.
 *
 *	primary=a
 *	left=3			counted down at each start, put back when the image proves that it
 *blocks a=cordon-0.1.0-0123abcd.efi b=			nothing that starts
 *	trial=			or the slot whose image has not proved itself yet
 *	failed=			or the name of the image that used up its tries, or fell to the
 *self-test
 *
 * All of it lies in the first sector of the file, which a disk writes as a whole or not.
 */
enum {
	SLOTS_BLOCK = 1024,
	SLOTS_NAME = 64,	/* of a boot artefact, with its NUL */
	SLOTS_TRIES = 3
};

enum slot { SLOT_A, SLOT_B, SLOT_NONE };

struct slots {
	enum slot primary;		/* SLOT_A, SLOT_B */
	unsigned int left;		/* 0 to SLOTS_TRIES */
	char name[2][SLOTS_NAME];	/* "": none */
	enum slot trial;
	char failed[SLOTS_NAME];
};

const char *slot_print(enum slot slot);			/* "a", "b", "" */
/* The slot that this is not. */
static inline enum slot slot_other(enum slot slot)	/* not of SLOT_NONE */
{
	return slot == SLOT_A ? SLOT_B : SLOT_A;
}

/* Is it "cordon-....efi" of letters, digits and ". _ + -"? Nothing else gets into the block. */
bool slots_check_name(const char *name);

/* -EBADMSG: not such a block; *slots is then empty, primary a, all tries left. What GRUB would pass
 * over (other names, a number that is none) is passed over here, too. */
int slots_parse(struct slots *slots, const char *block, size_t size)
	__attribute__((warn_unused_result));
void slots_print(const struct slots *slots, char block[SLOTS_BLOCK]);

/* The artefact that runs, by the kernel's command line: the value of cordon.image=. false: none. */
bool slots_image(const char *cmdline, char name[SLOTS_NAME]);
/* SLOT_NONE: neither has this name. */
enum slot slots_running(const struct slots *slots, const char *name);

/* Before a slot is written over: nothing leads to it any more. */
void slots_clear(struct slots *slots, enum slot slot);
/* A new image is started next, on trial. */
void slots_install(struct slots *slots, enum slot slot, const char *name);
/*
 * The other one is started next; false: there is none. It is on trial, too, unless what runs was on
 * trial itself: then the other one had proved itself before, and confirms that this one failed.
 */
bool slots_rollback(struct slots *slots, enum slot running);
/*
 * What runs has proved itself and stays: primary, with all tries. An image that neither slot names
 * (the block was lost) gets the slot at. true: the other one was on trial, and this is what it fell
 * back to; failed says which that was.
 */
bool slots_confirm(struct slots *slots, const char *running, enum slot at);
/* The image that runs is the one on trial. */
bool slots_on_trial(const struct slots *slots, enum slot running);
