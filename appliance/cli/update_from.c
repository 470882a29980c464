/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/box/network/renew.h"
#include "appliance/cli/update_carry.h"
#include "appliance/command/command.h"
#include "appliance/settings/settings.h"

/*
 * A release that comes by hand. Its files are copied, within limits and without following a link,
 * into a folder that the update role can read; there they are judged like a mirror's.
 */
#define INCOMING "incoming-"

struct copying {
	size_t files;		/* and folders */
	size_t bytes;
	const char *problem;	/* static text; NULL: none */
};

static const char too_much[] = "more than 8192 files and folders or 512 MB: is it a repository?";

static bool wanted(const char *name)
{
	return name[0] != '.' && strlen(name) < NAME_MAX;
}

/* Images lie beside the lists, are many times as large, and come by "cordon image install". */
static bool is_images(const char *name, unsigned int depth)
{
	return depth == 1 && strcmp(name, "images") == 0;
}

static void copy_file(struct copying *copying, int from, int to, const char *name)
{
	char *data;
	size_t size;
	int fd = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out;
	int error = fd < 0 ? -errno : file_read_fd(fd, UPDATE_FILE_MAX, &data, &size);

	if (fd >= 0)
		close(fd);
	/* What is not a file is not part of a release; what is missing shows when it is asked for.
	 */
	if (error)
		return;
	copying->files++;
	copying->bytes += size;
	if (copying->files > UPDATE_FILES || copying->bytes > UPDATE_TOTAL)
		copying->problem = too_much;
	out = copying->problem ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
					     0644);
	if (!copying->problem && (out < 0 || file_write_all(out, data, size) < 0))
		copying->problem = "it cannot be copied into the state folder: is there room?";
	if (out >= 0)
		close(out);
	free(data);
}

static void copy_folder(struct copying *copying, int from, int to, unsigned int depth);

static void copy_subfolder(struct copying *copying, int from, int to, const char *name,
			   unsigned int depth)
{
	int inner = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), outer = -1;

	if (inner < 0)
		return;
	/* A folder takes room, too. */
	if (++copying->files > UPDATE_FILES)
		copying->problem = too_much;
	else if (mkdirat(to, name, 0755) == 0)
		outer = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (outer < 0 && !copying->problem)
		copying->problem = "a folder cannot be made in the state folder";
	else if (outer >= 0)
		copy_folder(copying, inner, outer, depth + 1);
	if (outer >= 0)
		close(outer);
	close(inner);
}

