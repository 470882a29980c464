/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/diag.h"
#include "appliance/settings/settings.h"

/* The daemon's own messages, on standard error: "cordond dns: error: what, where, what to do". */
void log_open(enum role role, enum log_level level);
/* From now on messages to a terminal that takes none are lost, instead of waited for. */
void log_unblock(void);
/* Messages of this process that no terminal or pipe took. */
uint64_t log_lost(void);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Each entry as one warning, and as one error. */
void log_warnings(const struct diag *warnings);
void log_diag(const struct diag *diag);
