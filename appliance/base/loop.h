/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * A thin event loop over epoll, one a thread. The caller owns every struct watch and keeps it in
 * place from loop_add to loop_remove; a callback may remove any watch, its own too.
 */
struct watch {
	int fd;
	void (*ready)(struct watch *watch, uint32_t events);	/* EPOLLIN, EPOLLOUT, ... */
	void *context;
};

struct loop {
	int epoll;
	struct watch *batch[64];	/* to be delivered; entries of removed watches become NULL */
	uint32_t events[64];
	int batched;
};

int loop_init(struct loop *loop) __attribute__((warn_unused_result));
void loop_release(struct loop *loop);

int loop_add(struct loop *loop, struct watch *watch, uint32_t events)
	__attribute__((warn_unused_result));
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);
void loop_remove(struct loop *loop, struct watch *watch);	/* does not close the descriptor */

/* Waits at most timeout_ms (-1: for ever) for one batch; 0 or -errno, EINTR is not one. */
int loop_wait(struct loop *loop, int timeout_ms);
/* Calls back for the batch that loop_wait got; apart from it, so that a clock is read between. */
void loop_deliver(struct loop *loop);
