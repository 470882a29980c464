/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/update_role.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/config.h"
#include "appliance/base/cursor.h"
#include "appliance/base/file.h"
#include "appliance/daemon/log.h"
#include "appliance/ipc/update_message.h"
#include "dns/lookup.h"
#include "rules/signed/archive.h"
#include "rules/signed/client.h"
#include "rules/signed/freshness.h"
#include "rules/signed/release.h"
#include "rules/signed/strict.h"

/*
 * The update role: asks the mirrors, follows the metadata, and offers what it found to the parent.
 * It meets the network, so nobody believes it: its folder, which is its root, holds what it needs
 * to ask for little, and an offer is verified again by a child that knows only the parent's trust.
 */
enum {
	METADATA_BUDGET = 48 << 20,
	BACKOFF_MAX = 8,	/* intervals */
	DELIVER_LIMIT = 4096,
	SOON_MS = 2000
};

static const int syscalls[] = {
	SYS_openat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_fsync,
	SYS_pread64, SYS_flock, SYS_memfd_create, SYS_getdents64, SYS_lseek, SYS_connect,
	SYS_getsockopt,
};

/* To mirrors, and to the gateway's own listener for their names. */
static const struct sandbox_socket sockets[] = {
	{ AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_DGRAM }, { AF_INET, SOCK_STREAM },
	{ AF_INET6, SOCK_STREAM },
};

/* ---- a source that keeps every new root, for a client that begins with an older one ---- */

struct recorder {
	struct source *inner;
	struct update_role *role;
	uint32_t requests;
};

static int record(struct source *source, enum source_kind kind, const char *path, size_t limit,
		  void **data, size_t *size, struct diag *diag)
{
	struct recorder *recorder = source->context;
	int error = recorder->inner->get(recorder->inner, kind, path, limit, data, size, diag);
	size_t digits = strspn(path, "0123456789");
	char name[64];

	recorder->requests++;
	if (error || kind != SOURCE_METADATA || digits == 0 || digits > 9 ||
	    strcmp(path + digits, ".root.json") != 0)
		return error;
	snprintf(name, sizeof(name), "roots/%s", path);
	error = file_replace(recorder->role->folder, name, *data, *size, 0600);
	if (error)
		diag_error(diag, name, 0, 0, "cannot be kept: %s", strerror(-error));
	return error;
}

/* ---- one poll of one source ---- */

/* Whether a time service keeps the clock, the parent knows: freshness says what it says. */
static int64_t now_or_later(const struct update_role *role, bool *behind)
{
	const struct clock_reading reading = { .wall = clock_wall(),
					       .uptime_ms = clock_uptime_ms() };

	return freshness_now(&role->freshness, &reading, behind);
}

static int64_t now(const struct update_role *role)
{
	bool behind;

	return now_or_later(role, &behind);
}

/* A newer file of any role comes with a newer timestamp, or with the root that withdrew its key. */
static bool is_new(const struct update_role *role, const struct trust *trust)
{
	return trust_get(trust, METADATA_ROOT)->version != role->offered_root ||
	       trust_get(trust, METADATA_TIMESTAMP)->version != role->offered_timestamp;
}

static void remember(struct update_role *role, const struct trust *trust)
{
	role->offered_root = trust_get(trust, METADATA_ROOT)->version;
	role->offered_timestamp = trust_get(trust, METADATA_TIMESTAMP)->version;
}

static int poll_source(struct update_role *role, struct source *inner, struct attempt *attempt,
		   struct diag *diag)
{
	struct recorder recorder = { .inner = inner, .role = role };
	struct source source = { .get = record, .context = &recorder };
	struct client_options options = client_options_default;
	struct client *client = NULL;
	int error;

	memcpy(source.name, inner->name, sizeof(source.name));
	memcpy(attempt->source, inner->name, sizeof(attempt->source));
	options.now = now(role);
	options.target_limit = RELEASE_LIST_MAX;
	options.keep_targets = true;
	error = client_new(&client, role->store, &source, &options, diag);
	if (!error)
		error = client_refresh(client, diag);
	if (!error)
		role->signed_at = trust_get(client_trust(client), METADATA_TIMESTAMP)->signed_at;
	/* Also what a newer rules role says is only known once it was looked up. */
	if (!error) {
		const struct metadata_file *target;

		error = client_lookup_from(client, RELEASE_ROLE, RELEASE_TARGET, &target, diag);
	}
	attempt->result = ATTEMPT_NOTHING_NEW;
	if (!error && (role->poll || is_new(role, client_trust(client)) ||
		       (role->again && role->again <= now(role)))) {
		error = update_offer(role, client, diag);
		attempt->result = ATTEMPT_OFFERED;
		role->again = 0;
		if (!error)
			remember(role, client_trust(client));
	}
	attempt->requests += recorder.requests;
	client_free(client);
	return error;
}

