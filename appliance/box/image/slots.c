/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/slots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char head[] = "# GRUB Environment Block\n";

const char *slot_print(enum slot slot)
{
	return slot == SLOT_A ? "a" : slot == SLOT_B ? "b" : "";
}

static enum slot slot_parse(const char *text)
{
	return strcmp(text, "a") == 0 ? SLOT_A : strcmp(text, "b") == 0 ? SLOT_B : SLOT_NONE;
}

bool slots_check_name(const char *name)
{
	static const char prefix[] = "cordon-", ending[] = ".efi";
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	const size_t length = strlen(name), least = sizeof(prefix) + sizeof(ending) - 1;

	return length >= least && length < SLOTS_NAME && strspn(name, allowed) == length &&
	       strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	       strcmp(name + length - (sizeof(ending) - 1), ending) == 0;
}

/* ---- the block ---- */

static void set_name(char out[SLOTS_NAME], const char *name)
{
	snprintf(out, SLOTS_NAME, "%s", slots_check_name(name) ? name : "");
}

static void set(struct slots *slots, const char *key, const char *value)
{
	if (strcmp(key, "primary") == 0)
		slots->primary = strcmp(value, "b") == 0 ? SLOT_B : SLOT_A;
	else if (strcmp(key, "left") == 0 && value[0] >= '0' && value[0] <= '0' + SLOTS_TRIES &&
		 !value[1])
		slots->left = (unsigned int)(value[0] - '0');
	else if (strcmp(key, "trial") == 0)
		slots->trial = slot_parse(value);
	else if (strcmp(key, "failed") == 0)
		set_name(slots->failed, value);
	else if (slot_parse(key) != SLOT_NONE)
		set_name(slots->name[slot_parse(key)], value);
}

int slots_parse(struct slots *slots, const char *block, size_t size)
{
	char text[SLOTS_BLOCK + 1], *rest = text, *line;

	*slots = (struct slots){ .primary = SLOT_A, .left = SLOTS_TRIES, .trial = SLOT_NONE };
	if (size != SLOTS_BLOCK || memcmp(block, head, sizeof(head) - 1) != 0)
		return -EBADMSG;
	memcpy(text, block, size);
	text[size] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (*line == '#' || !value)
			continue;
		*value++ = '\0';
		set(slots, line, value);
	}
	return 0;
}

void slots_print(const struct slots *slots, char block[SLOTS_BLOCK])
{
	char text[SLOTS_BLOCK];
	int length = snprintf(text, sizeof(text),
			      "%sprimary=%s\nleft=%u\na=%s\nb=%s\ntrial=%s\nfailed=%s\n", head,
			      slot_print(slots->primary), slots->left, slots->name[SLOT_A],
			      slots->name[SLOT_B], slot_print(slots->trial), slots->failed);

	memset(block, '#', SLOTS_BLOCK);
	memcpy(block, text, (size_t)length);
}

/* ---- what runs ---- */

bool slots_image(const char *cmdline, char name[SLOTS_NAME])
{
	static const char word[] = "cordon.image=";
	const char *at = cmdline;
	size_t length;

	while ((at = strstr(at, word)) && at != cmdline && at[-1] != ' ')
		at += sizeof(word) - 1;
	if (!at)
		return false;
	at += sizeof(word) - 1;
	length = strcspn(at, " \n");
	if (length >= SLOTS_NAME)
		return false;
	memcpy(name, at, length);
	name[length] = '\0';
	return slots_check_name(name);
}

enum slot slots_running(const struct slots *slots, const char *name)
{
	for (enum slot slot = SLOT_A; slot <= SLOT_B; slot++) {
		if (*name && strcmp(slots->name[slot], name) == 0)
			return slot;
	}
	return SLOT_NONE;
}

/* ---- decisions ---- */

void slots_clear(struct slots *slots, enum slot slot)
{
	*slots->name[slot] = '\0';
	slots->primary = slot_other(slot);
	slots->left = SLOTS_TRIES;
	slots->trial = SLOT_NONE;
}

void slots_install(struct slots *slots, enum slot slot, const char *name)
{
	set_name(slots->name[slot], name);
	slots->primary = slot;
	slots->left = SLOTS_TRIES;
	slots->trial = slot;
	*slots->failed = '\0';
}

bool slots_rollback(struct slots *slots, enum slot running)
{
	char name[SLOTS_NAME];

	if (!*slots->name[slot_other(running)])
		return false;
	if (slots_on_trial(slots, running)) {
		slots->primary = slot_other(running);
		slots->left = SLOTS_TRIES;
		return true;
	}
	memcpy(name, slots->name[slot_other(running)], sizeof(name));
	slots_install(slots, slot_other(running), name);
	return true;
}

bool slots_confirm(struct slots *slots, const char *running, enum slot at)
{
	enum slot slot = slots_running(slots, running);
	bool fell_back;

	if (slot == SLOT_NONE) {
		slot = at;
		set_name(slots->name[slot], running);
	}
	fell_back = slots->trial == slot_other(slot);
	if (fell_back)
		memcpy(slots->failed, slots->name[slots->trial], sizeof(slots->failed));
	if (strcmp(slots->failed, slots->name[slot]) == 0)
		*slots->failed = '\0';
	slots->primary = slot;
	slots->left = SLOTS_TRIES;
	slots->trial = SLOT_NONE;
	return fell_back;
}

bool slots_on_trial(const struct slots *slots, enum slot running)
{
	return running != SLOT_NONE && slots->trial == running;
}
