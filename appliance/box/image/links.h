/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/* Interfaces that an image on trial must have: those that were there when it was installed. */
enum { IMAGE_LINK = 16 };
void image_links_keep(const char *artefact);
/* An interface that was there when the running image was installed, and is not now. */
bool image_links_missing(char interface[IMAGE_LINK]);
/* The running image is confirmed. */
void image_links_forget(void);
