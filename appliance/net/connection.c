/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/net/connection.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/clock.h"

const struct connection_limits connection_limits_default = {
	.connect_ms = 10000, .answer_ms = 10000, .request_ms = 300000, .rate = 1000,
	.rate_ms = 10000,
};

enum { INPUT = 16 * 1024 };

struct connection {
	struct url url;
	struct connection_options options;
	char name[URL_HOST + 24];	/* "https://host:port", for messages */
	int fd;				/* -1: not open */
	struct tls *tls;
	unsigned int opened;
	unsigned int requests;
};

/* One request under way. */
struct exchange {
	struct connection *connection;
	const char *path;
	struct http_answer *answer;
	struct diag *diag;
	int64_t deadline;	/* uptime in ms, of the whole request */
	int64_t limit;		/* of the current wait; never after deadline */
	const char *waiting;	/* what that is, for the message */
	int64_t window;		/* when the rate is checked next; 0: not yet */
	size_t received;	/* bytes of the answer */
	size_t counted;		/* of them, in earlier windows */
};

int connection_new(struct connection **out, const struct url *url,
		   const struct connection_options *options)
{
	struct connection *connection = malloc(sizeof(*connection));
	bool literal = strchr(url->host, ':');

	if (!connection)
		return -ENOMEM;
	*connection = (struct connection){ .url = *url, .options = *options, .fd = -1 };
	snprintf(connection->name, sizeof(connection->name), "%s://%s%s%s:%u",
		 url->tls ? "https" : "http", literal ? "[" : "", url->host, literal ? "]" : "",
		 url->port);
	*out = connection;
	return 0;
}

static void disconnect(struct connection *connection)
{
	tls_free(connection->tls);
	connection->tls = NULL;
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
}

void connection_free(struct connection *connection)
{
	if (!connection)
		return;
	disconnect(connection);
	free(connection);
}

void connection_counts(const struct connection *connection, unsigned int *opened,
		       unsigned int *requests)
{
	*opened = connection->opened;
	*requests = connection->requests;
}

static int fail(const struct exchange *exchange, int error, const char *what)
{
	diag_error(exchange->diag, exchange->connection->name, 0, 0, "%s: %s", exchange->path,
		   what);
	return error;
}

static int fail_errno(const struct exchange *exchange, int error, const char *what)
{
	diag_error(exchange->diag, exchange->connection->name, 0, 0, "%s: %s: %s", exchange->path,
		   what, strerror(-error));
	return error;
}

/* ---- waiting, never longer than allowed ---- */

static void allow(struct exchange *exchange, unsigned int ms, const char *waiting)
{
	exchange->limit = clock_uptime_ms() + ms;
	if (exchange->limit > exchange->deadline)
		exchange->limit = exchange->deadline;
	exchange->waiting = waiting;
}

/* At the end of each window: has enough arrived in it? */
static int check_rate(struct exchange *exchange, int64_t now)
{
	const struct connection_limits *limits = &exchange->connection->options.limits;
	size_t got = exchange->received - exchange->counted;

	if (!exchange->window || !limits->rate || now < exchange->window)
		return 0;
	if (got < (uint64_t)limits->rate * limits->rate_ms / 1000) {
		diag_error(exchange->diag, exchange->connection->name, 0, 0, "%s: %zu bytes in "
			   "%u ms, expected at least %u bytes a second", exchange->path, got,
			   limits->rate_ms, limits->rate);
		return -ETIMEDOUT;
	}
	exchange->counted = exchange->received;
	exchange->window = now + limits->rate_ms;
	return 0;
}

/* Is there time left? Check even while data keep arriving. */
static int check_time(struct exchange *exchange, int64_t *left)
{
	int64_t now = clock_uptime_ms();
	int error = check_rate(exchange, now);

	if (error)
		return error;
	if (now >= exchange->deadline)
		return fail(exchange, -ETIMEDOUT, "the request took too long");
	if (now >= exchange->limit)
		return fail(exchange, -ETIMEDOUT, exchange->waiting);
	*left = exchange->limit - now;
	if (exchange->window && exchange->window - now < *left)
		*left = exchange->window - now;
	return 0;
}

