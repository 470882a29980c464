/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/connections.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "rules/nft/marks.h"

enum {
	REQUEST = 1024,
	TUPLE = 256,	/* bytes of a tuple's attributes; two addresses, protocol and ports */
	TRIES = 8	/* of a dump that others disturb */
};

/* The connections found, to delete when the dump is complete. */
struct tracked {
	uint8_t tuple[TUPLE];	/* CTA_TUPLE_ORIG as the kernel wrote it */
	uint16_t size;
	struct tracked *next;
};

struct search {
	uint8_t family;
	bool (*keep)(const struct addr *address, const struct ports *port, void *context);
	void *context;
	struct tracked *found;
};

static struct nlmsghdr *header(char *buffer, uint8_t family, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfgen;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nfgen = mnl_nlmsg_put_extra_header(message, sizeof(*nfgen));
	nfgen->nfgen_family = family;
	nfgen->version = NFNETLINK_V0;
	return message;
}

/* Looks for the attribute of this type inside another; NULL: not there. */
struct connections_wanted {
	uint16_t type;
	const struct nlattr *attribute;
};

static int pick(const struct nlattr *attribute, void *data)
{
	struct connections_wanted *wanted = data;

	if (mnl_attr_get_type(attribute) == wanted->type)
		wanted->attribute = attribute;
	return MNL_CB_OK;
}

static const struct nlattr *nested(const struct nlattr *nest, uint16_t type)
{
	struct connections_wanted wanted = { .type = type };

	mnl_attr_parse_nested(nest, pick, &wanted);
	return wanted.attribute;
}

/* The client's destination; false if the kernel did not report it. */
static bool read_tuple(const struct search *search, const struct nlattr *tuple,
		       struct addr *address, struct ports *port)
{
	bool v4 = search->family == AF_INET;
	uint16_t size = v4 ? 4 : 16;
	const struct nlattr *ip = nested(tuple, CTA_TUPLE_IP);
	const struct nlattr *proto = nested(tuple, CTA_TUPLE_PROTO);
	const struct nlattr *to = ip ? nested(ip, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST) : NULL;
	const struct nlattr *number = proto ? nested(proto, CTA_PROTO_NUM) : NULL;
	const struct nlattr *to_port = proto ? nested(proto, CTA_PROTO_DST_PORT) : NULL;

	*port = (struct ports){ 0 };
	if (!to || mnl_attr_get_payload_len(to) != size || !number ||
	    mnl_attr_get_payload_len(number) < 1)
		return false;
	*address = addr_from_bytes(mnl_attr_get_payload(to), size);
	port->protocol = mnl_attr_get_u8(number);
	if (to_port && mnl_attr_get_payload_len(to_port) >= sizeof(uint16_t))
		port->first = port->last = ntohs(mnl_attr_get_u16(to_port));
	return true;
}

static int judge(const struct nlmsghdr *message, void *data)
{
	struct search *search = data;
	struct connections_wanted tuple = { .type = CTA_TUPLE_ORIG };
	struct tracked *connection;
	struct addr address;
	struct ports port;

	mnl_attr_parse(message, sizeof(struct nfgenmsg), pick, &tuple);
	if (!tuple.attribute || mnl_attr_get_payload_len(tuple.attribute) > TUPLE ||
	    (read_tuple(search, tuple.attribute, &address, &port) &&
	     search->keep(&address, &port, search->context)))
		return MNL_CB_OK;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return MNL_CB_ERROR;
	connection->size = mnl_attr_get_payload_len(tuple.attribute);
	memcpy(connection->tuple, mnl_attr_get_payload(tuple.attribute), connection->size);
	connection->next = search->found;
	search->found = connection;
	return MNL_CB_OK;
}

static void forget(struct search *search)
{
	while (search->found) {
		struct tracked *next = search->found->next;

		free(search->found);
		search->found = next;
	}
}

static int find(struct netlink *netlink, struct search *search)
{
	char buffer[REQUEST];
	int error = -EINTR;

	for (int i = 0; i < TRIES && error == -EINTR; i++) {
		struct nlmsghdr *message = header(buffer, search->family, IPCTNL_MSG_CT_GET,
						  NLM_F_DUMP);

		forget(search);
		mnl_attr_put_u32(message, CTA_MARK, htonl(CT_MARK_PINHOLE));
		mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(CT_MARK_PINHOLE));
		error = netlink_talk(netlink, message, judge, search);
	}
	return error;
}

static int erase(struct netlink *netlink, uint8_t family, const struct tracked *connection)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = header(buffer, family, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
	int error;

	mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, connection->size, connection->tuple);
	error = netlink_talk(netlink, message, NULL, NULL);
	return error == -ENOENT ? 0 : error;
}

int connections_judge(struct netlink *netlink,
		      bool (*keep)(const struct addr *address, const struct ports *port,
				   void *context), void *context)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int error = 0;

	for (size_t i = 0; i < sizeof(families) && !error; i++) {
		struct search search = { .family = families[i], .keep = keep, .context = context };

		error = find(netlink, &search);
		for (const struct tracked *c = search.found; c && !error; c = c->next)
			error = erase(netlink, search.family, c);
		forget(&search);
	}
	return error;
}
