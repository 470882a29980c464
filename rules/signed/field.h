/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"

/*
 * Members of a JSON object, each taken with its type and range. What is missing or of another shape
 * is -EINVAL, and diag names the member and says what was expected.
 */
struct field {
	const char *source;
	struct diag *diag;
};

/* Optional: 0 when it is not there, and *value as it was. */
enum { FIELD_REQUIRED, FIELD_OPTIONAL };
#define FIELD_INTEGER_MAX ((INT64_C(1) << 53) - 1)	/* what every JSON parser keeps exact */

/* Always -EINVAL. */
int field_wrong(const struct field *field, const char *name, const char *expected);

int field_object(const struct field *field, const json_t *parent, const char *name, int presence,
		 json_t **value) __attribute__((warn_unused_result));
/* At most most members. */
int field_array(const struct field *field, const json_t *parent, const char *name, size_t most,
		int presence, json_t **value) __attribute__((warn_unused_result));
/* 1 to most bytes. */
int field_text(const struct field *field, const json_t *parent, const char *name, size_t most,
	       int presence, const char **value) __attribute__((warn_unused_result));
int field_integer(const struct field *field, const json_t *parent, const char *name, int64_t least,
		  int64_t most, int presence, int64_t *value) __attribute__((warn_unused_result));
int field_boolean(const struct field *field, const json_t *parent, const char *name, int presence,
		  bool *value) __attribute__((warn_unused_result));
/* As metadata_time_parse. */
int field_time(const struct field *field, const json_t *parent, const char *name, int presence,
	       int64_t *value) __attribute__((warn_unused_result));
