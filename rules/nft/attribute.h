/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Attributes of a netlink message, each held against what is left of it: bytes need not be the
 * kernel's. Numbers are given as they lie there; those of nftables are in network byte order. */
struct attributes {
	const uint8_t *at;
	size_t left;
};

/* Those behind a payload's fixed header; none when the payload is shorter than that. */
struct attributes attributes_of(const struct nlmsghdr *message, size_t header);
/* Those inside another. */
struct attributes attributes_in(const struct nlattr *nest);

/* The next one whole, or NULL. */
const struct nlattr *attribute_next(struct attributes *list);
/* The first of that type, or NULL; list is not moved. */
const struct nlattr *attribute_find(struct attributes list, uint16_t type);

uint16_t attribute_type(const struct nlattr *attribute);
size_t attribute_size(const struct nlattr *attribute);	/* of its bytes */
const uint8_t *attribute_bytes(const struct nlattr *attribute);

/* attribute may be NULL: other, or "". */
uint32_t attribute_u32(const struct nlattr *attribute, uint32_t other);
uint32_t attribute_be32(const struct nlattr *attribute, uint32_t other);
/* Copies text up to its NUL; what does not fit is cut. */
void attribute_text(const struct nlattr *attribute, char *text, size_t size);
