/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/connections.h"
#include "nft/kernel.h"
#include "nft/netlink.h"

enum {
	REQUEST = 1024,
	LONGEST = 86400,	/* seconds */
	TRIES = 4,		/* an element may time out between our look and our change */
	MILLISECONDS = 1000
};

static const char table[] = "cordon";

/* The element client . address of its set. */
struct hole {
	const char *set;
	uint8_t key[32];
	uint32_t size;
};

static void hole_put(struct hole *hole, const void *bytes, uint32_t size)
{
	memcpy(hole->key + hole->size, bytes, size);
	hole->size += (size + 3) / 4 * 4;	/* as in the kernel's registers */
}

static void hole_put_addr(struct hole *hole, const struct addr *addr)
{
	uint32_t size = addr_is_v4(addr) ? 4 : 16;

	hole_put(hole, addr->bytes + sizeof(addr->bytes) - size, size);
}

static int hole_init(struct hole *hole, const struct addr *client, const struct addr *address)
{
	bool v4 = addr_is_v4(client);

	if (addr_is_v4(address) != v4)
		return -EINVAL;
	*hole = (struct hole){ .set = v4 ? "pinhole4" : "pinhole6" };
	hole_put_addr(hole, client);
	hole_put_addr(hole, address);
	return 0;
}

static struct hole hole_mac(const uint8_t mac[static KERNEL_MAC], const struct addr *address)
{
	struct hole hole = { .set = addr_is_v4(address) ? "pinhole_mac4" : "pinhole_mac6" };

	hole_put(&hole, mac, KERNEL_MAC);
	hole_put_addr(&hole, address);
	return hole;
}

/* seconds 0: none, as look-ups and deletions want it. */
static int payload(struct nlmsghdr *message, const struct hole *hole, uint32_t seconds)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	struct nlattr *list;

	if (!element)
		return -ENOMEM;
	if (nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, hole->key, hole->size) < 0) {
		nftnl_set_elem_free(element);
		return -ENOMEM;
	}
	if (seconds)
		nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT,
				       (uint64_t)seconds * MILLISECONDS);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, hole->set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	nftnl_set_elem_nlmsg_build(message, element, 1);
	mnl_attr_nest_end(message, list);
	nftnl_set_elem_free(element);
	return 0;
}

static int read_expiration(struct nftnl_set_elem *element, void *data)
{
	uint64_t *left = data;

	*left = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION);
	return 0;
}

static int found(const struct nlmsghdr *message, void *data)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return MNL_CB_ERROR;
	if (nftnl_set_elems_nlmsg_parse(message, set) >= 0)
		nftnl_set_elem_foreach(set, read_expiration, data);
	nftnl_set_free(set);
	return MNL_CB_OK;
}

/* Milliseconds that the pinhole is still open; 0: there is none. -errno. */
static int hole_left(struct kernel *kernel, const struct hole *hole, uint64_t *left)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETSETELEM, NFPROTO_INET,
							 NLM_F_ACK, 0);
	int error = payload(message, hole, 0);

	*left = 0;
	if (!error)
		error = netlink_talk(&kernel->netfilter, message, found, left);
	return error == -ENOENT ? 0 : error;
}

static int put(struct batch *batch, uint16_t type, uint16_t flags, const struct hole *hole,
	       uint32_t seconds)
{
	struct nlmsghdr *message = batch_begin(batch, type, flags, "elements of set", hole->set);
	int error = message ? payload(message, hole, seconds) : -ENOMEM;

	if (!error)
		batch_end(batch, message);
	return error;
}

/* A live element's time-out cannot be changed: it is replaced, in one transaction. */
static int hole_write(struct kernel *kernel, const struct hole *hole, bool there,
		      uint32_t seconds)
{
	struct batch_error refused;
	struct batch batch;
	int error = 0;

	batch_init(&batch, &kernel->netfilter);
	if (there)
		error = put(&batch, NFT_MSG_DELSETELEM, 0, hole, 0);
	if (!error && seconds)
		error = put(&batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, hole, seconds);
	if (!error)
		error = batch_send(&batch, &kernel->netfilter, &refused);
	batch_release(&batch);
	return error == -ENFILE ? -ENOSPC : error;
}

static int hole_open(struct kernel *kernel, const struct hole *hole, uint32_t seconds)
{
	int error = 0;

	if (seconds < 1 || seconds > LONGEST)
		return -EINVAL;
	for (int i = 0; i < TRIES; i++) {
		uint64_t left;

		error = hole_left(kernel, hole, &left);
		if (error || left >= (uint64_t)seconds * MILLISECONDS)
			return error;
		error = hole_write(kernel, hole, left > 0, seconds);
		/* ENOENT: no set; or, where there was an element, that it has just timed out. */
		if (error != -EEXIST && (error != -ENOENT || !left))
			return error;
	}
	return error;
}

static int hole_close(struct kernel *kernel, const struct hole *hole)
{
	int error = hole_write(kernel, hole, true, 0);

	return error == -ENOENT ? 0 : error;
}

int kernel_pinhole(struct kernel *kernel, const struct addr *client, const struct addr *address,
		   uint32_t seconds)
{
	struct hole hole;
	int error = hole_init(&hole, client, address);

	return error ? error : hole_open(kernel, &hole, seconds);
}

int kernel_pinhole_close(struct kernel *kernel, const struct addr *client,
			 const struct addr *address)
{
	struct hole hole;
	int error = hole_init(&hole, client, address);

	if (!error)
		error = hole_close(kernel, &hole);
	return error ? error : connections_end(&kernel->netfilter, client, address);
}

int kernel_pinhole_mac(struct kernel *kernel, const uint8_t mac[static KERNEL_MAC],
		       const struct addr *address, uint32_t seconds)
{
	struct hole hole = hole_mac(mac, address);

	return hole_open(kernel, &hole, seconds);
}

int kernel_pinhole_mac_close(struct kernel *kernel, const uint8_t mac[static KERNEL_MAC],
			     const struct addr *address)
{
	struct hole hole = hole_mac(mac, address);
	int error = hole_close(kernel, &hole);

	return error ? error : connections_end(&kernel->netfilter, NULL, address);
}
