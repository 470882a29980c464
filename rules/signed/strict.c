/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/signed/strict.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	DEPTH = 32,
	CHUNK_HEAD = 8	/* allocator overhead per block, so that small ones count too */
};

/*
 * Global, because jansson's allocator is. It uses malloc_usable_size instead of a header of its
 * own, so that memory from jansson (json_dumps) can be freed by free().
 */
static struct {
	size_t limit;
	size_t used;
	bool refused;
} budget;

static void *budget_alloc(size_t size)
{
	size_t real;
	void *memory;

	if (size > budget.limit || budget.used > budget.limit - size) {
		budget.refused = true;
		return NULL;
	}
	memory = malloc(size);
	real = memory ? malloc_usable_size(memory) + CHUNK_HEAD : 0;
	budget.used += real;
	return memory;
}

static void budget_free(void *memory)
{
	size_t real = memory ? malloc_usable_size(memory) + CHUNK_HEAD : 0;

	/* Blocks allocated before the budget was set were not counted. */
	budget.used -= real < budget.used ? real : budget.used;
	free(memory);
}

void strict_budget(size_t bytes)
{
	size_t seed = 0;

	budget.limit = bytes;
	/* Colliding keys in jansson's tables cost time, so the seed must be unpredictable. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		json_object_seed(seed);
	json_set_alloc_funcs(budget_alloc, budget_free);
}

/* ---- what jansson would let through ---- */

struct strict_scan {
	const char *bytes;
	size_t size;
	size_t at;
	unsigned int line, column;
	unsigned int depth;
};

/* Leaves at on the closing quote. jansson rejects unterminated strings. */
static void skip_string(struct strict_scan *scan)
{
	for (scan->at++; scan->at < scan->size && scan->bytes[scan->at] != '"'; scan->at++) {
		if (scan->bytes[scan->at] == '\\' && scan->at + 1 < scan->size) {
			scan->at++;
			scan->column++;
		}
		scan->column++;
	}
	scan->column++;
}

/* Why this byte, outside of strings, is refused; NULL: it is not. */
static const char *judge(struct strict_scan *scan)
{
	const char *byte = scan->bytes + scan->at;

	switch (*byte) {
	case '[':
	case '{':
		return ++scan->depth > DEPTH ? "expected at most 32 levels of nesting" : NULL;
	case ']':
	case '}':
		scan->depth -= scan->depth > 0;
		return NULL;
	case 'e':
		if (scan->at == 0 || byte[-1] < '0' || byte[-1] > '9')
			return NULL;	/* true, false */
		return "expected an integer, not a real number";
	case '.':
	case 'E':
		return "expected an integer, not a real number";
	default:
		return NULL;
	}
}

static int check_shape(const char *bytes, size_t size, const char *source, struct diag *diag)
{
	struct strict_scan scan = { .bytes = bytes, .size = size, .line = 1, .column = 1 };

	for (; scan.at < size; scan.at++, scan.column++) {
		const char *problem = NULL;

		if (bytes[scan.at] == '"') {
			skip_string(&scan);
		} else if (bytes[scan.at] == '\n') {
			scan.line++;
			scan.column = 0;
		} else {
			problem = judge(&scan);
		}
		if (problem) {
			diag_error(diag, source, scan.line, scan.column, "%s", problem);
			return -EINVAL;
		}
	}
	return 0;
}

/* jansson's messages quote the document, which is hostile; diag masks it. */
static void report(const json_error_t *error, const char *source, struct diag *diag)
{
	diag_error(diag, source, error->line > 0 ? (unsigned int)error->line : 0,
		   error->column > 0 ? (unsigned int)error->column : 0, "%s",
		   error->text[0] ? error->text : "expected JSON");
}

int strict_parse(json_t **out, const void *bytes, size_t size, const char *source,
		 struct diag *diag)
{
	json_error_t error = { .line = 0 };
	int failed = check_shape(bytes, size, source, diag);

	if (failed)
		return failed;
	budget.refused = false;
	*out = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
	if (*out)
		return 0;
	if (budget.refused || json_error_code(&error) == json_error_out_of_memory) {
		diag_error(diag, source, 0, 0, "needs more memory than the budget of %zu bytes",
			   budget.limit);
		return -ENOMEM;
	}
	report(&error, source, diag);
	return -EINVAL;
}

/* ---- canonical form ---- */

static void put_string(struct text *out, const char *string, size_t length)
{
	size_t from = 0;

	text_put(out, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		if (string[i] != '"' && string[i] != '\\')
			continue;
		text_put(out, string + from, i - from);
		text_put(out, "\\", 1);
		from = i;
	}
	text_put(out, string + from, length - from);
	text_put(out, "\"", 1);
}

static int put_value(const json_t *value, struct text *out, unsigned int depth);

static int put_array(const json_t *array, struct text *out, unsigned int depth)
{
	int error = 0;

	text_put(out, "[", 1);
	for (size_t i = 0; !error && i < json_array_size(array); i++) {
		if (i)
			text_put(out, ",", 1);
		error = put_value(json_array_get(array, i), out, depth);
	}
	text_put(out, "]", 1);
	return error;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int put_members(const json_t *object, const char **key, size_t count, struct text *out,
		       unsigned int depth)
{
	int error = 0;

	qsort(key, count, sizeof(*key), compare_keys);
	text_put(out, "{", 1);
	for (size_t i = 0; !error && i < count; i++) {
		if (i)
			text_put(out, ",", 1);
		put_string(out, key[i], strlen(key[i]));
		text_put(out, ":", 1);
		error = put_value(json_object_get(object, key[i]), out, depth);
	}
	text_put(out, "}", 1);
	return error;
}

static int put_object(json_t *object, struct text *out, unsigned int depth)
{
	size_t count = 0;
	const char **key = calloc(json_object_size(object) + 1, sizeof(*key));
	int error;

	if (!key)
		return -ENOMEM;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		key[count++] = json_object_iter_key(at);
	error = put_members(object, key, count, out, depth);
	free(key);
	return error;
}

static int put_value(const json_t *value, struct text *out, unsigned int depth)
{
	if (depth > DEPTH)
		return -EINVAL;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		/* The iterator takes a writable pointer but does not write. */
		return put_object((json_t *)(uintptr_t)value, out, depth + 1);
	case JSON_ARRAY:
		return put_array(value, out, depth + 1);
	case JSON_STRING:
		put_string(out, json_string_value(value), json_string_length(value));
		return 0;
	case JSON_INTEGER:
		text_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return 0;
	case JSON_TRUE:
		text_puts(out, "true");
		return 0;
	case JSON_FALSE:
		text_puts(out, "false");
		return 0;
	case JSON_NULL:
		text_puts(out, "null");
		return 0;
	case JSON_REAL:
	default:
		return -EINVAL;
	}
}

int strict_canonical(const json_t *value, struct text *out)
{
	int error = put_value(value, out, 0);

	if (!error && text_failed(out))
		error = -ENOMEM;
	return error;
}
