/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/appliance.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include "appliance/base/clock.h"
#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/base/version.h"
#include "appliance/system/compose.h"
#include "appliance/system/paths.h"
#include "rules/signed/freshness.h"

enum { LEASE_MAX = 4096, FILE_MOST = 512 * 1024, START_WAIT_MS = 30000 };

char *appliance_path(char buffer[APPLIANCE_PATH], const char *path)
{
	const char *prefix = getenv(PATH_PREFIX_VARIABLE);

	snprintf(buffer, APPLIANCE_PATH, "%s%s", prefix ? prefix : "", path);
	return buffer;
}

char *appliance_read(const char *path, size_t limit, size_t *size)
{
	char full[APPLIANCE_PATH], *data = NULL;

	return file_read(AT_FDCWD, appliance_path(full, path), limit, &data, size) < 0 ? NULL : data;
}

bool appliance_peek(const char *path, char *buffer, size_t size)
{
	char full[APPLIANCE_PATH];
	int fd = open(appliance_path(full, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t at = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (got > 0 && at < size - 1) {
		got = read(fd, buffer + at, size - 1 - at);
		at += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	buffer[at] = '\0';
	return got >= 0;
}

void appliance_log(const char *format, ...)
{
	char full[APPLIANCE_PATH], line[512] = "cordon: ";
	const size_t start = strlen(line);
	int fd = open(appliance_path(full, "/dev/kmsg"), O_WRONLY | O_CLOEXEC | O_APPEND);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);
	va_end(arguments);
	/* The kernel shows it on the console as it is; of several lines it makes messages of their own. */
	for (char *at = line; (at = strchr(at, '\n'));)
		*at = at[1] ? ' ' : '\0';
	text_mask(line);
	strcat(line, "\n");
	if (fd < 0)
		return;
	(void)!write(fd, line, strlen(line));
	close(fd);
}

void appliance_say(const char *text)
{
	char full[APPLIANCE_PATH];
	int fd = open(appliance_path(full, "/dev/console"), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return;
	dprintf(fd, "cordon: %s", text);
	close(fd);
}

int appliance_write(const char *path, const char *text, size_t size, mode_t mode)
{
	char full[APPLIANCE_PATH];
	int error = file_replace(AT_FDCWD, appliance_path(full, path), text, size, mode);

	if (error)
		fprintf(stderr, "cordon: %s: cannot write: %s\n", full, strerror(-error));
	return error ? EXIT_NO : EXIT_YES;
}

bool appliance_keeps(void)
{
	char path[APPLIANCE_PATH];
	struct statfs status;

	return getenv(PATH_PREFIX_VARIABLE) || statfs(appliance_path(path, PATH_DATA), &status) < 0 ||
	       status.f_type != TMPFS_MAGIC;
}

bool appliance_has(const char *path)
{
	char full[APPLIANCE_PATH];

	return access(appliance_path(full, path), F_OK) == 0;
}

bool appliance_is_on(const char *path)
{
	char text[8];

	return appliance_peek(path, text, sizeof(text)) && text[0] == '1';
}

int appliance_lock(const char *path)
{
	char full[APPLIANCE_PATH];

	return file_lock(AT_FDCWD, appliance_path(full, path), true);
}

void appliance_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

static int remount_boot(unsigned long readonly)
{
	char path[APPLIANCE_PATH];

	return getenv(PATH_PREFIX_VARIABLE) ||
	       mount(NULL, appliance_path(path, PATH_BOOT), NULL,
		     MS_REMOUNT | MS_NODEV | MS_NOSUID | MS_NOEXEC | readonly, NULL) == 0 ? 0 : -errno;
}

/* Of two that write there, the first to end would take the partition away from the other one. */
static struct {
	unsigned int depth;
	int lock;
	bool remounted;		/* else it was writable before */
} boot;

int appliance_boot_begin(void)
{
	char path[APPLIANCE_PATH];
	struct statvfs status;
	int error = 0;

	if (boot.depth++ > 0)
		return 0;
	boot.lock = appliance_lock(PATH_RUN "/boot.lock");
	boot.remounted = statvfs(appliance_path(path, PATH_BOOT), &status) == 0 && status.f_flag & ST_RDONLY;
	if (boot.remounted)
		error = remount_boot(0);
	if (error)
		appliance_boot_end();
	return error;
}

void appliance_boot_end(void)
{
	if (boot.depth == 0 || --boot.depth > 0)
		return;
	if (boot.remounted)
		(void)!remount_boot(MS_RDONLY);
	appliance_unlock(boot.lock);
}

bool appliance_has_interface(const char *interface)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s", interface);
	return appliance_has(path);
}

const char *appliance_card(const char *interface, char text[APPLIANCE_CARD])
{
	char path[64], mac[32], carrier[8] = "";

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/carrier", interface);
	/* One that is down does not say. */
	if (!appliance_peek(path, carrier, sizeof(carrier)))
		carrier[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/address", interface);
	if (!appliance_peek(path, mac, sizeof(mac)))
		snprintf(mac, sizeof(mac), "not there");
	mac[strcspn(mac, "\n")] = '\0';
	snprintf(text, APPLIANCE_CARD, "%s%s", mac, carrier[0] == '1' ? ", cable in" : carrier[0] == '0' ? ", no cable" : "");
	return text;
}

/* NULL with *code: it is there and cannot be read, said. None is an empty one. */
static char *read_settings(const char *path, size_t limit, size_t *size, int *code)
{
	char *text = appliance_read(path, limit, size);

	*code = EXIT_YES;
	if (!text && appliance_has(path)) {
		fprintf(stderr, "cordon: %s: cannot read it: expected a file of at most %zu bytes\n", path, limit);
		*code = EXIT_NO;
	} else if (!text) {
		*size = 0;
		text = strdup("");
		*code = text ? EXIT_YES : EXIT_BUSY;
	}
	return text;
}

int appliance_network_text(struct network *network, char **text)
{
	static struct diag diag;
	size_t size;
	int code;

	diag_init(&diag);
	*text = read_settings(PATH_SETTINGS "/network.conf", NETWORK_TEXT_MAX, &size, &code);
	if (!*text)
		return code;
	code = network_parse(network, PATH_SETTINGS "/network.conf", *text, size, &diag) ? EXIT_NO : EXIT_YES;
	command_print_diag(&diag);
	if (code) {
		free(*text);
		*text = NULL;
	}
	return code;
}

int appliance_network(struct network *network)
{
	char *text;
	int code = appliance_network_text(network, &text);

	free(text);
	return code;
}

/* PATH_UPSTREAMS has a line a family; PATH_RUN a file a family. */
bool appliance_lease(struct lease *lease, bool v6, bool kept)
{
	size_t size;
	char *text = appliance_read(kept ? PATH_UPSTREAMS : v6 ? PATH_RUN "/lease6" : PATH_RUN "/lease4",
				    LEASE_MAX, &size), *rest = text, *line;
	bool found = false;

	*lease = (struct lease){ .v6 = v6 };
	while (!found && (line = strsep(&rest, "\n")))
		found = lease_read(lease, line) == 0 && lease->v6 == v6;
	free(text);
	if (!found)
		*lease = (struct lease){ .v6 = v6 };
	return found;
}

int64_t appliance_lease_asked(void)
{
	char text[32];

	return appliance_peek(PATH_LEASE_ASKED, text, sizeof(text)) ? strtoll(text, NULL, 10) : 0;
}

void appliance_facts(struct wiring_facts *facts)
{
	char path[APPLIANCE_PATH], *keys;
	struct sysinfo info;
	struct lease lease;
	size_t size;

	*facts = (struct wiring_facts){ .memory_kb = 65536 };
	if (sysinfo(&info) == 0)
		facts->memory_kb = (uint64_t)info.totalram * info.mem_unit / 1024;
	(void)appliance_lease(&lease, true, false);
	lease_announce(&lease, clock_uptime_ms(), facts);
	keys = appliance_read(PATH_SETTINGS "/authorized_keys", 1 << 16, &size);
	facts->has_keys = keys && size > 0;
	free(keys);
	facts->has_radvd = access(appliance_path(path, WIRING_RADVD), X_OK) == 0;
	facts->has_dropbear = access(appliance_path(path, WIRING_DROPBEAR), X_OK) == 0;
}

/* ---- settings of cordond ---- */

static size_t learned(const struct appliance_found *found, const struct network *network,
		      struct addr dns[2 * WIRING_DNS])
{
	size_t count = 0;

	for (int v6 = 0; v6 < 2 && network->has_wan; v6++) {
		const struct lease *lease = &found->lease[v6];

		if ((v6 ? &network->wan.v6 : &network->wan.v4)->method != METHOD_DYNAMIC)
			continue;
		for (size_t i = 0; i < lease->dns_count; i++)
			dns[count++] = lease->dns[i];
	}
	return count;
}

static const char *path_if(char full[APPLIANCE_PATH], const char *folder, const char *name)
{
	char path[APPLIANCE_PATH];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return appliance_has(path) ? appliance_path(full, path) : NULL;
}

/* Other contents under the same name are other settings, too: cordond has to begin anew with them. */
static void put_digest(struct text *out, const char *path)
{
	char hex[2 * DIGEST_SIZE + 1], *data = NULL;
	uint8_t digest[DIGEST_SIZE];
	size_t size;

	if (path && file_read(AT_FDCWD, path, FILE_MOST, &data, &size) == 0 &&
	    digest_sha256(data, size, digest) == 0) {
		hex_print(digest, sizeof(digest), hex);
		text_printf(out, "# %s has the SHA-256 %s\n", path, hex);
	}
	free(data);
}

void appliance_find(struct appliance_found *found, const char *folder)
{
	*found = (struct appliance_found){ .digests = TEXT_EMPTY };
	for (int v6 = 0; v6 < 2; v6++)
		(void)appliance_lease(&found->lease[v6], v6, true);
	found->trust_root = path_if(found->root, folder, "root.json");
	if (!found->trust_root && appliance_has(PATH_IMAGE_ROOT))
		found->trust_root = appliance_path(found->root, PATH_IMAGE_ROOT);
	found->mirror_ca = path_if(found->ca, folder, "mirror-ca.pem");
	found->watchdog = path_if(found->dog, "/dev", "watchdog");
	put_digest(&found->digests, found->trust_root);
	put_digest(&found->digests, found->mirror_ca);
}

int appliance_compose_found(const struct appliance_found *found, const struct network *network,
			    const char *conf, size_t length, struct text *out, struct diag *diag)
{
	static struct settings settings;
	struct addr dns[2 * WIRING_DNS];
	const struct compose parts = {
		.network = network, .dns = dns, .dns_count = learned(found, network, dns), .text = conf,
		.length = length, .trust_root = found->trust_root, .mirror_ca = found->mirror_ca,
		.watchdog = found->watchdog,
	};
	int error = compose(&parts, out, diag);

	if (found->digests.length)
		text_put(out, found->digests.data, found->digests.length);
	return error ? error : settings_parse(&settings, "cordon.conf", out->data, out->length, diag);
}

/* 0 or an exit code, errors on stderr. */
static int compose_text(const struct network *network, struct text *out)
{
	static struct diag diag;
	struct appliance_found found;
	size_t length = 0;
	int code, error;
	char *conf = read_settings(PATH_SETTINGS "/cordon.conf", SETTINGS_TEXT_MAX, &length, &code);

	if (!conf)
		return code;
	diag_init(&diag);
	appliance_find(&found, PATH_SETTINGS);
	error = appliance_compose_found(&found, network, conf, length, out, &diag);
	text_release(&found.digests);
	free(conf);
	command_print_diag(&diag);
	/* Without a word about the settings it is not they that are wrong. */
	return !error ? EXIT_YES : diag.count ? EXIT_NO : EXIT_BUSY;
}

int appliance_compose(bool *changed)
{
	struct text out = TEXT_EMPTY;
	struct network network;
	size_t size = 0;
	char *old;
	/* udhcpc, udhcpc6 and a stick may come at once; half a file, or none, would be settings without a LAN. */
	int lock = appliance_lock(PATH_RUN "/compose.lock"), code = appliance_network(&network);

	if (!code)
		code = compose_text(&network, &out);
	old = appliance_read(PATH_CONFIG, 2 * SETTINGS_TEXT_MAX, &size);
	*changed = !code && (!old || size != out.length || memcmp(old, out.data, size) != 0);
	if (*changed && appliance_write(PATH_CONFIG, out.data, out.length, 0600) != EXIT_YES)
		code = EXIT_BUSY;
	free(old);
	text_release(&out);
	appliance_unlock(lock);
	return code;
}

/* ---- after a change ---- */

/* 0: it does not run; -errno: it runs and does not answer. */
static int parent_pid(const struct cli *cli, bool *in_force)
{
	const struct control_request request = { .type = CONTROL_STATUS };
	json_t *status, *role;
	char *reply = NULL;
	int code, pid, error = control_ask(cli->run, &request, &code, &reply);

	*in_force = false;
	if (error)
		return error == -ENOENT || error == -ECONNREFUSED ? 0 : error;
	status = json_loads(reply, 0, NULL);
	role = json_array_get(json_object_get(status, "roles"), 0);
	pid = (int)json_integer_value(json_object_get(role, "pid"));
	*in_force = json_is_true(json_object_get(status, "in_force"));
	json_decref(status);
	free(reply);
	return pid;
}

int64_t appliance_now(const char *text, size_t size)
{
	json_t *kept = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct clock_reading reading;
	struct freshness freshness;
	bool behind;

	clock_read(&reading);
	freshness_init(&freshness, version_build_time(), kept, reading.uptime_ms);
	json_decref(kept);
	return freshness_now(&freshness, &reading, &behind);
}

bool appliance_await(const struct cli *cli, int old, int64_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	int64_t end = clock_uptime_ms() + wait_ms;
	bool in_force;

	for (;;) {
		int pid = parent_pid(cli, &in_force);

		if (pid > 0 && pid != old && in_force)
			return true;
		if (clock_uptime_ms() >= end)
			return false;
		nanosleep(&pause, NULL);
	}
}

int appliance_restart(const struct cli *cli)
{
	bool in_force;
	int old = parent_pid(cli, &in_force);

	if (old == 0)
		return EXIT_YES;	/* it will begin with the new settings */
	if (old < 0) {
		fprintf(stderr, "cordon: cordond does not answer (%s) and goes on with the settings of before: "
			"restart the box\n", strerror(-old));
		return EXIT_NO;
	}
	kill(old, SIGUSR1);
	if (appliance_await(cli, old, START_WAIT_MS))
		return EXIT_YES;
	fprintf(stderr, "cordon: cordond was told to start again with the new settings; its policy was not "
		"in force within %d s: see cordon status\n", START_WAIT_MS / 1000);
	return EXIT_NO;
}

int appliance_activate(const struct cli *cli)
{
	static const char *const up[] = { "/usr/bin/cordon", "network", "up", NULL };
	static const char *const forward[] = { "/usr/bin/cordon", "network", "forward", NULL };
	bool changed;
	int code = appliance_compose(&changed), pid;

	if (!code && changed)
		code = appliance_restart(cli);
	if (code)
		return code;
	/* A start that has no policy in force yet brings links up once it has one. */
	if (appliance_has(PATH_BOOT_RUN) && !appliance_has(PATH_BOOT_NETWORK))
		return EXIT_YES;
	pid = run_start(up, "", false);
	code = pid < 0 ? EXIT_NO : run_wait(pid);
	pid = run_start(forward, "", false);
	if (pid < 0 || run_wait(pid) != 0)
		code = EXIT_NO;
	return code ? EXIT_NO : EXIT_YES;
}
