/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/journal/neighbours.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "appliance/base/selftest.h"
#include "appliance/journal/netlink.h"

enum { QUESTION_SIZE = 128, ANSWER_SIZE = 16 * 1024 };

void neighbours_init(struct neighbours *neighbours, int socket)
{
	*neighbours = (struct neighbours){ .socket = socket };
}

/* ---- answers ---- */

/* The payload, if the attribute has that type and at least that size. */
static const void *payload(const struct nlattr *attribute, uint16_t type, size_t size)
{
	if (mnl_attr_get_type(attribute) != type || mnl_attr_get_payload_len(attribute) < size)
		return NULL;
	return mnl_attr_get_payload(attribute);
}

static int read_link(const struct nlattr *attribute, void *context)
{
	struct neighbour *neighbour = context;
	const char *name = payload(attribute, IFLA_IFNAME, 1);
	size_t length = name ? strnlen(name, mnl_attr_get_payload_len(attribute)) : IFNAMSIZ;

	if (length < IFNAMSIZ) {
		memcpy(neighbour->name, name, length);
		neighbour->name[length] = '\0';
	}
	return MNL_CB_OK;
}

static int read_route(const struct nlattr *attribute, void *context)
{
	struct neighbour *neighbour = context;

	if (payload(attribute, RTA_OIF, sizeof(uint32_t)))
		neighbour->interface = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static int read_neighbour(const struct nlattr *attribute, void *context)
{
	struct neighbour *neighbour = context;
	const void *mac = payload(attribute, NDA_LLADDR, sizeof(neighbour->mac));

	if (mac && mnl_attr_get_payload_len(attribute) == sizeof(neighbour->mac)) {
		memcpy(neighbour->mac, mac, sizeof(neighbour->mac));
		neighbour->has_mac = true;
	}
	return MNL_CB_OK;
}

/* Loopback and tunnels have entries too, with a meaningless address. */
static bool has_address(const struct nlmsghdr *message)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(message);

	return (head->ndm_state & NUD_NOARP) == 0;
}

static void read_answer(struct neighbour *neighbour, const struct nlmsghdr *message)
{
	size_t size = mnl_nlmsg_get_payload_len(message);

	if (message->nlmsg_type == RTM_NEWLINK && size >= sizeof(struct ifinfomsg))
		mnl_attr_parse(message, sizeof(struct ifinfomsg), read_link, neighbour);
	else if (message->nlmsg_type == RTM_NEWROUTE && size >= sizeof(struct rtmsg))
		mnl_attr_parse(message, sizeof(struct rtmsg), read_route, neighbour);
	else if (message->nlmsg_type == RTM_NEWNEIGH && size >= sizeof(struct ndmsg) &&
		 has_address(message))
		mnl_attr_parse(message, sizeof(struct ndmsg), read_neighbour, neighbour);
}

bool neighbours_parse(struct neighbour *neighbour, const void *data, size_t size,
		      uint32_t sequence)
{
	struct netlink_messages netlink = { .data = data, .size = size };
	const struct nlmsghdr *message;
	bool found = false;

	while ((message = netlink_next(&netlink))) {
		if (message->nlmsg_seq != sequence)
			continue;
		read_answer(neighbour, message);
		found = true;
	}
	return found;
}

/* ---- questions ---- */

struct neighbour_question {
	_Alignas(8) uint8_t bytes[QUESTION_SIZE];
	struct nlmsghdr *message;
};

static void *question_begin(struct neighbour_question *question, uint16_t type, size_t head)
{
	question->message = mnl_nlmsg_put_header(question->bytes);
	question->message->nlmsg_type = type;
	question->message->nlmsg_flags = NLM_F_REQUEST;
	return mnl_nlmsg_put_extra_header(question->message, head);
}

static uint8_t put_addr(struct neighbour_question *question, uint16_t type, const struct addr *addr)
{
	bool v4 = addr_is_v4(addr);

	mnl_attr_put(question->message, type, v4 ? 4 : 16, addr->bytes + (v4 ? 12 : 0));
	return v4 ? AF_INET : AF_INET6;
}

