/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/evidence/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/journal/fallback.h"

const char *verdict_print(enum verdict_kind kind)
{
	static const char *const words[VERDICT_KINDS] = {
		[VERDICT_UNCLEAR] = "unclear",
		[VERDICT_VISIT] = "visited a web site",
		[VERDICT_TOOL] = "tool that handles names",
		[VERDICT_MANAGEMENT] = "relay or management",
		[VERDICT_ENGINE] = "embedded engine",
		[VERDICT_PRODUCT] = "product",
	};

	return kind < VERDICT_KINDS ? words[kind] : "unknown";
}

static bool is_software(enum sign_class class)
{
	return class == SIGN_PRODUCT || class == SIGN_ENGINE || class == SIGN_LICENSEE ||
	       class == SIGN_SHARED || class == SIGN_MANAGEMENT;
}

bool verdict_is_software(const struct weights *weights, const char *rule)
{
	const int sign = weights_lookup(weights, rule);

	return sign >= 0 && is_software(weights->sign[sign].class);
}

/* ---- evidence ---- */

static bool left_out(const struct verdict_facts *facts, const struct tally *tally)
{
	return facts->forwarder && tally->channel != CHANNEL_PACKET &&
	       strcmp(tally->rule, VERDICT_FALLBACK) != 0;
}

static struct verdict_evidence *find(struct host_verdict *verdict, int sign)
{
	struct verdict_evidence *evidence;

	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->evidence[i].sign == sign)
			return &verdict->evidence[i];
	}
	evidence = &verdict->evidence[verdict->count++];
	*evidence = (struct verdict_evidence){ .sign = sign };
	return evidence;
}

/* most: the events of the rule that stands for the sign, so far. */
static void add(struct verdict_evidence *evidence, const struct tally *tally, uint64_t *most)
{
	if (!evidence->rule || tally->first_ms < evidence->first_ms)
		evidence->first_ms = tally->first_ms;
	if (!evidence->rule || tally->last_ms > evidence->last_ms)
		evidence->last_ms = tally->last_ms;
	if (!evidence->rule || tally->count > *most) {
		evidence->rule = tally->rule;
		*most = tally->count;
	}
	if (tally->days > evidence->days)
		evidence->days = tally->days;
	if (__builtin_add_overflow(evidence->count, tally->count, &evidence->count))
		evidence->count = UINT64_MAX;
}

/*
 * Names of the vendor asked at two or more of the fallback resolvers. Pages and links do not count:
 * a person may have set two of them by hand.
 */
static void add_unordered(struct host_verdict *verdict, const struct weights *weights,
			  const struct verdict_facts *facts)
{
	unsigned int places = 0;
	uint64_t most = 0;

	for (size_t i = 0; i < facts->tallies; i++) {
		const struct tally *tally = &facts->tally[i];

		if (tally->has_resolver && !left_out(facts, tally) &&
		    verdict_is_software(weights, tally->rule) &&
		    fallback_place(&tally->resolver) >= 0)
			places |= 1u << fallback_place(&tally->resolver);
	}
	if (__builtin_popcount(places) < 2)
		return;
	for (size_t i = 0; i < facts->tallies; i++) {
		const struct tally *tally = &facts->tally[i];

		if (tally->has_resolver && !left_out(facts, tally) &&
		    verdict_is_software(weights, tally->rule) &&
		    fallback_place(&tally->resolver) >= 0)
			add(find(verdict, VERDICT_UNORDERED), tally, &most);
	}
}

static int heavier(const void *a, const void *b)
{
	const struct verdict_evidence *one = a, *two = b;

	if (one->points != two->points)
		return one->points < two->points ? 1 : -1;
	return one->sign - two->sign;
}

static void weigh(struct host_verdict *verdict, const struct weights *weights)
{
	bool licensee = false;

	for (size_t i = 0; i < verdict->count; i++) {
		const int sign = verdict->evidence[i].sign;

		licensee |= sign >= 0 && weights->sign[sign].class == SIGN_LICENSEE;
	}
	for (size_t i = 0; i < verdict->count; i++) {
		struct verdict_evidence *evidence = &verdict->evidence[i];
		const struct weighed_sign *sign = evidence->sign < 0 ? NULL :
						  &weights->sign[evidence->sign];

		evidence->class = sign ? sign->class : SIGN_PRODUCT;
		if (evidence->class == SIGN_SHARED)
			evidence->class = licensee ? SIGN_ENGINE : SIGN_PRODUCT;
		evidence->points = sign ? sign->once :
				   weights->threshold[THRESHOLD_FALLBACK_UNORDERED];
		if (sign && evidence->days >= weights->threshold[THRESHOLD_LASTING_DAYS])
			evidence->points += sign->lasting;
	}
	qsort(verdict->evidence, verdict->count, sizeof(verdict->evidence[0]), heavier);
}

