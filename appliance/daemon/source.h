/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where rules come from. At a start each source that fails is followed by the next. */
enum rules_source {
	SOURCE_BUNDLE,
	SOURCE_FOLDER,
	SOURCE_LAST_LISTS,
	SOURCE_LAST_POLICY,
	SOURCE_NONE
};

/* "signed release" */
const char *source_print(enum rules_source source);