/* ---- sources ---- */

/* The gateway's own resolver: a mirror's name goes the way of every other name. */
static int resolve(void *context, const char *host, struct addr address[CONNECTION_ADDRESSES],
		   struct diag *diag)
{
	const struct update_role *role = context;

	return lookup_addresses(&role->start.settings.listen[0], host,
				connection_limits_default.connect_ms, address,
				CONNECTION_ADDRESSES, diag);
}

/* Without a clock, a certificate newer than all that was proven must not keep the proof away. */
static struct connection_options connection_options(const struct update_role *role)
{
	struct connection_options options = {
		.limits = connection_limits_default, .resolve = resolve,
		.context = (void *)(uintptr_t)role, .ca = role->ca,
		.pin = role->start.settings.mirror_pin, .pins = role->start.settings.mirror_pins,
	};

	options.now = now_or_later(role, &options.earliest);
	return options;
}

static void explain(struct attempt *attempt, const struct diag *diag, int error)
{
	struct text text = TEXT_EMPTY;
	size_t length = strlen(attempt->text);

	diag_print(diag, &text);
	snprintf(attempt->text + length, sizeof(attempt->text) - length, "%s",
		 text.data ? text.data : strerror(-error));
	text_release(&text);
}

static int check_ca(const struct update_role *role, const struct url *url, struct diag *diag)
{
	const char *file = role->start.settings.mirror_ca;

	if (!url->tls || !file[0] || role->ca)
		return 0;
	diag_error(diag, "mirror-ca", 0, 0, "%s could not be read at the start", file);
	return -ENOENT;
}

static int poll_mirror(struct update_role *role, const struct url *url, struct attempt *attempt)
{
	const struct connection_options options = connection_options(role);
	struct source *source = NULL;
	struct diag diag;
	int error;

	diag_init(&diag);
	error = check_ca(role, url, &diag);
	if (!error)
		error = source_mirror(&source, url, &options);
	if (!error)
		error = poll_source(role, source, attempt, &diag);
	if (error)
		explain(attempt, &diag, error);
	source_free(source);
	return error;
}

static int poll_folder(struct update_role *role, const char *name, struct attempt *attempt)
{
	struct source *source = NULL;
	struct diag diag;
	int error;

	diag_init(&diag);
	error = source_folder(&source, name);
	if (error)
		diag_error(&diag, name, 0, 0, "%s", strerror(-error));
	if (!error) {
		snprintf(source->name, sizeof(source->name), "a folder");
		error = poll_source(role, source, attempt, &diag);
	}
	if (error)
		explain(attempt, &diag, error);
	source_free(source);
	return error;
}

/* ---- polls ---- */

/* Up to a quarter sooner, so that a thousand appliances do not ask in the same second. */
static void plan(struct update_role *role)
{
	unsigned int times = role->failures < BACKOFF_MAX ? role->failures + 1 : BACKOFF_MAX;
	uint64_t interval = role->start.settings.poll_interval * 1000;
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof(chance), 0);
	/* The first failures may be a mirror that is just being written: no waiting for those. */
	interval *= times > 2 ? times - 2 : 1;
	role->next_ms = clock_uptime_ms() + (int64_t)(interval - chance % (interval / 4 + 1));
}

/* A mirror that holds updates back looks like one that has nothing new: with nothing new for too
 * long, or from a time that has not come, the next one is asked, too. */
static bool is_stale(const struct update_role *role)
{
	return freshness_judge(now(role), role->signed_at, INT64_MAX,
			       role->start.settings.stale_after) != FRESHNESS_FRESH;
}

static int poll_mirrors(struct update_role *role, struct attempt *attempt)
{
	const struct settings *settings = &role->start.settings;
	enum attempt_result best = ATTEMPT_FAILED;
	int error = -ENOENT;

	if (settings->mirrors == 0)
		snprintf(attempt->text, sizeof(attempt->text),
			 "cordon.conf names no [update] mirror\n");
	for (size_t i = 0; i < settings->mirrors && (error || is_stale(role)); i++) {
		error = poll_mirror(role, &settings->mirror[i], attempt);
		if (!error && (best == ATTEMPT_FAILED || attempt->result == ATTEMPT_OFFERED))
			best = attempt->result;
	}
	attempt->result = best;
	return best == ATTEMPT_FAILED ? error : 0;
}

