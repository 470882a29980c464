/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/settings/dryrun.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/cursor.h"
#include "appliance/base/diag.h"
#include "appliance/base/text.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/helper.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/settings/provision.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/command/command.h"

/*
 * What only cordond knows: whether it would start with these settings, their trust root and CA, and
 * the rule lists of this image. So it is asked, with the files in a folder of their own.
 */
#define TRY PATH_RUN "/try"
enum { TRY_MS = 30000, ANSWER_MAX = 64 * 1024 };
enum try_answer { YES, NO, NOTHING };

static const struct {
	enum provision_file file;
	const char *path;
} beside[] = { { PROVISION_ROOT, TRY "/root.json" }, { PROVISION_CA, TRY "/mirror-ca.pem" } };

static void remove_files(void)
{
	char path[BOX_PATH];

	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		unlink(box_path(path, beside[i].path));
	unlink(box_path(path, TRY "/cordon.conf"));
	rmdir(box_path(path, TRY));
}

static int write_files(const struct provision *set, struct diag *diag)
{
	struct text out = TEXT_EMPTY;
	char path[BOX_PATH];
	int code = EXIT_YES;

	mkdir(box_path(path, TRY), 0700);
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside) && code == EXIT_YES; i++) {
		const struct provision_part *part = &set->file[beside[i].file];

		if (part->data)
			code = box_write(beside[i].path, part->data, part->size, 0600);
	}
	if (code == EXIT_YES && set_sealed_compose(set, TRY, &out, diag) < 0)
		code = EXIT_NO;
	if (code == EXIT_YES)
		code = box_write(TRY "/cordon.conf", out.data, out.length, 0600);
	text_release(&out);
	return code;
}

/* The errors, with files by their name alone; warnings are about now, not about the settings. */
static void take_errors(const struct text *answer, struct diag *diag)
{
	static struct diag found;
	struct cursor cursor = cursor_reader(answer->data, answer->length);
	char folder[BOX_PATH];
	const size_t length = strlen(box_path(folder, TRY "/"));

	diag_init(&found);
	if (diag_decode(&found, &cursor) < 0)
		return;
	for (size_t i = 0; i < found.count && i < DIAG_KEEP; i++) {
		const struct diag_entry *entry = &found.entry[i];
		const bool ours = strncmp(entry->source, folder, length) == 0;

		diag_error(diag, entry->source + (ours ? length : 0), entry->line, entry->column,
			   "%s", entry->message);
	}
	diag->count += found.count > DIAG_KEEP ? found.count - DIAG_KEEP : 0;
}

static void become_cordond(int answer)
{
	char config[BOX_PATH];
	const char *const argv[] = { "/usr/sbin/cordond", "--check", "--fields", "--config",
				     box_path(config, TRY "/cordon.conf"), NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (dup2(null, STDIN_FILENO) >= 0 && dup2(answer, STDOUT_FILENO) >= 0 &&
	    dup2(null, STDERR_FILENO) >= 0)
		program_become(argv, "");
	_exit(127);
}

static enum try_answer ask_cordond(struct diag *diag)
{
	const int64_t end = clock_uptime_ms() + TRY_MS;
	const size_t errors = diag->count;
	struct text answer = TEXT_EMPTY;
	int ends[2], code = -1;
	pid_t pid = helper_start(ends);

	if (pid == 0)
		become_cordond(ends[1]);
	if (pid > 0) {
		helper_receive(ends[0], end, ANSWER_MAX, &answer);
		close(ends[0]);
		code = helper_finish(pid, end);
	}
	if (code != 0)
		take_errors(&answer, diag);
	text_release(&answer);
	if (code == 0)
		return YES;
	if (diag->count > errors)
		return NO;
	diag_error(diag, "cordon.conf", 0, 0,
		   "cordond could not be asked whether it would start with "
		   "these settings: restart the box and try again");
	return NOTHING;
}

static enum try_answer try_one(const struct provision *set, struct diag *diag)
{
	const size_t errors = diag->count;
	enum try_answer answer = NOTHING;

	remove_files();
	if (write_files(set, diag) == EXIT_YES)
		answer = ask_cordond(diag);
	else if (diag->count == errors)
		diag_error(diag, "cordon.conf", 0, 0,
			   "cannot be tried: " PATH_RUN " cannot be written");
	remove_files();
	return answer;
}

static enum try_answer try_factory(void)
{
	static const struct provision nothing;
	static struct diag diag;

	diag_init(&diag);
	return try_one(&nothing, &diag);
}

void dryrun_ask(const struct provision *set, struct diag *diag)
{
	const size_t errors = diag->count;
	/* A set is judged before its owner has the lock over the settings, too: each is tried on
	 * its own. */
	int lock = box_lock(PATH_RUN "/try.lock");

	/* Would it not start with those of the factory either, because a list of the image is
	 * broken, say, then it is not the settings that are wrong; and an administrator's secret
	 * has to come to such a box, too. */
	if (try_one(set, diag) == NO && try_factory() == NO)
		diag->count = errors;
	box_unlock(lock);
}

int dryrun_check(const struct provision *set, struct diag *diag)
{
	size_t errors = diag->count;

	set_sealed_check_files(set, diag);
	if (diag->count == errors)
		dryrun_ask(set, diag);
	return diag->count == errors ? 0 : -EINVAL;
}
