/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * upstream ADDRESS PORT=PERSONA...: a DNS server that behaves, or not, as its personas say: each
 * port has one, and a name that begins with the label "as-PERSONA" chooses another. It answers A
 * with 198.18. and the port's two bytes, so that a test sees who answered; any other type with no
 * data, TXT with a text. Every query goes to stdout: "PORT udp|tcp HEX".
 *
 *   good            answers; OPT when asked with OPT, no cookies
 *   servfail, refused, notimp
 *   bogus           SERVFAIL with the Extended DNS Error 6
 *   header          SERVFAIL as a header alone
 *   formerr         a header alone with FORMERR to what has OPT, else good
 *   drops-edns      silent to what has OPT, else good
 *   no-tcp          good, over UDP only
 *   mute-tcp        good over UDP, silent over TCP
 *   tc              TC without records over UDP
 *   tc-no-tcp       the same to who can take less than 4096 bytes, and nothing over TCP
 *   slow-MS         good after that time
 *   wrong-id, wrong-question
 *   lower           the question in lower case
 *   cookies         good, with cookies
 *   badcookie       BADCOOKIE over UDP to who does not show the server's cookie
 *   never-cookie    BADCOOKIE over UDP to everybody
 *   forged-cookie   first a false answer with another client's cookie, then the true one
 *   options         OPT with keepalive, NSID, padding, client subnet, and the error 3 "hi"
 *   large           TXT of 3000 bytes; over UDP TC to who can take less
 *   vendor          an alias that leads to the vendor's downloads
 *   broken          an answer whose record runs out
 *   dead            silent
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PORTS = 32, SIZE = 65535 };

struct query {
	const uint8_t *data;
	size_t size;
	size_t end;	/* behind the question */
	bool tcp;
	uint16_t port;
	bool edns;
	unsigned int room;
	const uint8_t *cookie;	/* NULL: none */
	size_t cookie_size;
	char persona[64];
};

static struct {
	uint16_t port;
	const char *persona;
} ports[PORTS];

static const char server_cookie[] = "SERVERCOOKIE....";

/* Where an answer goes. */
static int out;
static struct sockaddr_in to;
static bool over_tcp;

