/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/crypto/key.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/command/command.h"
#include "rules/signed/approval.h"
#include "rules/signed/device.h"
#include "rules/signed/metadata.h"

#define DEVICE_KEY PATH_STATE "/device.pem"

static void find_serial(char serial[APPROVAL_APPLIANCE])
{
	char text[2 * APPROVAL_APPLIANCE];
	size_t length;

	serial[0] = '\0';
	if (!box_peek("/sys/class/dmi/id/product_serial", text, sizeof(text)) &&
	    !box_peek("/proc/device-tree/serial-number", text, sizeof(text)))
		return;
	length = strcspn(text, "\n");
	while (length && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	if (!approval_appliance_wrong(text))
		snprintf(serial, APPROVAL_APPLIANCE, "%.64s", text);
}

static void find_key(char key[METADATA_KEYID])
{
	struct secret *secret;
	size_t size;
	char *text = box_read(DEVICE_KEY, KEY_PEM_MAX, &size);

	key[0] = '\0';
	if (text && secret_parse(&secret, text, size, NULL) == 0) {
		if (device_keyid(secret, key) < 0)
			key[0] = '\0';
		secret_free(secret);
	}
	if (text)
		explicit_bzero(text, size);
	free(text);
}

void identity_load(struct identity *who)
{
	find_serial(who->serial);
	find_key(who->key);
}

int identity_show(void)
{
	struct identity who;

	identity_load(&who);
	printf("serial  %s\nkey     %s\n",
	       who.serial[0] ? who.serial : "none that tells this box from others",
	       who.key[0] ? who.key : "none yet: cordond makes it at its first start");
	return who.serial[0] || who.key[0] ? EXIT_YES : EXIT_NO;
}