static void collect(struct host_verdict *verdict, const struct weights *weights,
		    const struct verdict_facts *facts)
{
	uint64_t most[WEIGHTS_SIGNS] = { 0 };

	for (size_t i = 0; i < facts->tallies; i++) {
		const struct tally *tally = &facts->tally[i];
		const int sign = weights_lookup(weights, tally->rule);

		if (left_out(facts, tally)) {
			verdict->relayed = true;
			continue;
		}
		if (sign >= 0 && weights->sign[sign].class != SIGN_NONE)
			add(find(verdict, sign), tally, &most[sign]);
	}
	add_unordered(verdict, weights, facts);
	weigh(verdict, weights);
}

/* ---- judgement ---- */

/* The sum over a class; *best: the most that one sign of it has. */
static uint32_t sum(const struct host_verdict *verdict, enum sign_class class, uint32_t *best)
{
	uint32_t points = 0;

	*best = 0;
	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->evidence[i].class != class)
			continue;
		points += verdict->evidence[i].points;
		if (verdict->evidence[i].points > *best)
			*best = verdict->evidence[i].points;
	}
	return points;
}

static enum confidence confidence_of(const struct weights *weights, uint32_t points)
{
	return points >= weights->threshold[THRESHOLD_HIGH] ? CONFIDENCE_HIGH :
	       points >= weights->threshold[THRESHOLD_MEDIUM] ? CONFIDENCE_MEDIUM : CONFIDENCE_LOW;
}

static void decide(struct host_verdict *verdict, const struct weights *weights)
{
	const uint32_t *threshold = weights->threshold;
	uint32_t best_product, best_engine, best_licensee, best_management, best_visit;
	const uint32_t product = sum(verdict, SIGN_PRODUCT, &best_product);
	const uint32_t engine = sum(verdict, SIGN_ENGINE, &best_engine) +
				sum(verdict, SIGN_LICENSEE, &best_licensee);
	const uint32_t management = sum(verdict, SIGN_MANAGEMENT, &best_management);
	const uint32_t visit = sum(verdict, SIGN_VISIT, &best_visit);

	verdict->manages = management > 0;
	verdict->kind = VERDICT_UNCLEAR;
	verdict->confidence = CONFIDENCE_LOW;
	if (best_management >= threshold[THRESHOLD_MANAGEMENT_CERTAIN]) {
		verdict->kind = VERDICT_MANAGEMENT;
		verdict->confidence = CONFIDENCE_HIGH;
	} else if (product >= threshold[THRESHOLD_PRODUCT]) {
		verdict->kind = VERDICT_PRODUCT;
		verdict->confidence = best_product >= threshold[THRESHOLD_CERTAIN_SIGN] ?
				      CONFIDENCE_HIGH : confidence_of(weights, product);
	} else if (engine >= threshold[THRESHOLD_ENGINE]) {
		verdict->kind = VERDICT_ENGINE;
		verdict->confidence = confidence_of(weights, engine);
	} else if (management >= threshold[THRESHOLD_MANAGEMENT]) {
		verdict->kind = VERDICT_MANAGEMENT;
		verdict->confidence = confidence_of(weights, management);
	} else if (visit >= threshold[THRESHOLD_VISIT]) {
		/* Software may have asked as well, too little to tell. */
		verdict->kind = VERDICT_VISIT;
		verdict->confidence = product + engine + management ? CONFIDENCE_LOW :
				      CONFIDENCE_MEDIUM;
	}
}

static bool counts_for(enum verdict_kind kind, enum sign_class class)
{
	switch (kind) {
	case VERDICT_PRODUCT:
		return class == SIGN_PRODUCT;
	case VERDICT_ENGINE:
		return class == SIGN_ENGINE || class == SIGN_LICENSEE;
	case VERDICT_MANAGEMENT:
		return class == SIGN_MANAGEMENT;
	case VERDICT_VISIT:
		return class == SIGN_VISIT;
	default:
		return false;
	}
}

static bool is_general(const char *family)
{
	return strcmp(family, "kes-or-home") == 0;
}

/* The family of the heaviest sign that names one; the general one only if there is no other. */
static void name_family(struct host_verdict *verdict, const struct weights *weights)
{
	const char *best = "";

	for (size_t i = 0; i < verdict->count; i++) {
		const struct verdict_evidence *evidence = &verdict->evidence[i];
		const char *family = evidence->sign < 0 ? "" : weights->sign[evidence->sign].family;

		if (*family && counts_for(verdict->kind, evidence->class) &&
		    (!*best || (is_general(best) && !is_general(family))))
			best = family;
	}
	strcpy(verdict->family, best);
}

/* The category is between the colons of a rule's id. */
static int category_of(const char *rule, enum category *category)
{
	const char *colon = strchr(rule, ':'), *end = colon ? strchr(colon + 1, ':') : NULL;

	return end ? category_parse(category, colon + 1, (size_t)(end - colon - 1)) : -1;
}

