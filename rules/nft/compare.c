/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/nft/objects.h"

#include <errno.h>
#include <inttypes.h>
#include <libnftnl/expr.h>
/* Before the kernel's headers, which then leave out what it defines. */
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/nft/delta.h"

enum { SPOILT = UINT32_MAX };	/* type of a spoilt set's objects: no real set has it */

struct printing {
	struct text *out;
	const char *chain;	/* whose rules are being numbered */
	unsigned int rule;
	bool elements;		/* of sets that are not live */
	const char *set;
	bool live;
};

static int expression_words(struct nftnl_expr *expr, void *data)
{
	struct printing *p = data;
	char buffer[512] = "";
	int length = nftnl_expr_snprintf(buffer, sizeof(buffer), expr, NFTNL_OUTPUT_DEFAULT, 0);

	text_printf(p->out, " [%s %s]", nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), buffer);
	/* None of our objects is this long, so it is a foreign one. */
	if (length < 0 || (size_t)length >= sizeof(buffer))
		text_puts(p->out, " [more]");
	return 0;
}

/* ---- chains ---- */

static bool is_base(const struct nftnl_chain *chain)
{
	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM);
}

/* The hook and devices of a base chain. New kernels report themselves that it is a base chain. */
static void chain_words(const struct nftnl_chain *chain, struct text *out)
{
	const char *const *device;

	text_printf(out, " flags %u", nftnl_chain_get_u32(chain, NFTNL_CHAIN_FLAGS) &
		    ~(uint32_t)NFT_CHAIN_BASE);
	if (!is_base(chain))
		return;
	text_printf(out, " %s hook %u priority %d policy %u",
		    nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE),
		    nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM),
		    nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO),
		    nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY));
	if (nftnl_chain_is_set(chain, NFTNL_CHAIN_DEV))
		text_printf(out, " device %s", nftnl_chain_get_str(chain, NFTNL_CHAIN_DEV));
	device = nftnl_chain_is_set(chain, NFTNL_CHAIN_DEVICES)
			 ? nftnl_chain_get_array(chain, NFTNL_CHAIN_DEVICES) : NULL;
	for (; device && *device; device++)
		text_printf(out, " device %s", *device);
}

bool objects_same_chain(const struct nftnl_chain *a, const struct nftnl_chain *b)
{
	struct text x = TEXT_EMPTY, y = TEXT_EMPTY;
	bool same;

	chain_words(a, &x);
	chain_words(b, &y);
	same = !text_failed(&x) && !text_failed(&y) && strcmp(x.data, y.data) == 0;
	text_release(&x);
	text_release(&y);
	return same;
}

static int chain_line(struct nftnl_chain *chain, void *data)
{
	struct printing *p = data;

	text_printf(p->out, "chain %s", nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	chain_words(chain, p->out);
	text_puts(p->out, "\n");
	return 0;
}

static int rule_line(struct nftnl_rule *rule, void *data)
{
	struct printing *p = data;
	const char *chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);

	if (!p->chain || strcmp(p->chain, chain) != 0)
		p->rule = 0;
	p->chain = chain;
	text_printf(p->out, "rule %s %06u", chain, p->rule++);
	if (nftnl_expr_foreach(rule, expression_words, p) < 0)
		return -1;
	text_puts(p->out, "\n");
	return 0;
}

/* ---- sets ---- */

bool objects_live_set(const struct nftnl_set *set)
{
	return nftnl_set_get_u32(set, NFTNL_SET_FLAGS) & NFT_SET_TIMEOUT;
}

bool objects_element_ends(struct nftnl_set_elem *element)
{
	return nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION) &&
	       nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION) <=
		       (uint64_t)OBJECTS_LONGEST * 1000;
}

void objects_spoil_set(struct nftnl_set *set)
{
	nftnl_set_set_u32(set, NFTNL_SET_OBJ_TYPE, SPOILT);
}

/* The length of a verdict is fixed; the kernel reports it, and our objects leave it out. */
static uint32_t data_length(const struct nftnl_set *set)
{
	return nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT
		       ? 0 : nftnl_set_get_u32(set, NFTNL_SET_DATA_LEN);
}

static int set_words(struct nftnl_set *set, struct text *out)
{
	struct printing p = { .out = out };

	text_printf(out, " type %u size %u flags %u data %u %u objects %u most %u policy %u "
		    "timeout %" PRIu64 " gc %u",
		    nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE),
		    nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN),
		    nftnl_set_get_u32(set, NFTNL_SET_FLAGS),
		    nftnl_set_get_u32(set, NFTNL_SET_DATA_TYPE), data_length(set),
		    nftnl_set_get_u32(set, NFTNL_SET_OBJ_TYPE),
		    nftnl_set_get_u32(set, NFTNL_SET_DESC_SIZE),
		    nftnl_set_get_u32(set, NFTNL_SET_POLICY),
		    nftnl_set_get_u64(set, NFTNL_SET_TIMEOUT),
		    nftnl_set_get_u32(set, NFTNL_SET_GC_INTERVAL));
	return nftnl_set_expr_foreach(set, expression_words, &p) < 0 ? -1 : 0;
}

bool objects_same_set(struct nftnl_set *a, struct nftnl_set *b)
{
	struct text x = TEXT_EMPTY, y = TEXT_EMPTY;
	bool same = set_words(a, &x) == 0 && set_words(b, &y) == 0 && !text_failed(&x) &&
		    !text_failed(&y) && strcmp(x.data, y.data) == 0;

	text_release(&x);
	text_release(&y);
	return same;
}