static void copy_folder(struct copying *copying, int from, int to, unsigned int depth)
{
	int fd = dup(from);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (directory && !copying->problem && (entry = readdir(directory))) {
		struct stat status;

		if (!wanted(entry->d_name) ||
		    fstatat(from, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(status.st_mode) && depth < UPDATE_DEPTH &&
		    !is_images(entry->d_name, depth))
			copy_subfolder(copying, from, to, entry->d_name, depth);
		else if (S_ISREG(status.st_mode))
			copy_file(copying, from, to, entry->d_name);
	}
	if (directory)
		closedir(directory);
	else
		copying->problem = "a folder cannot be read";
}

/* ---- the receipt goes back onto the stick ---- */

static void give_receipt(const struct cli *cli, int folder)
{
	char path[512], name[160], *text = NULL;
	const char *appliance;
	json_t *receipt;
	size_t size;
	int receipts;

	snprintf(path, sizeof(path), "%s/receipt.json", cli->state);
	if (file_read(AT_FDCWD, path, 1 << 16, &text, &size) < 0)
		return;
	receipt = json_loadb(text, size, 0, NULL);
	appliance = json_string_value(
		json_object_get(json_object_get(receipt, "signed"), "appliance"));
	(void)!mkdirat(folder, "receipts", 0755);
	receipts = openat(folder, "receipts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (appliance && !strchr(appliance, '/') && receipts >= 0 &&
	    snprintf(name, sizeof(name), "%s.json", appliance) < (int)sizeof(name) &&
	    file_replace(receipts, name, text, size, 0644) == 0)
		printf("receipt    written to receipts/%s\n", name);
	else
		puts("receipt    cannot be written back: is the folder read-only?");
	if (receipts >= 0)
		close(receipts);
	json_decref(receipt);
	free(text);
}

/* ---- from ---- */

static int copy_in(int source, int update, const char *name)
{
	static const char *const parts[] = { "metadata", "targets" };
	struct copying copying = { .files = 0 };
	int to = -1;

	if (mkdirat(update, name, 0755) == 0)
		to = openat(update, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		copying.problem = "the state folder cannot be written: are you root?";
	for (size_t i = 0; i < 2 && !copying.problem; i++)
		copy_subfolder(&copying, source, to, parts[i], 0);
	if (to >= 0)
		close(to);
	if (!copying.problem && copying.bytes == 0)
		copying.problem = "no files in metadata/ and targets/: expected the folder of a "
				  "repository";
	if (copying.problem)
		fprintf(stderr, "cordon update from: %s\n", copying.problem);
	return copying.problem ? EXIT_NO : EXIT_YES;
}

int update_from(const struct cli *cli, const char *folder)
{
	int source = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), update, code;
	char path[512], name[32];

	if (source < 0) {
		fprintf(stderr, "cordon update from: %s: %m\n", folder);
		return EXIT_NO;
	}
	snprintf(path, sizeof(path), "%s/update", cli->state);
	update = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (update < 0) {
		fprintf(stderr, "cordon update from: %s: %m: are signed updates on, and are you "
			"root?\n", path);
		close(source);
		return EXIT_NO;
	}
	/* The update role has to read it, whatever root's mask is. */
	umask(022);
	update_remove_leftovers(update, INCOMING);
	snprintf(name, sizeof(name), INCOMING "%d", (int)getpid());
	code = copy_in(source, update, name);
	if (code == EXIT_YES) {
		code = update_look(cli, name);
		give_receipt(cli, source);
	}
	if (file_remove_tree(update, name))
		fprintf(stderr, "cordon update from: %s/%s: cannot be removed\n", path, name);
	close(update);
	close(source);
	return code;
}

/* ---- push ---- */

static int run(char *const arguments[], const char *folder, int input, int output)
{
	pid_t pid = fork();

	if (pid == 0) {
		if ((input >= 0 && dup2(input, STDIN_FILENO) < 0) ||
		    (output >= 0 && dup2(output, STDOUT_FILENO) < 0) ||
		    (folder && chdir(folder) < 0))
			_exit(126);
		execvp(arguments[0], arguments);
		_exit(127);
	}
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return EXIT_NO;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NO;
}

static char *word(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* Before a password is asked for. */
static bool is_release(const char *folder)
{
	static const char *const parts[] = { "metadata", "targets" };
	char path[PATH_MAX];
	struct stat status;

	for (size_t i = 0; i < 2; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, parts[i]) < (int)sizeof(path) &&
		    stat(path, &status) == 0 && S_ISDIR(status.st_mode))
			continue;
		fprintf(stderr, "cordon update push: expected the folder %s in %s\n", parts[i],
			folder);
		return false;
	}
	return true;
}

/* When ssh ends early, tar fails for that reason alone. */
static int judge_push(const char *host, const char *folder, int packed, int code)
{
	if (code == 255)
		fprintf(stderr, "cordon update push: ssh could not reach %s or log in there\n",
			host);
	else if (code == 127)
		fprintf(stderr, "cordon update push: no ssh here, or no cordon on %s\n", host);
	else if (!code && packed)
		fprintf(stderr,
			"cordon update push: tar could not read all of %s: it ended with %d\n",
			folder, packed);
	return code ? code : packed ? EXIT_NO : EXIT_YES;
}

int update_push(const char *host, const char *folder)
{
	char *const tar[] = { word("tar"), word("-cf"), word("-"), word("--exclude=targets/images"),
			      word("metadata"), word("targets"), NULL };
	char *const ssh[] = { word("ssh"), word("--"), word(host),
			      word("cordon update receive"), NULL };
	int pipes[2], packed;
	pid_t packer, carrier;

	if (!is_release(folder))
		return EXIT_NO;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return EXIT_NO;
	packer = run(tar, folder, -1, pipes[1]);
	carrier = run(ssh, NULL, pipes[0], -1);
	close(pipes[0]);
	close(pipes[1]);
	packed = wait_for(packer);
	return judge_push(host, folder, packed, wait_for(carrier));
}
