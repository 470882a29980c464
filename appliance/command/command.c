/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appliance/base/clock.h"
#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/settings/lists.h"
#include "rules/signed/offer.h"

enum { USAGE_TEXT = 1024 };

int command_usage(const char *name, const char *format, ...)
{
	char message[USAGE_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	/* Words of the command line may be a client's, which a script handed on. */
	text_mask(message);
	fprintf(stderr, "cordon %s: %s\nsee: cordon %s --help\n", name, message, name);
	return EXIT_USAGE;
}

const char *command_user(void)
{
	const char *user = getenv("SUDO_USER");

	return user && user[0] ? user : "root";
}

void command_print_diag(const struct diag *diag)
{
	struct text out = TEXT_EMPTY;

	diag_print(diag, &out);
	if (out.data)
		fputs(out.data, stderr);
	text_release(&out);
}

int command_settings(const struct cli *cli, struct settings *settings)
{
	struct diag diag;
	char *text;
	size_t length;
	int error;

	diag_init(&diag);
	error = file_read(AT_FDCWD, cli->config, SETTINGS_TEXT_MAX, &text, &length);
	if (error == -ENOENT && !cli->config_given) {
		settings_init(settings);
		return EXIT_YES;
	}
	if (error) {
		fprintf(stderr, "cordon: %s: cannot read: %s\n", cli->config, strerror(-error));
		return EXIT_NO;
	}
	error = settings_parse(settings, cli->config, text, length, &diag);
	free(text);
	command_print_diag(&diag);
	return error ? EXIT_NO : EXIT_YES;
}

const char *command_text_if(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	struct text masked = TEXT_EMPTY;

	if (!json_is_string(value))
		return NULL;
	/* Once: who asks again gets the same pointer. */
	if (text_is_plain(json_string_value(value), json_string_length(value), "\t\n"))
		return json_string_value(value);
	text_put_masked(&masked, json_string_value(value), json_string_length(value), "\t\n");
	if (text_failed(&masked) || json_string_setn(value, masked.data, masked.length) < 0)
		value = NULL;
	text_release(&masked);
	return value ? json_string_value(value) : "-";
}

const char *command_text(const json_t *object, const char *key)
{
	const char *text = command_text_if(object, key);

	return text ? text : "-";
}

void command_print_json(json_t *object)
{
	/* 15 digits: uptimes in milliseconds stay exact, without rounding noise. */
	char *line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII |
				JSON_REAL_PRECISION(15));

	if (line)
		puts(line);
	free(line);
	json_decref(object);
}

static void complain(const struct cli *cli, int error)
{
	fprintf(stderr, "cordon: no answer from cordond at %s/%s: %s\n"
		"is it running, and are you root?\n", cli->run, CONTROL_SOCKET, strerror(-error));
}

int command_ask(const struct cli *cli, const struct control_request *request, bool quiet,
		char **reply)
{
	int code = 0;
	int error = control_ask(cli->run, request, &code, reply);

	if (!error)
		return code;
	*reply = NULL;
	if (!quiet)
		complain(cli, error);
	return EXIT_NO;
}

json_t *command_daemon(const struct cli *cli, bool quiet, int *error)
{
	const struct control_request request = { .type = CONTROL_STATUS };
	json_t *status = NULL;
	char *reply = NULL;
	int code, failure = control_ask(cli->run, &request, &code, &reply);

	if (!failure) {
		status = json_loads(reply, 0, NULL);
		free(reply);
		failure = status ? 0 : -EBADMSG;
	}
	if (failure && !quiet)
		complain(cli, failure);
	if (error)
		*error = failure;
	return status;
}

bool command_is_in_force(const json_t *status)
{
	return json_is_true(json_object_get(status, "in_force"));
}

int command_tell(const struct cli *cli, const struct control_request *request)
{
	char *reply;
	int code = command_ask(cli, request, false, &reply);

	if (reply)
		fputs(reply, code ? stderr : stdout);
	free(reply);
	return code;
}

static int open_policy(int error, void *block, size_t size, struct policy *policy)
{
	if (!error && policy_open(policy, block, size) < 0) {
		fprintf(stderr, "cordon: the compiled policy is damaged\n");
		free(block);
		error = -EBADMSG;
	}
	return error ? EXIT_NO : EXIT_YES;
}

int command_policy(const char *folder, const struct settings *settings, struct policy *policy,
		   void **block)
{
	struct list_file file[SETTINGS_LISTS];
	struct policy_options options;
	struct diag diag;
	size_t count, size = 0;
	int error;

	diag_init(&diag);
	settings_policy_options(settings, &options);
	error = lists_open(folder, file, &count, &diag);
	if (!error) {
		error = lists_compile(file, count, settings, &options, block, &size, &diag);
		lists_close(file, count);
	}
	command_print_diag(&diag);
	if (error && diag.count == 0)
		fprintf(stderr, "cordon: %s: %s\n", folder, strerror(-error));
	return open_policy(error, *block, size, policy);
}

static int compile_bundle(const struct bundle *bundle, const struct settings *settings,
			  struct policy *policy, void **block, struct diag *diag)
{
	struct policy_options options;
	size_t size = 0;
	int error;

	settings_policy_options(settings, &options);
	error = bundle_compile(bundle, settings, &options, block, &size, diag);
	command_print_diag(diag);
	return open_policy(error, *block, size, policy);
}

int command_policy_in_force(const struct cli *cli, const struct settings *settings,
			    struct policy *policy, void **block, struct provenance *provenance)
{
	static struct archive archive;
	struct bundle bundle = { .signers = 0 };
	struct diag diag;
	char path[512], *data = NULL;
	int64_t root_version;
	size_t size;
	int code = EXIT_NO, error = -ENOENT;

	diag_init(&diag);
	*provenance = (struct provenance){ .release = 0 };
	snprintf(path, sizeof(path), "%s/bundle", cli->state);
	if (ENABLED(CONFIG_UPDATE) && settings->trust_root[0])
		error = file_read(AT_FDCWD, path, ARCHIVE_MAX, &data, &size);
	if (error == -ENOENT)
		return command_policy(settings->rules_dir, settings, policy, block);
	if (!error)
		error = archive_parse(&archive, data, size);
	if (!error)
		error = offer_reopen(&bundle, &archive, &root_version, &diag);
	if (error) {
		command_print_diag(&diag);
		fprintf(stderr, "cordon: %s: %s: are you root?\n", path, strerror(-error));
	} else {
		provenance->release = bundle.release.version;
		provenance->signers = bundle.signers;
		memcpy(provenance->signer, bundle.signer, sizeof(bundle.signer));
		code = compile_bundle(&bundle, settings, policy, block, &diag);
	}
	bundle_release(&bundle);
	free(data);
	return code;
}

static bool is_in_force(const struct cli *cli)
{
	json_t *status = command_daemon(cli, true, NULL);
	const bool in_force = command_is_in_force(status);

	json_decref(status);
	return in_force;
}

int command_in_force(const struct cli *cli, int64_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int64_t end = clock_uptime_ms() + wait_ms;
	bool in_force = is_in_force(cli);

	while (!in_force && clock_uptime_ms() < end) {
		nanosleep(&pause, NULL);
		in_force = is_in_force(cli);
	}
	return in_force ? EXIT_YES : EXIT_NO;
}
