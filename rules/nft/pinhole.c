/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/pinhole.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "rules/nft/connections.h"
#include "rules/nft/field.h"
#include "rules/nft/netlink.h"

enum {
	REQUEST = 2048,
	TRIES = 4,		/* an element may time out between our read and our change */
	MILLISECONDS = 1000,
	NOTES = NAME_TEXT + 8	/* bytes of an element's user data: its comment */
};

static const char table[] = "cordon";

/* In the order of enum pinhole_kind, IPv4 before IPv6. */
static const char *const sets[][2] = {
	{ "pinhole4", "pinhole6" },
	{ "pinhole_mac4", "pinhole_mac6" },
	{ "pinhole_any4", "pinhole_any6" },
};

/* An element of its set. */
struct hole {
	const char *set;
	uint8_t key[FIELD_KEY];
	uint32_t size;
	char comment[NAME_TEXT];
};

/* ---- keys ---- */

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

static int hole_init(struct hole *hole, const struct pinhole *pinhole)
{
	bool v4 = addr_is_v4(&pinhole->address);
	uint16_t port = htons(pinhole->port.first);

	if (pinhole->kind == PINHOLE_CLIENT && addr_is_v4(&pinhole->client) != v4)
		return -EINVAL;
	*hole = (struct hole){ .set = sets[pinhole->kind][v4 ? 0 : 1] };
	if (pinhole->kind == PINHOLE_CLIENT)
		hole_put_addr(hole, &pinhole->client);
	else if (pinhole->kind == PINHOLE_MAC)
		hole_put(hole, pinhole->mac, sizeof(pinhole->mac));
	hole_put_addr(hole, &pinhole->address);
	hole_put(hole, &pinhole->port.protocol, 1);
	hole_put(hole, &port, sizeof(port));
	name_print(pinhole->name.wire, hole->comment);
	return 0;
}

/* The inverse, from the key of an element; false if its size is wrong. */
static bool pinhole_read(struct pinhole *pinhole, enum pinhole_kind kind, bool v4,
			 const uint8_t *key, uint32_t size)
{
	uint32_t address = v4 ? 4 : 16;
	uint32_t client = kind == PINHOLE_CLIENT ? address : kind == PINHOLE_MAC ? 8 : 0;

	*pinhole = (struct pinhole){ .kind = kind };
	if (size != client + address + 8)
		return false;
	if (kind == PINHOLE_CLIENT)
		pinhole->client = addr_from_bytes(key, address);
	else if (kind == PINHOLE_MAC)
		memcpy(pinhole->mac, key, sizeof(pinhole->mac));
	key += client;
	pinhole->address = addr_from_bytes(key, address);
	key += address;
	pinhole->port.protocol = key[0];
	pinhole->port.first = pinhole->port.last = (uint16_t)(key[4] << 8 | key[5]);
	return true;
}

/* ---- elements ---- */

static int notes_put(struct nftnl_set_elem *element, const char *comment)
{
	struct nftnl_udata_buf *notes = nftnl_udata_buf_alloc(NOTES);
	int error = 0;

	if (!notes)
		return -ENOMEM;
	if (!nftnl_udata_put_strz(notes, NFTNL_UDATA_SET_ELEM_COMMENT, comment) ||
	    nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, nftnl_udata_buf_data(notes),
			       nftnl_udata_buf_len(notes)) < 0)
		error = -ENOMEM;
	nftnl_udata_buf_free(notes);
	return error;
}

/* seconds 0: no time-out and no comment, as look-ups and deletions need it. */
static int payload(struct nlmsghdr *message, const struct hole *hole, uint32_t seconds)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	struct nlattr *list;
	int error = 0;

	if (!element)
		return -ENOMEM;
	if (nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, hole->key, hole->size) < 0)
		error = -ENOMEM;
	if (!error && seconds) {
		nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT,
				       (uint64_t)seconds * MILLISECONDS);
		error = notes_put(element, hole->comment);
	}
	if (!error) {
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, hole->set);
		list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
		nftnl_set_elem_nlmsg_build(message, element, 1);
		mnl_attr_nest_end(message, list);
	}
	nftnl_set_elem_free(element);
	return error;
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

/* Milliseconds until the pinhole closes; 0: there is none. -errno. */
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

