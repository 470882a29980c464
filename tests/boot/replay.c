/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay DISK LOG OUT CUT OF SEED [FIRST-MIB MIB]: what a power cut leaves of a disk. LOG is what
 * QEMU's blklogwrites (the format of dm-log-writes) recorded over DISK. Everything before the last
 * flush ahead of entry CUT/OF of the log counts; of the writes since then each is there or lost, by
 * chance. OUT gets the disk, or that part of it. Prints the number of entries, those since the
 * flush, and those lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLUSH = 1, FUA = 2, DISCARD = 4, MARK = 8 };

struct super {
	uint64_t magic, version, entries;
	uint32_t sector;
} __attribute__((packed));

struct entry {
	uint64_t sector, sectors, flags, length;
};

struct map {
	uint8_t *data;
	size_t size;
};

static struct map map_file(const char *path, int flags)
{
	struct map map = { NULL, 0 };
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
		map.size = (size_t)status.st_size;
		map.data = mmap(NULL, map.size, PROT_READ | PROT_WRITE, flags, fd, 0);
	}
	if (!map.data || map.data == MAP_FAILED) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	close(fd);
	return map;
}

struct log {
	struct map file;
	size_t sector;
	uint64_t entries;
	size_t *at;	/* of each entry */
};

/* The count in the header is renewed now and then only: what follows it is taken as long as it
 * reads. */
static void log_open(struct log *log, const char *path)
{
	struct super super;
	size_t at, room = 1024;

	log->file = map_file(path, MAP_PRIVATE);
	memcpy(&super, log->file.data, sizeof(super));
	if (super.magic != UINT64_C(0x6a736677736872) || super.sector < 512) {
		fprintf(stderr, "replay: %s: expected a log of blklogwrites\n", path);
		exit(2);
	}
	log->sector = super.sector;
	log->at = malloc(room * sizeof(*log->at));
	for (at = log->sector; log->at && at + log->sector <= log->file.size; log->entries++) {
		struct entry entry;
		size_t bytes;

		memcpy(&entry, log->file.data + at, sizeof(entry));
		if (entry.flags == 0 && entry.sectors == 0)
			break;
		if (log->entries == room)
			log->at = realloc(log->at, (room *= 2) * sizeof(*log->at));
		if (!log->at)
			break;
		log->at[log->entries] = at;
		bytes = entry.flags & (DISCARD | MARK) ? 0 : (size_t)entry.sectors * log->sector;
		at += log->sector + bytes;
	}
}

static struct entry log_entry(const struct log *log, uint64_t i)
{
	struct entry entry;

	memcpy(&entry, log->file.data + log->at[i], sizeof(entry));
	return entry;
}

static void apply(const struct log *log, uint64_t i, struct map *disk)
{
	struct entry entry = log_entry(log, i);
	size_t to = (size_t)entry.sector * log->sector, bytes = (size_t)entry.sectors * log->sector;

	if (entry.flags & MARK || to > disk->size || bytes > disk->size - to)
		return;
	if (entry.flags & DISCARD)
		memset(disk->data + to, 0, bytes);
	else
		memcpy(disk->data + to, log->file.data + log->at[i] + log->sector, bytes);
}

static void write_out(const char *path, const struct map *disk, size_t from, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	static const uint8_t zeros[65536];

	for (size_t at = 0; fd >= 0 && at < size; at += sizeof(zeros)) {
		size_t piece = size - at < sizeof(zeros) ? size - at : sizeof(zeros);

		if (memcmp(disk->data + from + at, zeros, piece) != 0 &&
		    pwrite(fd, disk->data + from + at, piece, (off_t)at) != (ssize_t)piece)
			exit(2);
	}
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 || close(fd) < 0) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		exit(2);
	}
}

int main(int argc, char **argv)
{
	uint64_t cut, flushed = 0, lost = 0;
	size_t from, size;
	struct map disk;
	struct log log = { .entries = 0 };

	if (argc != 7 && argc != 9) {
		fprintf(stderr, "usage: replay DISK LOG OUT CUT OF SEED [FIRST-MIB MIB]\n");
		return 2;
	}
	disk = map_file(argv[1], MAP_PRIVATE);
	log_open(&log, argv[2]);
	cut = log.entries * strtoull(argv[4], NULL, 10) / strtoull(argv[5], NULL, 10);
	srandom((unsigned int)strtoul(argv[6], NULL, 10));
	for (uint64_t i = 0; i < cut; i++) {
		if (log_entry(&log, i).flags & FLUSH)
			flushed = i + 1;
	}
	for (uint64_t i = 0; i < cut; i++) {
		if (i < flushed || log_entry(&log, i).flags & FUA || random() & 1)
			apply(&log, i, &disk);
		else
			lost++;
	}
	from = argc == 9 ? (size_t)strtoull(argv[7], NULL, 10) << 20 : 0;
	size = argc == 9 ? (size_t)strtoull(argv[8], NULL, 10) << 20 : disk.size;
	if (from > disk.size || size > disk.size - from)
		return 2;
	write_out(argv[3], &disk, from, size);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", cut, cut - flushed, lost);
	return 0;
}
