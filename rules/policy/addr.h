/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * IPv4 and IPv6 addresses in one form: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291,
 * 2.5.5.2). A prefix length counts from the first of the 128 bits, so an IPv4 /24 is 120 here. Text
 * always carries the usual length (24).
 */
struct addr {
	uint8_t bytes[16];
};

struct prefix {
	struct addr addr;	/* host bits zero */
	uint8_t length;		/* 0 to 128; 96 + n for an IPv4 /n */
};

enum {
	ADDR_TEXT = 46,		/* buffer for addr_print, NUL included */
	PREFIX_TEXT = 50,	/* buffer for prefix_print, NUL included */
	ADDR_V4_BITS = 96
};

/* Is it ::ffff:a.b.c.d? compare: the order of the 16 bytes, <0, 0 or >0; IPv4 sorts together. */
bool addr_is_v4(const struct addr *addr);
int addr_compare(const struct addr *a, const struct addr *b);

/* From an IPv4 address as a number, or from the bytes of either family. */
struct addr addr_v4(uint32_t host_order);
struct addr addr_from_bytes(const void *bytes, size_t size);	/* 4 or 16, network order */

/* To and from the kernel's form; ports are in host order. addr_from_sockaddr: -EAFNOSUPPORT. */
int addr_from_sockaddr(const struct sockaddr *sa, struct addr *addr, uint16_t *port);
socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *ss);

/* Text without NUL, dotted quad or RFC 4291; 0 or -EINVAL. */
int addr_parse(struct addr *addr, const char *text, size_t length);
/* ADDRESS or ADDRESS/LENGTH; -EINVAL when malformed, -ERANGE when host bits are set. */
int prefix_parse(struct prefix *prefix, const char *text, size_t length);
/* "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; without a port, *port keeps its value. */
int endpoint_parse(struct addr *addr, uint16_t *port, const char *text, size_t length);

/* Canonical text (RFC 5952) in a buffer of ADDR_TEXT or PREFIX_TEXT bytes; returns buffer. A prefix
 * of a single address prints without its length. */
char *addr_print(const struct addr *addr, char *buffer);
char *prefix_print(const struct prefix *prefix, char *buffer);

/* First and last address of a prefix. */
struct addr prefix_first(const struct prefix *prefix);
struct addr prefix_last(const struct prefix *prefix);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);

/*
 * An address of this host, this link or a private network, which no host on the Internet has (RFC
 * 6890).
 */
bool addr_is_private(const struct addr *addr);
/* 127.0.0.0/8 or ::1. */
bool addr_is_loopback(const struct addr *addr);
/* Can a single host have it? False if unspecified, multicast, broadcast or reserved. */
bool addr_is_host(const struct addr *addr);

/* The address after or before; false on wrap-around. */
bool addr_next(struct addr *addr);
bool addr_previous(struct addr *addr);
