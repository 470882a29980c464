/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/daemon/daemon.h"

/*
 * The name of the appliance for the collector's TLS: a key of its own, since the update role that
 * uses it meets the network and must not have the one that signs receipts. The file stays the same,
 * so that the collector knows the appliance by its certificate, until the appliance has another
 * name, which is in the file's first line.
 */

/* A descriptor of STATE/collector.pem, key and certificate, made when there are none for this name;
 * -1 after a message. */
int own_open(const struct daemon *daemon);
/* The certificate alone, PEM, freed by the caller; NULL: there is none. */
char *own_certificate(const struct daemon *daemon);
