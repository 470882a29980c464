/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/network/services.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/base/program.h"
#include "appliance/box/network/facts.h"
#include "appliance/box/network/login.h"
#include "appliance/box/network/renew.h"
#include "appliance/box/network/run.h"
#include "appliance/box/network/wiring.h"
#include "appliance/command/command.h"

/*
 * `cordon network services --supervise`: keeps DHCP, router advertisements, time and ssh running,
 * and has an eye on what comes later: an interface that was not there at the start, a stick, the
 * WAN's cable.
 */
enum {
	SERVICES = 32,
	LOOK_MS = 3000,		/* at interfaces and sticks */
	WAIT_LEAST_MS = 1000,	/* before a service that ended is started again */
	WAIT_MOST_MS = 60000,
	STOP_MS = 2000,
	AGAIN_MS = 60000,	/* before settings that do not read are looked at again */
	CHILDREN_MAX = 4096
};
/* "PID STARTED" each, for the supervisor that comes after a crash. */
#define CHILDREN PATH_RUN "/services.children"

struct service {
	char name[NETWORK_NAME];
	char *words, *text;	/* what it runs with: with others it is another service */
	const struct step *step;	/* of wiring */
	int pid;		/* 0: not running */
	int64_t started, due;	/* uptime in ms */
	int64_t wait;
	int output;		/* of the one whose log-ins are told, a pipe; -1: none */
};

struct supervisor {
	struct wiring wiring;
	struct service service[SERVICES];
	size_t services;
	char missing[SERVICES][IFNAMSIZ];	/* interfaces of the settings that are not there */
	size_t missing_count;
	uint64_t disks;		/* what /sys/class/block had, as a sum */
	char wan[IFNAMSIZ];	/* "": none */
	struct carrier carrier;
	struct logins logins;
	int64_t again;		/* uptime in ms at which prefixes are announced in another way */
};

/* ---- one service ---- */

static char *words_of(const struct step *step)
{
	struct text out = TEXT_EMPTY;

	for (size_t i = 0; step->argv[i]; i++)
		text_printf(&out, "%s ", step->argv[i]);
	return out.data;
}

static void drop_output(struct service *service)
{
	if (service->output >= 0)
		close(service->output);
	service->output = -1;
}

/* Only the ssh server writes to its pipe: what it says there of log-ins is true. */
static int start_program(struct service *service)
{
	drop_output(service);
	if (strcmp(service->name, "dropbear") == 0)
		return program_start_heard(service->step->argv, service->name, &service->output);
	return program_start(service->step->argv, service->name, false);
}

static void start(struct service *service)
{
	int64_t now = clock_uptime_ms();
	int pid = start_program(service);

	service->pid = pid > 0 ? pid : 0;
	service->started = now;
	if (pid < 0) {
		service->wait = WAIT_MOST_MS;
		service->due = now + service->wait;
	}
}

static void ended(struct service *service, int status)
{
	int64_t now = clock_uptime_ms();

	/* Who ran for long may start at once; who does not, waits longer each time. */
	if (now - service->started > WAIT_MOST_MS || service->wait == 0)
		service->wait = WAIT_LEAST_MS;
	else
		service->wait = service->wait * 2 > WAIT_MOST_MS ? WAIT_MOST_MS : service->wait * 2;
	if (service->wait == WAIT_LEAST_MS)
		fprintf(stderr, "cordon network: %s ended with %d and is started again\n",
			service->name,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	service->pid = 0;
	service->due = now + service->wait;
}

static void stop_process(struct service *service)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t end = clock_uptime_ms() + STOP_MS;
	int status;

	if (service->pid) {
		kill(service->pid, SIGTERM);
		while (waitpid(service->pid, &status, WNOHANG) == 0) {
			if (clock_uptime_ms() > end)
				kill(service->pid, SIGKILL);
			nanosleep(&pause, NULL);
		}
	}
	service->pid = 0;
}

static void stop(struct service *service)
{
	stop_process(service);
	drop_output(service);
	free(service->words);
	free(service->text);
	*service = (struct service){ .output = -1 };
}

/* ---- those of a supervisor that crashed ---- */

/* When the kernel started it, in its ticks, by which a pid is known again; 0: it runs no more. */
static unsigned long long started_at(int pid)
{
	unsigned long long ticks = 0;
	char path[32], text[1024], state;
	const char *after;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	/* The name before it may have anything in it; 18 fields lie between. */
	after = strrchr(text, ')');
	if (!after ||
	    sscanf(after,
		   ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		   "%*s %llu",
		   &state, &ticks) != 2 ||
	    state == 'Z')
		return 0;
	return ticks;
}

static void note_children(const struct supervisor *supervisor)
{
	struct text out = TEXT_EMPTY;

	for (size_t i = 0; i < supervisor->services; i++) {
		const struct service *service = &supervisor->service[i];

		if (service->pid)
			text_printf(&out, "%d %llu\n", service->pid, started_at(service->pid));
	}
	(void)box_write(CHILDREN, out.data ? out.data : "", out.length, 0600);
	text_release(&out);
}

