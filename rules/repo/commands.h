/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The commands of `cordon repo`, cordon-repo(1). argv[0] is the command; an exit code. */
int repo_key(int argc, char **argv);
int repo_init(int argc, char **argv);
int repo_add(int argc, char **argv);
int repo_revert(int argc, char **argv);
int repo_sign(int argc, char **argv);
int repo_status(int argc, char **argv);
int repo_publish(int argc, char **argv);
int repo_timestamp(int argc, char **argv);
int repo_hold(int argc, char **argv);
int repo_rotate(int argc, char **argv);
int repo_delegate(int argc, char **argv);
int repo_verify(int argc, char **argv);
int repo_fleet(int argc, char **argv);
int repo_settings(int argc, char **argv);
int repo_image(int argc, char **argv);
