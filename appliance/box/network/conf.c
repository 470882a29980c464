/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/network/compose.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/lease.h"
#include "appliance/box/network/wiring.h"
#include "appliance/command/command.h"

enum { FILE_MOST = 512 * 1024 };

static size_t learned(const struct conf_found *found, const struct network *network,
		      struct addr dns[2 * WIRING_DNS])
{
	size_t count = 0;

	for (int v6 = 0; v6 < 2 && network->has_wan; v6++) {
		const struct lease *lease = &found->lease[v6];

		if ((v6 ? &network->wan.v6 : &network->wan.v4)->method != METHOD_DYNAMIC)
			continue;
		for (size_t i = 0; i < lease->dns_count; i++)
			dns[count++] = lease->dns[i];
	}
	return count;
}

static const char *path_if(char full[BOX_PATH], const char *folder, const char *name)
{
	char path[BOX_PATH];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return box_has(path) ? box_path(full, path) : NULL;
}

/* Other contents under the same name are other settings, too: cordond has to begin anew with them.
 */
static void put_digest(struct text *out, const char *path)
{
	char hex[2 * DIGEST_SIZE + 1], *data = NULL;
	uint8_t digest[DIGEST_SIZE];
	size_t size;

	if (path && file_read(AT_FDCWD, path, FILE_MOST, &data, &size) == 0 &&
	    digest_sha256(data, size, digest) == 0) {
		hex_print(digest, sizeof(digest), hex);
		text_printf(out, "# %s has the SHA-256 %s\n", path, hex);
	}
	free(data);
}

void conf_find(struct conf_found *found, const char *folder)
{
	*found = (struct conf_found){ .digests = TEXT_EMPTY };
	for (int v6 = 0; v6 < 2; v6++)
		(void)facts_lease(&found->lease[v6], v6, true);
	found->trust_root = path_if(found->root, folder, "root.json");
	if (!found->trust_root && box_has(PATH_IMAGE_ROOT))
		found->trust_root = box_path(found->root, PATH_IMAGE_ROOT);
	found->mirror_ca = path_if(found->ca, folder, "mirror-ca.pem");
	found->watchdog = path_if(found->dog, "/dev", "watchdog");
	put_digest(&found->digests, found->trust_root);
	put_digest(&found->digests, found->mirror_ca);
}

int conf_compose(const struct conf_found *found, const struct network *network,
			    const char *conf, size_t length, struct text *out, struct diag *diag)
{
	static struct settings settings;
	struct addr dns[2 * WIRING_DNS];
	const struct compose parts = {
		.network = network,
		.dns = dns,
		.dns_count = learned(found, network, dns),
		.text = conf,
		.length = length,
		.trust_root = found->trust_root,
		.mirror_ca = found->mirror_ca,
		.watchdog = found->watchdog,
	};
	int error = compose(&parts, out, diag);

	if (found->digests.length)
		text_put(out, found->digests.data, found->digests.length);
	return error ? error :
		       settings_parse(&settings, "cordon.conf", out->data, out->length, diag);
}

/* 0 or an exit code, errors on stderr. */
static int compose_text(const struct network *network, struct text *out)
{
	static struct diag diag;
	struct conf_found found;
	size_t length = 0;
	int code, error;
	char *conf =
		facts_settings(PATH_SETTINGS "/cordon.conf", SETTINGS_TEXT_MAX, &length, &code);

	if (!conf)
		return code;
	diag_init(&diag);
	conf_find(&found, PATH_SETTINGS);
	error = conf_compose(&found, network, conf, length, out, &diag);
	text_release(&found.digests);
	free(conf);
	command_print_diag(&diag);
	/* No diagnostics: memory or disk failed, not the settings. */
	return !error ? EXIT_YES : diag.count ? EXIT_NO : EXIT_BUSY;
}

int conf_write(bool *changed)
{
	struct text out = TEXT_EMPTY;
	struct network network;
	size_t size = 0;
	char *old;
	/* udhcpc, udhcpc6 and a stick may come at once; half a file, or none, would be settings
	 * without a LAN. */
	int lock = box_lock(PATH_RUN "/compose.lock"), code = facts_network(&network);

	if (!code)
		code = compose_text(&network, &out);
	old = box_read(PATH_CONFIG, 2 * SETTINGS_TEXT_MAX, &size);
	*changed = !code && (!old || size != out.length || memcmp(old, out.data, size) != 0);
	if (*changed && box_write(PATH_CONFIG, out.data, out.length, 0600) != EXIT_YES)
		code = EXIT_BUSY;
	free(old);
	text_release(&out);
	box_unlock(lock);
	return code;
}