/* number: of the poll that a client of the control socket asked for, or 0. */
static void poll_sources(struct update_role *role, const char *folder, uint32_t number)
{
	struct attempt attempt = { .result = ATTEMPT_FAILED, .poll = number };
	uint8_t body[UPDATE_BODY_MAX];
	int error = -EINVAL;

	role->poll = number;
	if (role->problem)
		snprintf(attempt.text, sizeof(attempt.text), "%s", role->problem);
	else
		error = folder ? poll_folder(role, folder, &attempt)
			       : poll_mirrors(role, &attempt);
	if (error)
		attempt.result = ATTEMPT_FAILED;
	if (!folder) {
		role->failures = error ? role->failures + 1 : 0;
		plan(role);
	}
	role_tell(MESSAGE_ATTEMPT, body, (size_t)attempt_encode(&attempt, body), -1);
}

/* ---- receipts ---- */

static void deliver(struct update_role *role, const struct message *message)
{
	struct connection_options options = connection_options(role);
	const struct settings *settings = &role->start.settings;
	struct connection *connection = NULL;
	struct http_answer answer = { .status = 0 };
	struct text body = TEXT_EMPTY;
	struct diag diag;
	uint8_t head[4];
	struct cursor cursor = cursor_writer(head, sizeof(head));
	char path[128];
	int error;

	/* The collector alone is told who asks: mirrors need not know. */
	options.own = role->own;
	diag_init(&diag);
	snprintf(path, sizeof(path), "%s.json", role->start.identity);
	error = connection_new(&connection, &settings->collector, &options);
	if (!error)
		error = connection_put(connection, path, message->body, message->size, &answer,
				       &diag);
	if (!error && answer.status / 100 != 2) {
		diag_error(
			&diag, settings->collector.host, 0, 0,
			"PUT %s: status %u, expected 200, "
			"201 or 204%s",
			path, answer.status,
			answer.status / 100 == 4 ?
				": does it know this appliance's certificate (cordon update "
				"device)?" :
				"");
		error = -EPROTO;
	}
	cursor_put32(&cursor, (uint32_t)error);
	text_put(&body, head, sizeof(head));
	diag_print(&diag, &body);
	if (!text_failed(&body))
		role_tell(MESSAGE_DELIVERED, body.data, body.length < DELIVER_LIMIT ? body.length
								 : DELIVER_LIMIT, -1);
	http_answer_release(&answer);
	connection_free(connection);
	text_release(&body);
}

/* ---- what the parent says ---- */

static void take_poll(struct update_role *role, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	uint32_t number = cursor_get32(&cursor);
	size_t length = cursor_left(&cursor);
	char name[64];

	if (cursor.failed || length >= sizeof(name))
		_exit(1);
	cursor_get(&cursor, name, length);
	name[length] = '\0';
	poll_sources(role, name[0] ? name : NULL, number);
}

static void take_outcome(struct update_role *role, const struct message *message)
{
	struct cursor cursor = cursor_reader(message->body, message->size);
	uint8_t outcome = cursor_get8(&cursor);

	role->again = (int64_t)cursor_get64(&cursor);
	if (cursor.failed || outcome >= OUTCOME_COUNT)
		_exit(1);
}

static void hear(struct update_role *role)
{
	static struct message message;

	if (message_receive(MESSAGE_CHANNEL, &message) != 1)
		_exit(0);
	if (message.type == MESSAGE_POLL)
		take_poll(role, &message);
	else if (message.type == MESSAGE_OUTCOME)
		take_outcome(role, &message);
	else if (message.type == MESSAGE_RECEIPT)
		deliver(role, &message);
	else if (message.type == MESSAGE_CLOCK)
		role_clock(&message, &role->freshness);
	else
		_exit(1);
	message_close(&message);
}

/* ---- start ---- */

/* Those who begin with an older root need the settings' one, too, and no mirror has to give it. */
static void keep_root(const struct update_role *role, const struct trust *trust, const char *root,
		      size_t size)
{
	int64_t version = trust_get(trust, METADATA_ROOT)->version;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "roots/%lld.root.json", (long long)version);
	fd = openat(role->folder, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	else if (version > 1)
		(void)!file_replace(role->folder, path, root, size, 0600);
}

/* Follows the roots that were kept from the settings' one on; *root becomes the last that is
 * proven. */
static int prove_root(struct update_role *role, char **root, size_t *size, struct diag *diag)
{
	struct trust *trust = trust_new(0);
	int error = trust ? trust_root(trust, *root, *size, diag) : -ENOMEM;

	if (!error)
		keep_root(role, trust, *root, *size);
	while (!error) {
		char path[64], *data;
		size_t length;

		snprintf(path, sizeof(path), "roots/%lld.root.json",
			 (long long)trust_get(trust, METADATA_ROOT)->version + 1);
		if (file_read(role->folder, path, UPDATE_ROOT_MAX, &data, &length) < 0)
			break;
		if (trust_root(trust, data, length, NULL) < 0) {
			free(data);
			break;
		}
		free(*root);
		*root = data;
		*size = length;
	}
	trust_free(trust);
	return error;
}

