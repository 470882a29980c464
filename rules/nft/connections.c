/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nft/connections.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "nft/ruleset.h"

enum {
	REQUEST = 1024,
	TUPLE = 256,	/* bytes of a tuple's attributes; two addresses, protocol and ports */
	TRIES = 8	/* of a dump that others disturb */
};

/* What was found, to be deleted when the dump is over. */
struct connection {
	uint8_t tuple[TUPLE];	/* CTA_TUPLE_ORIG as the kernel wrote it */
	uint16_t size;
	struct connection *next;
};

struct search {
	uint8_t family;
	const uint8_t *client;	/* NULL: any */
	const uint8_t *address;
	uint32_t size;
	struct connection *found;
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

/* The attribute of this type inside another, or NULL. */
struct wanted {
	uint16_t type;
	const struct nlattr *attribute;
};

static int pick(const struct nlattr *attribute, void *data)
{
	struct wanted *wanted = data;

	if (mnl_attr_get_type(attribute) == wanted->type)
		wanted->attribute = attribute;
	return MNL_CB_OK;
}

static const struct nlattr *nested(const struct nlattr *nest, uint16_t type)
{
	struct wanted wanted = { .type = type };

	mnl_attr_parse_nested(nest, pick, &wanted);
	return wanted.attribute;
}

static bool address_equal(const struct nlattr *ip, uint16_t type, const uint8_t *bytes,
			  uint32_t size)
{
	const struct nlattr *attribute = nested(ip, type);

	return attribute && mnl_attr_get_payload_len(attribute) == size &&
	       memcmp(mnl_attr_get_payload(attribute), bytes, size) == 0;
}

static bool between(const struct search *search, const struct nlattr *tuple)
{
	const struct nlattr *ip = nested(tuple, CTA_TUPLE_IP);
	bool v4 = search->family == AF_INET;

	return ip &&
	       (!search->client || address_equal(ip, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC,
						 search->client, search->size)) &&
	       address_equal(ip, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, search->address,
			     search->size);
}

static int judge(const struct nlmsghdr *message, void *data)
{
	struct search *search = data;
	struct wanted tuple = { .type = CTA_TUPLE_ORIG };
	struct connection *connection;

	mnl_attr_parse(message, sizeof(struct nfgenmsg), pick, &tuple);
	if (!tuple.attribute || mnl_attr_get_payload_len(tuple.attribute) > TUPLE ||
	    !between(search, tuple.attribute))
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
		struct connection *next = search->found->next;

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
		mnl_attr_put_u32(message, CTA_MARK, htonl(RULESET_CT_PINHOLE));
		mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(RULESET_CT_PINHOLE));
		error = netlink_talk(netlink, message, judge, search);
	}
	return error;
}

static int erase(struct netlink *netlink, uint8_t family, const struct connection *connection)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = header(buffer, family, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
	int error;

	mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, connection->size, connection->tuple);
	error = netlink_talk(netlink, message, NULL, NULL);
	return error == -ENOENT ? 0 : error;
}

int connections_end(struct netlink *netlink, const struct addr *client,
		    const struct addr *address)
{
	uint32_t size = addr_is_v4(address) ? 4 : 16;
	struct search search = {
		.family = size == 4 ? AF_INET : AF_INET6,
		.client = client ? client->bytes + sizeof(client->bytes) - size : NULL,
		.address = address->bytes + sizeof(address->bytes) - size,
		.size = size,
	};
	int error = find(netlink, &search);

	for (const struct connection *c = search.found; c && !error; c = c->next)
		error = erase(netlink, search.family, c);
	forget(&search);
	return error;
}
