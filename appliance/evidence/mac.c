/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 2 * MAC_SIZE };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* How many digits stand between two separators; 0: the text has another form. */
static size_t group_of(const char *text, size_t length, char *separator)
{
	*separator = '\0';
	if (length == DIGITS)
		return DIGITS;
	if (length == 17 && (text[2] == ':' || text[2] == '-'))
		*separator = text[2];
	else if (length == 14 && text[4] == '.')
		*separator = '.';
	if (!*separator)
		return 0;
	return *separator == '.' ? 4 : 2;
}

int mac_parse(uint8_t mac[MAC_SIZE], const char *text, size_t length)
{
	uint8_t bytes[MAC_SIZE] = { 0 };
	size_t digits = 0, group;
	char separator;

	group = group_of(text, length, &separator);
	if (!group)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		const int value = digit(text[i]);

		if (separator && i % (group + 1) == group) {
			if (text[i] != separator)
				return -EINVAL;
			continue;
		}
		if (value < 0)
			return -EINVAL;
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | value);
		digits++;
	}
	memcpy(mac, bytes, MAC_SIZE);
	return 0;
}

char *mac_print(const uint8_t mac[MAC_SIZE], char buffer[MAC_PRINTED])
{
	snprintf(buffer, MAC_PRINTED, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buffer;
}

bool mac_is_device(const uint8_t mac[MAC_SIZE])
{
	static const uint8_t zeros[MAC_SIZE];

	return !(mac[0] & 1) && memcmp(mac, zeros, MAC_SIZE) != 0;
}

bool mac_is_random(const uint8_t mac[MAC_SIZE])
{
	return mac[0] & 2;
}

bool mac_is_router_group(const uint8_t mac[MAC_SIZE])
{
	static const uint8_t vrrp[] = { 0x00, 0x00, 0x5e, 0x00 };
	static const uint8_t hsrp[] = { 0x00, 0x00, 0x0c, 0x07, 0xac };

	if (memcmp(mac, hsrp, sizeof(hsrp)) == 0)
		return true;
	return memcmp(mac, vrrp, sizeof(vrrp)) == 0 && (mac[4] == 1 || mac[4] == 2);
}
