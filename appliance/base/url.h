/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * http:// and https:// addresses of mirrors and collectors (RFC 3986); no user, query or fragment.
 */
enum { URL_HOST = 254, URL_PATH = 512 };

struct url {
	bool tls;
	char host[URL_HOST];	/* lower case; an IPv6 literal without its brackets */
	uint16_t port;
	char path[URL_PATH];	/* begins and ends with '/' : a folder */
};

/* 0, or -EINVAL: message (a static string) says what was expected. */
int url_parse(struct url *url, const char *text, const char **message)
	__attribute__((warn_unused_result));
