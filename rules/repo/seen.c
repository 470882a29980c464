/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/crypto/digest.h"
#include "appliance/base/file.h"
#include "appliance/base/hex.h"
#include "appliance/base/version.h"
#include "appliance/command/command.h"
#include "rules/repo/repo.h"

/* Files beside a key: NAME.seen, what it has seen, and NAME.shown, a line for each signature. */

enum { TOKEN_DIGITS = 16 };

/* ---- where ---- */

static bool ends_with(const char *text, const char *ending)
{
	const size_t length = strlen(text), end = strlen(ending);

	return length > end && strcmp(text + length - end, ending) == 0;
}

static int beside(const char *key, char stem[PATH_MAX])
{
	const int length = snprintf(stem, PATH_MAX - REPO_ENDING, "%s", key);

	if (length >= PATH_MAX - REPO_ENDING)
		return -ENAMETOOLONG;
	if (ends_with(stem, ".pem") || ends_with(stem, ".pub"))
		stem[length - (int)strlen(".pem")] = '\0';
	return 0;
}

/*
 * A token has no folder: what it has seen lies with the user, under the digest of its public key.
 */
static int with_user(const struct key *key, char stem[PATH_MAX])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char hex[2 * DIGEST_SIZE + 1], folder[PATH_MAX - 128];
	struct text pem = TEXT_EMPTY;
	uint8_t digest[DIGEST_SIZE];
	int length, error = key_public_print(key, &pem);

	if (!error)
		error = digest_sha256(pem.data, pem.length, digest);
	text_release(&pem);
	if (error)
		return error;
	if ((!state || !*state) && (!home || !*home))
		return -ENOENT;
	hex_print(digest, sizeof(digest), hex);
	length = state && *state ? snprintf(folder, sizeof(folder), "%s/cordon", state) :
		 snprintf(folder, sizeof(folder), "%s/.local/state/cordon", home);
	if (length >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)!mkdir(folder, 0700);
		*slash = '/';
	}
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	snprintf(stem, PATH_MAX - REPO_ENDING, "%s/%.*s", folder, TOKEN_DIGITS, hex);
	return 0;
}

/* ---- reading and writing ---- */

static int load(const char *stem, struct seen *seen)
{
	char path[PATH_MAX + REPO_ENDING];
	struct diag diag;
	char *text = NULL;
	size_t size = 0;
	int error;

	diag_init(&diag);
	snprintf(path, sizeof(path), "%s.seen", stem);
	error = file_read(AT_FDCWD, path, SEEN_MAX, &text, &size);
	if (error && error != -ENOENT)
		diag_error(&diag, path, 0, 0, "cannot read what this key has seen: %s",
			   strerror(-error));
	else
		error = seen_parse(seen, text, size, path, &diag);
	free(text);
	command_print_diag(&diag);
	return error;
}

static int open_shown(const char *stem)
{
	char path[PATH_MAX + REPO_ENDING];
	int fd;

	snprintf(path, sizeof(path), "%s.shown", stem);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? -errno : fd;
}

/*
 * Two commands with one key lose nothing. The record is locked: it stays the same file, and its
 * owner alone can open it. The key's folder may be the repository's, which has a lock of its own.
 * A descriptor.
 */
