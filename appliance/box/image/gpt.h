/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"

/*
 * The partition table of a disk (GPT, UEFI specification 2.10, chapter 5), over bytes: read from
 * one of its two copies, changed in two ways (the id of a partition, the end of the last one), and
 * written as steps of which each leaves one whole copy behind. The disk is hostile: nothing of it
 * is used before checksums and bounds are checked.
 */
enum {
	GPT_AREA = 64 * 1024,	/* bytes to read at each end of the disk, or all of a smaller one */
	GPT_SECTOR_MAX = 4096,
	GPT_ENTRIES = 128,	/* at most; more are refused */
	GPT_ENTRY = 128,	/* bytes */
	GPT_ID = 16,
	GPT_ID_TEXT = 37,
	GPT_NAME = 37,
	GPT_WRITES = 5
};

struct gpt_bytes {
	const uint8_t *head, *tail;	/* the first and the last bytes of the disk */
	size_t head_size, tail_size;
	unsigned int sector;		/* bytes: 512 or 4096 */
	uint64_t sectors;		/* of the disk */
};

struct gpt {
	unsigned int sector;
	uint64_t sectors;
	unsigned int entries;
	uint64_t first_usable, last_usable;	/* sectors */
	uint8_t id[GPT_ID];			/* of the disk */
	uint8_t table[GPT_ENTRIES * GPT_ENTRY];
	uint8_t mbr[512];			/* sector 0 */
	bool has_primary;			/* it is whole; else the backup was read */
	bool primary_stale, backup_stale, mbr_stale;	/* has to be written */
};

struct gpt_part {
	unsigned int number;		/* from 1, as in the name of its device */
	uint64_t first, last;		/* sectors */
	uint8_t id[GPT_ID];		/* as on the disk: the first three numbers little endian */
	char name[GPT_NAME];		/* other than printable ASCII: '?' */
};

/* -EBADMSG with diag: neither copy is whole; it says why of both. */
int gpt_parse(struct gpt *gpt, const struct gpt_bytes *bytes, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));

/* The next partition after number (0: the first); false: no more. */
bool gpt_next(const struct gpt *gpt, unsigned int number, struct gpt_part *part);
/* false when no partition has this name, or more than one. */
bool gpt_lookup(const struct gpt *gpt, const char *name, struct gpt_part *part);

/* -EEXIST: another partition has this id. */
int gpt_set_id(struct gpt *gpt, unsigned int number, const uint8_t id[GPT_ID])
	__attribute__((warn_unused_result));
/* The partition ends where the disk does, at a whole MiB; nothing when less than one is gained.
 * -EINVAL: another one lies behind it. */
int gpt_grow(struct gpt *gpt, unsigned int number) __attribute__((warn_unused_result));

/*
 * What has to be written, in this order, each step on the disk before the next begins. The copy
 * that was read is written last; the other one, behind the end of the disk as it is now, goes
 * first.
 */
struct gpt_plan {
	struct gpt_write {
		uint64_t offset;	/* bytes */
		const void *data;
		size_t size;
	} write[GPT_WRITES];
	size_t writes;			/* 0: the disk is as it should be */
	uint8_t header[2][GPT_SECTOR_MAX];
};
/* Points into gpt, too. */
void gpt_plan(struct gpt_plan *plan, const struct gpt *gpt);

/* "7f5a1c00-0001-4c6f-8e5a-636f72646f6e", either case. */
int gpt_id_parse(uint8_t id[GPT_ID], const char *text) __attribute__((warn_unused_result));
char *gpt_id_print(const uint8_t id[GPT_ID], char text[GPT_ID_TEXT]);
/* The id of a slot: the first 16 bytes of the root's hash, in the order of the text. */
void gpt_id_of_hash(uint8_t id[GPT_ID], const uint8_t *hash);
