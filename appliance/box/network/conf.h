/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/network/lease.h"
#include "appliance/settings/network.h"

/*
 * The cordon.conf that cordond of a box gets (PATH_CONFIG): the administrator's, and what the box
 * adds to it (compose.h): leases, and which files there are.
 */
struct conf_found {
	struct lease lease[2];		/* v4, v6 */
	const char *trust_root, *mirror_ca, *watchdog;	/* NULL: there is no such file */
	char root[BOX_PATH], ca[BOX_PATH], dog[BOX_PATH];
	struct text digests;		/* of those files, as comments; the caller releases it */
};

/* root.json and mirror-ca.pem of a folder. found must not move: it points into itself. */
void conf_find(struct conf_found *found, const char *folder);
/* From a cordon.conf (NULL: none) and network; checked. No file is read. -errno, errors in diag. */
int conf_compose(const struct conf_found *found, const struct network *network,
		 const char *conf, size_t length, struct text *out, struct diag *diag)
	__attribute__((warn_unused_result));
/* Writes PATH_CONFIG from the settings in force; *changed: it differs from before. 0; EXIT_NO: the
 * settings are wrong; EXIT_BUSY: they may be right, but memory or disk failed. */
int conf_write(bool *changed);
