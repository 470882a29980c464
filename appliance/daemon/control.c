/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/text.h"
#include "appliance/daemon/log.h"
#include "appliance/daemon/sockets.h"
#include "appliance/ipc/who.h"

enum { READ_MS = 2000 };

void control_drop(struct control_client *client)
{
	loop_remove(&client->control->daemon->loop, &client->watch);
	close(client->watch.fd);
	client->watch.fd = -1;
}

/* One byte of exit code, then text. */
void control_reply(struct control_client *client, int code, const char *text)
{
	struct text out = TEXT_EMPTY;
	const char head = (char)code;

	text_put(&out, &head, 1);
	text_put(&out, text, strnlen(text, CONTROL_REPLY_MAX - 2));
	if (text_failed(&out) ||
	    send(client->watch.fd, out.data, out.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("a request over the control socket could not be answered");
	text_release(&out);
	control_drop(client);
}

/* The kernel says who connected. Nothing else that the other side says counts. */
static void identify(struct control_client *client)
{
	struct ucred peer = { .pid = 0, .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	if (getsockopt(client->watch.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		peer.uid = (uid_t)-1;
	client->uid = peer.uid;
	who_is(peer.pid, peer.uid, client->control->daemon->run, &client->actor);
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct control_client *client = watch->context;
	struct control_request request;
	uint8_t data[CONTROL_REQUEST_MAX + 1];
	ssize_t got = recv(watch->fd, data, sizeof(data), MSG_DONTWAIT);

	(void)events;
	if (got <= 0 || client->state != CLIENT_READING) {
		control_drop(client);
		return;
	}
	if (control_decode(&request, data, (size_t)got) < 0) {
		control_reply(client, 2,
			      "a request of another version or a damaged one: is the command "
			      "`cordon` of the same version as cordond?\n");
		return;
	}
	if (client->reader && !control_reads(request.type)) {
		control_reply(client, 1, "only root may ask for that\n");
		return;
	}
	client->request = request;
	/* That takes files of /proc, and nothing tells who asked for the status. */
	if (request.type != CONTROL_STATUS)
		identify(client);
	client->control->asked(client->control->context, client);
}

/* A place for one more client; NULL: there is none, each is taken for at most a few seconds. */
static struct control_client *free_place(struct control *control, bool reader)
{
	struct control_client *place = NULL;
	int readers = 0;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->client[i].watch.fd < 0)
			place = &control->client[i];
		else if (control->client[i].reader)
			readers++;
	}
	return reader && readers >= CONTROL_READERS ? NULL : place;
}

static void control_ready(struct watch *watch, uint32_t events)
{
	struct control *control = watch->context;
	const bool reader = watch == &control->readers;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_client *client = fd < 0 ? NULL : free_place(control, reader);

	(void)events;
	if (client) {
		*client = (struct control_client){ .watch = { fd, client_ready, client },
						   .control = control, .state = CLIENT_READING,
						   .reader = reader,
						   .deadline = control->daemon->now + READ_MS };
		if (loop_add(&control->daemon->loop, &client->watch, EPOLLIN) == 0)
			return;
		client->watch.fd = -1;
	}
	if (fd >= 0)
		close(fd);
}

static int open_socket(struct control *control, struct watch *watch, const char *name, gid_t group,
		       struct diag *diag)
{
	struct daemon *daemon = control->daemon;
	int fd, error;

	if (watch->fd >= 0)
		return 0;
	fd = socket_control(daemon->run_path, name, group, diag);
	if (fd < 0)
		return fd;
	*watch = (struct watch){ fd, control_ready, control };
	error = loop_add(&daemon->loop, watch, EPOLLIN);
	if (!error)
		return 0;
	diag_error(diag, "control socket", 0, 0, "%s", strerror(-error));
	close(fd);
	watch->fd = -1;
	return error;
}

int control_open(struct control *control, struct diag *diag)
{
	int error;

	error = open_socket(control, &control->watch, CONTROL_SOCKET, 0, diag);
	if (!error)
		error = open_socket(control, &control->readers, CONTROL_READER_SOCKET,
				    CONTROL_READER_GID, diag);
	return error;
}

void control_init(struct control *control)
{
	control->watch.fd = control->readers.fd = -1;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i].watch.fd = -1;
}

struct control_client *control_next(struct control *control, enum client_state state, size_t *from)
{
	while (*from < CONTROL_CLIENTS) {
		struct control_client *client = &control->client[(*from)++];

		if (client->watch.fd >= 0 && client->state == state)
			return client;
	}
	return NULL;
}
