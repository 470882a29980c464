/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"

/*
 * A TLS 1.2 or 1.3 client (Mbed TLS) over a connected non-blocking socket that the caller opens and
 * closes. Trust is a pinned CA (PEM, one or more certificates), a pinned key (SHA-256 of the server
 * certificate's SubjectPublicKeyInfo), or both; never a system store. With a CA the host name is
 * checked; with a pin alone the key is the identity.
 *
 * Validity is judged at now, not at the machine's clock, which may be wrong; signed/freshness.h
 * says how the caller derives now.
 */
enum { TLS_PIN = 32, TLS_PINS = 4, TLS_CA_MAX = 64 * 1024, TLS_WANT_READ = 1, TLS_WANT_WRITE = 2 };

struct tls_options {
	const char *ca;		/* PEM, NUL-terminated; NULL: none */
	const uint8_t (*pin)[TLS_PIN];
	size_t pins;
	int64_t now;		/* seconds since 1970 */
	bool earliest;		/* it may be later: what begins after now may have begun */
	const char *host;	/* name or address; SNI for a name */
	/* PEM of our private key and certificate, for servers that ask for one; NULL: none. */
	const char *own;
};

struct tls;

/* ca, pin or both must be given. -EINVAL with diag if the CA does not parse. */
int tls_new(struct tls **tls, int fd, const struct tls_options *options, struct diag *diag)
	__attribute__((warn_unused_result));
/*
 * None of them blocks. *want is 0, or one of TLS_WANT_*: poll for that and call again (the result
 * is then 0). < 0: failed; diag explains why (which name, which pin, expired when). tls_read: 0
 * with *want 0 is the end of the stream as announced by the server; a connection that just ends is
 * -ECONNRESET.
 */
int tls_handshake(struct tls *tls, int *want, struct diag *diag)
	__attribute__((warn_unused_result));
long tls_read(struct tls *tls, void *data, size_t size, int *want, struct diag *diag)
	__attribute__((warn_unused_result));
long tls_write(struct tls *tls, const void *data, size_t size, int *want, struct diag *diag)
	__attribute__((warn_unused_result));
void tls_free(struct tls *tls);

/* Is this PEM with at least one CA certificate? For checking settings. 0 or -EINVAL with diag. */
int tls_check_ca(const char *pem, struct diag *diag) __attribute__((warn_unused_result));
