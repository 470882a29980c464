/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/publisher/change.h"

#include <inttypes.h>
#include <string.h>

#include "appliance/base/text.h"
#include "rules/publisher/document.h"
#include "rules/publisher/keyring.h"
#include "rules/publisher/plan.h"

static const struct metadata_role *find_role(const struct metadata *metadata, const char *name)
{
	for (size_t i = 0; metadata && i < metadata->roles; i++) {
		if (strcmp(metadata->role[i].name, name) == 0)
			return &metadata->role[i];
	}
	return NULL;
}

static const struct key *key_at(const struct metadata *metadata, const struct metadata_role *role,
				size_t index)
{
	const struct metadata_key *key = metadata_key_lookup(metadata->key, metadata->keys,
							     role->keyid[index]);

	return key && key->usable ? &key->key : NULL;
}

/* A key that this program cannot use is compared by its id only. */
static bool has_key(const struct metadata *metadata, const struct metadata_role *role,
		    const struct key *key, const char *id)
{
	for (size_t i = 0; role && i < role->keyids; i++) {
		const struct key *other = key_at(metadata, role, i);

		if (key && other ? key_equal(key, other) : strcmp(role->keyid[i], id) == 0)
			return true;
	}
	return false;
}

/* The same key under another person's name. */
static size_t put_names(struct text *out, const struct metadata *old,
			const struct metadata_role *before, const struct metadata *new,
			const struct metadata_role *role)
{
	size_t count = 0;

	for (size_t i = 0; before && i < before->keyids; i++) {
		const struct key *key = key_at(old, before, i);

		for (size_t j = 0; key && j < role->keyids; j++) {
			const struct key *other = key_at(new, role, j);
			char was[KEYRING_NAME], is[KEYRING_NAME];

			keyring_owner(old, before->keyid[i], was);
			keyring_owner(new, role->keyid[j], is);
			if (!other || !key_equal(key, other) || strcmp(was, is) == 0)
				continue;
			text_printf(out, "  ~ key of %s is now called %s (%.16s)\n", was, is,
				    role->keyid[j]);
			count++;
		}
	}
	return count;
}

/* Keys of one that the other does not have. */
static size_t put_keys(struct text *out, const char *sign, const struct metadata *one,
		       const struct metadata_role *role, const struct metadata *other,
		       const struct metadata_role *other_role)
{
	size_t count = 0;

	for (size_t i = 0; role && i < role->keyids; i++) {
		const struct key *key = key_at(one, role, i);
		char name[KEYRING_NAME];

		if (has_key(other, other_role, key, role->keyid[i]))
			continue;
		keyring_owner(one, role->keyid[i], name);
		text_printf(out, "  %s key of %s (%.16s, %s)\n", sign, name, role->keyid[i],
			    key ? key_scheme_print(key->type) : "not usable here");
		count++;
	}
	return count;
}

static bool has_pattern(const struct metadata_role *role, const char *pattern)
{
	for (size_t i = 0; role && i < role->patterns; i++) {
		if (strcmp(role->pattern[i], pattern) == 0)
			return true;
	}
	return false;
}

static size_t put_patterns(struct text *out, const char *sign, const struct metadata_role *role,
			   const struct metadata_role *other)
{
	size_t count = 0;

	for (size_t i = 0; role && i < role->patterns; i++) {
		if (other && other->by_hash == role->by_hash &&
		    has_pattern(other, role->pattern[i]))
			continue;
		text_printf(out, "  %s %s ", sign, role->by_hash ? "hash prefix" : "targets");
		text_put_name(out, role->pattern[i]);
		text_puts(out, "\n");
		count++;
	}
	return count;
}

static size_t put_limits(struct text *out, const struct metadata_role *old,
			 const struct metadata_role *new)
{
	size_t count = 0;

	if (!old) {
		text_printf(out, "  threshold %" PRId64 " of %zu\n", new->threshold, new->keyids);
		return 1;
	}
	if (old->threshold != new->threshold) {
		text_printf(out, "  threshold %" PRId64 " becomes %" PRId64 "\n", old->threshold,
			    new->threshold);
		count++;
	}
	if (old->terminating != new->terminating) {
		text_printf(out, "  %s\n", new->terminating ? "becomes terminating" :
			    "no longer terminating: later roles may speak for its targets");
		count++;
	}
	return count;
}

