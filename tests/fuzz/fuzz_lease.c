/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/fuzz.h"

#include "appliance/box/network/lease.h"

/* Words of a lease, "NAME=VALUE" a line, the first line whether they are of DHCPv6; or a line that
 * was kept. */
enum { WORDS = 32 };
static char *word[WORDS];
static size_t words;

static const char *get(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < words; i++) {
		if (strncmp(word[i], name, length) == 0 && word[i][length] == '=')
			return word[i] + length + 1;
	}
	return NULL;
}

/* What is printed reads as the same. */
static void kept(const struct lease *lease)
{
	static struct lease again;
	struct text out = TEXT_EMPTY, twice = TEXT_EMPTY;

	lease_print(lease, &out);
	require(!text_failed(&out) && strchr(out.data, '\n') == out.data + out.length - 1);
	out.data[out.length - 1] = '\0';
	require(lease_read(&again, out.data) == 0);
	lease_print(&again, &twice);
	out.data[out.length - 1] = '\n';
	require(strcmp(out.data, twice.data) == 0);
	text_release(&out);
	text_release(&twice);
}

static void bound(const struct network *network, bool v6)
{
	static struct lease lease, old;
	struct wiring_facts facts = { .memory_kb = 0 };
	static struct diag diag;
	struct wiring wiring;

	diag_init(&diag);
	if (lease_parse(&lease, network, "bound", v6, get, &diag) < 0) {
		require(diag.count > 0);
		return;
	}
	require(lease.routes <= LEASE_ROUTES && lease.dns_count <= WIRING_DNS);
	require(lease.preferred <= lease.valid);
	kept(&lease);
	wiring_init(&wiring);
	lease_wiring(&wiring, network, &lease, &old);
	require(!wiring.failed);
	wiring_release(&wiring);
	lease_follow(&lease, &old, 1000 + old.since);
	lease_announce(&lease, lease.since + 500, &facts);
	require(facts.preferred <= facts.valid && facts.valid <= WIRING_VALID_MOST && facts.again);
	old = lease;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct network network;
	static struct lease lease;
	static struct diag diag;
	char *text = malloc(size + 1), *rest = text, *line;
	const bool v6 = size && data[0] == '6';

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	diag_init(&diag);
	require(network_parse(&network, "fuzz", "", 0, &diag) == 0);
	lease = (struct lease){ .v6 = true };
	lease_read_prefixes(&lease, text, 1000, 1000000);
	for (words = 0; words < WORDS && (line = strsep(&rest, "\n"));) {
		if (lease_read(&lease, line) == 0)
			kept(&lease);
		word[words++] = line;
	}
	bound(&network, v6);
	free(text);
	return 0;
}
