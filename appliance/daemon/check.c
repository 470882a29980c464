/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/check.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/crypto/tls.h"
#include "appliance/base/file.h"
#include "appliance/base/sealed.h"
#include "appliance/daemon/log.h"
#include "appliance/settings/lists.h"
#include "rules/signed/metadata.h"

enum {
	TRUST_MAX = 512 * 1024,
	CHECK_SECONDS = 120,
	NAMED_MOST = DIAG_KEEP * (int)sizeof(struct diag_entry) + 3 * (SETTINGS_PATH + 4) +
		     (SETTINGS_LANS + SETTINGS_MANAGEMENTS + 4) * (IFNAMSIZ + 4)
};
#define CHECK_MEMORY (3ULL << 30)	/* as the compile role */

/* ---- sense ---- */

static void check_url(const struct settings *settings, const char *config, const char *key,
		      const struct url *url, struct diag *diag)
{
	if (url->tls && !settings->mirror_ca[0] && !settings->mirror_pins)
		diag_error(diag, config, 0, 0,
			   "[update] %s https://%s: expected mirror-ca "
			   "or mirror-pin too: no certificate is trusted by itself",
			   key, url->host);
}

void check_sense(const struct settings *settings, const char *config, struct diag *diag)
{
	if (settings->upstreams == 0)
		diag_error(diag, config, 0, 0,
			   "[dns] upstream: expected at least one resolver to forward to");
	for (size_t i = 0; i < settings->mirrors; i++)
		check_url(settings, config, "mirror", &settings->mirror[i], diag);
	if (settings->collector.host[0])
		check_url(settings, config, "collector", &settings->collector, diag);
	if (settings->mirrors && !settings->trust_root[0])
		diag_error(diag, config, 0, 0, "[update] mirror without trust-root: expected "
			   "the file of the root metadata that the administrator gave");
	if (settings->listens == 0)
		diag_error(diag, config, 0, 0, "[dns] listen: expected at least one address");
}

void check_interfaces(const struct settings *settings, const char *config)
{
	if (settings->lans == 0)
		log_warning("%s: [network] lan names no interface: nothing is captured or blocked "
			    "for clients that are forwarded", config);
	for (size_t i = 0; i < settings->lans; i++) {
		if (if_nametoindex(settings->lan[i]) == 0)
			log_warning(
				"%s: [network] lan: there is no interface %s now; what comes in "
				"by others is not guarded",
				config, settings->lan[i]);
	}
	for (size_t i = 0; i < settings->managements; i++) {
		if (if_nametoindex(settings->management[i]) == 0)
			log_warning(
				"%s: [network] management: there is no interface %s now; others "
				"do not manage the gateway",
				config, settings->management[i]);
	}
}

/* ---- what the settings name ---- */

struct checking {
	const char *config;
	char *text;
	size_t length;
	struct settings settings;	/* here, of those that a child parsed: what it named */
	struct diag warnings;
	struct list_file file[SETTINGS_LISTS];
	size_t files;
	int lists_error;
	struct check_file {
		char *text;
		size_t size;
		int error;
	} root, ca;
};

static void put_names(struct text *out, const char names[][IFNAMSIZ], size_t count)
{
	sealed_put32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		sealed_put_bytes(out, names[i], strlen(names[i]));
}

static void take_names(struct cursor *cursor, char names[][IFNAMSIZ], size_t most, size_t *count)
{
	*count = cursor_get32(cursor);
	cursor->failed |= *count > most;
	for (size_t i = 0; !cursor->failed && i < *count; i++)
		sealed_take_text(cursor, names[i], IFNAMSIZ);
}

static int name_work(void *context, struct text *answer, struct diag *diag)
{
	struct checking *checking = context;
	struct settings *settings = &checking->settings;
	int error =
		settings_parse(settings, checking->config, checking->text, checking->length, diag);

	if (error)
		return error;
	check_sense(settings, checking->config, diag);
	sealed_put32(answer, settings->level);
	sealed_put_bytes(answer, settings->rules_dir, strlen(settings->rules_dir));
	sealed_put_bytes(answer, settings->trust_root, strlen(settings->trust_root));
	sealed_put_bytes(answer, settings->mirror_ca, strlen(settings->mirror_ca));
	put_names(answer, (const char (*)[IFNAMSIZ])settings->lan, settings->lans);
	put_names(answer, (const char (*)[IFNAMSIZ])settings->management, settings->managements);
	diag_init(&checking->warnings);
	settings_warn(settings, checking->config, &checking->warnings);
	diag_encode(&checking->warnings, answer);
	return 0;
}

static bool take_named(struct checking *checking, const struct text *answer)
{
	struct settings *settings = &checking->settings;
	struct cursor cursor = cursor_reader(answer->data, answer->length);
	const uint32_t level = cursor_get32(&cursor);

	settings->level = level <= LEVEL_DEBUG ? (enum log_level)level : LEVEL_DEBUG;
	sealed_take_text(&cursor, settings->rules_dir, sizeof(settings->rules_dir));
	sealed_take_text(&cursor, settings->trust_root, sizeof(settings->trust_root));
	sealed_take_text(&cursor, settings->mirror_ca, sizeof(settings->mirror_ca));
	take_names(&cursor, settings->lan, SETTINGS_LANS, &settings->lans);
	take_names(&cursor, settings->management, SETTINGS_MANAGEMENTS, &settings->managements);
	diag_init(&checking->warnings);
	return level <= LEVEL_DEBUG && !cursor.failed &&
	       diag_decode(&checking->warnings, &cursor) == 0 && cursor_left(&cursor) == 0;
}

