/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files of the tree that the tests read; they run in its root. */

#include "tests/unit/sample.h"

#include "appliance/evidence/weights.h"

/* NUL-terminated; the caller's to free. */
static inline char *shipped_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	char *text = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	*size = fread(text, 1, (1 << 20) - 1, file);
	text[*size] = '\0';
	fclose(file);
	return text;
}

static inline const struct weights *shipped_weights(void)
{
	static struct weights weights;
	static struct diag diag;
	size_t size;
	char *text;

	if (weights.signs)
		return &weights;
	text = shipped_file("appliance/evidence/weights.tsv", &size);
	diag_init(&diag);
	(void)!weights_parse(&weights, "weights.tsv", text, size, &diag);
	sample_no_errors(&diag);
	free(text);
	return &weights;
}
