/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/evidence/naming.h"

/*
 * Sources of host names: text in, namings out, line by line, in fixed memory. The text is hostile
 * (clients choose their names). Damage is reported with source, line and column, and the line is
 * left out; the rest counts.
 *
 * LEASES_DNSMASQ: dnsmasq's lease file: expiry, MAC, address, name, client id.
 *	https://www.mail-archive.com/dnsmasq-discuss@lists.thekelleys.org.uk/msg08594.html
 * LEASES_WINDOWS: DhcpSrvLog-*.log of Windows Server: CSV behind a preamble, local time. Events
 *	10, 11, 20 and 21 (lease new, renewed; BOOTP). DhcpV6SrvLog has no MAC and is refused.
 *	https://technet.microsoft.com/library/cc958953
 *	https://docs.nxlog.co/integrate/windows-dhcp-server.html
 * LEASES_ISC: dhcpd.leases(5) of ISC DHCP, IPv4. Other declarations are skipped.
 * LEASES_INFOBLOX: CSV export of leases by NIOS (header-lease).
 *	https://infoblox-docs.atlassian.net/wiki/spaces/nios86/pages/35893132/DHCP+Lease
 * LEASES_TABLE: the agency's own CSV. The first line names the columns, in any order: ip, mac,
 *	name, user, site, first, last, tool (yes or no), network. Others are ignored. Separators
 *	are commas, semicolons or tabs, as in the first line; quotes as in RFC 4180, without line
 *	breaks.
 *
 * The encoding is UTF-8, with or without BOM. UTF-16, or any NUL byte, refuses the rest of the
 * file. Line ends are LF or CR LF.
 */
enum leases_format {
	LEASES_DNSMASQ,
	LEASES_WINDOWS,
	LEASES_ISC,
	LEASES_INFOBLOX,
	LEASES_TABLE,
	LEASES_FORMATS
};

enum {
	LEASES_LINE = 4096,	/* bytes of a line without its end; a longer one is damage */
	LEASES_COLUMNS = 64	/* columns of a CSV line that are looked at */
};

/* Takes a naming, which ends with the call. 0, or -errno, which ends the reading. */
typedef int leases_sink(void *context, const struct naming *naming);

struct leases_options {
	const char *source;	/* the file's name, for diag; outlives the reading */
	struct diag *diag;
	leases_sink *sink;
	void *context;
	/* LEASES_DNSMASQ and _WINDOWS give one end of a lease; its length, or 0 for the default of
	 * the server: an hour, eight days. */
	int64_t lease_ms;
	/* Times without a zone (Windows, Infoblox, table): seconds that they are ahead of UTC. */
	int32_t utc_offset;
	bool bare;	/* rows that name nothing, too: an inventory lists what there is */
};

struct leases {
	enum leases_format format;
	struct leases_options options;
	unsigned int line;
	size_t length;		/* of text */
	bool too_long;
	int error;		/* nothing more is read */
	bool started;		/* behind a byte order mark */
	char text[LEASES_LINE];
	/* CSV */
	bool header;
	char separator;
	uint8_t role[LEASES_COLUMNS];
	char network[NAMING_SITE];	/* of the table's row, for the sink; "" none */
	/* ISC: the lease that is open, and braces around this place */
	unsigned int depth;
	bool in_lease;
	bool has_start;
	bool has_end;
	bool abandoned;
	struct naming naming;
};

/* options are copied; what they point to outlives the reading. */
void leases_init(struct leases *leases, enum leases_format format,
		 const struct leases_options *options);

/* The next bytes of the file, cut anywhere. 0; -EILSEQ: refused for its encoding; -EINVAL: a table
 * that does not name its columns (both in diag); or what the sink returned. After an error nothing
 * more is read, and the next call returns it again. */
int leases_feed(struct leases *leases, const void *data, size_t size)
	__attribute__((warn_unused_result));
/* The end of the file. As leases_feed, or -EINVAL: it is no such file, it had no header. */
int leases_end(struct leases *leases) __attribute__((warn_unused_result));