/* The kernel answers before sendto returns; older answers may come first. */
static void ask(struct neighbours *neighbours, struct neighbour_question *question,
		struct neighbour *neighbour)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_Alignas(8) uint8_t answer[ANSWER_SIZE];
	ssize_t got;

	question->message->nlmsg_seq = ++neighbours->sequence;
	if (sendto(neighbours->socket, question->message, question->message->nlmsg_len,
		   MSG_DONTWAIT, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return;
	do
		got = recv(neighbours->socket, answer, sizeof(answer), MSG_DONTWAIT);
	while ((got < 0 && (errno == EINTR || errno == ENOBUFS)) ||
	       (got > 0 && !neighbours_parse(neighbour, answer, (size_t)got,
					     neighbours->sequence)));
}

static void ask_route(struct neighbours *neighbours, const struct addr *client,
		      struct neighbour *neighbour)
{
	struct neighbour_question question;
	struct rtmsg *head = question_begin(&question, RTM_GETROUTE, sizeof(*head));

	head->rtm_family = put_addr(&question, RTA_DST, client);
	head->rtm_dst_len = addr_is_v4(client) ? 32 : 128;
	ask(neighbours, &question, neighbour);
}

static void ask_link(struct neighbours *neighbours, struct neighbour *neighbour)
{
	struct neighbour_question question;
	struct ifinfomsg *head = question_begin(&question, RTM_GETLINK, sizeof(*head));

	head->ifi_index = (int)neighbour->interface;
	ask(neighbours, &question, neighbour);
}

static void ask_neighbour(struct neighbours *neighbours, const struct addr *client,
			  struct neighbour *neighbour)
{
	struct neighbour_question question;
	struct ndmsg *head = question_begin(&question, RTM_GETNEIGH, sizeof(*head));

	head->ndm_ifindex = (int)neighbour->interface;
	head->ndm_family = put_addr(&question, NDA_DST, client);
	ask(neighbours, &question, neighbour);
}

void neighbours_lookup(struct neighbours *neighbours, const struct addr *client,
		       uint32_t interface, struct neighbour *neighbour)
{
	*neighbour = (struct neighbour){ .interface = interface };
	if (interface == SELFTEST_LINK_INDEX)
		snprintf(neighbour->name, sizeof(neighbour->name), SELFTEST_LINK);
	if (neighbours->socket < 0 || interface == SELFTEST_LINK_INDEX)
		return;
	if (interface == 0)
		ask_route(neighbours, client, neighbour);
	if (neighbour->interface == 0)
		return;
	ask_link(neighbours, neighbour);
	ask_neighbour(neighbours, client, neighbour);
}

void neighbours_name(struct neighbours *neighbours, uint32_t interface, char name[IFNAMSIZ])
{
	struct neighbour neighbour = { .interface = interface };

	if (neighbours->socket >= 0)
		ask_link(neighbours, &neighbour);
	memcpy(name, neighbour.name, IFNAMSIZ);
}

uint32_t neighbours_route(struct neighbours *neighbours, const struct addr *addr)
{
	struct neighbour neighbour = { .interface = 0 };

	if (neighbours->socket >= 0)
		ask_route(neighbours, addr, &neighbour);
	return neighbour.interface;
}

/* ---- all of them ---- */

struct neighbours_entry {
	bool has_address;
	struct addr address;
	uint8_t family;
	struct neighbour neighbour;
};

static int read_entry(const struct nlattr *attribute, void *context)
{
	struct neighbours_entry *entry = context;
	const size_t size = entry->family == AF_INET ? 4 : 16;
	const void *address = payload(attribute, NDA_DST, size);

	if (address && mnl_attr_get_payload_len(attribute) == size) {
		entry->address = addr_v4(0);
		memcpy(entry->address.bytes + (16 - size), address, size);
		entry->has_address = true;
	}
	return read_neighbour(attribute, &entry->neighbour);
}

/* An entry that never got an answer, or stands for a group, is nobody. */
static bool is_there(const struct ndmsg *head)
{
	return (head->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)) &&
	       (head->ndm_family == AF_INET || head->ndm_family == AF_INET6);
}

static void take_entry(const struct nlmsghdr *message, neighbours_sink *sink, void *context,
		       uint32_t *left)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(message);
	struct neighbours_entry entry = { .has_address = false };

	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*head) || !is_there(head))
		return;
	entry.family = head->ndm_family;
	entry.neighbour.interface = (uint32_t)head->ndm_ifindex;
	mnl_attr_parse(message, sizeof(*head), read_entry, &entry);
	if (!entry.has_address || !entry.neighbour.has_mac || !addr_is_host(&entry.address) ||
	    (entry.address.bytes[0] == 0xfe && (entry.address.bytes[1] & 0xc0) == 0x80) ||
	    *left == 0)
		return;
	(*left)--;
	sink(context, &entry.address, &entry.neighbour);
}

int neighbours_parse_list(const void *data, size_t size, uint32_t sequence, neighbours_sink *sink,
			  void *context, uint32_t *left)
{
	struct netlink_messages netlink = { .data = data, .size = size };
	const struct nlmsghdr *message;

	while ((message = netlink_next(&netlink))) {
		if (message->nlmsg_seq != sequence)
			continue;
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

			return mnl_nlmsg_get_payload_len(message) < sizeof(*error) ||
			       error->error >= 0 ? -EBADMSG : error->error;
		}
		take_entry(message, sink, context, left);
	}
	return 1;
}

int neighbours_list(struct neighbours *neighbours, neighbours_sink *sink, void *context)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct neighbour_question question;
	_Alignas(8) uint8_t answer[ANSWER_SIZE];
	uint32_t left = NEIGHBOURS_MOST;
	int more = 1;

	if (neighbours->socket < 0)
		return -EBADF;
	(void)question_begin(&question, RTM_GETNEIGH, sizeof(struct ndmsg));
	question.message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	question.message->nlmsg_seq = ++neighbours->sequence;
	if (sendto(neighbours->socket, question.message, question.message->nlmsg_len, MSG_DONTWAIT,
		   (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	while (more == 1) {
		const ssize_t got = recv(neighbours->socket, answer, sizeof(answer), MSG_DONTWAIT);

		if (got < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (got > 0)
			more = neighbours_parse_list(answer, (size_t)got, neighbours->sequence,
						     sink, context, &left);
	}
	return more;
}
