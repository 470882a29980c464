/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/crypto/key.h"

/*
 * A certificate that a machine makes for itself, for servers that know it by this very certificate
 * (a TLS client's): X.509 v3, signed by its own key, CN=NAME, for digital signatures of a client
 * alone and no CA, so that it vouches for no other. It has no end: a machine without a clock makes
 * it, and who no longer trusts it takes it from the server's list.
 */
enum { CERTIFICATE_NAME = 64 };

/* PEM, appended. -EINVAL: not a P-256 key, or a name that is empty, too long, or has other
 * characters than letters, digits and ". _ -". */
int certificate_print(const struct secret *secret, const char *name, struct text *pem)
	__attribute__((warn_unused_result));
