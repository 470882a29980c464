/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "appliance/base/diag.h"
#include "appliance/settings/settings.h"

/*
 * What only root can open: the parent makes these once and keeps them, so that queries wait in the
 * socket instead of failing while a role starts again. A descriptor, or -errno with diag.
 */
int socket_listen(const struct endpoint *endpoint, uint8_t protocol, struct diag *diag);
int socket_nflog(uint16_t group, struct diag *diag);
int socket_route(struct diag *diag);
/* A control socket (ipc/control.h) in the folder, which exists; group: who may open it beside
 * root, 0: nobody. */
int socket_control(const char *folder, const char *name, gid_t group, struct diag *diag);
