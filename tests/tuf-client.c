/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client as the public TUF conformance suite drives it: its command line, and exit code 0 or
 * 1. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/file.h"
#include "rules/signed/client.h"
#include "rules/signed/strict.h"

enum { TARGETS = 64, BUDGET = 40 << 20, NAME = 240 };

struct arguments {
	const char *metadata_url, *metadata_dir, *target_dir, *target_url;
	const char *target[TARGETS];
	size_t targets;
	const char *command, *root;
};

static int fail(const char *what)
{
	fprintf(stderr, "tuf-client: %s\n", what);
	return -EINVAL;
}

static int take_option(struct arguments *arguments, const char *name, const char *value)
{
	if (strcmp(name, "--metadata-url") == 0)
		arguments->metadata_url = value;
	else if (strcmp(name, "--metadata-dir") == 0)
		arguments->metadata_dir = value;
	else if (strcmp(name, "--target-dir") == 0)
		arguments->target_dir = value;
	else if (strcmp(name, "--target-base-url") == 0)
		arguments->target_url = value;
	else if (strcmp(name, "--target-name") == 0 && arguments->targets < TARGETS)
		arguments->target[arguments->targets++] = value;
	else
		return fail("an option that is not known, or too many targets");
	return 0;
}

static int take_arguments(struct arguments *arguments, int argc, char **argv)
{
	int at = 1;

	for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
		int error = take_option(arguments, argv[at], argv[at + 1]);

		if (error)
			return error;
	}
	if (at >= argc || !arguments->metadata_dir)
		return fail("expected --metadata-dir DIR and a command");
	arguments->command = argv[at++];
	arguments->root = at < argc ? argv[at++] : NULL;
	return at == argc ? 0 : fail("too many arguments");
}

/* ---- a client over a folder and two addresses ---- */

struct session {
	int folder;
	struct store *store;
	struct source *source;
	struct client *client;
	struct url metadata, targets;
	struct connection_options connection;
};

static int open_url(struct url *url, const char *text)
{
	const char *message;

	if (!text)
		return fail("expected a URL");
	return url_parse(url, text, &message) < 0 ? fail(message) : 0;
}

static int session_open(struct session *session, const struct arguments *arguments,
			struct diag *diag)
{
	session->folder = open(arguments->metadata_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (session->folder < 0)
		return fail("cannot open the metadata folder");
	return store_folder(&session->store, session->folder, diag);
}

static int session_connect(struct session *session, const struct arguments *arguments,
			   struct diag *diag)
{
	const char *targets = arguments->target_url ? arguments->target_url
						    : arguments->metadata_url;
	struct client_options options = client_options_default;
	int error = open_url(&session->metadata, arguments->metadata_url);

	options.now = time(NULL);
	session->connection = (struct connection_options){ .limits = connection_limits_default,
							   .now = options.now };
	if (!error)
		error = open_url(&session->targets, targets);
	if (!error)
		error = source_urls(&session->source, &session->metadata, &session->targets,
				    &session->connection);
	if (!error)
		error = client_new(&session->client, session->store, session->source, &options,
				   diag);
	return error ? error : client_refresh(session->client, diag);
}

static void session_close(struct session *session)
{
	client_free(session->client);
	source_free(session->source);
	store_free(session->store);
	if (session->folder >= 0)
		close(session->folder);
}

/* ---- targets: one flat folder ---- */

static bool is_there(int folder, const char *name, const struct metadata_file *target)
{
	char *data;
	size_t size;
	bool same;

	if (file_read(folder, name, (size_t)target->length, &data, &size) < 0)
		return false;
	same = metadata_file_check(target, data, size, name, NULL) == 0;
	free(data);
	return same;
}

/* Through a file that a listing without hidden files does not show. */
static int put(int folder, const char *name, const void *data, size_t size)
{
	char hidden[NAME + 8];
	int fd, error;

	snprintf(hidden, sizeof(hidden), ".%s", name);
	fd = openat(folder, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	error = file_write_all(fd, data, size);
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	if (!error && renameat(folder, hidden, folder, name) < 0)
		error = -errno;
	if (error)
		unlinkat(folder, hidden, 0);
	return error;
}

static int download(struct client *client, const char *path, int folder, struct diag *diag)
{
	const struct metadata_file *target;
	const char *role;
	char name[NAME];
	void *data;
	size_t size;
	int error = client_lookup(client, path, &target, &role, diag);

	if (!error)
		error = store_encode(path, name, sizeof(name));
	if (error || is_there(folder, name, target))
		return error;
	error = client_download(client, target, &data, &size, diag);
	if (error)
		return error;
	error = put(folder, name, data, size);
	free(data);
	return error;
}

static int download_all(struct client *client, const struct arguments *arguments, struct diag *diag)
{
	int folder, error = 0;

	if (!arguments->target_dir || !arguments->target_url || arguments->targets == 0)
		return fail("expected --target-name, --target-dir and --target-base-url");
	folder = open(arguments->target_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return fail("cannot open the target folder");
	for (size_t i = 0; !error && i < arguments->targets; i++)
		error = download(client, arguments->target[i], folder, diag);
	close(folder);
	return error;
}

/* A root that does not hold in itself is refused at once. */
static int init(struct store *store, const char *path, struct diag *diag)
{
	struct trust *trust = trust_new(0);
	char *data = NULL;
	size_t size;
	size_t limit = client_options_default.root_limit;
	int error = trust ? file_read(AT_FDCWD, path, limit, &data, &size) : -ENOMEM;

	if (!error)
		error = trust_root(trust, data, size, diag);
	if (!error)
		error = store->save(store, "root.json", data, size);
	free(data);
	trust_free(trust);
	return error;
}

static int run(const struct arguments *arguments, struct session *session, struct diag *diag)
{
	int error = session_open(session, arguments, diag);

	if (error)
		return error;
	if (strcmp(arguments->command, "init") == 0 && arguments->root)
		return init(session->store, arguments->root, diag);
	if (strcmp(arguments->command, "refresh") != 0 &&
	    strcmp(arguments->command, "download") != 0)
		return fail("expected init ROOTFILE, refresh or download");
	error = session_connect(session, arguments, diag);
	if (!error && strcmp(arguments->command, "download") == 0)
		error = download_all(session->client, arguments, diag);
	return error;
}

int main(int argc, char **argv)
{
	static struct diag diag;
	struct arguments arguments = { .targets = 0 };
	struct session session = { .folder = -1 };
	struct text text = TEXT_EMPTY;
	int error;

	strict_budget(BUDGET);
	key_use_ed25519();
	error = take_arguments(&arguments, argc, argv);
	if (!error)
		error = run(&arguments, &session, &diag);
	session_close(&session);
	if (error) {
		diag_print(&diag, &text);
		fprintf(stderr, "%stuf-client: %s\n", text.data ? text.data : "", strerror(-error));
		text_release(&text);
	}
	return error ? 1 : 0;
}