static int lock(const char *stem)
{
	int fd = open_shown(stem), error;

	if (fd < 0 || flock(fd, LOCK_EX) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int write_seen(const char *stem, const struct seen *seen)
{
	char path[PATH_MAX + REPO_ENDING];
	struct text text = TEXT_EMPTY;
	int error = seen_print(seen, &text);

	snprintf(path, sizeof(path), "%s.seen", stem);
	if (!error)
		error = file_replace(AT_FDCWD, path, text.data, text.length, 0600);
	text_release(&text);
	return error;
}

/* Takes over what another command with this key may have written meanwhile, and adds to it. */
static int update(struct repo_keys *keys, size_t index,
		  int add(struct seen *seen, const void *context), const void *context)
{
	const char *stem = keys->stem[index];
	int locked = lock(stem);
	struct seen seen;
	int error = locked < 0 ? locked : load(stem, &seen);

	if (!error) {
		error = add(&seen, context);
		if (!error)
			error = write_seen(stem, &seen);
		if (!error) {
			seen_release(&keys->seen[index]);
			keys->seen[index] = seen;
		} else {
			seen_release(&seen);
		}
	}
	if (locked >= 0)
		close(locked);
	if (error)
		fprintf(stderr,
			"cordon repo: %s.%s: cannot keep what this key has seen: %s; nothing "
			"is done without it\n",
			stem, locked < 0 ? "shown" : "seen", strerror(-error));
	return error;
}

static int update_all(struct repo_keys *keys, int add(struct seen *seen, const void *context),
		      const void *context)
{
	int error = 0;

	for (size_t i = 0; !error && i < keys->count; i++)
		error = update(keys, i, add, context);
	return error;
}

/* ---- what the commands ask ---- */

static int take(struct repo_keys *keys, const char *key, int error)
{
	if (!error)
		error = load(keys->stem[keys->count], &keys->seen[keys->count]);
	else
		fprintf(stderr, "cordon repo: %s: no place for what this key has seen: %s\n", key,
			error == -ENOENT ? "expected HOME or XDG_STATE_HOME" : strerror(-error));
	keys->count += !error;
	return error ? EXIT_NO : 0;
}

int repo_keys_add(struct repo_keys *keys, const char *key, const struct key *public)
{
	if (keys->count == PUBLISH_SECRETS)
		return EXIT_USAGE;
	if (!repo_is_token(key))
		return take(keys, key, beside(key, keys->stem[keys->count]));
	return take(keys, key, public ? with_user(public, keys->stem[keys->count]) : -EINVAL);
}

int repo_keys_find(struct repo_keys *keys, const char *key)
{
	const char *usual = getenv("CORDON_KEY");

	if (!key)
		key = usual && *usual ? usual : NULL;
	return key ? repo_keys_add(keys, key, NULL) : 0;
}

void repo_keys_release(struct repo_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		seen_release(&keys->seen[i]);
	keys->count = 0;
}

static int add_pin(struct seen *seen, const void *context)
{
	return seen_pin(seen, context);
}

int repo_keys_pin(struct repo_keys *keys, const char *id)
{
	return update_all(keys, add_pin, id);
}

int repo_pin_given(const struct repo_words *words, size_t first, size_t last, const char *id)
{
	static struct repo_keys keys;
	int error = 0;

	for (size_t i = 0; !error && i < words->values; i++) {
		if (words->value[i].option < first || words->value[i].option > last)
			continue;
		keys.count = 0;
		error = repo_keys_add(&keys, words->value[i].text, NULL) ? -EINVAL :
			repo_keys_pin(&keys, id);
		repo_keys_release(&keys);
	}
	return error;
}

static int add_repository(struct seen *seen, const void *context)
{
	const struct repository *repository = context;

	return *repository->id ? repository_learn(repository, seen, NULL) : 0;
}

int repo_keys_learn(struct repo_keys *keys, const struct repository *repository)
{
	return update_all(keys, add_repository, repository);
}

static int add_now(struct seen *seen, const void *context)
{
	return seen_learn(seen, context);
}

int repo_keys_published(struct repo_keys *keys, const struct seen_now *now)
{
	return update_all(keys, add_now, now);
}

/* ---- signatures ---- */

struct signed_ {
	const char *repository;
	const struct seen_signature *signature;
};

static int add_signature(struct seen *seen, const void *context)
{
	const struct signed_ *signed_ = context;

	return seen_sign(seen, signed_->repository, signed_->signature);
}

static int append(const char *stem, const struct text *line)
{
	int fd = open_shown(stem), error;

	if (fd < 0)
		return fd;
	error = file_write_all(fd, line->data, line->length);
	if (!error && fsync(fd) < 0)
		error = -errno;
	close(fd);
	return error;
}

int repo_keys_sign(struct repo_keys *keys, size_t index, const struct repo_shown *shown)
{
	const struct signed_ signed_ = { shown->repository, shown->signature };
	struct text line = TEXT_EMPTY;
	int error = seen_record_print(shown->command, shown->repository, shown->signature,
				      shown->text, &line);

	if (!error)
		error = append(keys->stem[index], &line);
	text_release(&line);
	if (error) {
		fprintf(stderr,
			"cordon repo: %s.shown: cannot record what was shown: %s; nothing was "
			"signed\n",
			keys->stem[index], strerror(-error));
		return error;
	}
	return update(keys, index, add_signature, &signed_);
}

/* ---- opening a repository ---- */

/* The user types the fingerprint, from another source; it is not shown before. */
static bool ask_fingerprint(char line[METADATA_KEYID + 1])
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ssize_t got;

	if (fd < 0)
		return false;
	dprintf(fd,
		"A key that is used here has not met this repository. \"cordon repo init\" "
		"printed its "
		"fingerprint; type\nat least %d digits of it, as the maker of the repository told "
		"you, not "
		"from this folder: ",
		REPOSITORY_FINGERPRINT_MIN);
	got = read(fd, line, METADATA_KEYID);
	close(fd);
	line[got > 0 ? got : 0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return *line;
}

static int open_with(struct repository *repository, const struct repo_words *words,
		     const struct repository_how *how, struct diag *diag)
{
	int error = repository_open(repository, words->word[0], how, diag);

	if (error)
		repository_close(repository);
	return error;
}

/* Without a key the folder vouches for itself; signers use their own key. */
static void note_of_folder(const struct repo_words *words, const struct repository *repository)
{
	if (repository->timestamp)
		fprintf(stderr,
			"cordon %s: note: no --key: what is published is verified from this "
			"folder's own first root, %.8s...\n",
			words->command, repository->id);
}

/* What is signed at a time that was never is expired for everybody, or for nobody. */
static bool check_clock(int64_t now, struct diag *diag)
{
	char built[32], here[32];

	if (now >= version_build_time())
		return true;
	metadata_time_print(version_build_time(), built);
	metadata_time_print(now, here);
	diag_error(diag, "the clock", 0, 0,
		   "says %s, and this program was built at %s: expected that it "
		   "is set right first",
		   here, built);
	return false;
}

int repo_open(struct repository *repository, const struct repo_words *words, struct repo_keys *keys,
	      enum repo_access access, struct diag *diag)
{
	struct repository_how how = { .alone = access == REPO_ALONE, .seen = keys->seen,
				      .seens = keys->count, .fingerprint = words->fingerprint,
				      .now = clock_wall() };
	char line[METADATA_KEYID + 1];
	int error;

	if (words->words == 0)
		return command_usage(words->command, "expected the repository's folder");
	if (!check_clock(how.now, diag))
		return repo_report(words->word[0], diag, -EINVAL);
	error = open_with(repository, words, &how, diag);
	if (error == -ENOKEY && ask_fingerprint(line)) {
		how.fingerprint = line;
		error = open_with(repository, words, &how, diag);
	} else if (error == -ENOKEY) {
		diag_error(
			diag, words->word[0], 0, 0,
			"a key that is used here has not met this "
			"repository: expected --fingerprint DIGITS, which its maker read "
			"out, "
			"not taken from this folder");
	}
	if (error)
		return repo_report(words->word[0], diag, error);
	if (keys->count == 0) {
		note_of_folder(words, repository);
		return 0;
	}
	if (repo_keys_learn(keys, repository) == 0)
		return 0;
	repository_close(repository);
	return EXIT_NO;
}

int repo_folder_open(struct repo_folder *folder, const struct repo_words *words,
		     enum repo_access access)
{
	int code;

	folder->keys.count = 0;
	diag_init(&folder->diag);
	code = repo_keys_find(&folder->keys, words->key);
	if (!code)
		code = repo_open(&folder->repository, words, &folder->keys, access, &folder->diag);
	if (code)
		repo_keys_release(&folder->keys);
	return code;
}

void repo_folder_close(struct repo_folder *folder)
{
	repository_close(&folder->repository);
	repo_keys_release(&folder->keys);
}
