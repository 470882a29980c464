/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/findings.h"

#include <stdio.h>

#include "appliance/command/command.h"

const char *finding_result_print(enum finding_result result)
{
	static const char *const words[] = { [FINDING_OK] = "ok", [FINDING_WARNING] = "warning",
					     [FINDING_FAILED] = "failed",
					     [FINDING_SKIPPED] = "skipped" };

	return words[result];
}

void findings_init(struct findings *findings)
{
	findings->leaks = false;
	findings->kept = findings->count = findings->failed = 0;
}

static void set_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
	text_mask(to);
}

void findings_note(struct findings *findings, enum finding_result result, const char *what,
		   const char *expected, const char *found)
{
	struct finding *finding = &findings->finding[findings->kept];

	findings->count++;
	findings->failed += result == FINDING_FAILED;
	if (findings->kept == FINDINGS_KEEP)
		return;
	*finding = (struct finding){ .result = result };
	set_text(finding->what, sizeof(finding->what), what);
	set_text(finding->expected, sizeof(finding->expected), expected);
	set_text(finding->found, sizeof(finding->found), found);
	findings->kept++;
}

void findings_judge(struct findings *findings, bool good, const char *what, const char *expected,
		    const char *found)
{
	findings_note(findings, good ? FINDING_OK : FINDING_FAILED, what, expected, found);
}

void findings_drop(struct findings *findings, const struct trace_drop *drop)
{
	/* With more findings than are kept, the last one is not among them. */
	if (findings->kept > 0 && findings->kept == findings->count)
		findings->finding[findings->kept - 1].drop = *drop;
}

int findings_code(const struct findings *findings)
{
	if (findings->leaks)
		return SELFTEST_LEAKS;
	return findings->failed ? EXIT_NO : EXIT_YES;
}

void findings_print(const struct findings *findings, struct text *out)
{
	char drop[TRACE_TEXT];

	for (size_t i = 0; i < findings->kept; i++) {
		const struct finding *finding = &findings->finding[i];
		const bool failed = finding->result == FINDING_FAILED;

		text_printf(out, "%-8s %s: %s", finding_result_print(finding->result),
			    finding->what, finding->found);
		if (finding->drop.table[0])
			text_printf(out, " (dropped by table %s)",
				    trace_print(&finding->drop, drop));
		text_printf(out, "%s%s\n", failed ? ", expected: " : "",
			    failed ? finding->expected : "");
	}
	if (findings->failed)
		text_printf(out, "%zu of %zu checks FAILED: do not trust this gateway; "
			    "see cordon status\n", findings->failed, findings->count);
	else
		text_printf(out, "%zu checks passed%s\n", findings->count,
			    findings->enforce ? "" : "; the mode blocks nothing now");
}

/* {"table": "inet firewalld", "chain": ...}, or null. */
static json_t *drop_json(const struct trace_drop *drop)
{
	char table[TRACE_NAME + 8];

	if (!drop->table[0])
		return json_null();
	snprintf(table, sizeof(table), "%s %s", trace_family_print(drop->family), drop->table);
	return json_pack("{s:s, s:s, s:b}", "table", table, "chain", drop->chain, "policy",
			 drop->policy);
}

json_t *findings_json(const struct findings *findings)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < findings->kept; i++) {
		const struct finding *finding = &findings->finding[i];

		(void)json_array_append_new(checks,
			json_pack("{s:s, s:s, s:s, s:s, s:o}", "check", finding->what, "result",
				  finding_result_print(finding->result), "expected",
				  finding->expected, "found", finding->found, "dropped_by",
				  drop_json(&finding->drop)));
	}
	return json_pack("{s:b, s:b, s:b, s:o}", "passed", !findings->failed, "leaks",
			 findings->leaks, "enforce", findings->enforce, "checks", checks);
}
