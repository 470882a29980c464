/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "appliance/ipc/shared.h"

/* ring FILE: a record that is no event, in the ring of a worker's shared memory. */
int main(int argc, char **argv)
{
	const int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
	struct worker_shared *shared = fd < 0 ? MAP_FAILED :
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (shared == MAP_FAILED) {
		perror("ring");
		return 1;
	}
	return ring_write(&shared->ring, (const uint8_t *)"nonsense", strlen("nonsense")) ? 0 : 1;
}
