/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/text.h"

struct mirror {
	struct source source;
	/* By enum source_kind; the same one if possible. */
	struct connection *connection[2];
	char folder[2][URL_PATH + 16];		/* on the server, without the leading '/' */
};

/* Percent-encodes a path, except for what RFC 3986 allows. Metadata names are encoded already. */
static void print_path(struct text *out, const char *folder, enum source_kind kind,
		       const char *path)
{
	static const char plain[] = "/-._~!$&'()*+,;=:@";

	text_puts(out, folder);
	for (; *path; path++) {
		char c = *path;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr(plain, c) || (kind == SOURCE_METADATA && c == '%'))
			text_put(out, &c, 1);
		else
			text_printf(out, "%%%02X", (unsigned char)c);
	}
}

/* Only 404 and 403 say that there is no such file; other errors do not tell. */
static int judge(const struct source *source, const char *path, const struct http_answer *answer,
		 struct diag *diag)
{
	if (answer->status == 200)
		return 0;
	if (answer->status == 404 || answer->status == 403) {
		diag_error(diag, source->name, 0, 0, "no such file: %s (%u)", path, answer->status);
		return -ENOENT;
	}
	if (answer->status / 100 == 3)
		diag_error(diag, source->name, 0, 0, "%s is redirected (%u) to \"%s\": a mirror "
			   "must have the file itself; if that place has it, set it as the mirror",
			   path, answer->status, answer->location);
	else
		diag_error(diag, source->name, 0, 0, "%s: the server answered %u, expected 200",
			   path, answer->status);
	return -EPROTO;
}

static int get(struct source *source, enum source_kind kind, const char *path, size_t limit,
	       void **data, size_t *size, struct diag *diag)
{
	const struct mirror *mirror = source->context;
	struct text whole = TEXT_EMPTY;
	struct http_answer answer;
	int error = source_check_path(source, path, diag);

	if (error)
		return error;
	print_path(&whole, mirror->folder[kind], kind, path);
	if (text_failed(&whole)) {
		text_release(&whole);
		return -ENOMEM;
	}
	error = connection_get(mirror->connection[kind], whole.data, limit, &answer, diag);
	if (!error)
		error = judge(source, path, &answer, diag);
	if (!error) {
		*data = answer.body;
		*size = answer.size;
		answer.body = NULL;
	}
	http_answer_release(&answer);
	text_release(&whole);
	/* Only the server may say that there is no such file. */
	return error == -ENOENT && answer.status != 404 && answer.status != 403 ? -EIO : error;
}

static void release(struct source *source)
{
	struct mirror *mirror = source->context;

	if (mirror->connection[1] != mirror->connection[0])
		connection_free(mirror->connection[1]);
	connection_free(mirror->connection[0]);
	free(mirror);
}

static bool same_server(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

static int open_server(struct connection **connection, const struct url *url,
		       const struct connection_options *options)
{
	struct url server = *url;

	snprintf(server.path, sizeof(server.path), "/");
	return connection_new(connection, &server, options);
}

/* The name that people see: the first of the two folders, or the folder above both. */
static void print_name(struct source *source, const struct url *url)
{
	bool literal = strchr(url->host, ':');
	char port[8] = "";

	if (url->port != (url->tls ? 443 : 80))
		snprintf(port, sizeof(port), ":%u", url->port);
	snprintf(source->name, sizeof(source->name), "%s://%s%s%s%s%s", url->tls ? "https" : "http",
		 literal ? "[" : "", url->host, literal ? "]" : "", port, url->path);
}

static int new_mirror(struct source **source, const struct url *name, const struct url folder[2],
		      const struct connection_options *options)
{
	struct mirror *mirror = calloc(1, sizeof(*mirror));
	int error;

	if (!mirror)
		return -ENOMEM;
	mirror->source = (struct source){ .get = get, .free = release, .context = mirror };
	print_name(&mirror->source, name);
	for (int i = 0; i < 2; i++)
		snprintf(mirror->folder[i], sizeof(mirror->folder[i]), "%s", folder[i].path + 1);
	error = open_server(&mirror->connection[0], &folder[0], options);
	if (!error && same_server(&folder[0], &folder[1]))
		mirror->connection[1] = mirror->connection[0];
	else if (!error)
		error = open_server(&mirror->connection[1], &folder[1], options);
	if (error) {
		release(&mirror->source);
		return error;
	}
	*source = &mirror->source;
	return 0;
}

int source_urls(struct source **source, const struct url *metadata, const struct url *targets,
		const struct connection_options *options)
{
	const struct url folder[2] = { *metadata, *targets };

	return new_mirror(source, metadata, folder, options);
}

int source_mirror(struct source **source, const struct url *base,
		  const struct connection_options *options)
{
	struct url folder[2] = { *base, *base };

	for (int i = 0; i < 2; i++) {
		if (snprintf(folder[i].path, sizeof(folder[i].path), "%s%s/", base->path,
			     source_kind_print((enum source_kind)i)) >= (int)sizeof(folder[i].path))
			return -ENAMETOOLONG;
	}
	return new_mirror(source, base, folder, options);
}