static void end_child(int pid, unsigned long long started, int64_t end)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	while (pid > 1 && started && started_at(pid) == started &&
	       clock_uptime_ms() < end + STOP_MS) {
		kill(pid, clock_uptime_ms() > end ? SIGKILL : SIGTERM);
		nanosleep(&pause, NULL);
	}
}

/* The kernel told them to end when it did; some take their time, and some do not listen. */
static void end_children(void)
{
	size_t size;
	char *text = box_read(CHILDREN, CHILDREN_MAX, &size), *rest = text, *line;
	const int64_t end = clock_uptime_ms() + STOP_MS;
	unsigned long long started;
	int pid;

	while (rest && (line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%d %llu", &pid, &started) == 2)
			end_child(pid, started, end);
	}
	free(text);
}

/* ---- all of them, from the settings ---- */

static struct service *find(struct supervisor *supervisor, const char *name)
{
	for (size_t i = 0; i < supervisor->services; i++) {
		if (strcmp(supervisor->service[i].name, name) == 0)
			return &supervisor->service[i];
	}
	return NULL;
}

static void write_configuration(const struct step *step)
{
	if (step->path)
		(void)box_write(step->path, step->text, strlen(step->text), 0600);
}

/* As it runs, or with another configuration that it reads by itself; false: it is another service.
 */
static bool keep(struct service *service, const struct step *step, const char *words, char **text)
{
	bool same = strcmp(service->text, *text) == 0;

	if (strcmp(service->words, words) != 0 || (!same && !(step->rereads && service->pid)))
		return false;
	service->step = step;
	if (!same) {
		char *old = service->text;

		service->text = *text;
		*text = old;
		write_configuration(step);
		kill(service->pid, SIGHUP);
	}
	return true;
}

static void begin(struct supervisor *supervisor, const struct step *step, char *words, char *text)
{
	struct service *service = find(supervisor, step->link);

	if (service)
		stop(service);
	else if (supervisor->services < SERVICES)
		service = &supervisor->service[supervisor->services++];
	if (!service) {
		free(words);
		free(text);
		return;
	}
	*service = (struct service){ .words = words, .text = text, .step = step, .output = -1 };
	snprintf(service->name, sizeof(service->name), "%s", step->link);
	write_configuration(step);
	start(service);
}

static void add(struct supervisor *supervisor, const struct step *step)
{
	struct service *service = find(supervisor, step->link);
	char *words = words_of(step), *text = strdup(step->text ? step->text : "");

	if (words && text && !(service && keep(service, step, words, &text))) {
		begin(supervisor, step, words, text);
		return;
	}
	free(words);
	free(text);
}

static bool planned(const struct wiring *wiring, const char *name)
{
	for (size_t i = 0; i < wiring->steps; i++) {
		if (wiring->step[i].kind == STEP_SERVICE && strcmp(wiring->step[i].link, name) == 0)
			return true;
	}
	return false;
}

static void drop_others(struct supervisor *supervisor, const struct wiring *wiring)
{
	for (size_t i = 0; i < supervisor->services;) {
		struct service *service = &supervisor->service[i];

		if (planned(wiring, service->name)) {
			i++;
			continue;
		}
		stop(service);
		*service = supervisor->service[--supervisor->services];
	}
}

static void note_missing(struct supervisor *supervisor, const struct network *network)
{
	const struct network_link *link;

	supervisor->missing_count = 0;
	for (size_t i = 0;
	     (link = network_link(network, i)) && supervisor->missing_count < SERVICES; i++) {
		if (if_nametoindex(link->interface) == 0)
			snprintf(supervisor->missing[supervisor->missing_count++], IFNAMSIZ, "%s",
				 link->interface);
	}
}

static void load(struct supervisor *supervisor)
{
	static struct network network;
	struct wiring_facts facts;
	struct wiring wiring;

	supervisor->again = clock_uptime_ms() + AGAIN_MS;
	if (facts_network(&network) != EXIT_YES)
		return;	/* said; what runs goes on */
	facts_wiring(&facts);
	supervisor->again = clock_uptime_ms() + 1000 * (int64_t)facts.again;
	snprintf(supervisor->wan, sizeof(supervisor->wan), "%s",
		 network.has_wan ? network.wan.interface : "");
	wiring_init(&wiring);
	wiring_services(&wiring, &network, &facts);
	(void)run_wiring(&wiring);
	if (wiring.failed) {
		wiring_release(&wiring);
		return;
	}
	drop_others(supervisor, &wiring);
	for (size_t i = 0; i < wiring.steps; i++) {
		if (wiring.step[i].kind == STEP_SERVICE)
			add(supervisor, &wiring.step[i]);
	}
	wiring_release(&supervisor->wiring);
	supervisor->wiring = wiring;
	note_children(supervisor);
	note_missing(supervisor, &network);
}

/* ---- leases ---- */

static void renew(struct supervisor *supervisor)
{
	if (!renew_begin())
		return;
	for (size_t i = 0; i < supervisor->services; i++) {
		struct service *service = &supervisor->service[i];

		if (strcmp(service->name, "udhcpc") != 0 && strcmp(service->name, "udhcpc6") != 0)
			continue;
		stop_process(service);
		service->wait = 0;
		start(service);
	}
	note_children(supervisor);
}

/* ---- what comes later ---- */

/* Its exit code is of no use here: what failed is on stderr, and looked at again. */
static void run_cordon(const char *a, const char *b, const char *c)
{
	const char *const words[] = { a, b, c, NULL };

	(void)!program_self(words);
}

static bool came(const struct supervisor *supervisor)
{
	char parent[IFNAMSIZ];

	for (size_t i = 0; i < supervisor->missing_count; i++) {
		const char *name = supervisor->missing[i];

		if (if_nametoindex(network_vlan(name, parent) ? parent : name))
			return true;
	}
	return false;
}

/* Changes when a disk comes or goes; which one does not matter. */
static uint64_t sum_disks(void)
{
	char path[BOX_PATH];
	DIR *folder = opendir(box_path(path, "/sys/class/block"));
	const struct dirent *entry;
	uint64_t sum = 0;

	while (folder && (entry = readdir(folder))) {
		uint64_t hash = 5381;

		for (const char *at = entry->d_name; *at; at++)
			hash = hash * 33 + (uint8_t)*at;
		sum += hash * hash;
	}
	if (folder)
		closedir(folder);
	return sum;
}

static void look(struct supervisor *supervisor)
{
	uint64_t disks = sum_disks();

	if (box_has(PATH_SETTINGS "/trial"))
		run_cordon("settings", "expire", NULL);
	if (came(supervisor)) {
		run_cordon("network", "up", NULL);
		supervisor->missing_count = 0;
		load(supervisor);
	}
	if (disks != supervisor->disks) {
		supervisor->disks = disks;
		run_cordon("settings", "intake", "--activate");
	}
}

static void reap(struct supervisor *supervisor)
{
	int status, pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < supervisor->services; i++) {
			if (supervisor->service[i].pid == pid)
				ended(&supervisor->service[i], status);
		}
	}
}

