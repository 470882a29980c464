/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/tls.h"
#include "appliance/base/diag.h"
#include "appliance/base/url.h"
#include "appliance/net/http.h"
#include "rules/policy/addr.h"

/*
 * One HTTP(S) connection to one server, kept alive between requests. It blocks, with hard limits,
 * and is meant for a process of its own. Every address of the host is tried in turn. A server
 * cannot hold a request beyond the deadline, send slower than the minimum rate, or send more than
 * the limit. Redirects are not followed: the caller judges the answer's status and location (a
 * redirecting mirror is refused with a message that names the target).
 */
struct connection_limits {
	unsigned int connect_ms;	/* name, TCP and TLS together */
	unsigned int answer_ms;		/* up to the first byte of the answer */
	unsigned int request_ms;	/* one whole request */
	unsigned int rate;		/* bytes a second, averaged over rate_ms; 0: none */
	/* Checked again and again, from the answer's first byte on. */
	unsigned int rate_ms;
};
/* 10 s, 10 s, 300 s, 1000 bytes a second over 10 s. */
extern const struct connection_limits connection_limits_default;

enum { CONNECTION_ADDRESSES = 8 };

/* The addresses of a host name; how many, or -errno with diag. Not called for literal addresses. */
typedef int connection_resolve(void *context, const char *host,
			       struct addr address[CONNECTION_ADDRESSES], struct diag *diag);

struct connection_options {
	struct connection_limits limits;
	connection_resolve *resolve;	/* NULL: literal addresses only */
	void *context;
	const char *ca;			/* for https; see base/crypto/tls.h */
	const uint8_t (*pin)[TLS_PIN];
	size_t pins;
	const char *own;		/* our key and certificate; see base/crypto/tls.h */
	int64_t now;			/* for certificates */
	bool earliest;			/* it may be later; see base/crypto/tls.h */
};

struct connection;

/*
 * Opens nothing yet; the pointers in options must outlive it. The caller frees *connection. 0 or
 * -errno.
 */
int connection_new(struct connection **connection, const struct url *url,
		   const struct connection_options *options) __attribute__((warn_unused_result));
void connection_free(struct connection *connection);

/*
 * One request; path is relative to the url's folder and sent unchanged. *answer is initialised
 * here; the caller releases it, even after a failure. A kept connection that the server closed
 * meanwhile is reopened once. 0, or -ETIMEDOUT, -ECONNREFUSED, -EFBIG, -EBADMSG, ... with diag: the
 * server, the request and what was expected. An answer to PUT is at most HTTP_REFUSAL_BODY bytes.
 */
int connection_get(struct connection *connection, const char *path, size_t limit,
		   struct http_answer *answer, struct diag *diag)
	__attribute__((warn_unused_result));
int connection_put(struct connection *connection, const char *path, const void *body, size_t size,
		   struct http_answer *answer, struct diag *diag)
	__attribute__((warn_unused_result));

/* Connections opened and requests sent since connection_new, for status and tests. */
void connection_counts(const struct connection *connection, unsigned int *opened,
		       unsigned int *requests);
