/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "autoconf.h"

/*
 * ENABLED(CONFIG_X) is 1 if Kconfig chose X, else 0. So both branches are compiled and checked, and
 * the optimiser drops the disabled one.
 */
#define ENABLED_COMMA_1 0,
#define ENABLED_SECOND(ignored, value, ...) value
#define ENABLED_PICK(comma) ENABLED_SECOND(comma 1, 0, 0)
#define ENABLED_JOIN(value) ENABLED_PICK(ENABLED_COMMA_##value)
#define ENABLED(option) ENABLED_JOIN(option)

/* Sanitizers need system calls and address space that a sealed role does not have. */
#ifdef CORDON_SANITIZE
#define HARDENED 0
#else
#define HARDENED ENABLED(CONFIG_HARDENING)
#endif
