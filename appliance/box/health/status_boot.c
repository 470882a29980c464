/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/health/status_boot.h"

#include <stdlib.h>
#include <time.h>

#include "appliance/base/clock.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/health/boot.h"
#include "appliance/box/network/wiring.h"
#include "appliance/command/command.h"

enum { TIMES_MAX = 4096 };
#define LOGGED PATH_BOOT_RUN "/logged"

void status_boot_load(struct boot *boot)
{
	size_t size;
	char *times = box_read(PATH_BOOT_TIMES, TIMES_MAX, &size);
	char *forwarded = box_read(PATH_BOOT_FORWARDED, TIMES_MAX, &size);

	boot_parse(boot, times, forwarded);
	free(times);
	free(forwarded);
}

static void print_times(const struct boot *boot)
{
	for (int step = 0; step < BOOT_STEPS; step++) {
		if (boot->at[step] >= 0)
			printf("%s %.2f\n", boot_step_print((enum boot_step)step),
			       (double)boot->at[step] / 1000);
	}
}

int status_boot(void)
{
	struct text line = TEXT_EMPTY;
	struct boot boot;

	if (!box_has(PATH_BOOT_TIMES)) {
		fputs("cordon: there is no " PATH_BOOT_TIMES
		      ": expected an appliance that runs the image\n",
		      stderr);
		return EXIT_NO;
	}
	status_boot_load(&boot);
	boot_print(&boot, &line);
	puts(line.data ? line.data : "");
	print_times(&boot);
	if (line.data && boot.at[BOOT_FORWARDING] >= 0 && !box_has(LOGGED)) {
		box_log("%s", line.data);
		(void)box_write(LOGGED, "", 0, 0644);
	}
	/* A caller that only keeps the output still sees it on the console. */
	if (line.data && !boot_proven(&boot))
		fprintf(stderr, "cordon: %s\n", line.data);
	text_release(&line);
	return boot_proven(&boot) ? EXIT_YES : EXIT_NO;
}
