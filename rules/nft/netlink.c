/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/netlink.h"

#include <errno.h>
#include <libnftnl/common.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	RECEIVE_BUFFER = 4 * 1024 * 1024,
	ANSWER = 64 * 1024	/* bytes of answers read at once */
};

struct batch_label {
	const char *kind;
	const char *name;
};

int netlink_open(struct netlink *netlink, int bus)
{
	static const int on = 1;
	static const int receive = RECEIVE_BUFFER;
	int error;

	*netlink = (struct netlink){ .socket = mnl_socket_open2(bus, SOCK_CLOEXEC) };
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		netlink_close(netlink);
		return error;
	}
	/* Best effort: an error is still an error without the kernel's explanation. */
	mnl_socket_setsockopt(netlink->socket, NETLINK_CAP_ACK, (void *)(uintptr_t)&on, sizeof(on));
	mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, (void *)(uintptr_t)&on, sizeof(on));
	setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVBUFFORCE, &receive,
		   sizeof(receive));
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

int netlink_talk(struct netlink *netlink, struct nlmsghdr *message, mnl_cb_t callback, void *data)
{
	uint32_t port = mnl_socket_get_portid(netlink->socket);
	char *answer = malloc(ANSWER);
	int result = MNL_CB_OK;
	int error = 0;

	if (!answer)
		return -ENOMEM;
	message->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		result = MNL_CB_ERROR;
	while (result > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(netlink->socket, answer, ANSWER);

		result = MNL_CB_ERROR;
		if (length >= 0)
			result = mnl_cb_run(answer, (size_t)length, netlink->sequence, port,
					    callback, data);
		/* A leftover of an earlier exchange that ended early. */
		if (result == MNL_CB_ERROR && errno == EPROTO)
			result = MNL_CB_OK;
	}
	if (result == MNL_CB_ERROR)
		error = -errno;
	free(answer);
	return error;
}

/* ---- batches ---- */

/* Makes room for one more message and its label. */
static bool reserve(struct batch *batch)
{
	size_t capacity = batch->capacity ? batch->capacity : 2 * (size_t)NETLINK_ROOM;
	uint8_t *data;

	while (capacity - batch->length < NETLINK_ROOM)
		capacity *= 2;
	if (capacity != batch->capacity) {
		data = realloc(batch->data, capacity);
		if (!data)
			return false;
		batch->data = data;
		batch->capacity = capacity;
	}
	if (batch->count == batch->labels) {
		size_t labels = batch->labels ? 2 * batch->labels : 256;
		struct batch_label *label = realloc(batch->label, labels * sizeof(*label));

		if (!label)
			return false;
		batch->label = label;
		batch->labels = labels;
	}
	return true;
}

struct nlmsghdr *batch_begin(struct batch *batch, uint16_t type, uint16_t flags, const char *kind,
			     const char *name)
{
	uint32_t sequence = batch->sequence + (uint32_t)batch->count;

	if (batch->failed || !reserve(batch)) {
		batch->failed = true;
		return NULL;
	}
	batch->label[batch->count++] = (struct batch_label){ .kind = kind, .name = name };
	return nftnl_nlmsg_build_hdr((char *)batch->data + batch->length, type, NFPROTO_INET, flags,
				     sequence);
}

void batch_end(struct batch *batch, const struct nlmsghdr *message)
{
	batch->length += NLMSG_ALIGN(message->nlmsg_len);
}

/* The messages that open and close a transaction have no table and no family. */
static void frame(struct batch *batch, uint16_t type)
{
	struct nlmsghdr *message = batch_begin(batch, 0, 0, NULL, NULL);
	struct nfgenmsg *header;

	if (!message)
		return;
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_get_payload(message);
	header->nfgen_family = AF_UNSPEC;
	header->res_id = htons(NFNL_SUBSYS_NFTABLES);
	batch_end(batch, message);
}

void batch_init(struct batch *batch, struct netlink *netlink)
{
	*batch = (struct batch){ .sequence = netlink->sequence + 1 };
	frame(batch, NFNL_MSG_BATCH_BEGIN);
}

void batch_release(struct batch *batch)
{
	free(batch->data);
	free(batch->label);
	*batch = (struct batch){ 0 };
}

struct reading {
	const struct batch *batch;
	struct batch_error *error;
	bool acknowledged;
};

static int reason_attribute(const struct nlattr *attribute, void *data)
{
	struct batch_error *error = data;

	if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(error->reason, sizeof(error->reason), "%s", mnl_attr_get_str(attribute));
	return MNL_CB_OK;
}

static void read_error(struct reading *reading, const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
	size_t index = message->nlmsg_seq - reading->batch->sequence;
	struct batch_error *error = reading->error;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*answer) ||
	    index >= reading->batch->count)
		return;
	if (!answer->error) {
		reading->acknowledged = true;
		return;
	}
	if (error->error)
		return;
	error->error = answer->error;
	error->kind = reading->batch->label[index].kind;
	error->name = reading->batch->label[index].name;
	/* With NETLINK_CAP_ACK, only the request's header is repeated before the attributes. */
	if (message->nlmsg_flags & NLM_F_ACK_TLVS && message->nlmsg_flags & NLM_F_CAPPED)
		mnl_attr_parse(message, sizeof(*answer), reason_attribute, error);
}

static int receive(struct netlink *netlink, struct reading *reading)
{
	char *answer = malloc(ANSWER);
	int error = 0;
	ssize_t length;

	if (!answer)
		return -ENOMEM;
	/*
	 * The kernel has processed the batch before send returns, so all answers are already there.
	 */
	while ((length = recv(mnl_socket_get_fd(netlink->socket), answer, ANSWER,
			      MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)(void *)answer;
		int left = (int)length;

		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			if (message->nlmsg_type == NLMSG_ERROR)
				read_error(reading, message);
		}
	}
	if (length < 0 && errno != EAGAIN)
		error = -errno;
	free(answer);
	return error;
}

/*
 * The kernel answers errors only: the last message asks for one acknowledgement that all is well.
 */
static void ask_answer(struct batch *batch)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)batch->data;
	struct nlmsghdr *last = message;
	int left = (int)batch->length;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		last = message;
	last->nlmsg_flags |= NLM_F_ACK;
}

static int transmit(struct batch *batch, struct netlink *netlink)
{
	int fd = mnl_socket_get_fd(netlink->socket);
	int size = (int)batch->length * 2;

	/* The kernel refuses messages larger than the send buffer. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		return -errno;
	return mnl_socket_sendto(netlink->socket, batch->data, batch->length) < 0 ? -errno : 0;
}

int batch_send(struct batch *batch, struct netlink *netlink, struct batch_error *error)
{
	struct reading reading = { .batch = batch, .error = error };
	int result;

	*error = (struct batch_error){ 0 };
	if (!batch->failed)
		ask_answer(batch);
	frame(batch, NFNL_MSG_BATCH_END);
	if (batch->failed || batch->length > INT32_MAX / 4)
		return -ENOMEM;
	netlink->sequence += (uint32_t)batch->count;
	result = transmit(batch, netlink);
	if (!result)
		result = receive(netlink, &reading);
	if (result)
		return result;
	if (error->error)
		return error->error;
	return reading.acknowledged ? 0 : -EIO;
}