/* What becomes of the files beside the root, now that this root takes its place. */
static int forget(struct store *store, enum trust_succession given)
{
	int error;

	if (given == TRUST_LATER)
		return 0;
	if (given != TRUST_WITHDRAWS)
		return store->prune(store, ".json", NULL, 0);
	error = store->remove(store, "timestamp.json");
	return error ? error : store->remove(store, "snapshot.json");
}

/* kept: NULL when there was none. */
static int begin_with(struct store *store, const char *root, size_t size, const void *kept,
		      size_t kept_size)
{
	enum trust_succession given =
		kept ? trust_succeeds(kept, kept_size, root, size) : TRUST_NONE;
	int error = forget(store, given);

	if (kept && given != TRUST_LATER && given != TRUST_WITHDRAWS)
		log_warning("what was kept does not follow from the trust-root of the settings: "
			    "beginning anew");
	return error ? error : store->save(store, "root.json", root, size);
}

/*
 * The folder may be what a role left behind that was taken over: its root is only the root when the
 * settings' root leads there. A newer one of the settings takes its place, and the versions stay;
 * else everything begins anew. Without the settings' root it goes on with what it has, as far as
 * that leads: nothing is enforced by its word.
 */
static int seed(struct update_role *role, struct diag *diag)
{
	char *root = NULL;
	void *kept = NULL;
	size_t size, kept_size;
	int none = role->store->load(role->store, "root.json", UPDATE_ROOT_MAX, &kept, &kept_size);
	int error = role_read(role->start.trust, "trust-root", &root, &size, diag);

	if (!error)
		error = prove_root(role, &root, &size, diag);
	if (error)
		diag_error(diag, role->start.settings.trust_root, 0, 0,
			   "trust-root: expected the root "
			   "metadata that the administrator of the lists gave");
	if (error && !none)
		log_diag(diag);
	else if (!error && (none || kept_size != size || memcmp(kept, root, size) != 0))
		none = begin_with(role->store, root, size, none ? NULL : kept, kept_size);
	free(kept);
	free(root);
	return none ? error : 0;
}

static int open_role(struct update_role *role, struct diag *diag)
{
	size_t size;
	int error = 0;

	if (mkdirat(role->folder, "roots", 0700) < 0 && errno != EEXIST)
		return -errno;
	if (role->start.ca >= 0)
		error = role_read(role->start.ca, "mirror-ca", &role->ca, &size, diag);
	if (!error && role->start.own >= 0)
		error = role_read(role->start.own, "collector.pem", &role->own, &size, diag);
	if (!error)
		error = store_folder(&role->store, role->folder, diag);
	if (!error)
		error = seed(role, diag);
	return error;
}

int role_update(void)
{
	static struct update_role role;
	struct sandbox sandbox = { .root = ".", .files = 64, .file_size = 256ULL << 20,
				   .memory = 1ULL << 30, .syscalls = syscalls,
				   .syscall_count = sizeof(syscalls) / sizeof(*syscalls),
				   .sockets = sockets,
				   .socket_count = sizeof(sockets) / sizeof(*sockets) };
	struct text problem = TEXT_EMPTY;
	static struct diag diag;
	int error;

	role_begin(&role.start, ROLE_UPDATE);
	role.folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sandbox.uid = settings_uid(&role.start.settings, ROLE_UPDATE);
	role_seal(&sandbox);
	strict_budget(METADATA_BUDGET);
	if (ENABLED(CONFIG_APPLIANCE_ED25519))
		key_use_ed25519();
	role.freshness = role.start.freshness;
	diag_init(&diag);
	error = role.folder < 0 ? -ENOTDIR : open_role(&role, &diag);
	if (error) {
		/* Only a person can fix it, who sees it as the outcome of each poll. */
		if (diag.count == 0)
			diag_error(&diag, "state/update", 0, 0, "%s", strerror(-error));
		diag_print(&diag, &problem);
		role.problem = problem.data;
	}
	role_tell(MESSAGE_READY, NULL, 0, -1);
	role.next_ms = clock_uptime_ms() + SOON_MS;
	for (;;) {
		struct pollfd channel = { .fd = MESSAGE_CHANNEL, .events = POLLIN };
		int64_t left = role.next_ms - clock_uptime_ms();

		if (poll(&channel, 1, left > 0 ? (int)left : 0) > 0)
			hear(&role);
		else if (role.start.settings.mirrors && clock_uptime_ms() >= role.next_ms)
			poll_sources(&role, NULL, 0);
		else if (clock_uptime_ms() >= role.next_ms)
			plan(&role);
	}
}
