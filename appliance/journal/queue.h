/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * Lists of numbers. The links of number i are link[i] in an array of the caller's, so a number is
 * in at most one list per array.
 */
enum { QUEUE_NONE = UINT16_MAX };

struct queue_link {
	uint16_t before;
	uint16_t after;
};

struct queue {
	uint16_t head;
	uint16_t tail;
};

/* An empty list. */
static inline struct queue queue_empty(void)
{
	return (struct queue){ QUEUE_NONE, QUEUE_NONE };
}

/* Adds at the tail a number that is in no list of this array. */
static inline void queue_append(struct queue *queue, struct queue_link *link, uint16_t number)
{
	link[number] = (struct queue_link){ queue->tail, QUEUE_NONE };
	if (queue->tail == QUEUE_NONE)
		queue->head = number;
	else
		link[queue->tail].after = number;
	queue->tail = number;
}

/* Removes a number that is in this list. */
static inline void queue_remove(struct queue *queue, struct queue_link *link, uint16_t number)
{
	uint16_t before = link[number].before, after = link[number].after;

	if (before == QUEUE_NONE)
		queue->head = after;
	else
		link[before].after = after;
	if (after == QUEUE_NONE)
		queue->tail = before;
	else
		link[after].before = before;
}
