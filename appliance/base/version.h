/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#define VERSION_TEXT "0.1.0"

/* When this tree was made (SOURCE_DATE_EPOCH, else its last commit): seconds since 1970. */
int64_t version_build_time(void);
