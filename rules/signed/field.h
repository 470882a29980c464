/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"

/*
 * Members of a JSON object, each taken with its type and range. The first that is missing or of
 * another shape sets error to -EINVAL, and diag names the member and says what was expected. From
 * then on every call is a no-op that yields NULL, "" or the value as it was, so that a parser
 * checks error once at its end, and before a loop or a step that costs something.
 */
struct field {
	const char *source;
	struct diag *diag;
	int error;
};

/* An optional member that is not there is NULL, "" or the value as it was, without an error. */
enum { FIELD_REQUIRED, FIELD_OPTIONAL };
#define FIELD_INTEGER_MAX ((INT64_C(1) << 53) - 1)	/* what every JSON parser keeps exact */

/* -EINVAL unless it is good. */
void field_expect(struct field *field, bool good, const char *name, const char *expected);
/* The error of a step that is not about one member; 0: none. */
void field_result(struct field *field, int error);

json_t *field_object(struct field *field, const json_t *parent, const char *name, int presence);
/* At most most members. */
json_t *field_array(struct field *field, const json_t *parent, const char *name, size_t most,
		    int presence);
/* 1 to most bytes. */
const char *field_text(struct field *field, const json_t *parent, const char *name, size_t most,
		       int presence);
void field_integer(struct field *field, const json_t *parent, const char *name, int64_t least,
		   int64_t most, int presence, int64_t *value);
void field_boolean(struct field *field, const json_t *parent, const char *name, int presence,
		   bool *value);
/* As metadata_time_parse. */
void field_time(struct field *field, const json_t *parent, const char *name, int presence,
		int64_t *value);
