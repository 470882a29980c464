/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The link through which a self-test acts as a client. Only root can make it. It is removed with
 * the test, before its blocks are written to the log, so its index there is always this one: no
 * client of the network was blocked.
 */
#define SELFTEST_LINK "selftest0"
enum { SELFTEST_LINK_INDEX = 0x43445354 };
