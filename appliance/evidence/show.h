/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "appliance/evidence/hosts.h"

/* Hosts for people and programs. Texts from the network are masked in text, and escaped in JSON. */

enum { SHOW_WHO = ADDR_TEXT + MAC_PRINTED };
/* "10.1.2.3 00:1b:21:3c:9d:f8"; returns buffer. */
char *show_who(const struct host *host, char buffer[SHOW_WHO]);

/* Some lines on stdout: who, the verdict with its reasons, the state. */
void show_host(const struct hosts_row *row, const struct weights *weights);

/* One line per evidence: its points, count, days and rule. */
void show_evidence(const struct hosts_row *row, const struct weights *weights);

/* The same as one object; NULL: no memory. */
json_t *show_host_json(const struct hosts_row *row, const struct weights *weights);

/* How many have the product, and what is not known, as lines and as an object. */
void show_sums(const struct hosts *hosts);
json_t *show_network_json(const struct hosts_network *network);

/* "telemetry, web": of a bit per category. */
void show_categories(uint32_t categories, struct text *out);
