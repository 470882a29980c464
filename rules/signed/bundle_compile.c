/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "rules/signed/release.h"

int bundle_compile(const struct bundle *bundle, const struct settings *settings,
		   const struct policy_options *options, void **block, size_t *size,
		   struct diag *diag)
{
	const struct release *release = &bundle->release;
	struct policy_options limited = *options;
	struct list_text text[RELEASE_LISTS];

	for (size_t i = 0; i < release->lists; i++) {
		snprintf(text[i].name, sizeof(text[i].name), "%s.rules", release->list[i].name);
		text[i].text = bundle->list[i];
		text[i].length = bundle->size[i];
	}
	if (release->max_share && release->max_share < limited.max_v4_share)
		limited.max_v4_share = release->max_share;
	return lists_compile_texts(text, release->lists, settings, &limited, block, size, diag);
}
