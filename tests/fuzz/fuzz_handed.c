/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "appliance/box/network/login.h"
#include "appliance/ipc/message.h"
#include "appliance/ipc/spool.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/record.h"
#include "tests/fuzz/fuzz.h"

/* What is taken of a file of the spool becomes a record that prints. */
static void as_spool(const uint8_t *data, size_t size)
{
	const struct record_context context = { .appliance = "gw", .boot_id = "3f2a91c4-0" };
	struct log_entry entry = { .type = ENTRY_NOTICE, .sequence = 1 };
	struct handed handed;
	json_t *members;
	char *body, *line;

	if (spool_decode(&handed, data, size) < 0 || notice_check(handed.members, &members) < 0)
		return;
	require(notice_members(members, &body) == 0);
	entry.notice = (struct entry_notice){ .kind = handed.kind, .actor = handed.actor,
					      .body = body };
	require(record_print(&entry, &context, &line) == 0);
	for (const char *at = line; *at; at++)
		require((unsigned char)*at >= ' ' && (unsigned char)*at < 0x7f);
	free(line);
	free(body);
}

static void as_message(const uint8_t *data, size_t size)
{
	static struct message message;
	struct message_notice notice;

	if (size > sizeof(message.body))
		return;
	memcpy(message.body, data, size);
	message.size = size;
	if (message_read_notice(&message, &notice) == 0)
		require(strlen(notice.kind) + strlen(notice.actor) + strlen(notice.members) <
			size);
}

/* Texts: a line of the ssh server, an actor, members. */
static void as_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), again[ACTOR_TEXT];
	struct text words = TEXT_EMPTY;
	struct login login;
	struct actor actor;
	json_t *members;

	require(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (login_parse(text, &login))
		require(login.pid > 0);
	if (actor_parse(&actor, text) == 0)
		require(strcmp(actor_print(&actor, again), text) == 0);
	actor_describe(text, &words);
	require(!words.data || text_is_plain(words.data, words.length, ""));
	text_release(&words);
	if (notice_check(text, &members) == 0)
		json_decref(members);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_spool(data, size);
	as_message(data, size);
	as_text(data, size);
	return 0;
}
