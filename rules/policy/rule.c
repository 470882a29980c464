/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/policy/rule.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const char *const category_words[CATEGORY_COUNT] = {
	"update", "activation", "telemetry", "distribution", "infrastructure", "portal",
	"removal", "web", "mail", "relay", "bypass", "exempt",
};
static const char *const action_words[ACTION_COUNT] = { "none", "allow", "monitor", "block" };
static const char *const confidence_words[CONFIDENCE_COUNT] = { "low", "medium", "high" };

const char *category_print(enum category category)
{
	return category_words[category];
}

const char *action_print(enum action action)
{
	return action_words[action];
}

const char *confidence_print(enum confidence confidence)
{
	return confidence_words[confidence];
}

/* The index of a word, or -EINVAL. */
static int find(const char *const words[], int count, const char *text, size_t length)
{
	for (int i = 0; i < count; i++) {
		if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
			return i;
	}
	return -EINVAL;
}

int category_parse(enum category *category, const char *text, size_t length)
{
	int index = find(category_words, CATEGORY_COUNT, text, length);

	if (index < 0)
		return index;
	*category = (enum category)index;
	return 0;
}

int action_parse(enum action *action, const char *text, size_t length)
{
	int index = find(action_words, ACTION_COUNT, text, length);

	if (index <= 0)
		return -EINVAL;
	*action = (enum action)index;
	return 0;
}

int confidence_parse(enum confidence *confidence, const char *text, size_t length)
{
	int index = find(confidence_words, CONFIDENCE_COUNT, text, length);

	if (index < 0)
		return index;
	*confidence = (enum confidence)index;
	return 0;
}

static int port_parse(uint16_t *port, const char *text, size_t length)
{
	unsigned int value = 0;

	if (length == 0 || length > 5 || text[0] == '0')
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	*port = (uint16_t)value;
	return value <= 65535 ? 0 : -EINVAL;
}

int ports_parse(struct ports *ports, const char *text, size_t length)
{
	const char *dash;

	if (length < 5 || (memcmp(text, "tcp/", 4) != 0 && memcmp(text, "udp/", 4) != 0))
		return -EINVAL;
	ports->protocol = text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
	text += 4;
	length -= 4;
	dash = memchr(text, '-', length);
	if (!dash) {
		int error = port_parse(&ports->first, text, length);

		ports->last = ports->first;
		return error;
	}
	if (port_parse(&ports->first, text, (size_t)(dash - text)) < 0 ||
	    port_parse(&ports->last, dash + 1, length - (size_t)(dash - text) - 1) < 0 ||
	    ports->first >= ports->last)
		return -EINVAL;
	return 0;
}

enum action category_default_action(enum category category)
{
	switch (category) {
	case CATEGORY_REMOVAL:
	case CATEGORY_WEB:
	case CATEGORY_MAIL:
	case CATEGORY_RELAY:
		return ACTION_MONITOR;
	case CATEGORY_EXEMPT:
		return ACTION_ALLOW;
	default:
		return ACTION_BLOCK;
	}
}
