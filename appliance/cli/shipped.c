/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/shipped.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/file.h"
#include "appliance/box/base/box.h"
#include "appliance/command/command.h"
#include "appliance/settings/lists.h"

enum { VERSION_MAX = 64 };

/* The text behind "version:" among a list's first lines, printable. false: there is none. */
static bool read_version(const char *text, char version[VERSION_MAX])
{
	const char *line = text;
	size_t length;

	while (strncmp(line, "version:", 8) != 0) {
		const char *end = line[0] == '[' ? NULL : strchr(line, '\n');

		if (!end)
			return false;
		line = end + 1;
	}
	line += 8 + strspn(line + 8, " \t");
	length = strcspn(line, " \t\r\n");
	if (length == 0 || length >= VERSION_MAX)
		return false;
	memcpy(version, line, length);
	version[length] = '\0';
	text_mask(version);
	return true;
}

static bool version_of(const char *folder, const char *name, char version[VERSION_MAX])
{
	char path[BOX_PATH + 64], *text = NULL;
	size_t size;
	bool has;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	has = file_read(AT_FDCWD, path, LIST_FILE_MAX, &text, &size) == 0 &&
	      read_version(text, version);
	free(text);
	return has;
}

static bool is_list(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 6 && length < 64 &&
	       strcmp(entry->d_name + length - 6, ".rules") == 0;
}

static void add_if_older(json_t *found, const char *folder, const char *shipped, const char *name)
{
	char version[VERSION_MAX], other[VERSION_MAX];

	if (version_of(folder, name, version) && version_of(shipped, name, other) &&
	    strverscmp(version, other) < 0)
		(void)json_array_append_new(found, json_pack("{s:s, s:s, s:s}", "list", name,
							     "version", version, "shipped", other));
}

json_t *shipped_newer(const char *folder)
{
	char shipped[BOX_PATH];
	struct dirent **entry = NULL;
	json_t *found = json_array();
	int count = scandir(box_path(shipped, SHIPPED_RULES), &entry, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (i < SETTINGS_LISTS && is_list(entry[i]))
			add_if_older(found, folder, shipped, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	if (json_array_size(found) == 0) {
		json_decref(found);
		found = NULL;
	}
	return found;
}

int shipped_print(const struct cli *cli, bool json)
{
	static struct settings settings;
	int code = command_settings(cli, &settings);
	const json_t *entry;
	json_t *found;
	size_t index;

	if (code)
		return code;
	found = shipped_newer(settings.rules_dir);
	code = found ? EXIT_NO : EXIT_YES;
	json_array_foreach(found, index, entry) {
		const char *name = command_text(entry, "list");

		if (!json)
			printf("%s/%s is edited and of version %s, the package brings %s; to "
			       "merge: diff -u %s/%s " SHIPPED_RULES "/%s\n",
			       settings.rules_dir, name, command_text(entry, "version"),
			       command_text(entry, "shipped"), settings.rules_dir, name, name);
	}
	if (json)
		command_print_json(found ? found : json_array());
	else
		json_decref(found);
	return code;
}