static void hex_words(struct nftnl_set_elem *element, uint16_t attribute, struct text *out)
{
	enum { LONGEST = 64 };	/* NFT_DATA_VALUE_MAXLEN */
	static const char digits[] = "0123456789abcdef";
	uint32_t size = 0;
	const uint8_t *bytes = nftnl_set_elem_is_set(element, attribute)
				       ? nftnl_set_elem_get(element, attribute, &size) : NULL;
	char hex[2 * LONGEST + 2] = " ";
	size_t length = 1;

	for (uint32_t i = 0; bytes && i < size && length + 2 < sizeof(hex); i++) {
		hex[length++] = digits[bytes[i] >> 4];
		hex[length++] = digits[bytes[i] & 0xf];
	}
	text_put(out, hex, length);
}

static int element_line(struct nftnl_set_elem *element, void *data)
{
	struct printing *p = data;

	if (p->live && objects_element_ends(element))
		return 0;
	text_printf(p->out, "element %s", p->set);
	hex_words(element, NFTNL_SET_ELEM_KEY, p->out);
	hex_words(element, NFTNL_SET_ELEM_KEY_END, p->out);
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS))
		text_printf(p->out, " flags %u",
			    nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS));
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_VERDICT))
		text_printf(p->out, " verdict %d",
			    (int)nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_VERDICT));
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_CHAIN))
		text_printf(p->out, " %s", nftnl_set_elem_get_str(element, NFTNL_SET_ELEM_CHAIN));
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_DATA))
		hex_words(element, NFTNL_SET_ELEM_DATA, p->out);
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_OBJREF))
		text_printf(p->out, " object %s",
			    nftnl_set_elem_get_str(element, NFTNL_SET_ELEM_OBJREF));
	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_TIMEOUT))
		text_puts(p->out, " timeout");
	if (nftnl_set_elem_expr_foreach(element, expression_words, p) < 0)
		return -1;
	text_puts(p->out, "\n");
	return 0;
}

static int set_line(struct nftnl_set *set, void *data)
{
	struct printing *p = data;

	p->set = nftnl_set_get_str(set, NFTNL_SET_NAME);
	p->live = objects_live_set(set);
	text_printf(p->out, "set %s", p->set);
	if (set_words(set, p->out) < 0)
		return -1;
	text_puts(p->out, "\n");
	return p->live || p->elements ? nftnl_set_elem_foreach(set, element_line, p) : 0;
}

static void stray_lines(const struct objects *objects, struct text *out)
{
	for (const struct objects_stray *s = objects->strays; s; s = s->next)
		text_printf(out, "stray %d %u %s\n", s->kind, s->type, s->name);
}

/* ---- all of it ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int sort_lines(struct text *lines, struct text *out)
{
	size_t count = 0, at = 0;
	char **line;

	for (size_t i = 0; i < lines->length; i++)
		count += lines->data[i] == '\n';
	if (!count)
		return 0;
	line = calloc(count, sizeof(*line));
	if (!line)
		return -ENOMEM;
	for (char *next = lines->data; at < count; next = strchr(next, '\0') + 1) {
		*strchr(next, '\n') = '\0';
		line[at++] = next;
	}
	qsort(line, count, sizeof(*line), by_text);
	for (size_t i = 0; i < count; i++)
		text_printf(out, "%s\n", line[i]);
	free(line);
	return text_failed(out) ? -ENOMEM : 0;
}

int objects_print(const struct objects *objects, bool elements, struct text *out)
{
	struct text lines = TEXT_EMPTY;
	struct printing p = { .out = &lines, .elements = elements };
	int error = -ENOMEM;

	if (nftnl_chain_list_foreach(objects->chains, chain_line, &p) < 0 ||
	    nftnl_set_list_foreach(objects->sets, set_line, &p) < 0 ||
	    nftnl_rule_list_foreach(objects->rules, rule_line, &p) < 0)
		goto cleanup;
	stray_lines(objects, &lines);
	if (text_failed(&lines))
		goto cleanup;
	error = sort_lines(&lines, out);
cleanup:
	text_release(&lines);
	return error;
}

static int compare_texts(const struct objects *a, const struct objects *b, bool *equal)
{
	struct text x = TEXT_EMPTY, y = TEXT_EMPTY;
	int error = objects_print(a, false, &x);

	if (!error)
		error = objects_print(b, false, &y);
	*equal = !error && x.length == y.length &&
		 (!x.length || memcmp(x.data, y.data, x.length) == 0);
	text_release(&x);
	text_release(&y);
	return error;
}

/* Both have the same sets. */
static int compare_elements(const struct objects *a, const struct objects *b, bool *equal)
{
	struct nftnl_set_list_iter *i = nftnl_set_list_iter_create(a->sets);
	struct nftnl_set *set;
	int error = 0;

	if (!i)
		return -ENOMEM;
	while (!error && *equal && (set = nftnl_set_list_iter_next(i))) {
		struct nftnl_set *other = nftnl_set_list_lookup_byname(
			b->sets, nftnl_set_get_str(set, NFTNL_SET_NAME));

		if (!objects_live_set(set))
			error = delta_compare(set, other, equal);
	}
	nftnl_set_list_iter_destroy(i);
	return error;
}

int objects_compare(const struct objects *a, const struct objects *b, enum difference *difference)
{
	bool equal;
	int error = compare_texts(a, b, &equal);

	*difference = DIFFERENCE_ANY;
	if (error || !equal)
		return error;
	error = compare_elements(a, b, &equal);
	*difference = equal ? DIFFERENCE_NONE : DIFFERENCE_ELEMENTS;
	return error;
}
