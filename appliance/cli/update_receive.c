/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/base/sandbox.h"
#include "appliance/base/sealed.h"
#include "appliance/base/tar.h"
#include "appliance/box/network/wiring.h"
#include "appliance/cli/update_carry.h"
#include "appliance/cli/update_from.h"
#include "appliance/command/command.h"

/*
 * A release as a tar archive on standard input. A child that can do nothing else unpacks it: of it
 * what a release is made of, after name, kind, depth and sums were looked at; judged it is later.
 */
#define RECEIVED "received-"

enum { PIECE = 64 << 10, STREAM_MOST = 1 << 30, MEMORY = 192 << 20, SECONDS = 120 };

struct receiving {
	uint64_t read;		/* bytes of the archive */
	uint64_t kept;
	unsigned int members;	/* files and folders that were made */
	bool has_metadata;
	bool has_rules;
	char name[TAR_NAME];	/* of the next member; "": its header says */
	uint8_t piece[PIECE];
};

/* Functions return what is wrong, in words for people; NULL: nothing. */
static const char too_much[] = "more than 8192 files and folders, or 512 MB: is it a repository?";
static const char too_long[] = "more than 1 GB: leave targets/images out";
static const char cut_short[] = "the archive ends in the middle";
static const char no_tar[] = "expected a tar archive with metadata/ and targets/rules/ on standard "
			     "input";

static const char *take_bytes(struct receiving *receiving, void *out, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t got = read(STDIN_FILENO, (uint8_t *)out + at, size - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return receiving->members ? cut_short : no_tar;
		at += (size_t)got;
	}
	receiving->read += size;
	return receiving->read > STREAM_MOST ? too_long : NULL;
}

