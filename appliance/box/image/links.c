/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/links.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/slots.h"
#include "appliance/box/network/facts.h"
#include "appliance/command/command.h"

/*
 * A kernel that lost the driver of a card blocks as well as any, and the box behind it is gone. So
 * what of the settings' interfaces is there when an image is installed is written down, the
 * artefact in the first line, and has to be there until that image is confirmed. What is missing
 * already is nobody's fault then, and what is lost later is not the image's.
 */
enum { LINKS_MAX = 4096 };

void image_links_keep(const char *artefact)
{
	static struct network network;
	const struct network_link *link;
	struct text out = TEXT_EMPTY;

	if (facts_network(&network) != EXIT_YES)
		return;
	text_printf(&out, "%s\n", artefact);
	for (size_t i = 0; (link = network_link(&network, i)); i++) {
		if (facts_has_interface(link->interface))
			text_printf(&out, "%s\n", link->interface);
	}
	if (out.data)
		(void)box_write(PATH_TRIAL_LINKS, out.data, out.length, 0600);
	text_release(&out);
}

/* The list, malloc'ed, from its second line on in *rest; NULL where there is none, or another
 * image's. */
static char *links_of_running(char **rest)
{
	char running[SLOTS_NAME];
	size_t size;
	char *text = box_read(PATH_TRIAL_LINKS, LINKS_MAX, &size);
	const char *artefact;

	*rest = text;
	artefact = strsep(rest, "\n");
	if (artefact && image_boot_running(running) && strcmp(artefact, running) == 0)
		return text;
	free(text);
	return NULL;
}

bool image_links_missing(char interface[IMAGE_LINK])
{
	char *rest, *text = links_of_running(&rest);
	const char *line;
	bool missing = false;

	while (text && !missing && (line = strsep(&rest, "\n"))) {
		missing = line[0] && !facts_has_interface(line);
		snprintf(interface, IMAGE_LINK, "%.15s", line);
	}
	free(text);
	return missing;
}

void image_links_forget(void)
{
	char path[BOX_PATH], *rest, *text = links_of_running(&rest);

	if (text)
		unlink(box_path(path, PATH_TRIAL_LINKS));
	free(text);
}
