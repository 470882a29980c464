/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return loop->epoll < 0 ? -errno : 0;
}

void loop_release(struct loop *loop)
{
	close(loop->epoll);
	loop->epoll = -1;
}

static int control(struct loop *loop, int operation, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_remove(struct loop *loop, struct watch *watch)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = 0; i < loop->batched; i++) {
		if (loop->batch[i] == watch)
			loop->batch[i] = NULL;
	}
}

int loop_wait(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[64];
	int count = epoll_wait(loop->epoll, events, 64, timeout_ms);

	loop->batched = count < 0 ? 0 : count;
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		loop->batch[i] = events[i].data.ptr;
		loop->events[i] = events[i].events;
	}
	return 0;
}

void loop_deliver(struct loop *loop)
{
	for (int i = 0; i < loop->batched; i++) {
		if (loop->batch[i])
			loop->batch[i]->ready(loop->batch[i], loop->events[i]);
	}
	loop->batched = 0;
}