/*
 * Not every kernel can change a live element's time-out: replace the element, in one transaction.
 */
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

int kernel_pinhole(struct kernel *kernel, const struct pinhole *pinhole, uint32_t seconds)
{
	struct hole hole;
	int error = hole_init(&hole, pinhole);

	if (error || seconds < 1 || seconds > PINHOLE_LONGEST)
		return -EINVAL;
	for (int i = 0; i < TRIES; i++) {
		uint64_t left;

		error = hole_left(kernel, &hole, &left);
		if (error || left >= (uint64_t)seconds * MILLISECONDS)
			return error;
		error = hole_write(kernel, &hole, left > 0, seconds);
		/* ENOENT: there is no set or, if there was an element, it has just timed out. */
		if (error != -EEXIST && (error != -ENOENT || !left))
			return error;
	}
	return error;
}

/* ---- all of them ---- */

struct judging {
	struct kernel *kernel;
	enum pinhole_kind kind;
	bool v4;
	bool (*keep)(const struct pinhole *pinhole, void *context);
	void *context;
	struct nftnl_set *set;	/* what was read of it */
	int error;
};

static int elements_read(const struct nlmsghdr *message, void *data)
{
	struct judging *judging = data;

	return nftnl_set_elems_nlmsg_parse(message, judging->set) < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

static int comment_attribute(const struct nftnl_udata *attribute, void *data)
{
	struct name *name = data;
	uint8_t length = nftnl_udata_len(attribute);
	unsigned int column;

	if (nftnl_udata_type(attribute) == NFTNL_UDATA_SET_ELEM_COMMENT && length > 1 &&
	    name_parse(name, nftnl_udata_get(attribute), length - 1U, &column) < 0)
		name->length = 0;
	return 0;
}

static int judge_element(struct nftnl_set_elem *element, void *data)
{
	struct judging *judging = data;
	uint32_t size = 0, noted = 0;
	const uint8_t *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);
	void *notes = (void *)(uintptr_t)nftnl_set_elem_get(element, NFTNL_SET_ELEM_USERDATA,
							    &noted);
	struct pinhole pinhole;
	struct hole hole;
	int error;

	if (!key || !pinhole_read(&pinhole, judging->kind, judging->v4, key, size))
		return 0;
	if (notes)
		nftnl_udata_parse(notes, noted, comment_attribute, &pinhole.name);
	if (judging->keep(&pinhole, judging->context))
		return 0;
	error = hole_init(&hole, &pinhole);
	if (!error)
		error = hole_write(judging->kernel, &hole, true, 0);
	/*
	 * Errors other than "timed out" are returned at the end; the remaining ones are still
	 * closed.
	 */
	if (error && error != -ENOENT)
		judging->error = error;
	return 0;
}

static int judge_set(struct judging *judging)
{
	char buffer[REQUEST];
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETSETELEM, NFPROTO_INET,
							 NLM_F_DUMP, 0);
	int error;

	judging->set = nftnl_set_alloc();
	if (!judging->set)
		return -ENOMEM;
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET,
			  sets[judging->kind][judging->v4 ? 0 : 1]);
	error = netlink_talk(&judging->kernel->netfilter, message, elements_read, judging);
	if (!error)
		nftnl_set_elem_foreach(judging->set, judge_element, judging);
	nftnl_set_free(judging->set);
	return error == -ENOENT ? 0 : error;
}

int kernel_pinholes_judge(struct kernel *kernel,
			  bool (*keep)(const struct pinhole *pinhole, void *context), void *context)
{
	struct judging judging = { .kernel = kernel, .keep = keep, .context = context };
	int error = 0;

	for (int kind = PINHOLE_CLIENT; kind <= PINHOLE_ANY && !error; kind++) {
		for (int v6 = 0; v6 < 2 && !error; v6++) {
			judging.kind = (enum pinhole_kind)kind;
			judging.v4 = !v6;
			error = judge_set(&judging);
		}
	}
	return error ? error : judging.error;
}

int kernel_connections_judge(struct kernel *kernel,
			     bool (*keep)(const struct addr *address, const struct ports *port,
					  void *context), void *context)
{
	return connections_judge(&kernel->netfilter, keep, context);
}
