/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Where things lie on an appliance that runs the image. Everything that is written lies below
 * PATH_DATA, PATH_BOOT or PATH_RUN; the root itself is read-only. A test puts its own folder before
 * all of them by the environment variable PATH_PREFIX_VARIABLE.
 */
#define PATH_PREFIX_VARIABLE "CORDON_ROOT"

#define PATH_DATA "/data"			/* ext4, partition 4 */
#define PATH_STATE PATH_DATA "/state"		/* of cordond */
#define PATH_BUNDLE PATH_STATE "/bundle"	/* the release in force (daemon/updates_keep.h) */
/* in force; see appliance/box/settings/provision.h */
#define PATH_SETTINGS PATH_DATA "/settings"
#define PATH_UPSTREAMS PATH_DATA "/upstreams"	/* DNS servers that DHCP named last */
#define PATH_PREFIXES PATH_DATA "/prefixes"	/* that clients may have addresses of */
/* interfaces that the image on trial has to have */
#define PATH_TRIAL_LINKS PATH_DATA "/trial.links"
#define PATH_SSH_KEY PATH_DATA "/ssh_host_key"	/* this box's own, made at its first start of ssh */
/* the EFI system partition, read-only but while written */
#define PATH_BOOT "/boot"
/* NAME.efi of both slots, grubenv, settings to take in */
#define PATH_BOOT_IMAGES PATH_BOOT "/cordon"
#define PATH_RUN "/run/cordon"			/* sockets of cordond */
/* why offered settings were not taken */
#define PATH_WRONG PATH_RUN "/settings.wrong"
/* why the image that came last was not installed */
#define PATH_IMAGE_REFUSED PATH_RUN "/image.refused"
/* why the WAN does not use what DHCP gave it */
#define PATH_LEASE_REFUSED PATH_RUN "/lease.refused"
#define PATH_LEASE_ASKED PATH_RUN "/lease.asked" /* when DHCP was last begun anew: uptime in ms */
#define PATH_CONFIG PATH_RUN "/cordon.conf"	/* composed: what cordond reads */
#define PATH_IMAGE "/etc/cordon/image.json"	/* version, arch, build, supported-until */
#define PATH_IMAGE_ROOT "/etc/cordon/root.json"	/* trusted root that was built in, if any */
#define PATH_RULES "/etc/cordon/rules"		/* the lists that were built in: the floor */

/* how this start went, see appliance/box/health/boot.h */
#define PATH_BOOT_RUN "/run/boot"
#define PATH_BOOT_TIMES PATH_BOOT_RUN "/times"
#define PATH_BOOT_FORWARDED PATH_BOOT_RUN "/forwarded"
#define PATH_BOOT_NETWORK PATH_BOOT_RUN "/network"	/* links are up, and forwarding is on */
/* the self-test saw a vendor's packet pass: nothing is forwarded */
#define PATH_BOOT_CLOSED PATH_BOOT_RUN "/closed"
