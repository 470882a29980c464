/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/crypto/certificate.h"
#include "appliance/base/crypto/key.h"
#include "appliance/base/file.h"
#include "appliance/daemon/log.h"

#define OWN_FILE "collector.pem"

static const char begin[] = "-----BEGIN CERTIFICATE-----";

static bool is_for(const char *text, const char *name)
{
	size_t length = strlen(name);

	return strncmp(text, "# ", 2) == 0 && strncmp(text + 2, name, length) == 0 &&
	       text[2 + length] == '\n' && strstr(text, begin);
}

static int make(const struct daemon *daemon)
{
	struct text pem = TEXT_EMPTY;
	struct secret *secret;
	int error = secret_generate(&secret, KEY_P256);

	if (error)
		return error;
	text_printf(&pem, "# %s\n", daemon->identity);
	error = secret_print(secret, NULL, &pem);
	if (!error)
		error = certificate_print(secret, daemon->identity, &pem);
	secret_free(secret);
	if (!error)
		error = file_replace(daemon->state, OWN_FILE, pem.data, pem.length, 0600);
	if (pem.data)
		explicit_bzero(pem.data, pem.length);
	text_release(&pem);
	return error;
}

int own_open(const struct daemon *daemon)
{
	char *text = NULL;
	size_t size;
	int error = file_read(daemon->state, OWN_FILE, 2 * KEY_PEM_MAX, &text, &size), fd;
	bool fits = !error && is_for(text, daemon->identity);

	if (text)
		explicit_bzero(text, size);
	free(text);
	if (!fits && !file_error_passes(error))
		error = make(daemon);
	fd = error ? -1 : openat(daemon->state, OWN_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		log_error("%s/" OWN_FILE ": %s: the collector cannot know this appliance",
			  daemon->state_path, strerror(error ? -error : errno));
	return fd;
}

char *own_certificate(const struct daemon *daemon)
{
	char *text = NULL, *from, *copy = NULL;
	size_t size;

	if (file_read(daemon->state, OWN_FILE, 2 * KEY_PEM_MAX, &text, &size))
		return NULL;
	from = strstr(text, begin);
	if (from && is_for(text, daemon->identity))
		copy = strdup(from);
	explicit_bzero(text, size);
	free(text);
	return copy;
}