/*
 * Many categories, and each name hardly more often than once a day: names that messages and logs
 * bring, not a program's own. The fallback sequence, packets to servers and the activation of a
 * licence, whose names people do not send each other, speak against it.
 */
static bool looks_like_tool(const struct weights *weights, const struct verdict_facts *facts)
{
	unsigned int categories = 0;
	uint64_t days = 0, count = 0;

	for (size_t i = 0; i < facts->tallies; i++) {
		const struct tally *tally = &facts->tally[i];
		enum category category;

		if (strcmp(tally->rule, VERDICT_FALLBACK) == 0)
			return false;
		if (left_out(facts, tally) || category_of(tally->rule, &category) < 0 ||
		    category == CATEGORY_BYPASS || category == CATEGORY_EXEMPT)
			continue;
		if (tally->channel == CHANNEL_PACKET || category == CATEGORY_ACTIVATION)
			return false;
		categories |= 1u << category;
		days += tally->days;
		if (__builtin_add_overflow(count, tally->count, &count))
			return false;
	}
	return (uint32_t)__builtin_popcount(categories) >=
	       weights->threshold[THRESHOLD_TOOL_CATEGORIES] &&
	       count <= days * weights->threshold[THRESHOLD_TOOL_REPEAT];
}

void verdict_judge(struct host_verdict *verdict, const struct weights *weights,
		   const struct verdict_facts *facts)
{
	*verdict = (struct host_verdict){ .count = 0 };
	collect(verdict, weights, facts);
	decide(verdict, weights);
	verdict->suggests_tool = !facts->tool && looks_like_tool(weights, facts);
	if (verdict->suggests_tool && verdict->kind != VERDICT_VISIT) {
		verdict->kind = VERDICT_UNCLEAR;
		verdict->confidence = CONFIDENCE_LOW;
	}
	if (verdict->relayed && verdict->kind != VERDICT_PRODUCT &&
	    verdict->kind != VERDICT_ENGINE) {
		verdict->kind = VERDICT_MANAGEMENT;
		verdict->confidence = CONFIDENCE_HIGH;
	}
	name_family(verdict, weights);
	verdict->without = verdict->kind;
	if (facts->tool) {
		verdict->kind = VERDICT_TOOL;
		verdict->confidence = CONFIDENCE_HIGH;
	}
}

/* ---- words ---- */

static void put_evidence(const struct verdict_evidence *evidence, const struct weights *weights,
			 struct text *out)
{
	const char *reason = evidence->sign < 0 ?
			     "names of software asked at two or more of the fallback resolvers" :
			     weights->sign[evidence->sign].reason;

	text_printf(out, "%s (%" PRIu64 " event%s", reason, evidence->count,
		    evidence->count == 1 ? "" : "s");
	if (evidence->days > 1)
		text_printf(out, " on %" PRIu32 " days or more", evidence->days);
	text_puts(out, ")");
}

/* The heaviest that counts for the verdict; for an unclear one the heaviest at all. */
static void put_reasons(const struct host_verdict *verdict, const struct weights *weights,
			enum verdict_kind kind, struct text *out)
{
	size_t said = 0, other = 0;

	for (size_t i = 0; i < verdict->count; i++) {
		const struct verdict_evidence *evidence = &verdict->evidence[i];

		if (kind != VERDICT_UNCLEAR && !counts_for(kind, evidence->class)) {
			other++;
			continue;
		}
		if (said == 2) {
			other++;
			continue;
		}
		text_puts(out, said++ ? "; " : "");
		put_evidence(evidence, weights, out);
	}
	if (said == 0)
		text_puts(out, other ? "nothing that counts for it" : "no trace that counts");
	if (other)
		text_printf(out, "; %zu other sign%s", other, other == 1 ? "" : "s");
}

void verdict_explain(const struct host_verdict *verdict, const struct weights *weights,
		     struct text *out)
{
	const char *word = verdict_print(verdict->kind);

	text_printf(out, "%c%s", word[0] - 'a' + 'A', word + 1);
	if (verdict->kind == VERDICT_TOOL) {
		text_printf(out, ", by an administrator's word or the table: its traces do not "
			    "count (they would show: %s).", verdict_print(verdict->without));
		return;
	}
	if (*verdict->family)
		text_printf(out, " (%s)", verdict->family);
	text_printf(out, ", %s confidence: ", confidence_print(verdict->confidence));
	if (verdict->suggests_tool && verdict->kind == VERDICT_UNCLEAR) {
		text_puts(out, "many categories, each name about once a day, as a mail gateway or "
			  "scanner asks; name it a tool if it is one.");
		return;
	}
	if (verdict->relayed && verdict->kind == VERDICT_MANAGEMENT) {
		text_puts(out, "it asks for other hosts, which its queries do not tell apart.");
		return;
	}
	put_reasons(verdict, weights, verdict->kind, out);
	if (verdict->manages && verdict->kind != VERDICT_MANAGEMENT)
		text_puts(out, "; it has management ports too, so it may stand for many machines");
	text_puts(out, ".");
}
