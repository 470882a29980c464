/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/signed/archive.h"
#include "rules/signed/source.h"

/*
 * Archives as a source: names have no folder, version or hash ("5.rules.json" is "rules.json"),
 * except newer roots, which keep their version. What the first archive lacks is looked up in the
 * second.
 */
struct archive_source {
	const struct archive *archive[2];	/* NULL: none */
};

/* *source refers to *archives, which must outlive it; it needs no source_free. */
void archive_source_init(struct source *source, const struct archive_source *archives,
			 const char *name);
