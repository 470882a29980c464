/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "appliance/base/diag.h"
#include "appliance/base/file.h"
#include "appliance/base/text.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_offer.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/command/command.h"

enum { COPY_MAX = 4 << 20 };

/* ---- reading ---- */

static int from_file(const char *path, struct set_offer *offer, struct diag *diag)
{
	const char *slash = strrchr(path, '/');
	enum provision_file file = provision_lookup(slash ? slash + 1 : path);
	char *text = NULL;
	size_t size;
	int error =
		file_read(AT_FDCWD, path,
			  file == PROVISION_FILES ? COPY_MAX : provision_limit(file), &text, &size);

	if (error)
		diag_error(diag, path, 0, 0, "cannot read: %s", strerror(-error));
	else if (file != PROVISION_FILES)
		error = provision_put(&offer->set, file, text, size);
	else if (text[strspn(text, " \t\r\n")] != '{') {
		diag_error(
			diag, path, 0, 0,
			"expected a copy as cordon settings export writes it, or one of the "
			"files under its own name (network.conf, cordon.conf, authorized_keys, "
			"reader_keys ...)");
		error = -EINVAL;
	}
	else {
		error = set_sealed_parse_copy(path, text, size, &offer->set, diag);
		offer->whole = true;
	}
	if (text)
		explicit_bzero(text, size);
	free(text);
	return error;
}

static int from_folder(const char *path, struct set_offer *offer, struct diag *diag)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = folder < 0 ? -errno : set_offer_read(folder, offer, diag);

	if (folder >= 0)
		close(folder);
	if (error > 0)
		diag_error(diag, path, 0, 0,
			   "expected cordon.conf, network.conf or another file of settings in "
			   "this folder");
	return error ? -EINVAL : 0;
}

int copy_read(const char *path, struct set_offer *offer)
{
	static struct diag diag;
	struct stat status;
	int error;

	diag_init(&diag);
	*offer = (struct set_offer){ .approval = NULL };
	snprintf(offer->where, sizeof(offer->where), "%s", path);
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		error = from_folder(path, offer, &diag);
	else
		error = from_file(path, offer, &diag);
	command_print_diag(&diag);
	if (error && diag.count == 0)
		fprintf(stderr, "cordon: %s: %s\n", path, strerror(-error));
	if (error)
		set_offer_release(offer);
	return error ? EXIT_NO : EXIT_YES;
}

int copy_load_in_force(struct provision *set)
{
	static struct diag diag;
	int error;

	diag_init(&diag);
	error = set_store_load(PATH_SETTINGS, set, &diag);
	command_print_diag(&diag);
	return error ? EXIT_NO : EXIT_YES;
}

static json_t *copy_json(const struct provision *set)
{
	json_t *files = json_object();

	for (int file = 0; file < PROVISION_FILES; file++) {
		const struct provision_part *part = &set->file[file];

		/* A text that is no UTF-8 would come back as another one. */
		if (part->data &&
		    json_object_set_new(files, provision_name((enum provision_file)file),
					json_stringn(part->data, part->size)) < 0) {
			fprintf(stderr, "cordon: %s: expected UTF-8\n",
				provision_name((enum provision_file)file));
			json_decref(files);
			return NULL;
		}
	}
	return json_pack("{s:s, s:o}", "_type", SET_SEALED_COPY_TYPE, "files", files);
}

int copy_export(const char *path)
{
	struct provision set;
	struct text out = TEXT_EMPTY;
	json_t *copy;
	char *text;
	int error;

	if (copy_load_in_force(&set) != EXIT_YES)
		return EXIT_NO;
	copy = copy_json(&set);
	provision_release(&set);
	text = copy ? json_dumps(copy, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	json_decref(copy);
	if (!copy)
		return EXIT_NO;
	text_puts(&out, text ? text : "");
	text_puts(&out, "\n");
	error = text && !text_failed(&out) ?
			file_write_named(path, out.data, out.length, 0600, false) :
			-ENOMEM;
	if (error)
		fprintf(stderr, "cordon: %s: cannot write: %s\n", path, file_write_problem(error));
	free(text);
	text_release(&out);
	return error ? EXIT_NO : EXIT_YES;
}

/* ---- for people ---- */

static void show_part(const char *name, const struct provision_part *part)
{
	struct text out = TEXT_EMPTY;

	text_put_masked(&out, part->data, part->size, "\t\n");
	printf("==> %s\n%s%s", name, out.data ? out.data : "",
	       out.length && out.data[out.length - 1] != '\n' ? "\n" : "");
	text_release(&out);
}

int copy_show(void)
{
	struct provision set;

	if (copy_load_in_force(&set) != EXIT_YES)
		return EXIT_NO;
	for (int file = 0; file < PROVISION_FILES; file++) {
		const char *name = provision_name((enum provision_file)file);
		const struct provision_part *part = &set.file[file];

		if (!part->data)
			printf("==> %s: none\n", name);
		else if (file == PROVISION_SECRET)
			printf("==> %s: set\n", name);
		else if (file == PROVISION_ROOT)
			printf("==> %s: %zu bytes\n", name, part->size);
		else
			show_part(name, part);
	}
	provision_release(&set);
	return EXIT_YES;
}
