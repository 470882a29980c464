/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Hashes for tables in memory: a multiplication and a fold for every eight bytes. A table whose
 * keys others choose begins with a random seed, so that colliding keys cannot be chosen. Not for
 * signatures, files or anything that outlives the program.
 */
#define HASH_FACTOR 0x9e3779b97f4a7c15U

/* Adds a word to the hash so far; at first that is the seed. */
static inline uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * HASH_FACTOR;
	return hash ^ hash >> 32;
}

/* Adds bytes, the last ones padded with zeros. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		word = 0;
		memcpy(&word, bytes + at, size - at < sizeof(word) ? size - at : sizeof(word));
		hash = hash_word(hash, word);
	}
	return hash;
}

/* The table's index, before it is reduced to the table's size. */
static inline uint32_t hash_end(uint64_t hash)
{
	return (uint32_t)(hash * HASH_FACTOR >> 32);
}
