/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Link-layer addresses of Ethernet and WLAN (EUI-48, IEEE 802). */
enum { MAC_SIZE = 6, MAC_PRINTED = 18 /* "aa:bb:cc:dd:ee:ff" and NUL */ };

/*
 * The forms in which servers and spreadsheets write one: pairs with ':' or '-', four digits with
 * '.', or twelve digits. Either case. 0 or -EINVAL.
 */
int mac_parse(uint8_t mac[MAC_SIZE], const char *text, size_t length)
	__attribute__((warn_unused_result));
/* In lower case with ':'; returns buffer. */
char *mac_print(const uint8_t mac[MAC_SIZE], char buffer[MAC_PRINTED]);

/* Can one device have it? False for groups and for zeros. */
bool mac_is_device(const uint8_t mac[MAC_SIZE]);
/* Locally administered: chosen by software, so it may change from day to day (RFC 9724). */
bool mac_is_random(const uint8_t mac[MAC_SIZE]);
/* Shared by the routers of a group: VRRP (RFC 9568, 7.3) and HSRP (RFC 2281, 3). */
bool mac_is_router_group(const uint8_t mac[MAC_SIZE]);
