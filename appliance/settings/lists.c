/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/settings/lists.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/arena.h"
#include "appliance/base/file.h"

enum { PARSE_BUDGET = 1 << 30 };

static bool is_list(const char *name)
{
	size_t length = strlen(name);

	return length > 6 && strcmp(name + length - 6, ".rules") == 0 && name[0] != '.';
}

static int compare(const void *a, const void *b)
{
	const struct list_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int add(int folder, const char *name, struct list_file file[SETTINGS_LISTS], size_t *count,
	       struct diag *diag)
{
	struct list_file *entry = &file[*count];

	if (*count == SETTINGS_LISTS) {
		diag_error(diag, name, 0, 0, "more than %d rule lists in the folder",
			   SETTINGS_LISTS);
		return -EINVAL;
	}
	if (snprintf(entry->name, sizeof(entry->name), "%s", name) >= (int)sizeof(entry->name)) {
		diag_error(diag, name, 0, 0, "file name longer than %d bytes", LIST_FILE_NAME - 1);
		return -EINVAL;
	}
	entry->fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (entry->fd < 0) {
		int error = -errno;

		diag_error(diag, name, 0, 0, "cannot open: %s", strerror(-error));
		return error;
	}
	(*count)++;
	return 0;
}

int lists_open(const char *folder, struct list_file file[SETTINGS_LISTS], size_t *count,
	       struct diag *diag)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	int error = 0;

	*count = 0;
	if (!directory) {
		error = -errno;
		diag_error(diag, folder, 0, 0, "cannot open the folder of rule lists: %s",
			   strerror(-error));
		return error;
	}
	while (!error && (entry = readdir(directory))) {
		if (is_list(entry->d_name))
			error = add(dirfd(directory), entry->d_name, file, count, diag);
	}
	closedir(directory);
	if (!error && *count == 0) {
		diag_error(diag, folder, 0, 0, "no *.rules file in the folder of rule lists");
		error = -ENOENT;
	}
	if (error)
		lists_close(file, *count);
	else
		qsort(file, *count, sizeof(*file), compare);
	return error;
}

void lists_close(struct list_file *file, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(file[i].fd);
}

void settings_policy_options(const struct settings *settings, struct policy_options *options)
{
	policy_options_init(options);
	memcpy(options->nat64, settings->nat64, sizeof(options->nat64));
	options->nat64s = settings->nat64s;
	memcpy(options->action, settings->action, sizeof(options->action));
	options->max_v4_share = settings->max_v4_share;
}

static bool chosen(const struct settings *settings, const struct rule_list *list)
{
	for (size_t i = 0; i < settings->lists; i++) {
		if (strcmp(settings->list[i], list->name) == 0)
			return true;
	}
	return settings->lists == 0 && list->on_by_default;
}

static int check_names(const struct settings *settings, const struct rule_list *lists, size_t count,
		       struct diag *diag)
{
	size_t errors = diag->count;

	for (size_t i = 0; i < settings->lists; i++) {
		size_t j = 0;

		while (j < count && strcmp(lists[j].name, settings->list[i]) != 0)
			j++;
		if (j == count)
			diag_error(diag, "lists", 0, 0, "no file in the folder contains the rule "
				   "list \"%s\"", settings->list[i]);
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(lists[i].name, lists[j].name) == 0)
				diag_error(diag, lists[i].source, 0, 0, "the list \"%s\" is also "
					   "in %s: rename one of them", lists[i].name,
					   lists[j].source);
		}
	}
	return diag->count == errors ? 0 : -EINVAL;
}

static int parse(const struct list_text *text, struct arena *arena, struct rule_list *list,
		 struct diag *diag)
{
	int error = rule_list_parse(list, arena, text->name, text->text, text->length, diag);

	if (error == -ENOMEM)
		diag_error(diag, text->name, 0, 0, "too large: the rule lists take more than %d "
			   "MiB of memory", PARSE_BUDGET >> 20);
	return error;
}

int lists_compile_texts(const struct list_text *text, size_t count, const struct settings *settings,
			const struct policy_options *options, void **block, size_t *size,
			struct diag *diag)
{
	struct rule_list list[SETTINGS_LISTS];
	struct arena arena;
	size_t kept = 0;
	int error = 0;

	arena_init(&arena, PARSE_BUDGET);
	for (size_t i = 0; i < count; i++) {
		int failed = parse(&text[i], &arena, &list[i], diag);

		error = error ? error : failed;
	}
	if (!error)
		error = check_names(settings, list, count, diag);
	for (size_t i = 0; !error && i < count; i++) {
		if (chosen(settings, &list[i]))
			list[kept++] = list[i];
	}
	if (!error)
		error = policy_compile(list, kept, options, block, size, diag);
	arena_release(&arena);
	return error;
}

int lists_compile(const struct list_file *file, size_t count, const struct settings *settings,
		  const struct policy_options *options, void **block, size_t *size,
		  struct diag *diag)
{
	struct list_text text[SETTINGS_LISTS] = { 0 };
	char *data[SETTINGS_LISTS] = { NULL };
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		int failed = file_read_fd(file[i].fd, LIST_FILE_MAX, &data[i], &text[i].length);

		if (failed)
			diag_error(diag, file[i].name, 0, 0, "cannot read: %s", strerror(-failed));
		error = error ? error : failed;
		memcpy(text[i].name, file[i].name, sizeof(text[i].name));
		text[i].text = data[i];
	}
	if (!error)
		error = lists_compile_texts(text, count, settings, options, block, size, diag);
	for (size_t i = 0; i < count; i++)
		free(data[i]);
	return error;
}
