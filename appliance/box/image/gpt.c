/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/gpt.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/hex.h"

/* Where things lie in a header, which is little endian. */
enum { HEADER = 92, AT_REVISION = 8, AT_SIZE = 12, AT_CRC = 16, AT_MY = 24, AT_OTHER = 32,
       AT_FIRST = 40, AT_LAST = 48, AT_ID = 56, AT_TABLE = 72, AT_ENTRIES = 80, AT_ENTRY = 84,
       AT_TABLE_CRC = 88 };
/* And in an entry. */
enum { ENTRY_TYPE = 0, ENTRY_ID = 16, ENTRY_FIRST = 32, ENTRY_LAST = 40, ENTRY_NAME = 56 };
/* And in sector 0: one entry that covers the disk and keeps others away from it. */
enum {
	MBR_ENTRY = 446,
	MBR_TYPE = MBR_ENTRY + 4,
	MBR_SIZE = MBR_ENTRY + 12,
	MBR_REST = MBR_ENTRY + 16,
	MBR_END = 510,
	MBR_PROTECTS = 0xee
};

static const char signature[8] = "EFI PART";

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
}

/* The CRC of the specification, that of Ethernet. */
static uint32_t crc32(const uint8_t *data, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint64_t table_sectors(const struct gpt *gpt)
{
	return (gpt->entries * GPT_ENTRY + gpt->sector - 1) / gpt->sector;
}

/* The last sector before the backup's table. */
static uint64_t usable_end(const struct gpt *gpt)
{
	return gpt->sectors - 2 - table_sectors(gpt);
}

/* ---- entries ---- */

static uint8_t *entry_at(const struct gpt *gpt, unsigned int number)
{
	return (uint8_t *)(uintptr_t)gpt->table + (number - 1) * GPT_ENTRY;
}

static bool entry_used(const uint8_t *entry)
{
	static const uint8_t none[16];

	return memcmp(entry + ENTRY_TYPE, none, sizeof(none)) != 0;
}

bool gpt_next(const struct gpt *gpt, unsigned int number, struct gpt_part *part)
{
	const uint8_t *entry;

	do {
		if (++number > gpt->entries)
			return false;
		entry = entry_at(gpt, number);
	} while (!entry_used(entry));
	*part = (struct gpt_part){ .number = number, .first = get64(entry + ENTRY_FIRST),
				   .last = get64(entry + ENTRY_LAST) };
	memcpy(part->id, entry + ENTRY_ID, sizeof(part->id));
	for (unsigned int i = 0; i < GPT_NAME - 1; i++) {
		const uint8_t *letter = entry + ENTRY_NAME + 2 * i;

		if (!letter[0] && !letter[1])
			break;
		part->name[i] =
			!letter[1] && letter[0] >= ' ' && letter[0] <= '~' ? (char)letter[0] : '?';
	}
	return true;
}

bool gpt_lookup(const struct gpt *gpt, const char *name, struct gpt_part *part)
{
	struct gpt_part next = { .number = 0 };
	unsigned int found = 0;

	while (gpt_next(gpt, next.number, &next)) {
		if (strcmp(next.name, name) != 0)
			continue;
		*part = next;
		found++;
	}
	return found == 1;
}

/* ---- one copy ---- */

/* A header with its table, in the bytes of one end of the disk that begin with sector base. */
struct gpt_copy {
	const uint8_t *bytes;
	size_t size;
	uint64_t base, at;	/* sectors: of bytes, of the header */
	char *problem;
};
enum { PROBLEM = 200 };

/* size bytes at a sector; NULL: not among those that were read. */
static const uint8_t *reach(const struct gpt_copy *copy, unsigned int sector, uint64_t at,
			    size_t size)
{
	uint64_t skip = (at - copy->base) * sector;

	if (at < copy->base || at - copy->base > GPT_AREA / 512 || skip > copy->size ||
	    size > copy->size - skip)
		return NULL;
	return copy->bytes + skip;
}

static bool wrong(const struct gpt_copy *copy, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool wrong(const struct gpt_copy *copy, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(copy->problem, PROBLEM, format, arguments);
	va_end(arguments);
	return false;
}

static bool check_parts(const struct gpt *gpt, const struct gpt_copy *copy)
{
	struct gpt_part part = { .number = 0 }, other;

	while (gpt_next(gpt, part.number, &part)) {
		if (part.first < gpt->first_usable || part.last > gpt->last_usable ||
		    part.first > part.last)
			return wrong(copy,
				     "partition %u lies from %" PRIu64 " to %" PRIu64
				     ", expected between %" PRIu64 " and %" PRIu64,
				     part.number, part.first, part.last, gpt->first_usable,
				     gpt->last_usable);
		other.number = part.number;
		while (gpt_next(gpt, other.number, &other)) {
			if (part.first <= other.last && other.first <= part.last)
				return wrong(copy, "partitions %u and %u overlap", part.number,
					     other.number);
		}
	}
	return true;
}

static bool read_table(struct gpt *gpt, const struct gpt_copy *copy, const uint8_t *header)
{
	uint64_t at = get64(header + AT_TABLE), end = at + table_sectors(gpt) - 1;
	size_t size = gpt->entries * GPT_ENTRY;
	const uint8_t *table = reach(copy, gpt->sector, at, size);
	const bool first = copy->base == 0;

	if (first ? at < 2 || end >= gpt->first_usable : at <= gpt->last_usable || end >= copy->at)
		return wrong(copy, "its table is at sector %" PRIu64 ", among the partitions", at);
	if (!table)
		return wrong(copy, "its table is at sector %" PRIu64 ", expected beside the header",
			     at);
	if (crc32(table, size) != get32(header + AT_TABLE_CRC))
		return wrong(copy, "the checksum of its table is wrong");
	memset(gpt->table, 0, sizeof(gpt->table));
	memcpy(gpt->table, table, size);
	return check_parts(gpt, copy);
}

static bool check_header(const struct gpt *gpt, const struct gpt_copy *copy, const uint8_t *header)
{
	uint8_t clean[GPT_SECTOR_MAX];
	size_t size = get32(header + AT_SIZE);

	if (memcmp(header, signature, sizeof(signature)) != 0)
		return wrong(copy, "there is none");
	if (get32(header + AT_REVISION) != 0x10000 || size < HEADER || size > gpt->sector)
		return wrong(copy, "revision or size is not that of GPT 1.0");
	memcpy(clean, header, size);
	put32(clean + AT_CRC, 0);
	if (crc32(clean, size) != get32(header + AT_CRC))
		return wrong(copy, "its checksum is wrong");
	if (get64(header + AT_MY) != copy->at)
		return wrong(copy, "it says that it is at sector %" PRIu64, get64(header + AT_MY));
	return true;
}

static bool read_copy(struct gpt *gpt, const struct gpt_copy *copy)
{
	const uint8_t *header = reach(copy, gpt->sector, copy->at, gpt->sector);

	if (!header || !check_header(gpt, copy, header))
		return header ? false : wrong(copy, "the disk is too small");
	gpt->entries = get32(header + AT_ENTRIES);
	gpt->first_usable = get64(header + AT_FIRST);
	gpt->last_usable = get64(header + AT_LAST);
	memcpy(gpt->id, header + AT_ID, sizeof(gpt->id));
	if (get32(header + AT_ENTRY) != GPT_ENTRY || gpt->entries < 1 || gpt->entries > GPT_ENTRIES)
		return wrong(copy, "%u entries of %u bytes, expected at most %d of %d",
			     get32(header + AT_ENTRIES), get32(header + AT_ENTRY), GPT_ENTRIES,
			     GPT_ENTRY);
	if (gpt->first_usable < 2 + table_sectors(gpt) || gpt->first_usable > gpt->last_usable ||
	    gpt->sectors < 6 + 2 * table_sectors(gpt) || gpt->last_usable > usable_end(gpt))
		return wrong(copy,
			     "partitions may lie from %" PRIu64 " to %" PRIu64
			     ", and the disk has %" PRIu64 " sectors",
			     gpt->first_usable, gpt->last_usable, gpt->sectors);
	if (!read_table(gpt, copy, header))
		return false;
	/* A disk that grew, or an image on a larger one: the backup is not at the end. */
	gpt->primary_stale = gpt->backup_stale =
		gpt->last_usable != usable_end(gpt) ||
		(copy->base == 0 && get64(header + AT_OTHER) != gpt->sectors - 1);
	return true;
}

/* ---- both ---- */

static bool same(const struct gpt *a, const struct gpt *b)
{
	return a->entries == b->entries && a->first_usable == b->first_usable &&
	       a->last_usable == b->last_usable && memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
	       memcmp(a->table, b->table, sizeof(a->table)) == 0;
}

/* Only an entry that protects the whole disk and nothing else is ours to mend. */
static void check_mbr(struct gpt *gpt)
{
	static const uint8_t none[MBR_END - MBR_REST];
	const uint64_t size = gpt->sectors - 1 < UINT32_MAX ? gpt->sectors - 1 : UINT32_MAX;
	uint8_t *mbr = gpt->mbr;

	if (mbr[MBR_END] != 0x55 || mbr[MBR_END + 1] != 0xaa || mbr[MBR_TYPE] != MBR_PROTECTS ||
	    memcmp(mbr + MBR_REST, none, sizeof(none)) != 0 || get32(mbr + MBR_SIZE) == size)
		return;
	put32(mbr + MBR_SIZE, (uint32_t)size);
	gpt->mbr_stale = true;
}

int gpt_parse(struct gpt *gpt, const struct gpt_bytes *bytes, const char *source, struct diag *diag)
{
	char problem[2][PROBLEM] = { "", "" };
	const struct gpt_copy primary = { .bytes = bytes->head, .size = bytes->head_size, .at = 1,
				      .problem = problem[0] };
	const struct gpt_copy backup = { .bytes = bytes->tail, .size = bytes->tail_size,
				     .base = bytes->sectors - bytes->tail_size / bytes->sector,
				     .at = bytes->sectors - 1, .problem = problem[1] };
	struct gpt other = { .sector = bytes->sector, .sectors = bytes->sectors };
	bool has_backup;

	*gpt = other;
	if ((bytes->sector != 512 && bytes->sector != GPT_SECTOR_MAX) ||
	    bytes->head_size < bytes->sector || bytes->sectors < 8 ||
	    bytes->tail_size % bytes->sector != 0 ||
	    bytes->tail_size / bytes->sector >= bytes->sectors) {
		diag_error(diag, source, 0, 0, "%" PRIu64 " sectors of %u bytes: too small for a "
			   "partition table", bytes->sectors, bytes->sector);
		return -EBADMSG;
	}
	gpt->has_primary = read_copy(gpt, &primary);
	has_backup = read_copy(&other, &backup);
	if (!gpt->has_primary && !has_backup) {
		diag_error(diag, source, 0, 0,
			   "no partition table; the primary: %s; the backup: %s", problem[0],
			   problem[1]);
		return -EBADMSG;
	}
	if (!gpt->has_primary) {
		*gpt = other;
		gpt->primary_stale = true;
	} else if (!has_backup || !same(gpt, &other)) {
		gpt->backup_stale = true;
	}
	memcpy(gpt->mbr, bytes->head, sizeof(gpt->mbr));
	check_mbr(gpt);
	return 0;
}

/* ---- changes ---- */

int gpt_set_id(struct gpt *gpt, unsigned int number, const uint8_t id[GPT_ID])
{
	struct gpt_part part = { .number = 0 };

	while (gpt_next(gpt, part.number, &part)) {
		if (memcmp(part.id, id, GPT_ID) == 0)
			return part.number == number ? 0 : -EEXIST;
	}
	memcpy(entry_at(gpt, number) + ENTRY_ID, id, GPT_ID);
	gpt->primary_stale = gpt->backup_stale = true;
	return 0;
}

int gpt_grow(struct gpt *gpt, unsigned int number)
{
	const uint64_t mebibyte = (1 << 20) / gpt->sector;
	const uint64_t end = (usable_end(gpt) + 1) / mebibyte * mebibyte;
	uint8_t *entry = entry_at(gpt, number);
	const uint64_t last = get64(entry + ENTRY_LAST);
	struct gpt_part part = { .number = 0 };

	while (gpt_next(gpt, part.number, &part)) {
		if (part.first > last)
			return -EINVAL;
	}
	if (end == 0 || end - 1 <= last)
		return 0;
	put64(entry + ENTRY_LAST, end - 1);
	gpt->primary_stale = gpt->backup_stale = true;
	return 0;
}

/* ---- writing ---- */

static void print_header(uint8_t *header, const struct gpt *gpt, bool primary)
{
	const uint64_t end = gpt->sectors - 1;

	memset(header, 0, GPT_SECTOR_MAX);
	memcpy(header, signature, sizeof(signature));
	put32(header + AT_REVISION, 0x10000);
	put32(header + AT_SIZE, HEADER);
	put64(header + AT_MY, primary ? 1 : end);
	put64(header + AT_OTHER, primary ? end : 1);
	put64(header + AT_FIRST, gpt->first_usable);
	put64(header + AT_LAST, usable_end(gpt));
	memcpy(header + AT_ID, gpt->id, sizeof(gpt->id));
	put64(header + AT_TABLE, primary ? 2 : end - table_sectors(gpt));
	put32(header + AT_ENTRIES, gpt->entries);
	put32(header + AT_ENTRY, GPT_ENTRY);
	put32(header + AT_TABLE_CRC, crc32(gpt->table, gpt->entries * GPT_ENTRY));
	put32(header + AT_CRC, crc32(header, HEADER));
}

static void add(struct gpt_plan *plan, const struct gpt *gpt, uint64_t at, const void *data,
		size_t size)
{
	plan->write[plan->writes++] = (struct gpt_write){ .offset = at * gpt->sector, .data = data,
							  .size = size };
}

static void add_copy(struct gpt_plan *plan, const struct gpt *gpt, bool primary)
{
	const uint64_t at = primary ? 1 : gpt->sectors - 1;

	print_header(plan->header[primary], gpt, primary);
	add(plan, gpt, primary ? 2 : at - table_sectors(gpt), gpt->table,
	    (size_t)table_sectors(gpt) * gpt->sector);
	add(plan, gpt, at, plan->header[primary], gpt->sector);
}

void gpt_plan(struct gpt_plan *plan, const struct gpt *gpt)
{
	plan->writes = 0;
	if (!gpt->has_primary && gpt->primary_stale)
		add_copy(plan, gpt, true);
	if (gpt->backup_stale)
		add_copy(plan, gpt, false);
	if (gpt->has_primary && gpt->primary_stale)
		add_copy(plan, gpt, true);
	if (gpt->mbr_stale)
		add(plan, gpt, 0, gpt->mbr, sizeof(gpt->mbr));
}

/* ---- ids ---- */

/* Bytes in the order of the text to those on the disk, or back. */
static void turn(uint8_t out[GPT_ID], const uint8_t *in)
{
	static const uint8_t order[GPT_ID] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
	};

	for (unsigned int i = 0; i < GPT_ID; i++)
		out[i] = in[order[i]];
}

void gpt_id_of_hash(uint8_t id[GPT_ID], const uint8_t *hash)
{
	turn(id, hash);
}

int gpt_id_parse(uint8_t id[GPT_ID], const char *text)
{
	char digits[2 * GPT_ID + 1] = "";
	uint8_t bytes[GPT_ID];
	size_t count = 0;

	if (strlen(text) != GPT_ID_TEXT - 1)
		return -EINVAL;
	for (size_t i = 0; text[i]; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (text[i] == '-'))
			return -EINVAL;
		if (!dash)
			digits[count++] = (char)tolower((unsigned char)text[i]);
	}
	if (!hex_parse(bytes, sizeof(bytes), digits))
		return -EINVAL;
	turn(id, bytes);
	return 0;
}

char *gpt_id_print(const uint8_t id[GPT_ID], char text[GPT_ID_TEXT])
{
	char digits[2 * GPT_ID + 1];
	uint8_t bytes[GPT_ID];

	turn(bytes, id);
	hex_print(bytes, sizeof(bytes), digits);
	snprintf(text, GPT_ID_TEXT, "%.8s-%.4s-%.4s-%.4s-%s", digits, digits + 8, digits + 12,
		 digits + 16, digits + 20);
	return text;
}
