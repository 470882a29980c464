/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/box/image/gpt.h"

/* Disks made by sfdisk, and held against it again. */
static const char image[] =
	"label: gpt\nlabel-id: 7f5a1c00-0000-4c6f-8e5a-636f72646f6e\nfirst-lba: 2048\n"
	"start=1MiB, size=4MiB, name=esp, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "
	"uuid=7f5a1c00-0001-4c6f-8e5a-636f72646f6e\n"
	"start=5MiB, size=2MiB, name=slot-a, uuid=00112233-4455-6677-8899-aabbccddeeff\n"
	"start=7MiB, size=2MiB, name=slot-b, uuid=7f5a1c00-0003-4c6f-8e5a-636f72646f6e\n"
	"start=9MiB, size=2MiB, name=data, uuid=7f5a1c00-0004-4c6f-8e5a-636f72646f6e\n";
enum { MIB = 1 << 20, IMAGE = 12 * MIB, LARGER = 40 * MIB };

static char folder[] = "/tmp/gpt-XXXXXX";
static char path[64];
static struct diag diag;
static struct gpt gpt;

struct disk {
	uint8_t *data;
	size_t size;
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	assert_int_equal(system(command), 0);
}

static struct disk made(const char *table, size_t size)
{
	struct disk disk;
	char text[80];

	snprintf(text, sizeof(text), "%s.table", path);
	assert_int_equal(file_replace(AT_FDCWD, text, table, strlen(table), 0600), 0);
	run("rm -f %s && truncate -s %d %s && /sbin/sfdisk --quiet %s < %s.table", path, (int)size,
	    path, path, path);
	assert_int_equal(file_read(AT_FDCWD, path, LARGER, (char **)&disk.data, &disk.size), 0);
	return disk;
}

static void put_back(const struct disk *disk)
{
	assert_int_equal(file_replace(AT_FDCWD, path, disk->data, disk->size, 0600), 0);
	run("PATH=/sbin:$PATH; sfdisk --verify %s > %s.said 2>&1 && grep -q '^No errors' %s.said "
	    "&& "
	    "! grep -q -i mismatch %s.said",
	    path, path, path, path);
}

static struct disk enlarged(struct disk disk, size_t size)
{
	disk.data = realloc(disk.data, size);
	assert_non_null(disk.data);
	memset(disk.data + disk.size, 0, size - disk.size);
	disk.size = size;
	return disk;
}

static int parsed_as(const struct disk *disk, unsigned int sector)
{
	const size_t area = disk->size < GPT_AREA ? disk->size : GPT_AREA;
	/* On the heap and of this size: a step over the end is seen by the sanitizers. */
	uint8_t *head = malloc(area), *tail = malloc(area);
	const struct gpt_bytes bytes = { head, tail, area, area, sector, disk->size / sector };
	int error;

	diag_init(&diag);
	memcpy(head, disk->data, area);
	memcpy(tail, disk->data + disk->size - area, area);
	error = gpt_parse(&gpt, &bytes, "disk", &diag);
	free(head);
	free(tail);
	return error;
}

static int parsed(const struct disk *disk)
{
	return parsed_as(disk, 512);
}

static void apply(struct disk *disk, const struct gpt_plan *plan)
{
	for (size_t i = 0; i < plan->writes; i++) {
		assert_true(plan->write[i].offset + plan->write[i].size <= disk->size);
		memcpy(disk->data + plan->write[i].offset, plan->write[i].data,
		       plan->write[i].size);
	}
}

static void reads_what_sfdisk_made(void **state)
{
	struct disk disk = made(image, IMAGE);
	static struct gpt_plan plan;
	struct gpt_part part;
	char id[GPT_ID_TEXT];

	(void)state;
	assert_int_equal(parsed(&disk), 0);
	assert_true(gpt.has_primary);
	assert_true(gpt_lookup(&gpt, "slot-a", &part));
	assert_int_equal(part.number, 2);
	assert_int_equal(part.first, 5 * 2048);
	assert_int_equal(part.last, 7 * 2048 - 1);
	assert_string_equal(gpt_id_print(part.id, id), "00112233-4455-6677-8899-aabbccddeeff");
	assert_true(gpt_lookup(&gpt, "data", &part));
	assert_int_equal(part.number, 4);
	assert_false(gpt_lookup(&gpt, "slot-c", &part));
	/* Nothing is to be done to it. */
	assert_int_equal(gpt_grow(&gpt, 4), 0);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 0);
	free(disk.data);
}

static void ids(void **state)
{
	uint8_t hash[32], id[GPT_ID], same[GPT_ID];
	char text[GPT_ID_TEXT];

	(void)state;
	for (unsigned int i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)(i * 17);
	gpt_id_of_hash(id, hash);
	assert_string_equal(gpt_id_print(id, text), "00112233-4455-6677-8899-aabbccddeeff");
	assert_int_equal(gpt_id_parse(same, "00112233-4455-6677-8899-AABBCCDDEEFF"), 0);
	assert_memory_equal(id, same, sizeof(id));
	assert_int_equal(gpt_id_parse(same, "00112233-4455-6677-8899-aabbccddeef"), -EINVAL);
	assert_int_equal(gpt_id_parse(same, "00112233-4455-6677-8899+aabbccddeeff"), -EINVAL);
	assert_int_equal(gpt_id_parse(same, "0011223g-4455-6677-8899-aabbccddeeff"), -EINVAL);
}