static int wait_for(struct exchange *exchange, short events)
{
	struct pollfd poller = { .fd = exchange->connection->fd, .events = events };

	for (;;) {
		int64_t left;
		int ready, error = check_time(exchange, &left);

		if (error)
			return error;
		ready = poll(&poller, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return fail_errno(exchange, -errno, "poll");
	}
}

static int wait_tls(struct exchange *exchange, int want)
{
	return wait_for(exchange, want == TLS_WANT_WRITE ? POLLOUT : POLLIN);
}

/* ---- opening ---- */

static int open_socket(struct exchange *exchange, const struct addr *address)
{
	struct connection *connection = exchange->connection;
	struct sockaddr_storage ss;
	socklen_t size = addr_to_sockaddr(address, connection->url.port, &ss);
	int error = 0;
	socklen_t length = sizeof(error);

	connection->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		return fail_errno(exchange, -errno, "socket");
	if (connect(connection->fd, (struct sockaddr *)&ss, size) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return fail_errno(exchange, -errno, "cannot connect");
	error = wait_for(exchange, POLLOUT);
	if (error)
		return error;
	if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	return error ? fail_errno(exchange, -error, "cannot connect") : 0;
}

static int open_tls(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	const struct connection_options *options = &connection->options;
	const struct tls_options tls = { .ca = options->ca, .pin = options->pin,
					 .pins = options->pins, .now = options->now,
					 .earliest = options->earliest, .own = options->own,
					 .host = connection->url.host };
	int want, error = tls_new(&connection->tls, connection->fd, &tls, exchange->diag);

	while (!error) {
		error = tls_handshake(connection->tls, &want, exchange->diag);
		if (error || !want)
			break;
		error = wait_tls(exchange, want);
	}
	return error;
}

static int find_addresses(const struct exchange *exchange,
			  struct addr address[CONNECTION_ADDRESSES])
{
	const struct connection *connection = exchange->connection;
	const char *host = connection->url.host;
	int count;

	if (addr_parse(address, host, strlen(host)) == 0)
		return 1;
	if (!connection->options.resolve)
		return fail(exchange, -EDESTADDRREQ, "expected an address, because names cannot be "
			    "looked up here");
	count = connection->options.resolve(connection->options.context, host, address,
					    exchange->diag);
	return count ? count : fail(exchange, -EHOSTUNREACH, "the name has no address");
}

/* Each address in turn gets its share of the remaining time. */
static int open_connection(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	struct addr address[CONNECTION_ADDRESSES];
	size_t errors = exchange->diag ? exchange->diag->count : 0;
	int64_t end = clock_uptime_ms() + connection->options.limits.connect_ms;
	int count = find_addresses(exchange, address), error = count < 0 ? count : -ETIMEDOUT;

	for (int i = 0; i < count; i++) {
		int64_t left = end - clock_uptime_ms();

		allow(exchange, left > 0 ? (unsigned int)(left / (count - i)) : 0,
		      connection->url.tls ? "no TLS connection in time" :
		      "no connection in time");
		error = open_socket(exchange, &address[i]);
		if (!error && connection->url.tls)
			error = open_tls(exchange);
		if (error) {
			disconnect(connection);
			continue;
		}
		connection->opened++;
		if (exchange->diag)
			exchange->diag->count = errors;
		break;
	}
	return error;
}

/* ---- bytes out and in ---- */

static long transport_write(struct exchange *exchange, const char *data, size_t size, int *want)
{
	struct connection *connection = exchange->connection;
	ssize_t sent;

	if (connection->tls)
		return tls_write(connection->tls, data, size, want, exchange->diag);
	sent = send(connection->fd, data, size, MSG_NOSIGNAL);
	*want = sent < 0 && (errno == EAGAIN || errno == EINTR) ? TLS_WANT_WRITE : 0;
	return sent >= 0 ? sent : *want ? 0 : fail_errno(exchange, -errno, "cannot send");
}

static long transport_read(struct exchange *exchange, uint8_t *data, size_t size, int *want)
{
	struct connection *connection = exchange->connection;
	ssize_t got;

	if (connection->tls)
		return tls_read(connection->tls, data, size, want, exchange->diag);
	got = recv(connection->fd, data, size, 0);
	*want = got < 0 && (errno == EAGAIN || errno == EINTR) ? TLS_WANT_READ : 0;
	return got >= 0 ? got : *want ? 0 : fail_errno(exchange, -errno, "cannot receive");
}

static int send_request(struct exchange *exchange, const struct text *request)
{
	allow(exchange, exchange->connection->options.limits.request_ms,
	      "the request took too long");
	for (size_t at = 0; at < request->length;) {
		int want, error = 0;
		int64_t left;
		long sent = transport_write(exchange, request->data + at, request->length - at,
					    &want);

		if (sent < 0)
			return (int)sent;
		at += (size_t)sent;
		error = want ? wait_tls(exchange, want) : check_time(exchange, &left);
		if (error)
			return error;
	}
	exchange->connection->requests++;
	return 0;
}

/* Feeds what arrived into the answer; bytes after its end were never requested. */
static int take(struct exchange *exchange, const uint8_t *data, size_t size)
{
	const struct connection_limits *limits = &exchange->connection->options.limits;
	struct http_answer *answer = exchange->answer;
	long used = http_feed(answer, data, size);

	if (!exchange->received) {
		allow(exchange, limits->request_ms, "the request took too long");
		exchange->window = clock_uptime_ms() + limits->rate_ms;
	}
	exchange->received += size;
	if (used == -EFBIG) {
		diag_error(exchange->diag, exchange->connection->name, 0, 0, "%s: expected at most "
			   "%zu bytes, but there are more", exchange->path, answer->limit);
		return -EFBIG;
	}
	if (used < 0)
		return fail(exchange, (int)used, answer->problem);
	if ((size_t)used < size)
		answer->keep_alive = false;
	return 0;
}

static int take_end(struct exchange *exchange)
{
	struct http_answer *answer = exchange->answer;
	int error = exchange->received ? http_feed_end(answer) : -ECONNRESET;

	if (!error)
		answer->keep_alive = false;
	return !error ? 0 : fail(exchange, error, exchange->received ? answer->problem :
				 "the server closed the connection without an answer");
}

static int receive_answer(struct exchange *exchange)
{
	uint8_t data[INPUT];
	int error = 0;

	allow(exchange, exchange->connection->options.limits.answer_ms, "no answer in time");
	while (!error && exchange->answer->state != HTTP_DONE) {
		int want;
		int64_t left;
		long got = transport_read(exchange, data, sizeof(data), &want);

		if (got < 0)
			return (int)got;
		if (want)
			error = wait_tls(exchange, want);
		else if (got == 0)
			return take_end(exchange);
		else
			error = take(exchange, data, (size_t)got);
		if (!error && !want && exchange->answer->state != HTTP_DONE)
			error = check_time(exchange, &left);
	}
	return error;
}

/* ---- one request ---- */

/* A kept connection with something to read was closed, or has data that were never requested. */
static bool is_stale(const struct connection *connection)
{
	struct pollfd poller = { .fd = connection->fd, .events = POLLIN };

	return connection->fd >= 0 && poll(&poller, 1, 0) != 0;
}

static int attempt(struct exchange *exchange, const struct text *request)
{
	int error = 0;

	if (exchange->connection->fd < 0)
		error = open_connection(exchange);
	if (!error)
		error = send_request(exchange, request);
	if (!error)
		error = receive_answer(exchange);
	if (error || !exchange->answer->keep_alive)
		disconnect(exchange->connection);
	return error;
}

/* Was a kept connection already closed, before any byte of the answer came? */
static bool was_gone(const struct exchange *exchange, int error)
{
	return !exchange->received && (error == -ECONNRESET || error == -EPIPE ||
				       error == -ENOTCONN || error == -ECONNABORTED);
}

static int run(struct exchange *exchange, const struct text *request)
{
	struct connection *connection = exchange->connection;
	size_t errors = exchange->diag ? exchange->diag->count : 0;
	bool kept;
	int error;

	exchange->deadline = clock_uptime_ms() + connection->options.limits.request_ms;
	if (is_stale(connection))
		disconnect(connection);
	kept = connection->fd >= 0;
	error = attempt(exchange, request);
	if (!error || !kept || !was_gone(exchange, error))
		return error;
	if (exchange->diag)
		exchange->diag->count = errors;
	return attempt(exchange, request);
}

/* It is used on the request line unchanged. */
static bool path_is_plain(const char *path)
{
	for (; *path; path++) {
		if (*path <= ' ' || *path > '~')
			return false;
	}
	return true;
}

static int request(struct connection *connection, const char *method, const char *path,
		   const void *body, size_t size, size_t limit, struct http_answer *answer,
		   struct diag *diag)
{
	struct exchange exchange = { .connection = connection, .path = path, .answer = answer,
				     .diag = diag };
	const struct url *url = &connection->url;
	struct text line = TEXT_EMPTY, out = TEXT_EMPTY;
	int error;

	http_answer_init(answer, limit);
	if (!path_is_plain(path))
		return fail(&exchange, -EINVAL, "expected a path of visible characters");
	text_printf(&line, "%s%s", url->path, path);
	if (!text_failed(&line))
		http_print_request(&out, method, url->host, url->port, url->tls, line.data, body,
				   size);
	error = text_failed(&line) || text_failed(&out) ? -ENOMEM : run(&exchange, &out);
	text_release(&line);
	text_release(&out);
	return error;
}

int connection_get(struct connection *connection, const char *path, size_t limit,
		   struct http_answer *answer, struct diag *diag)
{
	return request(connection, "GET", path, NULL, 0, limit, answer, diag);
}

int connection_put(struct connection *connection, const char *path, const void *body, size_t size,
		   struct http_answer *answer, struct diag *diag)
{
	return request(connection, "PUT", path, body, size, HTTP_REFUSAL_BODY, answer, diag);
}
