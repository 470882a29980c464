/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/image.h"

#include <stdlib.h>
#include <string.h>

#include "system/paths.h"

/*
 * A kernel that lost the driver of a card blocks as well as any, and the box behind it is gone. So what of the
 * settings' interfaces is there when an image is installed is written down, the artefact in the first line, and
 * has to be there when that image is on trial. What is missing already is nobody's fault then.
 */
enum { LINKS_MAX = 4096 };

void image_links_keep(const char *artefact)
{
	static struct network network;
	const struct network_link *link;
	struct text out = TEXT_EMPTY;

	if (appliance_network(&network) != EXIT_YES)
		return;
	text_printf(&out, "%s\n", artefact);
	for (size_t i = 0; (link = network_link(&network, i)); i++) {
		if (appliance_has_interface(link->interface))
			text_printf(&out, "%s\n", link->interface);
	}
	if (out.data)
		(void)appliance_write(PATH_TRIAL_LINKS, out.data, out.length, 0600);
	text_release(&out);
}

bool image_links_missing(char interface[IMAGE_LINK])
{
	char running[SLOTS_NAME];
	size_t size;
	char *text = appliance_read(PATH_TRIAL_LINKS, LINKS_MAX, &size), *rest = text;
	const char *line = text ? strsep(&rest, "\n") : NULL;
	bool missing = false;

	/* Of another image, it is from before. */
	if (line && image_boot_running(running) && strcmp(line, running) == 0) {
		while (!missing && (line = strsep(&rest, "\n"))) {
			missing = line[0] && !appliance_has_interface(line);
			snprintf(interface, IMAGE_LINK, "%.15s", line);
		}
	}
	free(text);
	return missing;
}