static void put_role(struct text *out, const struct metadata *old, const struct metadata *new,
		     const struct metadata_role *role)
{
	const struct metadata_role *before = find_role(old, role->name);
	struct text lines = TEXT_EMPTY;
	size_t count = put_limits(&lines, before, role);

	count += put_keys(&lines, "+", new, role, old, before);
	count += put_keys(&lines, "-", old, before, new, role);
	count += put_names(&lines, old, before, new, role);
	count += put_patterns(&lines, "+", role, before);
	count += put_patterns(&lines, "-", before, role);
	if (count) {
		text_puts(out, before ? "role " : "new role ");
		text_put_name(out, role->name);
		text_puts(out, "\n");
		text_put(out, lines.data, lines.length);
	}
	text_release(&lines);
}

static void put_order_of(struct text *out, const struct metadata *metadata)
{
	for (size_t i = 0; i < metadata->roles; i++) {
		text_puts(out, " ");
		text_put_name(out, metadata->role[i].name);
	}
}

/* The first delegation that lists a target wins, so their order is part of who may say what. */
static void put_order(struct text *out, const struct metadata *old, const struct metadata *new)
{
	size_t at = 0;
	bool moved = false;

	/* Those that stay must still be in their old order. */
	for (size_t i = 0; i < old->roles; i++) {
		size_t j = 0;

		if (!find_role(new, old->role[i].name))
			continue;
		while (strcmp(new->role[j].name, old->role[i].name) != 0)
			j++;
		moved |= j < at;
		at = j;
	}
	/* A new delegation before an old one also takes precedence. */
	for (size_t i = 0; i + 1 < new->roles; i++)
		moved |= !find_role(old, new->role[i].name) &&
			 find_role(old, new->role[i + 1].name);
	if (!moved)
		return;
	text_puts(out, "order of the delegations:");
	put_order_of(out, new);
	text_puts(out, "; before:");
	put_order_of(out, old);
	text_puts(out, "\n");
}

static void put_period(struct text *out, int64_t seconds)
{
	if (seconds % (24 * 3600) == 0)
		text_printf(out, "%" PRId64 " days", seconds / (24 * 3600));
	else
		text_printf(out, "%" PRId64 " s", seconds);
}

static json_t *periods(const struct metadata *root)
{
	return root ? json_object_get(document_signed(root->document), "x-cordon-periods") : NULL;
}

static void put_lasting(struct text *out, const struct metadata *old, const struct metadata *new,
			const char *role)
{
	const int64_t before = plan_period(old, role), after = plan_period(new, role);

	text_puts(out, "role ");
	text_put_name(out, role);
	text_puts(out, "\n  signatures last ");
	put_period(out, after);
	if (old && before != after) {
		text_puts(out, " from now on, no longer ");
		put_period(out, before);
	} else if (old) {
		text_puts(out, json_object_get(periods(new), role) ? ", as by default before" :
			  ", by default now");
	}
	text_puts(out, "\n");
}

/* How long signatures last from now on, if the two roots differ. */
static void put_periods(struct text *out, const struct metadata *old, const struct metadata *new)
{
	json_t *value;
	const char *role;

	json_object_foreach(periods(new), role, value) {
		const json_t *before = json_object_get(periods(old), role);

		if (old ? !before || !json_equal(before, value) :
			  plan_period(NULL, role) != json_integer_value(value))
			put_lasting(out, old, new, role);
	}
	json_object_foreach(periods(old), role, value) {
		if (!json_object_get(periods(new), role))
			put_lasting(out, old, new, role);
	}
}

void change_print(const struct metadata *old, const struct metadata *new, struct text *out)
{
	const size_t before = out->length;

	for (size_t i = 0; i < new->roles; i++)
		put_role(out, old, new, &new->role[i]);
	for (size_t i = 0; old && i < old->roles; i++) {
		if (find_role(new, old->role[i].name))
			continue;
		text_puts(out, "role ");
		text_put_name(out, old->role[i].name);
		text_puts(out, " is gone\n");
	}
	if (old && new->type == METADATA_TARGETS)
		put_order(out, old, new);
	if (new->type == METADATA_ROOT)
		put_periods(out, old, new);
	if (out->length == before)
		text_puts(out, "no key, threshold or delegation changes\n");
}
