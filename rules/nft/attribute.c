/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/attribute.h"

#include <arpa/inet.h>
#include <string.h>

struct attributes attributes_of(const struct nlmsghdr *message, size_t header)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header);

	if (message->nlmsg_len < skip)
		return (struct attributes){ .left = 0 };
	return (struct attributes){ (const uint8_t *)message + skip, message->nlmsg_len - skip };
}

struct attributes attributes_in(const struct nlattr *nest)
{
	return (struct attributes){ attribute_bytes(nest), attribute_size(nest) };
}

const struct nlattr *attribute_next(struct attributes *list)
{
	const struct nlattr *attribute = (const struct nlattr *)(const void *)list->at;
	size_t step;

	if (list->left < sizeof(*attribute) || attribute->nla_len < sizeof(*attribute) ||
	    attribute->nla_len > list->left)
		return NULL;
	step = NLA_ALIGN(attribute->nla_len);
	step = step < list->left ? step : list->left;
	list->at += step;
	list->left -= step;
	return attribute;
}

const struct nlattr *attribute_find(struct attributes list, uint16_t type)
{
	const struct nlattr *attribute;

	while ((attribute = attribute_next(&list)) && attribute_type(attribute) != type)
		;
	return attribute;
}

uint16_t attribute_type(const struct nlattr *attribute)
{
	return (uint16_t)(attribute->nla_type & NLA_TYPE_MASK);
}

size_t attribute_size(const struct nlattr *attribute)
{
	return attribute->nla_len - sizeof(*attribute);
}

const uint8_t *attribute_bytes(const struct nlattr *attribute)
{
	return (const uint8_t *)(attribute + 1);
}

uint32_t attribute_u32(const struct nlattr *attribute, uint32_t other)
{
	uint32_t number;

	if (!attribute || attribute_size(attribute) < sizeof(number))
		return other;
	memcpy(&number, attribute_bytes(attribute), sizeof(number));
	return number;
}

uint32_t attribute_be32(const struct nlattr *attribute, uint32_t other)
{
	return attribute && attribute_size(attribute) >= sizeof(other)
		       ? ntohl(attribute_u32(attribute, 0)) : other;
}

void attribute_text(const struct nlattr *attribute, char *text, size_t size)
{
	size_t length = attribute ? strnlen((const char *)attribute_bytes(attribute),
					    attribute_size(attribute)) : 0;

	length = length < size ? length : size - 1;
	if (length)
		memcpy(text, attribute_bytes(attribute), length);
	text[length] = '\0';
}
