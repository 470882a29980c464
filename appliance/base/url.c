/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Letters, digits, '-' and '.', or the part between the brackets of an IPv6 address. */
static bool host_parse(struct url *url, const char *text, size_t length, bool literal)
{
	if (length == 0 || length >= sizeof(url->host))
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!is_alnum(c) && c != '.' && (literal ? c != ':' : c != '-'))
			return false;
		url->host[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	url->host[length] = '\0';
	return true;
}

static bool port_parse(struct url *url, const char *text, size_t length)
{
	unsigned int port = 0;

	if (length == 0 || length > 5)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	url->port = (uint16_t)port;
	return port > 0 && port <= 65535;
}

/* Used on the request line unchanged: visible ASCII, no query, no fragment, no dot segments. */
static bool path_parse(struct url *url, const char *text)
{
	size_t length = strlen(text);
	int size;

	for (size_t i = 0; i < length; i++) {
		if (text[i] <= 0x20 || text[i] >= 0x7f || strchr("?#\\\"<>^`{|}", text[i]))
			return false;
	}
	size = snprintf(url->path, sizeof(url->path), "%s%s", length ? text : "/",
			length && text[length - 1] != '/' ? "/" : "");
	return size < (int)sizeof(url->path) && !strstr(url->path, "/../") &&
	       !strstr(url->path, "/./") && !strstr(url->path, "//");
}

int url_parse(struct url *url, const char *text, const char **message)
{
	static const char http[] = "http://", https[] = "https://";
	const char *host, *end, *slash, *colon;
	bool literal;

	*url = (struct url){ .tls = strncmp(text, https, sizeof(https) - 1) == 0 };
	if (!url->tls && strncmp(text, http, sizeof(http) - 1) != 0) {
		*message = "expected https://HOST/ or http://HOST/";
		return -EINVAL;
	}
	url->port = url->tls ? 443 : 80;
	host = text + (url->tls ? sizeof(https) : sizeof(http)) - 1;
	slash = host + strcspn(host, "/");
	literal = host[0] == '[';
	end = literal ? memchr(host, ']', (size_t)(slash - host)) : NULL;
	if (literal && !end) {
		*message = "expected ] after the IPv6 address";
		return -EINVAL;
	}
	colon = memchr(literal ? end : host, ':', (size_t)(slash - (literal ? end : host)));
	if (!literal)
		end = colon ? colon : slash;
	else if (end + 1 != slash && end + 1 != colon)
		colon = slash;
	if (!host_parse(url, host + literal, (size_t)(end - host) - literal, literal)) {
		*message = "expected a host name or an address, without user and password";
		return -EINVAL;
	}
	if (colon && !port_parse(url, colon + 1, (size_t)(slash - colon - (colon < slash)))) {
		*message = "expected a port from 1 to 65535 after the host";
		return -EINVAL;
	}
	if (!path_parse(url, slash)) {
		*message = "expected a path of at most 500 visible characters, without query, "
			   "fragment, // or dot segments";
		return -EINVAL;
	}
	return 0;
}
