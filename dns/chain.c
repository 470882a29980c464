/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/chain.h"

#include <stddef.h>

void chain_append(struct chain *chain, struct link *link, int64_t deadline)
{
	link->deadline = deadline;
	link->previous = chain->last;
	link->next = NULL;
	if (chain->last)
		chain->last->next = link;
	else
		chain->first = link;
	chain->last = link;
}

void chain_prepend(struct chain *chain, struct link *link)
{
	link->deadline = 0;
	link->previous = NULL;
	link->next = chain->first;
	if (chain->first)
		chain->first->previous = link;
	else
		chain->last = link;
	chain->first = link;
}

void chain_remove(struct chain *chain, struct link *link)
{
	if (link->previous)
		link->previous->next = link->next;
	else
		chain->first = link->next;
	if (link->next)
		link->next->previous = link->previous;
	else
		chain->last = link->previous;
	link->previous = link->next = NULL;
}
