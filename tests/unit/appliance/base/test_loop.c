/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "appliance/base/loop.h"

struct counted {
	struct watch watch;
	struct loop *loop;
	struct watch *victim;	/* removed by the callback */
	int calls;
};

static void count(struct watch *watch, uint32_t events)
{
	struct counted *counted = watch->context;

	assert_true(events & EPOLLIN);
	counted->calls++;
	if (counted->victim)
		loop_remove(counted->loop, counted->victim);
}

static void prepare(struct counted *counted, struct loop *loop)
{
	*counted = (struct counted){
		.watch = { .fd = eventfd(1, EFD_CLOEXEC), .ready = count, .context = counted },
		.loop = loop,
	};
	assert_int_equal(loop_add(loop, &counted->watch, EPOLLIN), 0);
}

static void once(struct loop *loop, int timeout_ms)
{
	assert_int_equal(loop_wait(loop, timeout_ms), 0);
	loop_deliver(loop);
}

static void delivers(void **state)
{
	struct counted a, b;
	struct loop loop;
	uint64_t value;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	once(&loop, 0);
	prepare(&a, &loop);
	prepare(&b, &loop);
	assert_int_equal(loop_add(&loop, &a.watch, EPOLLIN), -EEXIST);
	once(&loop, -1);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	assert_int_equal(read(a.watch.fd, &value, sizeof(value)), sizeof(value));
	assert_int_equal(loop_change(&loop, &b.watch, 0), 0);
	once(&loop, 0);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	close(a.watch.fd);
	close(b.watch.fd);
	loop_release(&loop);
}

/* Whichever comes first takes the other away: its event, already fetched, is not delivered. */
static void removed_watches_are_silent(void **state)
{
	struct counted a, b;
	struct loop loop;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	prepare(&a, &loop);
	prepare(&b, &loop);
	a.victim = &b.watch;
	b.victim = &a.watch;
	once(&loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	once(&loop, 0);
	assert_int_equal(a.calls + b.calls, 2);
	close(a.watch.fd);
	close(b.watch.fd);
	loop_release(&loop);
}

static void a_watch_may_remove_itself(void **state)
{
	struct counted a;
	struct loop loop;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	prepare(&a, &loop);
	a.victim = &a.watch;
	once(&loop, 0);
	once(&loop, 0);
	assert_int_equal(a.calls, 1);
	close(a.watch.fd);
	loop_release(&loop);
}

/* More ready descriptors than one batch takes: the next batch has the others. */
static void many_watches(void **state)
{
	static struct counted many[150];
	struct loop loop;
	int calls = 0;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	for (int i = 0; i < 150; i++)
		prepare(&many[i], &loop);
	for (int i = 0; i < 3; i++)
		once(&loop, 0);
	for (int i = 0; i < 150; i++) {
		calls += many[i].calls > 0;
		close(many[i].watch.fd);
	}
	assert_int_equal(calls, 150);
	loop_release(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivers),
		cmocka_unit_test(removed_watches_are_silent),
		cmocka_unit_test(a_watch_may_remove_itself),
		cmocka_unit_test(many_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
