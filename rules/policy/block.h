/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "rules/policy/policy.h"

/*
 * The layout of the compiled policy, written by compile.c and read by policy.c. Offsets count from
 * the start of the block. Numbers are in the byte order of the machine that built it: a block moves
 * between processes, never between machines.
 */
enum { BLOCK_MAGIC = 0x4e445243, BLOCK_VERSION = 2, BLOCK_ALIGN = 8 };

struct block_section {
	uint64_t offset;
	uint64_t count;	/* entries; bytes for the two pools */
};

struct policy_block {
	uint32_t magic;
	uint32_t version;
	uint64_t size;
	uint8_t digest[POLICY_DIGEST];	/* SHA-256 over what follows this field */
	uint32_t versions;		/* in strings */
	uint32_t deepest;		/* most labels of any name */
	struct block_section rules;
	struct block_section strings;	/* NUL-terminated texts */
	struct block_section names;	/* block_name entries */
	struct block_section slots;	/* open addressing, a power of two, never full */
	struct block_section ranges[2];	/* enum policy_table */
	struct block_section ports;
	struct block_section embeddings;	/* struct embedding */
	struct block_section rule_ports;	/* struct ports */
	struct block_section rule_networks;	/* struct prefix */
};

struct block_rule {
	uint32_t id;		/* in strings */
	uint32_t evidence;	/* in strings */
	uint8_t category;
	uint8_t confidence;
	uint8_t action;
	uint8_t intended;
	uint8_t kind;
	uint8_t port_count;	/* entries of rule_ports, from port on */
	uint8_t network_count;
	uint8_t zero;
	uint32_t port;
	uint32_t network;
};

/* In the pool of names: two bytes, then the wire form. */
enum { NAME_FLAGS, NAME_LABELS, NAME_WIRE };
enum { NAME_CARVE = 1 };

struct block_slot {
	uint32_t hash;
	uint32_t name;	/* in names; SLOT_EMPTY */
	uint32_t full;	/* rule for exactly this name, or POLICY_NO_RULE */
	uint32_t below;	/* rule for names below it, or POLICY_NO_RULE */
};
enum { SLOT_EMPTY = UINT32_MAX };

/*
 * The hash of a name is computed from the root outwards, so one walk over a query's labels yields
 * the hash of every suffix. It needs no key against chosen collisions, because only signed lists
 * fill the table.
 */
enum { NAME_HASH_ROOT = 0x811c9dc5 };
static inline uint32_t name_hash_label(uint32_t hash, const uint8_t *label)
{
	for (unsigned int i = 0; i <= label[0]; i++)
		hash = (hash ^ label[i]) * 0x01000193;
	return hash;
}
static inline uint32_t name_hash_slot(uint32_t hash)
{
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6d;
	return hash ^ hash >> 13;
}