static void sets_an_id(void **state)
{
	struct disk disk = made(image, IMAGE);
	static struct gpt_plan plan;
	uint8_t id[GPT_ID];

	(void)state;
	assert_int_equal(parsed(&disk), 0);
	assert_int_equal(gpt_id_parse(id, "00112233-4455-6677-8899-aabbccddeeff"), 0);
	assert_int_equal(gpt_set_id(&gpt, 2, id), 0);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 0);
	assert_int_equal(gpt_set_id(&gpt, 3, id), -EEXIST);
	assert_int_equal(gpt_id_parse(id, "f0112233-4455-6677-8899-aabbccddeeff"), 0);
	assert_int_equal(gpt_set_id(&gpt, 3, id), 0);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 4);
	assert_true(plan.write[0].offset > IMAGE / 2);
	assert_int_equal(plan.write[3].offset, 512);
	apply(&disk, &plan);
	put_back(&disk);
	run("/sbin/sfdisk -d %s | grep slot-b | grep -qi uuid=f0112233-4455-6677-8899-aabbccddeeff",
	    path);
	assert_int_equal(parsed(&disk), 0);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 0);
	free(disk.data);
}

static void grows(void **state)
{
	struct disk disk = enlarged(made(image, IMAGE), LARGER);
	static struct gpt_plan plan;
	struct gpt_part part;

	(void)state;
	assert_int_equal(parsed(&disk), 0);
	assert_int_equal(gpt_grow(&gpt, 3), -EINVAL);
	assert_int_equal(gpt_grow(&gpt, 4), 0);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 5);
	apply(&disk, &plan);
	put_back(&disk);
	run("/sbin/sfdisk -d %s | grep -q 'start= *18432, size= *%d,.*name=\"data\"'", path,
	    (LARGER - 10 * MIB) / 512);
	assert_int_equal(parsed(&disk), 0);
	assert_true(gpt_lookup(&gpt, "data", &part));
	assert_int_equal(part.last, LARGER / 512 - 2048 - 1);
	assert_int_equal(gpt_grow(&gpt, 4), 0);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 0);
	free(disk.data);
}

/* After any number of sectors that reached the disk it reads as before or as after. */
static void survives(struct disk disk, const struct gpt_plan *plan, uint64_t before, uint64_t after)
{
	struct gpt_part part;
	unsigned int seen[2] = { 0, 0 };

	for (size_t i = 0; i < plan->writes; i++) {
		const struct gpt_write *write = &plan->write[i];

		for (size_t done = 0; done < write->size; done += 512) {
			memcpy(disk.data + write->offset + done,
			       (const uint8_t *)write->data + done, 512);
			assert_int_equal(parsed(&disk), 0);
			assert_true(gpt_lookup(&gpt, "data", &part));
			assert_true(part.last == before || part.last == after);
			seen[part.last == after]++;
			/* And the next start can go on from there. */
			assert_int_equal(gpt_grow(&gpt, part.number), 0);
			assert_true(gpt_lookup(&gpt, "data", &part));
			assert_int_equal(part.last, after);
		}
	}
	assert_true(seen[0] && seen[1]);
}

static void power_cuts(void **state)
{
	struct disk disk = enlarged(made(image, IMAGE), LARGER);
	const uint64_t before = IMAGE / 512 - 2048 - 1, after = LARGER / 512 - 2048 - 1;
	static struct gpt_plan plan, mend;
	static struct gpt grown;

	(void)state;
	assert_int_equal(parsed(&disk), 0);
	assert_int_equal(gpt_grow(&gpt, 4), 0);
	grown = gpt;
	gpt_plan(&plan, &grown);
	survives(disk, &plan, before, after);
	/* The primary is broken and the backup good: the backup stays until the primary is whole.
	 */
	memset(disk.data + 512, 0, 512);
	assert_int_equal(parsed(&disk), 0);
	assert_false(gpt.has_primary);
	gpt_plan(&mend, &gpt);
	assert_int_equal(mend.writes, 2);
	assert_int_equal(mend.write[0].offset, 1024);
	apply(&disk, &mend);
	put_back(&disk);
	free(disk.data);
}

