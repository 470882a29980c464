/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Finishes what a power cut or a restart interrupted: a factory reset, a trial that nobody kept, a
 * change of the trust root, an acceptance. The caller holds the lock. */
void recover_run(void);
