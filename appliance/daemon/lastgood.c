/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/lastgood.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "appliance/ipc/message.h"

enum { LASTGOOD_MAX = 1 << 30 };

/* Nobody but root could have written it. */
static int open_own(int state)
{
	int fd = openat(state, LASTGOOD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
	    (status.st_mode & 022) == 0)
		return fd;
	close(fd);
	return -EBADMSG;
}

static int read_block(int state, char **data, size_t *size)
{
	int fd = open_own(state);
	struct policy policy;
	int error;

	if (fd < 0)
		return fd;
	error = file_read_fd(fd, LASTGOOD_MAX, data, size);
	close(fd);
	if (error)
		return error;
	error = policy_open(&policy, *data, *size);
	if (error)
		free(*data);
	return error;
}

/* The digest covers all of the block (policy_open checks it), so equal digests are equal files. */
static bool is_there(int state, const struct policy *policy)
{
	struct policy old;
	struct stat status;
	bool equal = false;
	char *data;
	size_t size;

	if (fstatat(state, LASTGOOD_FILE, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (size_t)status.st_size != policy->size || read_block(state, &data, &size) < 0)
		return false;
	if (policy_open(&old, data, size) == 0)
		equal = memcmp(policy_digest(&old), policy_digest(policy), POLICY_DIGEST) == 0;
	free(data);
	return equal;
}

int lastgood_save(int state, const struct policy *policy)
{
	if (is_there(state, policy))
		return 0;
	return file_replace(state, LASTGOOD_FILE, policy->block, policy->size, 0600);
}

int lastgood_load(int state)
{
	char *data;
	size_t size;
	int error = read_block(state, &data, &size), fd;

	if (error) {
		if (error == -ENOENT || file_error_passes(error))
			return error;
		(void)!file_set_aside(state, LASTGOOD_FILE);
		return -EBADMSG;
	}
	fd = message_seal("policy", data, size);
	free(data);
	return fd;
}
