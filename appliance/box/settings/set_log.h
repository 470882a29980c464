/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/box/base/paths.h"

/*
 * The log of settings: which sets were taken, refused, kept or reverted. A line is
 * "TIME WORD DIGEST TEXT": the UTC time, one word for what happened, the first 16 digits of the
 * set's digest or "-", and a text for people.
 */
#define SET_LOG_PATH PATH_DATA "/settings.log"
enum { SET_LOG_MAX = 64 * 1024, SET_LOG_DIGITS = 16 };

/* Has the log a line with this word and this digest? Texts and times are not compared. */
bool set_log_has(const char *log, const char *word, const char *digits);
/* Copies time and text of the last line whose word is "refused" to line; "" if there is none. */
void set_log_find_refusal(const char *log, char *line, size_t size);

/* Adds a line to the log and to the kernel's log, unless the log has the same word of the same set.
 * Without a digest (NULL) every line is added. A log over half of SET_LOG_MAX is cut to a quarter.
 */
void set_log_note(const char *word, const uint8_t digest[DIGEST_SIZE], const char *text);
/* set_log_find_refusal of the box's log. */
void set_log_last_refusal(char *line, size_t size);
