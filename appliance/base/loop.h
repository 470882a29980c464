/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * A thin event loop over epoll, one per thread. The caller owns every struct watch and keeps it in
 * place from loop_add to loop_remove. A callback may remove any watch, even its own.
 */
struct watch {
	int fd;
	void (*ready)(struct watch *watch, uint32_t events);	/* EPOLLIN, EPOLLOUT, ... */
	void *context;
};

struct loop {
	int epoll;
	/* To be delivered; entries of removed watches become NULL. */
	struct watch *batch[64];
	uint32_t events[64];
	int batched;
};

/* 0 or -errno; loop_release closes the loop and leaves the watches' descriptors open. */
int loop_init(struct loop *loop) __attribute__((warn_unused_result));
void loop_release(struct loop *loop);

/* events: EPOLL*. 0 or -errno. */
int loop_add(struct loop *loop, struct watch *watch, uint32_t events)
	__attribute__((warn_unused_result));
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);
void loop_remove(struct loop *loop, struct watch *watch);	/* does not close the descriptor */

/* Waits up to timeout_ms (-1: forever) for one batch. 0 or -errno; EINTR counts as 0. */
int loop_wait(struct loop *loop, int timeout_ms);
/*
 * Runs the callbacks of the batch. Separate from loop_wait so that callers can read the clock in
 * between.
 */
void loop_deliver(struct loop *loop);
