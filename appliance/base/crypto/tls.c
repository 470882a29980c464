/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/crypto/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/hex.h"
#include "appliance/base/text.h"

/* Bytes from the network per call: a peer that floods us with empty records must not keep the
 * caller from checking the clock. */
enum { INPUT_AT_ONCE = 64 * 1024, NAMES_SHOWN = 160 };

struct tls {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt ca;		/* empty without a pinned CA */
	mbedtls_x509_crt own;		/* empty without a certificate of our own */
	mbedtls_pk_context key;
	struct tls_options options;
	char host[256];
	uint8_t pin[TLS_PINS][TLS_PIN];
	int fd;
	int failure;			/* errno of the socket */
	size_t input;			/* bytes left of INPUT_AT_ONCE */
	char problem[DIAG_MESSAGE];	/* what is wrong with the certificate */
};

/* Forward secrecy and authenticated encryption only. */
static const int suites[] = {
#if MBEDTLS_VERSION_MAJOR >= 3
	MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
	MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	0,
};

/* ---- the certificate, judged ---- */

static void complain(struct tls *tls, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct tls *tls, const char *format, ...)
{
	size_t at = strlen(tls->problem);
	va_list arguments;

	if (at)
		at += (size_t)snprintf(tls->problem + at, sizeof(tls->problem) - at, "; ");
	if (at >= sizeof(tls->problem))
		return;
	va_start(arguments, format);
	vsnprintf(tls->problem + at, sizeof(tls->problem) - at, format, arguments);
	va_end(arguments);
}

/* Without libc's calendar, which would read the machine's time zone. */
static int64_t seconds_of(const mbedtls_x509_time *time)
{
	int64_t year = time->year - (time->mon <= 2), month = (time->mon + 9) % 12;
	int64_t days = year * 365 + year / 4 - year / 100 + year / 400 +
		       (month * 153 + 2) / 5 + time->day - 1 - 719468;

	return ((days * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

static uint32_t judge_time(struct tls *tls, const mbedtls_x509_crt *crt, const char *what)
{
	const mbedtls_x509_time *from = &crt->valid_from, *to = &crt->valid_to;

	if (tls->options.now > seconds_of(to)) {
		complain(tls, "%s expired on %04d-%02d-%02d", what, to->year, to->mon, to->day);
		return MBEDTLS_X509_BADCERT_EXPIRED;
	}
	if (!tls->options.earliest && tls->options.now < seconds_of(from)) {
		complain(tls, "%s is not valid before %04d-%02d-%02d", what, from->year,
			 from->mon, from->day);
		return MBEDTLS_X509_BADCERT_FUTURE;
	}
	return 0;
}

static bool is_address(const char *host, uint8_t bytes[16], size_t *size)
{
	*size = inet_pton(AF_INET, host, bytes) == 1 ? 4 : inet_pton(AF_INET6, host, bytes) == 1 ?
		16 : 0;
	return *size > 0;
}

/*
 * An iPAddress among the alternative names (RFC 5280, 4.2.1.6): Mbed TLS 2.28 compares only names.
 */
static bool has_address(const mbedtls_x509_crt *crt, const uint8_t *bytes, size_t size)
{
	const mbedtls_x509_sequence *name = &crt->subject_alt_names;

	for (; name; name = name->next) {
		if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == 7 && name->buf.len == size &&
		    memcmp(name->buf.p, bytes, size) == 0)
			return true;
	}
	return false;
}

/* The names that the certificate is for, as far as they fit; invisible characters become '?'. */
static void print_names(const mbedtls_x509_crt *crt, char out[NAMES_SHOWN])
{
	const mbedtls_x509_sequence *name = &crt->subject_alt_names;
	size_t at = 0;

	out[0] = '\0';
	for (; name; name = name->next) {
		if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) != 2 ||
		    at + name->buf.len + 3 > NAMES_SHOWN)
			continue;
		if (at)
			at += (size_t)snprintf(out + at, NAMES_SHOWN - at, ", ");
		for (size_t i = 0; i < name->buf.len; i++)
			out[at++] = text_visible((char)name->buf.p[i]);
		out[at] = '\0';
	}
	if (!at && mbedtls_x509_dn_gets(out, NAMES_SHOWN, &crt->subject) < 0)
		snprintf(out, NAMES_SHOWN, "no name");
}

