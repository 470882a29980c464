/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The attributes of a netlink message, each checked against the bytes left: they need not come from
 * the kernel. Numbers are returned as stored; those of nftables are in network byte order. */
struct attributes {
	const uint8_t *at;
	size_t left;
};

/* The attributes after a payload's fixed header; none if the payload is shorter than that. */
struct attributes attributes_of(const struct nlmsghdr *message, size_t header);
/* Those inside another. */
struct attributes attributes_in(const struct nlattr *nest);

/* The next one whole, or NULL. */
const struct nlattr *attribute_next(struct attributes *list);
/* The first of that type, or NULL; list does not advance. */
const struct nlattr *attribute_find(struct attributes list, uint16_t type);

/* Type (without flags), size and bytes of an attribute, which points into the message. */
uint16_t attribute_type(const struct nlattr *attribute);
size_t attribute_size(const struct nlattr *attribute);	/* of its bytes */
/* As many as attribute_size says. */
const uint8_t *attribute_bytes(const struct nlattr *attribute);

/* attribute may be NULL: other, or "". */
uint32_t attribute_u32(const struct nlattr *attribute, uint32_t other);
uint32_t attribute_be32(const struct nlattr *attribute, uint32_t other);
/* Copies text up to its NUL; cut off if it does not fit. */
void attribute_text(const struct nlattr *attribute, char *text, size_t size);