/* Content and what fills its last block; to: -1 for one that is not kept. */
static const char *pass_content(struct receiving *receiving, uint64_t size, int to)
{
	uint64_t left = (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;

	if (size > STREAM_MOST)
		return too_long;
	while (left) {
		size_t piece = left < PIECE ? (size_t)left : PIECE;
		const char *problem = take_bytes(receiving, receiving->piece, piece);
		size_t real = size < piece ? (size_t)size : piece;

		if (problem)
			return problem;
		if (to >= 0 && file_write_all(to, receiving->piece, real))
			return "it cannot be written: is there room in memory?";
		left -= piece;
		size -= real;
	}
	return NULL;
}

static const char *take_name(struct receiving *receiving, const struct tar_header *header)
{
	uint8_t content[8 * TAR_BLOCK];
	const char *problem;
	int error;

	if (header->size > sizeof(content))
		return "a name is too long";
	problem = take_bytes(receiving, content,
			     (size_t)(header->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);
	if (problem)
		return problem;
	if (header->kind == TAR_EXTENDED) {
		error = tar_extended_name((const char *)content, (size_t)header->size,
					  receiving->name);
		return error ? no_tar : NULL;
	}
	error = header->size > TAR_NAME;
	snprintf(receiving->name, sizeof(receiving->name), "%.*s",
		 error ? 0 : (int)header->size, (const char *)content);
	return error ? "a name is too long" : NULL;
}

/* ---- members ---- */

/* "./" before a name and "/" behind a folder's are habits of tar. */
static char *tidy(char *name)
{
	size_t length;

	while (strncmp(name, "./", 2) == 0)
		name += 2;
	length = strlen(name);
	while (length && name[length - 1] == '/')
		name[--length] = '\0';
	return name;
}

static bool is_below(const char *name, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(name, folder, length) == 0 && (name[length] == '/' || name[length] == '\0');
}

static unsigned int depth_of(const char *name)
{
	unsigned int depth = 0;

	for (; *name; name++)
		depth += *name == '/';
	return depth;
}

static const char *make_folder(const char *name)
{
	char part[TAR_NAME];

	/* Archives may do without the folders above their files. */
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
		if (mkdirat(AT_FDCWD, part, 0755) < 0 && errno != EEXIST)
			return "a folder cannot be made";
	}
	return NULL;
}

static const char *keep_file(struct receiving *receiving, const struct tar_header *header,
			 const char *name)
{
	const char *problem;
	int fd;

	receiving->kept += header->size;
	if (header->size > UPDATE_FILE_MAX || receiving->kept > UPDATE_TOTAL)
		return too_much;
	fd = file_open_beneath(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0)
		return fd == -EEXIST ? "it has a file twice" : "a file cannot be made";
	problem = pass_content(receiving, header->size, fd);
	close(fd);
	receiving->has_metadata |= is_below(name, "metadata");
	receiving->has_rules |= is_below(name, "targets/rules");
	return problem;
}

/* What cannot be part of a release is passed over, what looks like one and is none ends it. */
static const char *take_member(struct receiving *receiving, struct tar_header *header)
{
	const char *name = tidy(*receiving->name ? receiving->name : header->name);
	const char *problem;

	if (!is_below(name, "metadata") && !is_below(name, "targets/rules"))
		return pass_content(receiving, header->size, -1);
	if (header->kind == TAR_OTHER || !text_is_plain(name, strlen(name), "") ||
	    strstr(name, "/.") || strstr(name, "//"))
		return "only files and folders with plain names may be in metadata/ and "
		       "targets/rules/";
	if (depth_of(name) > UPDATE_DEPTH)
		return "its folders are deeper than those of a repository";
	receiving->members += 1 + depth_of(name);
	if (receiving->members > UPDATE_FILES)
		return too_much;
	problem = make_folder(name);
	if (problem || header->kind == TAR_FILE)
		return problem ? problem : keep_file(receiving, header, name);
	if (mkdirat(AT_FDCWD, name, 0755) < 0 && errno != EEXIST)
		return "a folder cannot be made";
	return pass_content(receiving, header->size, -1);
}

static const char *unpack(struct receiving *receiving)
{
	uint8_t block[TAR_BLOCK];
	struct tar_header header;
	const char *problem;

	for (;;) {
		problem = take_bytes(receiving, block, sizeof(block));
		if (!problem && tar_header_parse(&header, block))
			problem = no_tar;
		if (problem || header.kind == TAR_END)
			break;
		if (header.kind == TAR_LONG_NAME || header.kind == TAR_EXTENDED) {
			problem = take_name(receiving, &header);
		} else {
			problem = take_member(receiving, &header);
			receiving->name[0] = '\0';
		}
		if (problem)
			break;
	}
	if (!problem && (!receiving->has_metadata || !receiving->has_rules))
		problem = no_tar;
	/* The sender is read to the end; otherwise it would die of a broken pipe. */
	while (!problem && receiving->read < STREAM_MOST &&
	       read(STDIN_FILENO, receiving->piece, PIECE) > 0)
		receiving->read += PIECE;
	return problem;
}

/* ---- the child ---- */

static void run(const char *folder)
{
	static struct receiving receiving;
	static const int syscalls[] = { SYS_openat, SYS_mkdirat };
	const struct sandbox sandbox = {
		.root = ".", .uid = SEALED_UID, .syscalls = syscalls,
		.syscall_count = sizeof(syscalls) / sizeof(*syscalls), .files = 16,
		.file_size = UPDATE_FILE_MAX, .memory = MEMORY, .cpu_seconds = SECONDS,
		.unprivileged = geteuid() != 0,
	};
	const char *step, *problem;

	umask(022);
	if (chdir(folder) < 0 || sandbox_enter(&sandbox, &step) < 0)
		problem = "the unpacking child cannot be confined";
	else
		problem = unpack(&receiving);
	if (problem)
		fprintf(stderr, "cordon update receive: %s\n", problem);
	_exit(problem ? EXIT_NO : EXIT_YES);
}

static int unpack_sealed(const char *folder)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run(folder);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		fprintf(stderr, "cordon update receive: cannot unpack: %m\n");
		return EXIT_NO;
	}
	if (!WIFEXITED(status))
		fprintf(stderr, "cordon update receive: unpacking was ended by signal %d: the "
			"archive is refused\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NO;
}

int update_receive(const struct cli *cli)
{
	int run_folder = open(cli->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = EXIT_NO;
	char path[512], name[32];

	/* Until a release is taken it lies in RUN, in memory. */
	snprintf(name, sizeof(name), RECEIVED "%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/%s", cli->run, name);
	if (run_folder >= 0)
		update_remove_leftovers(run_folder, RECEIVED);
	if (run_folder < 0 || mkdirat(run_folder, name, 0700) < 0) {
		fprintf(stderr, "cordon update receive: %s: %m\n", path);
	} else {
		if (geteuid() == 0 && chown(path, SEALED_UID, SEALED_UID) < 0)
			fprintf(stderr, "cordon update receive: %s: %m\n", path);
		else
			code = unpack_sealed(path);
		if (!code)
			code = update_from(cli, path);
		if (file_remove_tree(run_folder, name))
			fprintf(stderr, "cordon update receive: %s: cannot be removed\n", path);
	}
	if (run_folder >= 0)
		close(run_folder);
	return code ? EXIT_NO : EXIT_YES;
}