static uint32_t judge_name(struct tls *tls, const mbedtls_x509_crt *crt, uint32_t flags)
{
	uint8_t bytes[16];
	char names[NAMES_SHOWN];
	size_t size;
	bool matches = !(flags & MBEDTLS_X509_BADCERT_CN_MISMATCH);

	if (is_address(tls->options.host, bytes, &size))
		matches = has_address(crt, bytes, size);
	if (matches)
		return 0;
	print_names(crt, names);
	complain(tls, "certificate is for %s, expected %s", names, tls->options.host);
	return MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

static uint32_t judge_pin(struct tls *tls, const mbedtls_x509_crt *crt)
{
	char found[2 * TLS_PIN + 1], expected[2 * TLS_PIN + 1];
	uint8_t digest[DIGEST_SIZE];

	if (digest_sha256(crt->pk_raw.p, crt->pk_raw.len, digest) < 0) {
		complain(tls, "cannot digest its key");
		return MBEDTLS_X509_BADCERT_OTHER;
	}
	for (size_t i = 0; i < tls->options.pins; i++) {
		if (memcmp(tls->pin[i], digest, TLS_PIN) == 0)
			return 0;
	}
	hex_print(digest, TLS_PIN, found);
	hex_print(tls->pin[0], TLS_PIN, expected);
	complain(tls, "its key is sha256:%s, expected sha256:%s%s", found, expected,
		 tls->options.pins > 1 ? " or another of the pins" : "");
	return MBEDTLS_X509_BADCERT_OTHER;
}

/*
 * The verdict on chain and name with a pinned CA; the library's own check of the clock does not
 * count.
 */
static uint32_t judge_trust(struct tls *tls, const mbedtls_x509_crt *crt, int depth, uint32_t flags)
{
	const uint32_t ours = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE |
			      MBEDTLS_X509_BADCERT_CN_MISMATCH;
	uint32_t result = flags & ~ours;

	if (result & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		complain(tls, "certificate is not signed by the pinned CA");
	if (result & ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		complain(tls, "%s has a weak key or signature, or is not meant for this purpose",
			 depth ? "CA certificate" : "certificate");
	result |= judge_time(tls, crt, depth ? "CA certificate" : "certificate");
	return depth ? result : result | judge_name(tls, crt, flags);
}

/* Called for each certificate of the chain, the server's (depth 0) last; flags are the verdict. */
static int judge(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls *tls = context;

	*flags = tls->options.ca ? judge_trust(tls, crt, depth, *flags) : 0;
	if (depth == 0 && tls->options.pins)
		*flags |= judge_pin(tls, crt);
	return 0;
}

/* ---- PEM of CAs ---- */

static bool is_ca(const mbedtls_x509_crt *crt)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	return crt->MBEDTLS_PRIVATE(ca_istrue);
#else
	return crt->ca_istrue;
#endif
}

static int parse_ca(mbedtls_x509_crt *crt, const char *pem, struct diag *diag)
{
	size_t length = strnlen(pem, TLS_CA_MAX);
	char text[128];
	int error;

	if (length == TLS_CA_MAX) {
		diag_error(diag, "CA", 0, 0, "larger than %d bytes", TLS_CA_MAX - 1);
		return -EINVAL;
	}
	error = mbedtls_x509_crt_parse(crt, (const unsigned char *)pem, length + 1);
	if (error) {
		/* A positive value is the number of certificates that did not parse. */
		mbedtls_strerror(error < 0 ? error : MBEDTLS_ERR_X509_INVALID_FORMAT, text,
				 sizeof(text));
		diag_error(diag, "CA", 0, 0, "expected PEM certificates: %s", text);
		return -EINVAL;
	}
	for (const mbedtls_x509_crt *at = crt; at; at = at->next) {
		if (is_ca(at))
			return 0;
	}
	diag_error(diag, "CA", 0, 0, "expected the certificate of a CA (basicConstraints CA:TRUE)");
	return -EINVAL;
}

int tls_check_ca(const char *pem, struct diag *diag)
{
	mbedtls_x509_crt crt;
	int error;

	if (psa_crypto_init() != PSA_SUCCESS)
		return -EIO;
	mbedtls_x509_crt_init(&crt);
	error = parse_ca(&crt, pem, diag);
	mbedtls_x509_crt_free(&crt);
	return error;
}

/* ---- the socket below ---- */

static int socket_failed(struct tls *tls, int want)
{
	if (errno == EAGAIN || errno == EINTR)
		return want;
	tls->failure = errno;
	return MBEDTLS_ERR_SSL_CONN_EOF;
}

static int socket_send(void *context, const unsigned char *data, size_t size)
{
	struct tls *tls = context;
	ssize_t sent = send(tls->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	return sent < 0 ? socket_failed(tls, MBEDTLS_ERR_SSL_WANT_WRITE) : (int)sent;
}

static int socket_receive(void *context, unsigned char *data, size_t size)
{
	struct tls *tls = context;
	ssize_t got;

	if (size > tls->input)
		size = tls->input;
	if (size == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	got = recv(tls->fd, data, size, MSG_DONTWAIT);
	if (got < 0)
		return socket_failed(tls, MBEDTLS_ERR_SSL_WANT_READ);
	tls->input -= (size_t)got;
	return (int)got;
}

static int random_bytes(void *context, unsigned char *data, size_t size)
{
	(void)context;
	return psa_generate_random(data, size) == PSA_SUCCESS ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* ---- who we are ---- */

static int parse_own(struct tls *tls, const char *pem)
{
	const unsigned char *text = (const unsigned char *)pem;
	size_t size = strlen(pem) + 1;
	int error;

#if MBEDTLS_VERSION_MAJOR >= 3
	error = mbedtls_pk_parse_key(&tls->key, text, size, NULL, 0, random_bytes, NULL);
#else
	error = mbedtls_pk_parse_key(&tls->key, text, size, NULL, 0);
#endif
	if (!error)
		error = mbedtls_x509_crt_parse(&tls->own, text, size);
	return error ? error : mbedtls_ssl_conf_own_cert(&tls->config, &tls->own, &tls->key);
}

/* ---- the session ---- */

static int configure(struct tls *tls)
{
	uint8_t bytes[16];
	size_t size;
	int error = mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT,
						MBEDTLS_SSL_TRANSPORT_STREAM,
						MBEDTLS_SSL_PRESET_DEFAULT);

	if (error)
		return error;
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_conf_min_tls_version(&tls->config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
	mbedtls_ssl_conf_min_version(&tls->config, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
#endif
	mbedtls_ssl_conf_ciphersuites(&tls->config, suites);
	mbedtls_ssl_conf_rng(&tls->config, random_bytes, NULL);
	/* Required even with a pin alone, when the chain is empty: judge() decides. */
	mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&tls->config, &tls->ca, NULL);
	mbedtls_ssl_conf_verify(&tls->config, judge, tls);
	error = tls->options.own ? parse_own(tls, tls->options.own) : 0;
	if (!error)
		error = mbedtls_ssl_setup(&tls->ssl, &tls->config);
	/* An address is not a name to send (RFC 6066, 3); NULL says that this is intended. */
	if (!error)
		error = mbedtls_ssl_set_hostname(&tls->ssl, is_address(tls->host, bytes, &size) ?
						 NULL : tls->host);
	mbedtls_ssl_set_bio(&tls->ssl, tls, socket_send, socket_receive, NULL);
	return error;
}

static int copy_options(struct tls *tls, const struct tls_options *options)
{
	if ((!options->ca && options->pins == 0) || options->pins > TLS_PINS ||
	    strlen(options->host) >= sizeof(tls->host))
		return -EINVAL;
	tls->options = *options;
	memcpy(tls->host, options->host, strlen(options->host) + 1);
	tls->options.host = tls->host;
	if (options->pins)
		memcpy(tls->pin, options->pin, options->pins * sizeof(*tls->pin));
	return 0;
}

int tls_new(struct tls **out, int fd, const struct tls_options *options, struct diag *diag)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int error;

	if (!tls)
		return -ENOMEM;
	tls->fd = fd;
	mbedtls_ssl_init(&tls->ssl);
	mbedtls_ssl_config_init(&tls->config);
	mbedtls_x509_crt_init(&tls->ca);
	mbedtls_x509_crt_init(&tls->own);
	mbedtls_pk_init(&tls->key);
	error = copy_options(tls, options);
	if (error)
		diag_error(diag, options->host, 0, 0, "expected a pinned CA or 1 to %d pinned keys",
			   TLS_PINS);
	if (!error && psa_crypto_init() != PSA_SUCCESS)
		error = -EIO;
	if (!error && options->ca)
		error = parse_ca(&tls->ca, options->ca, diag);
	if (!error && configure(tls) != 0)
		error = -ENOMEM;
	if (error) {
		tls_free(tls);
		return error;
	}
	*out = tls;
	return 0;
}

/* Interprets the library's result: 0 and *want, or -errno with diag. */
static int result(struct tls *tls, int code, int *want, const char *what, struct diag *diag)
{
	char text[128];

	*want = code == MBEDTLS_ERR_SSL_WANT_READ ? TLS_WANT_READ :
		code == MBEDTLS_ERR_SSL_WANT_WRITE ? TLS_WANT_WRITE : 0;
	if (*want)
		return 0;
	if (tls->problem[0]) {
		diag_error(diag, tls->host, 0, 0, "%s", tls->problem);
		return -EACCES;
	}
	if (code == MBEDTLS_ERR_SSL_CONN_EOF) {
		diag_error(diag, tls->host, 0, 0, "%s: %s", what, tls->failure ?
			   strerror(tls->failure) : "the server closed the connection");
		return tls->failure ? -tls->failure : -ECONNRESET;
	}
	mbedtls_strerror(code, text, sizeof(text));
	diag_error(diag, tls->host, 0, 0, "%s: %s", what, text);
	return -EBADMSG;
}

int tls_handshake(struct tls *tls, int *want, struct diag *diag)
{
	int code;

	tls->input = INPUT_AT_ONCE;
	code = mbedtls_ssl_handshake(&tls->ssl);
	*want = 0;
	return code == 0 ? 0 : result(tls, code, want, "TLS handshake", diag);
}

/* A ticket for resumption, which we never use; the requested data follow. */
static bool is_ticket(int code)
{
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
	return code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
	(void)code;
	return false;
#endif
}

long tls_read(struct tls *tls, void *data, size_t size, int *want, struct diag *diag)
{
	int code;

	tls->input = INPUT_AT_ONCE;
	do {
		code = mbedtls_ssl_read(&tls->ssl, data, size);
	} while (is_ticket(code));
	*want = 0;
	if (code > 0)
		return code;
	if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return 0;
	/* The library's 0 is an end that anyone on the path can fake. */
	return result(tls, code ? code : MBEDTLS_ERR_SSL_CONN_EOF, want, "TLS", diag);
}

long tls_write(struct tls *tls, const void *data, size_t size, int *want, struct diag *diag)
{
	int code;

	tls->input = INPUT_AT_ONCE;
	code = mbedtls_ssl_write(&tls->ssl, data, size);
	*want = 0;
	return code >= 0 ? code : result(tls, code, want, "TLS", diag);
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	/* Tells the server, if there is room for it; do not wait for that. */
	(void)mbedtls_ssl_close_notify(&tls->ssl);
	mbedtls_ssl_free(&tls->ssl);
	mbedtls_ssl_config_free(&tls->config);
	mbedtls_x509_crt_free(&tls->ca);
	mbedtls_x509_crt_free(&tls->own);
	mbedtls_pk_free(&tls->key);
	free(tls);
}
