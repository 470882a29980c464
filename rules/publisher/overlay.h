/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "rules/publisher/repository.h"
#include "rules/signed/source.h"

/*
 * The repository as it would be: metadata not written yet in front of the published, and staged
 * targets beside the published ones. The client checks this before anything is written.
 */
struct overlay;

/* 0 or -ENOMEM; repository must outlive it. The caller frees it with overlay_free. */
int overlay_new(struct overlay **overlay, const struct repository *repository)
	__attribute__((warn_unused_result));
void overlay_free(struct overlay *overlay);

/* name: "5.rules.json". Copies the document's text. 0 or -errno. */
int overlay_put(struct overlay *overlay, const char *name, const json_t *document)
	__attribute__((warn_unused_result));
/* NULL: not put. */
const struct text *overlay_lookup(const struct overlay *overlay, const char *name);

/* Lives as long as the overlay. */
struct source *overlay_source(struct overlay *overlay);

/*
 * Writes everything that was put into metadata/, in the order in which it was put. 0 or -errno with
 * diag.
 */
int overlay_write(const struct overlay *overlay, struct diag *diag)
	__attribute__((warn_unused_result));
