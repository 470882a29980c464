/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/evidence/leases.h"

/*
 * The lease file of busybox's DHCP server (networking/udhcp/dhcpd.h): the time of writing, then
 * leases of fixed size. 0; -EBADMSG: it is no such file; or what the sink returned. The file says
 * when leases end, not when they began: a naming begins when the file was written, or a day before
 * it ends, whichever is earlier.
 */
int leases_udhcpd(const void *data, size_t size, leases_sink *sink, void *context)
	__attribute__((warn_unused_result));
