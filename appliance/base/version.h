/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#define VERSION_TEXT "0.1.0"
