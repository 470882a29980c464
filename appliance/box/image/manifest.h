/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/diag.h"
#include "appliance/box/image/slots.h"

/*
 * What a bundle says of itself: one file, manifest.json, beside the two that it describes. Its
 * signature is checked elsewhere (rules/signed); here every field is checked, and the files
 * against it.
 *
 *	{ "arch": "x86_64", "version": "0.2.0", "build": 1763900000, "root-hash": "<64 digits>",
 *	  "root-size": 4259840, "root-sha256": "<64 digits>",
 *	  "kernel-size": 4726625, "kernel-sha256": "<64 digits>",
 *	  "kernel-name": "cordon-0.2.0-<8 digits of root-hash>.efi" }
 *
 * Unknown members are ignored, so that an older appliance takes a newer bundle.
 */
enum {
	MANIFEST_MAX = 4096,		/* bytes of the file */
	MANIFEST_WORD = 33,
	MANIFEST_HASH = 32,
	MANIFEST_ROOT_MAX = 256 << 20,	/* bytes; a slot may hold less */
	MANIFEST_KERNEL_MAX = 64 << 20
};
#define MANIFEST_FILE "manifest.json"	/* names in the archive */
#define MANIFEST_KERNEL "kernel.efi"
#define MANIFEST_ROOT "root.img"

struct manifest {
	char arch[MANIFEST_WORD];
	char version[MANIFEST_WORD];
	int64_t build;				/* seconds since 1970 */
	/* of dm-verity; the id of its partition begins it */
	uint8_t root_hash[MANIFEST_HASH];
	uint64_t root_size, kernel_size;	/* bytes */
	uint8_t root_sha256[MANIFEST_HASH], kernel_sha256[MANIFEST_HASH];
	char name[SLOTS_NAME];			/* of the boot artefact */
};

/* -EINVAL with diag (source: where the bytes are from). */
int manifest_parse(struct manifest *manifest, const void *bytes, size_t size, const char *source,
		   struct diag *diag) __attribute__((warn_unused_result));

/* Sizes and digests of the two files; -EINVAL with diag. */
int manifest_check(const struct manifest *manifest, const void *kernel, size_t kernel_size,
		   const void *root, size_t root_size, const char *source, struct diag *diag)
	__attribute__((warn_unused_result));

/* The image that runs, from its image.json: arch, version, build; the rest is zero. */
int manifest_parse_image(struct manifest *image, const void *bytes, size_t size, const char *source,
			 struct diag *diag) __attribute__((warn_unused_result));

/* From the child that parsed it (base/sealed.h): decode holds every field to what manifest_parse
 * takes; -EBADMSG. */
enum { MANIFEST_ENCODED = 512 };
void manifest_encode(const struct manifest *manifest, struct text *out);
int manifest_decode(struct manifest *manifest, struct cursor *cursor)
	__attribute__((warn_unused_result));
