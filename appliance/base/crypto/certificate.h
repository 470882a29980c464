/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/crypto/key.h"

/*
 * A certificate that a machine makes for itself, for servers that know it by exactly this
 * certificate (a TLS client's). X.509 v3, signed by its own key, CN=NAME, for digital signatures of
 * a client only and not a CA, so that it vouches for no other. It never expires, because a machine
 * without a clock makes it; to revoke it, remove it from the server's list.
 */
enum { CERTIFICATE_NAME = 64 };

/* PEM, appended. 0, or -EINVAL: not a P-256 key, or a name that is empty, too long, or has
 * characters other than letters, digits and ". _ -". */
int certificate_print(const struct secret *secret, const char *name, struct text *pem)
	__attribute__((warn_unused_result));
