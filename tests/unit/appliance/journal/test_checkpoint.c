/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>

#include "appliance/base/crypto/base64.h"
#include "appliance/journal/checkpoint.h"
#include "tests/unit/appliance/base/keys.h"

#define BOOT "0a7e3c52-6f0e-4a55-9b1c-27d4f1d3a9e0"

/* The text alone; the signature of ECDSA differs each time. */
static const char text[] =
	"cordon/gw-01\n1042\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
	"last 73210\ntime 2026-11-29T08:00:00.007Z\nboot " BOOT "\nreason hourly\n";

/* What OpenSSL says of this key: SHA-256 of its SubjectPublicKeyInfo begins with these bytes. */
static const char verifier_key[] =
	"cordon/gw-01+9cba7437+"
	"AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABM09g5uyvP15952sx7/YTWrdbSJy"
	"FTCvtCnwh8X7khFPVQpFHuZBi5vtvufO7pGDOcpeOxazbBr+ugTau2evmhY=";

struct fixture {
	struct secret *secret;
	struct key key, other;
	struct checkpoint checkpoint;
	struct text note;
};

static int make(void **state)
{
	static struct fixture fixture;
	struct secret *other;

	assert_int_equal(secret_parse(&fixture.secret, p256_plain, strlen(p256_plain), NULL), 0);
	secret_public(fixture.secret, &fixture.key);
	assert_int_equal(secret_generate(&other, KEY_P256), 0);
	secret_public(other, &fixture.other);
	secret_free(other);
	fixture.checkpoint = (struct checkpoint){
		.size = 1042, .last = 73210, .wall_ms = 1795939200007, .boot_id = BOOT,
		.reason = CHECKPOINT_HOURLY,
	};
	for (int i = 0; i < DIGEST_SIZE; i++)
		fixture.checkpoint.root[i] = (uint8_t)i;
	assert_int_equal(checkpoint_origin(fixture.checkpoint.origin, "gw-01"), 0);
	fixture.note = TEXT_EMPTY;
	assert_int_equal(checkpoint_sign(&fixture.checkpoint, fixture.secret, &fixture.note), 0);
	*state = &fixture;
	return 0;
}

static int destroy(void **state)
{
	struct fixture *fixture = *state;

	text_release(&fixture->note);
	secret_free(fixture->secret);
	return 0;
}

static int verify(const struct fixture *fixture, const char *note, size_t length)
{
	struct checkpoint checkpoint;
	size_t signer;

	return checkpoint_verify(&checkpoint, note, length, &fixture->key, 1, &signer);
}

static void prints_signs_reads(void **state)
{
	const struct fixture *fixture = *state;
	const struct key keys[] = { fixture->other, fixture->key };
	struct checkpoint read;
	size_t signer = 9;

	assert_memory_equal(fixture->note.data, text, strlen(text));
	assert_int_equal(strncmp(fixture->note.data + strlen(text), "\n\xe2\x80\x94 cordon/gw-01 ",
				 18), 0);
	assert_int_equal(checkpoint_verify(&read, fixture->note.data, fixture->note.length, keys, 2,
					   &signer), 0);
	assert_int_equal(signer, 1);
	assert_string_equal(read.origin, "cordon/gw-01");
	assert_int_equal(read.size, 1042);
	assert_int_equal(read.last, 73210);
	assert_int_equal(read.wall_ms, fixture->checkpoint.wall_ms);
	assert_string_equal(read.boot_id, BOOT);
	assert_int_equal(read.reason, CHECKPOINT_HOURLY);
	assert_memory_equal(read.root, fixture->checkpoint.root, DIGEST_SIZE);
	assert_int_equal(checkpoint_parse(&read, fixture->note.data, fixture->note.length), 0);
}

static void every_reason_and_time_comes_back(void **state)
{
	static const int64_t times[] = { 0, 1, 951782400999, 253402300799999 };
	struct fixture *fixture = *state;
	struct checkpoint read;

	for (int i = 0; i < CHECKPOINT_REASONS; i++) {
		for (size_t at = 0; at < sizeof(times) / sizeof(*times); at++) {
			struct text note = TEXT_EMPTY;

			fixture->checkpoint.reason = (enum checkpoint_reason)i;
			fixture->checkpoint.wall_ms = times[at];
			assert_int_equal(checkpoint_sign(&fixture->checkpoint, fixture->secret,
							 &note), 0);
			assert_int_equal(checkpoint_parse(&read, note.data, note.length), 0);
			assert_int_equal(read.reason, i);
			assert_int_equal(read.wall_ms, times[at]);
			text_release(&note);
		}
	}
}

/* Any other byte, anywhere, and any cut: it is no checkpoint, or not this key's. */
static void no_byte_can_be_changed(void **state)
{
	const struct fixture *fixture = *state;
	size_t length = fixture->note.length;
	char *note = malloc(length + 1);

	assert_non_null(note);
	for (size_t at = 0; at < length; at++) {
		memcpy(note, fixture->note.data, length);
		assert_int_not_equal(verify(fixture, note, at), 0);
		note[at] ^= 1;
		assert_int_not_equal(verify(fixture, note, length), 0);
		memmove(note + at + 1, fixture->note.data + at, length - at);
		note[at] = '\n';
		assert_int_not_equal(verify(fixture, note, length + 1), 0);
	}
	free(note);
}

