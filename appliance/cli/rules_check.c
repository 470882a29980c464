/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/rules_check.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/arena.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "appliance/settings/lists.h"
#include "rules/policy/compile.h"

enum { CHECK_BUDGET = 1 << 30 };

struct checking {
	bool json;
	json_t *names;		/* of the lists so far: the file of each */
	struct diag diag;	/* of one file */
};

/* A message may have been cut within a character. */
static json_t *to_json(const char *text)
{
	json_t *value = json_string(text);
	struct text ascii = TEXT_EMPTY;

	if (value)
		return value;
	for (; *text; text++)
		text_put(&ascii, *text & 0x80 ? "?" : text, 1);
	value = json_string(ascii.data ? ascii.data : "");
	text_release(&ascii);
	return value;
}

static json_t *errors_json(const struct diag *diag)
{
	const size_t kept = diag->count < DIAG_KEEP ? diag->count : DIAG_KEEP;
	json_t *errors = json_array();

	for (size_t i = 0; i < kept; i++) {
		const struct diag_entry *entry = &diag->entry[i];

		(void)json_array_append_new(errors, json_pack("{s:o, s:i, s:i, s:o}", "source",
							      to_json(entry->source), "line",
							      (int)entry->line, "column",
							      (int)entry->column, "message",
							      to_json(entry->message)));
	}
	return errors;
}

static void print_json(const char *path, const struct rule_list *list, const struct diag *diag)
{
	command_print_json(json_pack("{s:o, s:s?, s:o?, s:I, s:I, s:o}", "file", to_json(path),
				     "list", list->name, "version",
				     list->version ? to_json(list->version) : NULL, "rules",
				     (json_int_t)list->count, "count", (json_int_t)diag->count,
				     "errors", errors_json(diag)));
}

static void print_clean(const char *path, const struct rule_list *list)
{
	struct text version = TEXT_EMPTY;

	text_put_masked(&version, list->version, strlen(list->version), "");
	printf("%s: list %s, version %s, %zu rule%s: clean\n", path, list->name,
	       version.data ? version.data : "", list->count, list->count == 1 ? "" : "s");
	text_release(&version);
}

/* The daemon and the publisher refuse two lists of one name. */
static void check_name(struct checking *checking, const char *path, const char *name)
{
	const char *other = json_string_value(json_object_get(checking->names, name));

	if (other)
		diag_error(&checking->diag, path, 0, 0,
			   "the list \"%s\" is in %s too: give one of them "
			   "another name",
			   name, other);
	else
		(void)json_object_set_new(checking->names, name, to_json(path));
}

/*
 * Parses, then compiles the list alone, for the limits of what a rule may cover. A line that cannot
 * be parsed keeps no other from that.
 */
static void check_text(struct checking *checking, const char *path, const char *text, size_t length)
{
	struct diag *diag = &checking->diag;
	struct policy_options options;
	struct rule_list list;
	struct arena arena;
	void *block = NULL;
	size_t size;
	int error;

	arena_init(&arena, CHECK_BUDGET);
	policy_options_init(&options);
	error = rule_list_parse(&list, &arena, path, text, length, diag);
	if (!error)
		check_name(checking, path, list.name);
	if (!error || (error == -EINVAL && list.count))
		error = policy_compile(&list, 1, &options, &block, &size, diag);
	if (error && diag->count == 0)
		diag_error(diag, path, 0, 0, "%s", strerror(-error));
	if (checking->json)
		print_json(path, &list, diag);
	else if (diag->count == 0)
		print_clean(path, &list);
	free(block);
	arena_release(&arena);
}

static void check_file(struct checking *checking, const char *path)
{
	char *text;
	size_t length;
	int error = file_read(AT_FDCWD, path, LIST_FILE_MAX, &text, &length);

	diag_init(&checking->diag);
	if (error)
		diag_error(&checking->diag, path, 0, 0, "cannot read: %s", strerror(-error));
	if (error && checking->json)
		print_json(path, &(struct rule_list){ .count = 0 }, &checking->diag);
	if (!error) {
		check_text(checking, path, text, length);
		free(text);
	}
	if (!checking->json)
		command_print_diag(&checking->diag);
}

int rules_check(char *const paths[], bool json)
{
	static struct checking checking;
	int code = EXIT_YES;

	checking.json = json;
	checking.names = json_object();
	for (; *paths; paths++) {
		check_file(&checking, *paths);
		if (checking.diag.count)
			code = EXIT_NO;
	}
	json_decref(checking.names);
	return code;
}
