/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/daemon/receipt.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/hex.h"
#include "appliance/base/version.h"
#include "rules/signed/device.h"
#include "rules/signed/strict.h"

static json_t *signed_json(const struct attestation *receipt, const struct secret *key)
{
	char bundle[65] = "", time[32], since[32] = "";

	if (receipt->bundle)
		hex_print(receipt->bundle, 32, bundle);
	metadata_time_print(receipt->time, time);
	if (receipt->since)
		metadata_time_print(receipt->since, since);
	return json_pack("{s:s, s:i, s:s, s:o, s:s, s:s, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s, "
			 "s:s, s:s, s:s, s:I, s:s, s:s}",
			 "_type", "receipt", "spec", 1, "appliance", receipt->appliance, "key",
			 device_key_json(key), "time", time, "clock",
			 receipt->clock_set ? "set" : "floor", "uptime",
			 (json_int_t)receipt->uptime, "boot", receipt->boot, "image", VERSION_TEXT,
			 "release", (json_int_t)receipt->release, "bundle", bundle, "state",
			 receipt->state, "mode", receipt->mode, "freshness", receipt->freshness,
			 "result", receipt->result, "refusal", receipt->refusal, "ring",
			 receipt->ring, "sequence", (json_int_t)receipt->sequence, "since", since,
			 "checkpoint", receipt->checkpoint);
}

int receipt_print(const struct attestation *receipt, const struct secret *key, struct text *out)
{
	uint8_t signature[KEY_SIGNATURE];
	char digits[2 * KEY_SIGNATURE + 1] = "", id[METADATA_KEYID];
	struct text canonical = TEXT_EMPTY;
	json_t *body = signed_json(receipt, key), *envelope = NULL;
	size_t length = 0;
	char *line = NULL;
	int error = body ? strict_canonical(body, &canonical) : -ENOMEM;

	if (!error)
		error = secret_sign(key, canonical.data, canonical.length, signature, &length);
	if (!error)
		error = device_keyid(key, id);
	if (!error) {
		hex_print(signature, length, digits);
		envelope = json_pack("{s:[{s:s, s:s}], s:O}", "signatures", "keyid", id, "sig",
				     digits, "signed", body);
		line = envelope ? json_dumps(envelope, JSON_COMPACT) : NULL;
		error = line ? 0 : -ENOMEM;
	}
	if (line)
		text_printf(out, "%s\n", line);
	free(line);
	json_decref(envelope);
	json_decref(body);
	text_release(&canonical);
	return !error && text_failed(out) ? -ENOMEM : error;
}
