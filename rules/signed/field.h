/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"

/*
 * Members of a JSON object, each read with its type and range. The first missing or malformed one
 * sets error to -EINVAL; diag names the member and says what was expected. From then on every call
 * is a no-op that returns NULL or "" or leaves the value unchanged. So a parser checks error once
 * at its end, and before a loop or an expensive step.
 */
struct field {
	const char *source;
	struct diag *diag;
	int error;
};

/* An absent optional member gives NULL or "" or leaves the value unchanged, without an error. */
enum { FIELD_REQUIRED, FIELD_OPTIONAL };
#define FIELD_INTEGER_MAX ((INT64_C(1) << 53) - 1)	/* what every JSON parser keeps exact */

/* Sets error to -EINVAL unless good. */
void field_expect(struct field *field, bool good, const char *name, const char *expected);
/* Takes over the error of a step that is not about a single member; 0: none. */
void field_result(struct field *field, int error);

/* A borrowed reference, or NULL. */
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
