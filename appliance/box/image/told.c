/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/told.h"

#include <jansson.h>
#include <string.h>

#include "appliance/base/text.h"
#include "appliance/box/base/witness.h"
#include "appliance/journal/notice.h"

enum { LINE = 400 };

static json_t *signers_json(const struct image_packed *packed)
{
	json_t *list = packed ? json_array() : json_null();

	for (size_t i = 0; packed && i < packed->signers; i++)
		(void)json_array_append_new(list, json_string(packed->signer[i]));
	return list;
}

void image_tell(const char *what, const char *name, const char *before,
		const struct image_packed *packed, const char *reason)
{
	char line[LINE];

	if (reason)
		text_fit(line, sizeof(line), reason, strcspn(reason, "\n"));
	box_notice(NOTICE_IMAGE,
		   json_pack("{s:s, s:s?, s:s?, s:o, s:s?}", "what", what, "name", name, "before",
			     before, "signers", signers_json(packed), "reason",
			     reason ? line : NULL));
}
