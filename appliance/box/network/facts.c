/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/lease.h"
#include "appliance/box/network/wiring.h"
#include "appliance/command/command.h"

enum { LEASE_MAX = 4096, READER_KEYS = 64 * 1024 + 1 };

bool facts_has_interface(const char *interface)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s", interface);
	return box_has(path);
}

const char *facts_card(const char *interface, char text[FACTS_CARD])
{
	char path[64], mac[32], carrier[8] = "";

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/carrier", interface);
	/* One that is down does not say. */
	if (!box_peek(path, carrier, sizeof(carrier)))
		carrier[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/address", interface);
	if (!box_peek(path, mac, sizeof(mac)))
		snprintf(mac, sizeof(mac), "not there");
	mac[strcspn(mac, "\n")] = '\0';
	snprintf(text, FACTS_CARD, "%s%s", mac,
		 carrier[0] == '1' ? ", cable in" :
		 carrier[0] == '0' ? ", no cable" :
				     "");
	return text;
}

/* NULL with *code: it is there and cannot be read, said. None is an empty one. */
char *facts_settings(const char *path, size_t limit, size_t *size, int *code)
{
	char *text = box_read(path, limit, size);

	*code = EXIT_YES;
	if (!text && box_has(path)) {
		fprintf(stderr,
			"cordon: %s: cannot read it: expected a file of at most %zu bytes\n", path,
			limit);
		*code = EXIT_NO;
	} else if (!text) {
		*size = 0;
		text = strdup("");
		*code = text ? EXIT_YES : EXIT_BUSY;
	}
	return text;
}

int facts_network_text(struct network *network, char **text)
{
	static struct diag diag;
	size_t size;
	int code;

	diag_init(&diag);
	*text = facts_settings(PATH_SETTINGS "/network.conf", NETWORK_TEXT_MAX, &size, &code);
	if (!*text)
		return code;
	code = network_parse(network, PATH_SETTINGS "/network.conf", *text, size, &diag) ? EXIT_NO :
											   EXIT_YES;
	command_print_diag(&diag);
	if (code) {
		free(*text);
		*text = NULL;
	}
	return code;
}

int facts_network(struct network *network)
{
	char *text;
	int code = facts_network_text(network, &text);

	free(text);
	return code;
}

/* PATH_UPSTREAMS has a line a family; PATH_RUN a file a family. */
bool facts_lease(struct lease *lease, bool v6, bool kept)
{
	size_t size;
	char *text = box_read(kept ? PATH_UPSTREAMS : v6 ? PATH_RUN "/lease6" : PATH_RUN "/lease4",
				    LEASE_MAX, &size), *rest = text, *line;
	bool found = false;

	*lease = (struct lease){ .v6 = v6 };
	while (!found && (line = strsep(&rest, "\n")))
		found = lease_read(lease, line) == 0 && lease->v6 == v6;
	free(text);
	if (!found)
		*lease = (struct lease){ .v6 = v6 };
	return found;
}

int64_t facts_lease_asked(void)
{
	char text[32];

	return box_peek(PATH_LEASE_ASKED, text, sizeof(text)) ? strtoll(text, NULL, 10) : 0;
}

void facts_wiring(struct wiring_facts *facts)
{
	static char readers[READER_KEYS];
	char path[BOX_PATH], *keys;
	struct sysinfo info;
	struct lease lease;
	size_t size;

	*facts = (struct wiring_facts){ .memory_kb = 65536 };
	if (sysinfo(&info) == 0)
		facts->memory_kb = (uint64_t)info.totalram * info.mem_unit / 1024;
	(void)facts_lease(&lease, true, false);
	lease_announce(&lease, clock_uptime_ms(), facts);
	keys = box_read(PATH_SETTINGS "/authorized_keys", 1 << 16, &size);
	facts->has_keys = keys && size > 0;
	free(keys);
	if (box_peek(PATH_SETTINGS "/reader_keys", readers, sizeof(readers)) && readers[0]) {
		facts->reader_keys = readers;
		facts->has_keys = true;
	}
	facts->has_radvd = access(box_path(path, WIRING_RADVD), X_OK) == 0;
	facts->has_dropbear = access(box_path(path, WIRING_DROPBEAR), X_OK) == 0;
}