static void start_due(struct supervisor *supervisor)
{
	int64_t now = clock_uptime_ms();
	bool some = false;

	for (size_t i = 0; i < supervisor->services; i++) {
		struct service *service = &supervisor->service[i];

		if (service->pid || now < service->due)
			continue;
		start(service);
		some = true;
	}
	if (some)
		note_children(supervisor);
}

static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* false: it is to end. */
static bool obey_signals(struct supervisor *supervisor, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return false;
		if (info.ssi_signo == SIGHUP)
			load(supervisor);
		if (info.ssi_signo == SIGUSR1)
			renew(supervisor);
	}
	return true;
}

/* What the ssh server said since; -1 or its pipe, for the next poll. */
static int hear(struct supervisor *supervisor)
{
	struct service *service = find(supervisor, "dropbear");
	char data[4096];
	ssize_t got;

	if (!service)
		return -1;
	while (service->output >= 0 && (got = read(service->output, data, sizeof(data))) != 0) {
		if (got < 0)
			return service->output;
		login_hear(&supervisor->logins, data, (size_t)got);
	}
	drop_output(service);
	return -1;
}

/* Until it is told to end. */
static void supervise(struct supervisor *supervisor, int signals, int links)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = links, .events = POLLIN }, { .events = POLLIN } };
	int64_t looked = clock_uptime_ms();

	while (obey_signals(supervisor, signals)) {
		int64_t now = clock_uptime_ms();

		reap(supervisor);
		if (carrier_look(&supervisor->carrier, links, supervisor->wan, now))
			renew(supervisor);
		if (now >= supervisor->again)
			load(supervisor);
		start_due(supervisor);
		if (now - looked >= LOOK_MS) {
			looked = now;
			look(supervisor);
		}
		fds[2].fd = hear(supervisor);
		(void)poll(fds, 3, 1000);
	}
}

int network_services(const struct cli *cli)
{
	static struct supervisor supervisor;
	int signals = open_signals(), links = carrier_open();
	char text[16];

	(void)cli;
	if (signals < 0) {
		perror("cordon network services");
		return EXIT_NO;
	}
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	(void)box_write(PATH_RUN "/services.pid", text, strlen(text), 0600);
	end_children();
	supervisor.logins.failures = (struct ration){ .burst = 10, .interval = 60 * 1000 };
	load(&supervisor);
	supervise(&supervisor, signals, links);
	for (size_t i = 0; i < supervisor.services; i++)
		stop(&supervisor.service[i]);
	wiring_release(&supervisor.wiring);
	return EXIT_YES;
}
