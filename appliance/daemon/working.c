/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/working.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "appliance/ipc/message.h"

enum { LEAST_MS = 50 };	/* of processor time in a second that count as getting on */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool working;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static uint32_t used_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint32_t)(used.tv_sec * 1000 + used.tv_nsec / 1000000);
}

/* True when the work still goes on after a second. */
static bool second_of_work(void)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	while (state.working && !error)
		error = pthread_cond_timedwait(&state.changed, &state.lock, &until);
	return state.working;
}

static void *speak(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&state.lock);
	for (;;) {
		uint32_t begun, said;

		while (!state.working)
			pthread_cond_wait(&state.changed, &state.lock);
		begun = said = used_ms();
		while (second_of_work()) {
			uint32_t now = used_ms();

			if (now - said < LEAST_MS)
				continue;
			said = now;
			/* Whether the parent hears it is its own business: the work goes on. */
			(void)!message_send_progress(MESSAGE_CHANNEL, now - begun, UINT32_MAX);
		}
	}
	return NULL;
}

int working_start(void)
{
	pthread_t thread;

	return -pthread_create(&thread, NULL, speak, NULL);
}

static void set(bool working)
{
	pthread_mutex_lock(&state.lock);
	state.working = working;
	pthread_cond_signal(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

void working_begin(void)
{
	set(true);
}

void working_end(void)
{
	set(false);
}