static void reply(const uint8_t *data, size_t size)
{
	uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };

	if (over_tcp && (write(out, length, 2) != 2 || write(out, data, size) != (ssize_t)size))
		warn("write");
	else if (!over_tcp && sendto(out, data, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		warn("sendto");
}

static uint16_t get16(const uint8_t *data) { return (uint16_t)(data[0] << 8 | data[1]); }

static void read_opt(struct query *query)
{
	const uint8_t *opt = query->data + query->end;
	size_t at = query->end + 11;

	if (get16(query->data + 10) == 0 || query->size < at || get16(opt + 1) != 41)
		return;
	query->edns = true;
	query->room = get16(opt + 3);
	for (size_t length; at + 4 <= query->size; at += 4 + length) {
		length = get16(query->data + at + 2);
		if (get16(query->data + at) == 10 && at + 4 + length <= query->size) {
			query->cookie = query->data + at + 4;
			query->cookie_size = length;
		}
	}
}

static void set_persona(struct query *query)
{
	const uint8_t *label = query->data + 12;

	for (size_t i = 0; i < PORTS && ports[i].persona; i++) {
		if (ports[i].port == query->port)
			snprintf(query->persona, sizeof(query->persona), "%s", ports[i].persona);
	}
	if (label[0] > 3 && strncasecmp((const char *)label + 1, "as-", 3) == 0)
		snprintf(query->persona, sizeof(query->persona), "%.*s", label[0] - 3, label + 4);
}

static bool parse(struct query *query)
{
	size_t at = 12;

	if (query->size < 17 || query->data[2] & 0x80)
		return false;
	while (at < query->size && query->data[at])
		at += query->data[at] + 1U;
	query->end = at + 5;
	if (query->end > query->size)
		return false;
	query->room = 512;
	read_opt(query);
	set_persona(query);
	return true;
}

static bool is(const struct query *query, const char *persona)
{
	return strcmp(query->persona, persona) == 0;
}

/* ---- answers ---- */

static uint8_t message[SIZE];
static size_t size;

static void add(const void *bytes, size_t count)
{
	memcpy(message + size, bytes, count);
	size += count;
}

#define ADD(literal) add(literal, sizeof(literal) - 1)

static void begin(const struct query *query, unsigned int rcode)
{
	size = 0;
	add(query->data, query->end);
	message[2] = (uint8_t)((query->data[2] & 0x79) | 0x80);
	message[3] = (uint8_t)(0x80 | (query->data[3] & 0x10) | (rcode & 15));
	memset(message + 6, 0, 6);
}

static void add_opt(const struct query *query, unsigned int rcode, const void *options,
		    size_t count)
{
	if (!query->edns)
		return;
	ADD("\0\0\x29\4\xd0");
	message[size++] = (uint8_t)(rcode >> 4);
	ADD("\0\0\0");
	message[size++] = (uint8_t)(count >> 8);
	message[size++] = (uint8_t)count;
	add(options, count);
	message[11] = 1;
}

static void add_cookie(const struct query *query, unsigned int rcode, uint8_t flip)
{
	uint8_t option[4 + 8 + 16] = { 0, 10, 0, 24 };

	if (!query->cookie) {
		add_opt(query, rcode, "", 0);
		return;
	}
	memcpy(option + 4, query->cookie, 8);
	option[4] ^= flip;
	memcpy(option + 12, server_cookie, 16);
	add_opt(query, rcode, option, sizeof(option));
}

static void add_address(const struct query *query, bool true_one)
{
	const uint8_t address[4] = { true_one ? 198 : 10, 18, (uint8_t)(query->port >> 8),
				     (uint8_t)query->port };

	ADD("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4");
	add(address, 4);
	message[7]++;
}

static void add_answer(const struct query *query)
{
	unsigned int type = get16(query->data + query->end - 4);

	if (type == 1)
		add_address(query, true);
	if (type != 16)
		return;
	for (unsigned int i = 0; i < (is(query, "large") ? 15U : 1U); i++) {
		ADD("\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\xc9\xc8");
		memset(message + size, 'a' + (int)i, 200);
		size += 200;
		message[7]++;
	}
}

static void error(const struct query *query, unsigned int rcode)
{
	begin(query, rcode);
	add_opt(query, rcode, "", 0);
	reply(message, size);
}

static void bare(const struct query *query, unsigned int rcode)
{
	begin(query, rcode);
	memset(message + 4, 0, 8);
	reply(message, 12);
}

static void cut(const struct query *query)
{
	begin(query, 0);
	message[2] |= 2;
	add_opt(query, 0, "", 0);
	reply(message, size);
}

static void good(const struct query *query)
{
	begin(query, 0);
	add_answer(query);
	add_opt(query, 0, "", 0);
	reply(message, size);
}

static void cookies(const struct query *query)
{
	bool shown = query->cookie_size == 24 && memcmp(query->cookie + 8, server_cookie, 16) == 0;
	unsigned int rcode = 0;

	if (!over_tcp && (is(query, "never-cookie") || (is(query, "badcookie") && !shown)))
		rcode = 23;
	if (is(query, "forged-cookie")) {
		begin(query, 0);
		add_address(query, false);
		add_cookie(query, 0, 1);
		reply(message, size);
	}
	begin(query, rcode);
	if (!rcode)
		add_answer(query);
	add_cookie(query, rcode, 0);
	reply(message, size);
}

static void wrong(const struct query *query)
{
	begin(query, 0);
	add_answer(query);
	if (is(query, "wrong-id"))
		message[1] ^= 1;
	else
		message[13] ^= 3;
	reply(message, size);
}

static void lower(const struct query *query)
{
	begin(query, 0);
	for (size_t i = 12; i < query->end - 4; i++)
		message[i] |= message[i] >= 'A' && message[i] <= 'Z' ? 0x20 : 0;
	add_answer(query);
	reply(message, size);
}

static void options(const struct query *query)
{
	static const char all[] = "\0\x0b\0\2\4\xb0" "\0\3\0\1n" "\0\x0c\0\2\0\0"
				  "\0\x08\0\4\0\1\0\0"
				  "\0\x0f\0\4\0\3hi";

	begin(query, 0);
	add_answer(query);
	add_opt(query, 0, all, sizeof(all) - 1);
	reply(message, size);
}

static void bogus(const struct query *query)
{
	begin(query, 2);
	add_opt(query, 2, "\0\x0f\0\2\0\6", 6);
	reply(message, size);
}

static void vendor(const struct query *query)
{
	begin(query, 0);
	ADD("\xc0\x0c\0\5\0\1\0\0\0\x3c\0\x1d" "\x09" "downloads" "\3upd\x09kaspersky\3com\0");
	message[7]++;
	reply(message, size);
}

static void broken(const struct query *query)
{
	begin(query, 0);
	add_address(query, true);
	reply(message, size - 2);
}

/* What changes something is answered with a header alone (RFC 2136, 3.8). */
static void answer(const struct query *query)
{
	bool update = (query->data[2] >> 3 & 15) == 5;
	unsigned int wait = strncmp(query->persona, "slow-", 5) ? 0 :
			    (unsigned int)atoi(query->persona + 5);

	usleep(wait * 1000);
	if (is(query, "dead") || (is(query, "mute-tcp") && over_tcp) ||
	    (is(query, "drops-edns") && query->edns))
		return;
	if (update)
		bare(query, 0);
	else if (is(query, "servfail"))
		error(query, 2);
	else if (is(query, "refused"))
		error(query, 5);
	else if (is(query, "notimp"))
		error(query, 4);
	else if (is(query, "header"))
		bare(query, 2);
	else if (is(query, "formerr") && query->edns)
		bare(query, 1);
	else if (is(query, "bogus"))
		bogus(query);
	else if (is(query, "broken"))
		broken(query);
	else if (is(query, "vendor"))
		vendor(query);
	else if (is(query, "lower"))
		lower(query);
	else if (is(query, "options"))
		options(query);
	else if (strncmp(query->persona, "wrong-", 6) == 0)
		wrong(query);
	else if (strstr(query->persona, "cookie"))
		cookies(query);
	else if (!over_tcp && (is(query, "tc") || (is(query, "large") && query->room < 3300) ||
			       (is(query, "tc-no-tcp") && query->room < 4096)))
		cut(query);
	else
		good(query);
}

static void take(uint16_t port, const uint8_t *data, size_t got)
{
	struct query query = { .data = data, .size = got, .port = port };

	printf("%u %s ", port, over_tcp ? "tcp" : "udp");
	for (size_t i = 0; i < got; i++)
		printf("%02x", data[i]);
	printf("\n");
	fflush(stdout);
	if (parse(&query))
		answer(&query);
}

static bool sleeps(uint16_t port, const uint8_t *data, size_t got)
{
	struct query query = { .data = data, .size = got, .port = port };

	return parse(&query) && strncmp(query.persona, "slow-", 5) == 0;
}

/* ---- sockets ---- */

static void serve_udp(int fd, uint16_t port)
{
	static uint8_t data[SIZE];
	socklen_t length = sizeof(to);
	ssize_t got = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&to, &length);

	out = fd;
	over_tcp = false;
	if (got < 0)
		return;
	/* Only who sleeps needs a process of its own: a flood is answered here. */
	if (!sleeps(port, data, (size_t)got)) {
		take(port, data, (size_t)got);
	} else if (fork() == 0) {
		take(port, data, (size_t)got);
		_exit(0);
	}
}

