/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The link by which a self-test acts as a client. Only root can make it; it is gone when the test is,
 * before its blocks are written into the log, so that its index is always this one: it says that no
 * client of the network was blocked.
 */
#define SELFTEST_LINK "selftest0"
enum { SELFTEST_LINK_INDEX = 0x43445354 };
