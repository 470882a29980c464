/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/lookup.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "dns/records.h"
#include "dns/wire.h"

enum { FAMILIES = 2, ALIASES = 16 };

/* One question under way. */
struct question {
	uint16_t type;
	int fd;			/* connected, so only the server is heard; -1: over */
	struct query query;
	uint8_t packet[512];
	size_t size;
	int result;		/* 0: answered, or -errno */
	struct addr address[LOOKUP_ADDRESSES];
	size_t count;
};

/* ---- asking ---- */

static ldns_pkt *new_packet(const struct name *name, uint16_t type)
{
	ldns_rdf *owner = ldns_dname_new_frm_data(name->length, name->wire);
	ldns_pkt *packet = owner ? ldns_pkt_query_new(owner, (ldns_rr_type)type, LDNS_RR_CLASS_IN,
						      LDNS_RD) : NULL;

	if (owner && !packet)
		ldns_rdf_deep_free(owner);
	return packet;
}

/* The query as bytes, and in the form that its answer is compared with. */
static int build(struct question *question, const struct name *name)
{
	ldns_pkt *packet = new_packet(name, question->type);
	uint8_t *wire = NULL;
	uint16_t id;
	int error = -ENOMEM;

	if (packet && getrandom(&id, sizeof(id), 0) == sizeof(id)) {
		ldns_pkt_set_id(packet, id);
		ldns_pkt_set_edns_udp_size(packet, WIRE_EDNS_SIZE);
		if (ldns_pkt2wire(&wire, packet, &question->size) == LDNS_STATUS_OK &&
		    question->size <= sizeof(question->packet) &&
		    wire_parse_query(&question->query, wire, question->size) == WIRE_OK) {
			memcpy(question->packet, wire, question->size);
			error = 0;
		}
	}
	free(wire);
	ldns_pkt_free(packet);
	return error;
}

static int ask(struct question *question, const struct endpoint *server)
{
	struct sockaddr_storage address;
	socklen_t size = addr_to_sockaddr(&server->addr, server->port, &address);

	question->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (question->fd < 0 || connect(question->fd, (struct sockaddr *)&address, size) < 0 ||
	    send(question->fd, question->packet, question->size, MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static void finish(struct question *question, int result)
{
	if (question->fd >= 0)
		close(question->fd);
	question->fd = -1;
	question->result = result;
}

/* ---- the answer ---- */

/* Follows the aliases from name to their end; -ELOOP if they have none. */
static int follow(const struct records *all, struct name *name)
{
	for (unsigned int step = 0; step < ALIASES; step++) {
		struct records records = *all;
		struct record record;
		struct name target;
		bool leads = false;
		int more;

		while ((more = records_next(&records, &record)) == 1 && !leads)
			leads = record.section == SECTION_ANSWER &&
				records_lead(&records, &record, name, &target);
		if (more < 0)
			return more;
		if (!leads)
			return 0;
		*name = target;
	}
	return -ELOOP;
}

static void take_record(struct question *question, const struct name *name,
			const struct records *records, const struct record *record)
{
	size_t size = question->type == TYPE_A ? 4 : 16;

	if (question->count < LOOKUP_ADDRESSES && record->section == SECTION_ANSWER &&
	    record->type == question->type && record->class == question->query.class &&
	    record->end - record->data == size && record->owner.length == name->length &&
	    memcmp(record->owner.wire, name->wire, name->length) == 0)
		question->address[question->count++] =
			addr_from_bytes(records->message + record->data, size);
}

static int take_answer(struct question *question, const uint8_t *data, size_t size)
{
	struct name name = question->query.name;
	uint8_t rcode = size < WIRE_HEADER ? RCODE_SERVFAIL : data[3] & 15;
	struct records records;
	struct record record;
	int error = records_begin(&records, data, size);

	if (!error)
		error = follow(&records, &name);
	if (error)
		return error;
	if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
		return -EREMOTEIO;
	while ((error = records_next(&records, &record)) == 1)
		take_record(question, &name, &records, &record);
	return error;
}

/* Skips stray datagrams: the answer may still come (RFC 5452, 9.1). */
static void read_answer(struct question *question)
{
	uint8_t data[WIRE_UDP_MAX];
	ssize_t got = recv(question->fd, data, sizeof(data), 0);

	if (got < 0 && errno != EAGAIN && errno != EINTR)
		finish(question, -errno);
	else if (got >= 0 && wire_matches(data, (size_t)got, question->query.id, &question->query))
		finish(question, take_answer(question, data, (size_t)got));
}

/* ---- both families ---- */

static void wait_for_answers(struct question question[FAMILIES], int64_t deadline)
{
	while (question[0].fd >= 0 || question[1].fd >= 0) {
		struct pollfd poller[FAMILIES];
		int64_t left = deadline - clock_uptime_ms();

		if (left <= 0)
			return;
		/* poll ignores a descriptor below zero. */
		for (int i = 0; i < FAMILIES; i++)
			poller[i] = (struct pollfd){ .fd = question[i].fd, .events = POLLIN };
		if (poll(poller, FAMILIES, left < INT_MAX ? (int)left : INT_MAX) < 0 &&
		    errno != EINTR)
			return;
		for (int i = 0; i < FAMILIES; i++) {
			if (question[i].fd >= 0 && poller[i].revents)
				read_answer(&question[i]);
		}
	}
}

/* Alternates IPv4 and IPv6: if one family does not work, the next attempt uses the other. */
static int merge(const struct question question[FAMILIES], struct addr *address, size_t count)
{
	size_t taken = 0;

	for (size_t i = 0; i < LOOKUP_ADDRESSES; i++) {
		for (int family = 0; family < FAMILIES; family++) {
			if (i < question[family].count && taken < count)
				address[taken++] = question[family].address[i];
		}
	}
	return (int)taken;
}

static int explain(const struct question question[FAMILIES], const char *host, struct diag *diag)
{
	int error = question[0].result ? question[0].result : question[1].result;

	if (!error) {
		diag_error(diag, host, 0, 0, "the name has no address");
		return -ENOENT;
	}
	diag_error(diag, host, 0, 0, "cannot look the name up: %s", error == -EREMOTEIO ?
		   "the DNS server failed" : strerror(-error));
	return error;
}

int lookup_addresses(const struct endpoint *server, const char *host, unsigned int timeout_ms,
		     struct addr *address, size_t count, struct diag *diag)
{
	struct question question[FAMILIES] = { { .type = TYPE_A, .fd = -1 },
					       { .type = TYPE_AAAA, .fd = -1 } };
	int64_t deadline = clock_uptime_ms() + timeout_ms;
	struct name name;
	int found;

	if (name_parse(&name, host, strlen(host), NULL) < 0) {
		diag_error(diag, host, 0, 0, "expected a domain name");
		return -EINVAL;
	}
	for (int i = 0; i < FAMILIES; i++) {
		int error = build(&question[i], &name);

		question[i].result = -ETIMEDOUT;
		if (!error)
			error = ask(&question[i], server);
		if (error)
			finish(&question[i], error);
	}
	wait_for_answers(question, deadline);
	for (int i = 0; i < FAMILIES; i++)
		finish(&question[i], question[i].result);
	found = merge(question, address, count);
	return found ? found : explain(question, host, diag);
}