static int find_named(struct checking *checking, struct diag *diag)
{
	const struct sealed sealed = { .what = checking->config,
				       .work = name_work,
				       .context = checking,
				       .answer = NAMED_MOST };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);

	if (!error && !take_named(checking, &answer))
		error = sealed_refuse(checking->config, diag);
	text_release(&answer);
	if (error)
		return error;
	log_open(ROLE_PARENT, checking->settings.level);
	log_warnings(&checking->warnings);
	check_interfaces(&checking->settings, checking->config);
	return diag->count ? -EINVAL : 0;
}

/* ---- what lies there ---- */

static void check_root(const char *path, const struct check_file *file, struct diag *diag)
{
	struct metadata *root = NULL;
	size_t count;
	int error = file->error;

	if (error)
		diag_error(diag, path, 0, 0, "trust-root: %s", strerror(-error));
	else
		error = metadata_parse(&root, METADATA_ROOT, file->text, file->size, path, diag);
	if (!error)
		(void)!metadata_verify(root, &root->role[METADATA_ROOT], root->key, root->keys,
				       path, NULL, 0, &count, diag);
	metadata_free(root);
}

static void check_ca(const char *path, const struct check_file *file, struct diag *diag)
{
	if (file->error)
		diag_error(diag, path, 0, 0, "mirror-ca: %s", strerror(-file->error));
	else
		(void)!tls_check_ca(file->text, diag);
}

/* What [update] names has to be what it is called. */
static int content_work(void *context, struct text *answer, struct diag *diag)
{
	static struct settings settings;
	const struct checking *checking = context;
	struct policy_options options;
	void *block = NULL;
	size_t size;
	int error =
		settings_parse(&settings, checking->config, checking->text, checking->length, diag);

	(void)answer;
	if (error)
		return error;
	settings_policy_options(&settings, &options);
	error = checking->lists_error;
	if (!error)
		error = lists_compile(checking->file, checking->files, &settings, &options, &block,
				      &size, diag);
	if (ENABLED(CONFIG_UPDATE) && settings.trust_root[0])
		check_root(settings.trust_root, &checking->root, diag);
	if (ENABLED(CONFIG_UPDATE) && settings.mirror_ca[0])
		check_ca(settings.mirror_ca, &checking->ca, diag);
	free(block);
	return error;
}

static void read_named(const char *path, size_t limit, struct check_file *file)
{
	file->error =
		path[0] ? file_read(AT_FDCWD, path, limit, &file->text, &file->size) : -ENOENT;
}

static int check_content(struct checking *checking, struct diag *diag)
{
	const struct settings *named = &checking->settings;
	int keep[SETTINGS_LISTS], error;
	struct text none = TEXT_EMPTY;
	struct sealed sealed = { .what = checking->config,
				 .work = content_work,
				 .context = checking,
				 .keep = keep,
				 .memory = CHECK_MEMORY,
				 .seconds = CHECK_SECONDS };

	checking->lists_error =
		lists_open(named->rules_dir, checking->file, &checking->files, diag);
	read_named(named->trust_root, TRUST_MAX, &checking->root);
	read_named(named->mirror_ca, TLS_CA_MAX, &checking->ca);
	for (size_t i = 0; !checking->lists_error && i < checking->files; i++)
		keep[sealed.keeps++] = checking->file[i].fd;
	error = sealed_run(&sealed, &none, diag);
	if (!checking->lists_error)
		lists_close(checking->file, checking->files);
	free(checking->root.text);
	free(checking->ca.text);
	return error;
}

/* 0 or -errno. */
static int write_fields(const struct diag *diag)
{
	struct text out = TEXT_EMPTY;
	int error;

	diag_encode(diag, &out);
	error = out.data ? file_write_all(STDOUT_FILENO, out.data, out.length) : -ENOMEM;
	text_release(&out);
	return error;
}

int check_run(const char *config, bool fields)
{
	static struct checking checking;
	static struct diag diag;
	int error;

	diag_init(&diag);
	checking.config = config;
	error = file_read(AT_FDCWD, config, SETTINGS_TEXT_MAX, &checking.text, &checking.length);
	if (error)
		diag_error(&diag, config, 0, 0, "cannot read: %s", strerror(-error));
	else
		error = find_named(&checking, &diag);
	if (!error)
		error = check_content(&checking, &diag);
	log_diag(&diag);
	free(checking.text);
	if (fields && write_fields(&diag) < 0)
		return 1;
	if (error || diag.count)
		return 1;
	if (!fields)
		printf("%s and the rule lists in %s are clean\n", config,
		       checking.settings.rules_dir);
	return 0;
}
