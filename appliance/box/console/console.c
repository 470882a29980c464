/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/console/console.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/base/witness.h"
#include "appliance/box/network/activation.h"
#include "appliance/box/settings/admin.h"
#include "appliance/box/settings/set_mark.h"
#include "appliance/box/settings/set_store.h"
#include "appliance/command/command.h"
#include "appliance/command/terminal.h"
#include "appliance/journal/notice.h"

/*
 * `cordon console`: what is on the serial line when the box has started. It shows how the box is,
 * and the few things that are done there. No default password exists: a shell wants the
 * administrator's secret; a box that nobody has set up yet has none, and its holder may set
 * it up anyway.
 */

enum { RESTART_WAIT_MS = 5000 };

static void say_help(void)
{
	puts("Enter: status   s: set up   l: log (last 20)   t: self-test   r: restart   u: shell\n"
	     "a: accept settings that were refused   k: keep settings on trial   f: factory reset");
}

struct console {
	const struct cli *cli;
	console_command *run;
};

static void run_command(const struct console *console, int argc, const char *const *words)
{
	(void)console->run(console->cli, argc, (char **)(uintptr_t)words);
}

static void show_status(const struct console *console)
{
	static const char *const words[] = { "status", NULL };

	run_command(console, 1, words);
}

static void test(const struct console *console)
{
	static const char *const words[] = { "selftest", NULL };

	run_command(console, 1, words);
}

static void set_up(const struct console *console)
{
	static const char *const words[] = { "setup", NULL };

	run_command(console, 1, words);
}

/* A process holds the lock of a change until the end of the process, which here does not
 * come. */
static void change(const struct console *console, const char *what)
{
	const char *const words[] = { "settings", what, NULL };

	run_command(console, 2, words);
	set_store_unlock();
}

static void show_log(const struct console *console)
{
	static const char *const words[] = { "log", "--last", "20", NULL };

	if (ENABLED(CONFIG_JOURNAL))
		run_command(console, 3, words);
	else
		puts("this build keeps no log (Kconfig)");
}

static void restart(void)
{
	if (!terminal_confirm(
		    "restart this box? Everybody behind it is offline for about half a minute; "
		    "yes, or "
		    "Enter for no: "))
		return;
	if (program_reboot() != 0)
		puts("cannot restart: switch it off and on");
}

/* Its own process group in the foreground, with the signals that a shell expects. */
static void run_shell(void)
{
	char path[BOX_PATH];
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpid());
		for (int number = 1; number < NSIG; number++)
			signal(number, SIG_DFL);
		box_path(path, "/bin/sh");
		execl(path, "-sh", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || program_wait(pid) == 127)
		puts("there is no shell in this image");
	tcsetpgrp(STDIN_FILENO, getpgrp());
}

static void tell_login(void)
{
	box_notice(NOTICE_LOGIN, json_pack("{s:s, s:s, s:n, s:n, s:s}", "service", "console",
					   "user", "root", "key", "from", "result", "accepted"));
}

static void shell(void)
{
	if (!set_mark_provisioned()) {
		tell_login();
		puts("a shell without a secret, because nobody has set this box up yet; exit "
		     "leads back");
		run_shell();
	} else if (admin_ask("for a shell")) {
		tell_login();
		run_shell();
	}
}

/* Init's /dev/console can be nobody's controlling terminal; the line behind it can, and then ^C
 * works. */
static void own_terminal(void)
{
	char text[128], path[160], *name;
	int fd;

	if (getenv(PATH_PREFIX_VARIABLE) || !box_at_console() ||
	    !box_peek("/sys/class/tty/console/active", text, sizeof(text)))
		return;
	text[strcspn(text, "\n")] = '\0';
	name = strrchr(text, ' ');
	snprintf(path, sizeof(path), "/dev/%s", name ? name + 1 : text);
	(void)setsid();
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (ioctl(fd, TIOCSCTTY, 0) == 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	close(fd);
}

enum console_choice console_choose(const char *line)
{
	static const char letters[CONSOLE_CHOICES] = {
		[CONSOLE_STATUS] = '\0', [CONSOLE_SETUP] = 's',   [CONSOLE_LOG] = 'l',
		[CONSOLE_TEST] = 't',	 [CONSOLE_ACCEPT] = 'a',  [CONSOLE_KEEP] = 'k',
		[CONSOLE_RESET] = 'f',	 [CONSOLE_RESTART] = 'r', [CONSOLE_SHELL] = 'u',
	};
	int choice = 0;

	if (line[0] && line[1])
		return CONSOLE_CHOICES;
	while (choice < CONSOLE_CHOICES && letters[choice] != line[0])
		choice++;
	return (enum console_choice)choice;
}

static void answer(const struct console *console, enum console_choice choice)
{
	switch (choice) {
	case CONSOLE_STATUS:
		show_status(console);
		break;
	case CONSOLE_SETUP:
		set_up(console);
		break;
	case CONSOLE_LOG:
		show_log(console);
		break;
	case CONSOLE_TEST:
		test(console);
		break;
	case CONSOLE_ACCEPT:
		change(console, "accept");
		break;
	case CONSOLE_KEEP:
		change(console, "keep");
		break;
	case CONSOLE_RESET:
		change(console, "reset");
		break;
	case CONSOLE_RESTART:
		restart();
		break;
	case CONSOLE_SHELL:
		shell();
		break;
	case CONSOLE_CHOICES:
		puts("expected one of these letters");
	}
}

int console_run(const struct cli *cli, console_command *run)
{
	const struct console own = { cli, run }, *console = &own;
	char line[TERMINAL_LINE];

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	own_terminal();
	putchar('\n');
	/* The first lease starts cordond again, which is nothing to worry about. */
	(void)activation_await(cli, 0, RESTART_WAIT_MS);
	show_status(console);
	say_help();
	while (terminal_ask("cordon> ", line, sizeof(line)) == 0) {
		box_notice_secret(false);
		answer(console, console_choose(line));
		say_help();
	}
	/* The line is gone; init starts us again, and need not do so a thousand times a second. */
	if (isatty(STDIN_FILENO))
		sleep(1);
	return EXIT_YES;
}