static bool read_all(void *bytes, size_t count)
{
	return recv(out, bytes, count, MSG_WAITALL) == (ssize_t)count;
}

static void serve_tcp(int fd, uint16_t port)
{
	static uint8_t data[SIZE];
	uint8_t length[2];

	out = accept(fd, NULL, NULL);
	if (out < 0)
		return;
	if (fork() == 0) {
		over_tcp = true;
		while (read_all(length, 2) && read_all(data, get16(length)))
			take(port, data, get16(length));
		_exit(0);
	}
	close(out);
}

static int listen_at(const char *address, uint16_t port, int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	const int on = 1, room = 8 << 20;
	int fd = socket(AF_INET, type, 0);

	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		errx(2, "%s: expected an IPv4 address", address);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0))
		err(1, "%s:%u", address, port);
	/* What a flood costs is to be seen at the gateway, not here. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2 * PORTS];
	int count = argc - 2;

	if (argc < 3 || count > PORTS)
		errx(2, "expected ADDRESS PORT=PERSONA...");
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < count; i++) {
		char *persona = strchr(argv[i + 2], '=');
		bool tcp;

		if (!persona)
			errx(2, "%s: expected PORT=PERSONA", argv[i + 2]);
		ports[i].port = (uint16_t)atoi(argv[i + 2]);
		ports[i].persona = persona + 1;
		tcp = !strstr(persona, "no-tcp");
		fds[2 * i] = (struct pollfd){
			listen_at(argv[1], ports[i].port, SOCK_DGRAM), POLLIN, 0 };
		fds[2 * i + 1] = (struct pollfd){
			tcp ? listen_at(argv[1], ports[i].port, SOCK_STREAM) : -1, POLLIN, 0 };
	}
	for (;;) {
		if (poll(fds, 2 * (nfds_t)count, -1) < 0)
			continue;
		for (int i = 0; i < count; i++) {
			if (fds[2 * i].revents)
				serve_udp(fds[2 * i].fd, ports[i].port);
			if (fds[2 * i + 1].revents)
				serve_tcp(fds[2 * i + 1].fd, ports[i].port);
		}
	}
}
