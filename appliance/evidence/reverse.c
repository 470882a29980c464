/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/reverse.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/clock.h"

/* ---- the child ---- */

static void ask_name(const struct addr *addr, char name[NAMING_NAME])
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const bool is_v4 = addr_is_v4(addr);
	char text[NI_MAXHOST];

	memset(name, 0, NAMING_NAME);
	memcpy(&v4.sin_addr, addr->bytes + 12, 4);
	memcpy(&v6.sin6_addr, addr->bytes, 16);
	if (getnameinfo(is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
			is_v4 ? sizeof(v4) : sizeof(v6), text, sizeof(text), NULL, 0,
			NI_NAMEREQD) == 0)
		naming_text(name, NAMING_NAME, text, strlen(text));
}

static _Noreturn void serve(int socket)
{
	struct addr address;
	char name[NAMING_NAME];

	(void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
	while (recv(socket, &address, sizeof(address), 0) == (ssize_t)sizeof(address)) {
		ask_name(&address, name);
		if (send(socket, name, sizeof(name), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* ---- the parent ---- */

int reverse_start(struct reverse *reverse)
{
	int pair[2];

	*reverse = (struct reverse){
		.socket = -1, .end_ms = clock_uptime_ms() + (int64_t)REVERSE_SECONDS * 1000,
	};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	reverse->child = fork();
	if (reverse->child < 0) {
		const int error = -errno;

		close(pair[0]);
		close(pair[1]);
		return error;
	}
	if (reverse->child == 0) {
		close(pair[0]);
		serve(pair[1]);
	}
	close(pair[1]);
	reverse->socket = pair[0];
	return 0;
}

/* The child ends when its socket closes; this process ends soon, too, and need not wait for it. */
void reverse_end(struct reverse *reverse)
{
	if (reverse->socket >= 0)
		close(reverse->socket);
	reverse->socket = -1;
}

bool reverse_ask(struct reverse *reverse, const struct addr *address, char name[NAMING_NAME])
{
	if (reverse->asked == REVERSE_MOST || clock_uptime_ms() > reverse->end_ms)
		return false;
	reverse->asked++;
	/* read and write: what a confined process may do with a socket that it has. */
	if (write(reverse->socket, address, sizeof(*address)) != (ssize_t)sizeof(*address) ||
	    read(reverse->socket, name, NAMING_NAME) != NAMING_NAME) {
		reverse->asked = REVERSE_MOST;
		name[0] = '\0';
		return false;
	}
	name[NAMING_NAME - 1] = '\0';
	return name[0] != '\0';
}