static void takes_either_copy(void **state)
{
	struct disk disk = made(image, IMAGE);
	static struct gpt_plan plan;

	(void)state;
	disk.data[1024 + 200]++;	/* a byte of an entry */
	assert_int_equal(parsed(&disk), 0);
	assert_false(gpt.has_primary);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 2);
	apply(&disk, &plan);
	put_back(&disk);
	disk.data[IMAGE - 100]++;	/* nothing that counts */
	disk.data[IMAGE - 512 + 60]++;	/* a byte of the backup's header */
	assert_int_equal(parsed(&disk), 0);
	assert_true(gpt.has_primary);
	gpt_plan(&plan, &gpt);
	assert_int_equal(plan.writes, 2);
	assert_int_equal(plan.write[1].offset, IMAGE - 512);
	apply(&disk, &plan);
	put_back(&disk);
	disk.data[512 + 60]++;
	disk.data[IMAGE - 512 + 60]++;
	assert_int_equal(parsed(&disk), -EBADMSG);
	assert_non_null(
		strstr(diag.entry[0].message, "primary: its checksum is wrong; the backup: its"));
	free(disk.data);
}

/* A header that was changed and given its checksums again, as an attacker would. */
static uint32_t crc(const uint8_t *data, size_t size)
{
	uint32_t value = UINT32_MAX;

	for (size_t i = 0; i < size * 8; i++) {
		const uint32_t bit = (value ^ (uint32_t)data[i / 8] >> i % 8) & 1;

		value = value >> 1 ^ (bit ? 0xedb88320 : 0);
	}
	return ~value;
}

static int forged(size_t at, uint64_t value, size_t size)
{
	struct disk disk = made(image, IMAGE);
	uint8_t *header = disk.data + 512;
	uint32_t sum;
	int error;

	memset(disk.data + IMAGE - 512, 0, 512);
	memcpy(disk.data + at, &value, size);
	sum = crc(disk.data + 1024, 128 * 128);
	memcpy(header + 88, &sum, 4);
	memset(header + 16, 0, 4);
	sum = crc(header, 92);
	memcpy(header + 16, &sum, 4);
	error = parsed(&disk);
	free(disk.data);
	return error;
}

static void hostile(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
		size_t size;
		const char *why;
	} cases[] = {
		{ 512 + 24, 7, 8, "it says that it is at sector 7" },
		{ 512 + 80, 0, 4, "0 entries" },
		{ 512 + 80, UINT32_MAX, 4, "4294967295 entries" },
		{ 512 + 84, 64, 4, "of 64 bytes" },
		{ 512 + 12, 600, 4, "size is not that" },
		{ 512 + 72, UINT64_MAX, 8, "its table is at sector 18446744073709551615" },
		{ 512 + 72, 1, 8, "its table is at sector 1," },
		{ 512 + 72, 1900, 8, "expected beside the header" },
		{ 512 + 40, 10, 8, "partitions may lie from 10" },
		{ 512 + 48, IMAGE / 512, 8, "partitions may lie" },
		{ 512 + 48, UINT64_MAX, 8, "partitions may lie" },
		{ 1024 + 40, UINT64_MAX, 8, "partition 1 lies" },
		{ 1024 + 40, 9 * 2048, 8, "partitions 1 and 2 overlap" },
		{ 1024 + 32, 0, 8, "partition 1 lies" },
		{ 1024 + 32, 9 * 2048, 8, "partition 1 lies" },
	};

	(void)state;
	assert_int_equal(forged(512 + 56, 1, 8), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (forged(cases[i].at, cases[i].value, cases[i].size) == -EBADMSG &&
		    strstr(diag.entry[0].message, cases[i].why))
			continue;
		fail_msg("case %zu: expected \"%s\": %s", i, cases[i].why, diag.entry[0].message);
	}
}

static void names_must_be_clear(void **state)
{
	struct disk disk =
		made("label: gpt\nsize=1MiB, name=data\nsize=1MiB, name=data\nsize=1MiB, "
		     "name=d\xc3\xa4ta\n",
		     IMAGE);
	struct gpt_part part;

	(void)state;
	assert_int_equal(parsed(&disk), 0);
	assert_false(gpt_lookup(&gpt, "data", &part));
	assert_true(gpt_lookup(&gpt, "d?ta", &part));
	free(disk.data);
}

static void sizes(void **state)
{
	struct disk disk = made(image, IMAGE), tiny = { calloc(1, 8192), 8192 };

	(void)state;
	assert_int_equal(parsed(&tiny), -EBADMSG);
	tiny.size = 512;
	assert_int_equal(parsed(&tiny), -EBADMSG);
	assert_int_equal(parsed_as(&disk, 4096), -EBADMSG);
	assert_int_equal(parsed_as(&disk, 1024), -EBADMSG);
	/* A disk that is smaller than what its table says. */
	disk.size -= 4 * MIB;
	assert_int_equal(parsed(&disk), -EBADMSG);
	free(disk.data);
	free(tiny.data);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/disk", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	run("rm -rf %s", folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_sfdisk_made), cmocka_unit_test(ids),
		cmocka_unit_test(sets_an_id), cmocka_unit_test(grows), cmocka_unit_test(power_cuts),
		cmocka_unit_test(takes_either_copy), cmocka_unit_test(hostile),
		cmocka_unit_test(names_must_be_clear), cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