/* A text of another form is refused, though its signature were true. */
static void one_form_only(void **state)
{
	static const char *const bad[] = {
		"cordon/\n", "tom/gw-01\n", "cordon/gw-01\n01042\n", "cordon/gw-01\n+1042\n",
		"cordon/gw-01\n1042\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nlast 1\n"
		"time 2026-13-29T08:00:00.007Z\nboot b\nreason hourly\n",
		"cordon/gw-01\n1042\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nlast 1\n"
		"time 2026-11-29T08:00:00.007Z\nboot b\nreason later\n",
		"cordon/gw-01\n1042\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nlast 1\n"
		"time 2026-11-29T08:00:00.007Z\nboot b\nreason hourly\nmore 1\n",
		"cordon/gw-01\n1042\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\nlast 1\n"
		"time 2026-11-29T08:00:00.007Z\nboot b\nreason hourly\n",
		"cordon/gw-01\n99999999999999999999\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
		"last 1\ntime 2026-11-29T08:00:00.007Z\nboot b\nreason hourly\n",
	};
	const struct fixture *fixture = *state;
	struct checkpoint read;
	char note[1024];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int length = snprintf(note, sizeof(note), "%s%s", bad[i],
				      fixture->note.data + strlen(text));

		if (checkpoint_parse(&read, note, (size_t)length) != -EBADMSG)
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(checkpoint_parse(&read, text, strlen(text)), -EBADMSG);
	assert_int_equal(checkpoint_parse(&read, "", 0), -EBADMSG);
	assert_int_equal(checkpoint_parse(&read, "\n\n\n", 3), -EBADMSG);
}

static void signatures_of_others(void **state)
{
	const struct fixture *fixture = *state;
	struct checkpoint read;
	struct text note = TEXT_EMPTY;
	char *witness = malloc(CHECKPOINT_NOTE);
	size_t signer;

	/* Unknown keys, also under our name, are passed over, and long ones. */
	assert_non_null(witness);
	memset(witness, 'A', 8000);
	witness[8000] = '\0';
	text_printf(&note, "%s\xe2\x80\x94 witness.example.com/w1 %s\n\xe2\x80\x94 cordon/gw-01 "
		    "AAAAAAAA\n", fixture->note.data, witness);
	assert_int_equal(verify(fixture, note.data, note.length), 0);
	assert_int_equal(checkpoint_verify(&read, note.data, note.length, &fixture->other, 1,
					   &signer), -ENOKEY);
	/* Lines that are none are not. */
	text_puts(&note, "\xe2\x80\x94 witness+1 AAAAAAAA\n");
	assert_int_equal(verify(fixture, note.data, note.length), -EBADMSG);
	text_release(&note);
	/* A note that is too long. */
	for (int i = 0; i < 3; i++)
		text_printf(&note, "%s\xe2\x80\x94 w %s\n", i ? "" : fixture->note.data, witness);
	assert_int_equal(verify(fixture, note.data, note.length), -EBADMSG);
	text_release(&note);
	free(witness);
}

/* The signature of one text below another one of the same form. */
static void false_signature_of_a_known_key(void **state)
{
	struct fixture *fixture = *state;
	struct text note = TEXT_EMPTY;

	fixture->checkpoint.size++;
	assert_int_equal(checkpoint_sign(&fixture->checkpoint, fixture->secret, &note), 0);
	memcpy(note.data, text, strlen(text));
	assert_int_equal(verify(fixture, note.data, note.length), -EBADMSG);
	text_release(&note);
}

static void wrong_members_are_not_signed(void **state)
{
	struct fixture *fixture = *state;
	struct checkpoint bad = fixture->checkpoint;
	char origin[CHECKPOINT_ORIGIN], longest[CHECKPOINT_ORIGIN];
	struct text note = TEXT_EMPTY;
	struct secret *p384;

	assert_int_equal(checkpoint_origin(origin, ""), -EINVAL);
	assert_int_equal(checkpoint_origin(origin, "a b"), -EINVAL);
	assert_int_equal(checkpoint_origin(origin, "a+b"), -EINVAL);
	assert_int_equal(checkpoint_origin(origin, "a\xc3\xa4"), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[CHECKPOINT_ORIGIN - 7] = '\0';
	assert_int_equal(checkpoint_origin(origin, longest), -EINVAL);
	longest[CHECKPOINT_ORIGIN - 8] = '\0';
	assert_int_equal(checkpoint_origin(origin, longest), 0);
	strcpy(bad.boot_id, "a\nb");
	assert_int_equal(checkpoint_sign(&bad, fixture->secret, &note), -EINVAL);
	assert_int_equal(secret_generate(&p384, KEY_P384), 0);
	assert_int_equal(checkpoint_sign(&fixture->checkpoint, p384, &note), -EINVAL);
	secret_free(p384);
	assert_int_equal(note.length, 0);
	text_release(&note);
}

static void verifier_key_for_other_tools(void **state)
{
	const struct fixture *fixture = *state;
	struct text out = TEXT_EMPTY;

	assert_int_equal(checkpoint_key_print("cordon/gw-01", &fixture->key, &out), 0);
	assert_string_equal(out.data, verifier_key);
	text_release(&out);
}

#define with_note(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_note(prints_signs_reads),
		with_note(every_reason_and_time_comes_back),
		with_note(no_byte_can_be_changed),
		with_note(one_form_only),
		with_note(signatures_of_others),
		with_note(false_signature_of_a_known_key),
		with_note(wrong_members_are_not_signed),
		with_note(verifier_key_for_other_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
