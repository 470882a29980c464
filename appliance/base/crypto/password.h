/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * A secret that people type, stored as PBKDF2-HMAC-SHA-256 (RFC 8018):
 *
 *	pbkdf2-sha256$ITERATIONS$SALT$HASH
 *
 * with salt (16 bytes) and hash (32 bytes) as hexadecimal digits in lower case.
 */
enum {
	PASSWORD_LEAST = 12, PASSWORD_MOST = 256,	/* characters of the secret itself */
	PASSWORD_LINE = 160,				/* of the line, NUL included */
	PASSWORD_ITERATIONS = 600000, PASSWORD_ITERATIONS_LEAST = 100000,
	PASSWORD_ITERATIONS_MOST = 10000000
};
#define PASSWORD_SCHEME "pbkdf2-sha256$"

/* Uses a new salt and PASSWORD_ITERATIONS. 0, or -EINVAL: too short or too long. */
int password_hash(const char *secret, char line[PASSWORD_LINE]) __attribute__((warn_unused_result));
/* Is line of that form? */
bool password_check_line(const char *line);
/* 0; -EACCES: another secret; -EINVAL: line is malformed. Takes the same time for every secret. */
int password_verify(const char *line, const char *secret) __attribute__((warn_unused_result));
