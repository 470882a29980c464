/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/box/image/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/base/sealed.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/image/block.h"
#include "appliance/box/image/disk.h"
#include "appliance/box/image/gpt.h"
#include "appliance/box/image/install.h"
#include "appliance/box/image/manifest.h"
#include "appliance/box/image/slots.h"
#include "appliance/command/command.h"
#include "rules/signed/strict.h"

enum { PIECE = 64 << 10, METADATA_BUDGET = 16 << 20, ROOT_MAX = 512 << 10, KEPT_MAX = 4096,
       METADATA_MOST = 4 << 20, MEMORY_KEPT = 6 << 20, ANSWER_MOST = 4096,
       VERIFY_SECONDS = 600 };	/* digests of all of it on a small box */

/* ---- into memory ---- */

/* What a file may have, and why not more. */
struct bound {
	uint64_t most;
	const char *why;
};

static void lower(struct bound *bound, uint64_t most, const char *why)
{
	if (most < bound->most)
		*bound = (struct bound){ most, why };
}

/* The root has to fit into the other slot, the kernel beside the one that runs. */
static void bound_by_disk(struct bound *bound)
{
	static struct image_disk disk;
	static struct image_boot boot;
	static struct diag diag;
	struct gpt_part part;
	uint64_t kernel = 0;

	diag_init(&diag);
	if (image_disk_open(&disk, false, &diag) < 0)
		return;		/* said later, by who needs it */
	if (image_boot_read(&boot, &disk, &diag) == 0)
		kernel = image_boot_room(boot.running);
	if (!kernel || kernel > MANIFEST_KERNEL_MAX)
		kernel = MANIFEST_KERNEL_MAX;
	if (gpt_lookup(&disk.gpt, install_part(slot_other(disk.slot)), &part))
		lower(bound,
		      (part.last - part.first + 1) * disk.gpt.sector + kernel + METADATA_MOST,
		      "no image that fits this disk is so large: expected an image for this "
		      "appliance");
	image_disk_close(&disk);
}

/* Pages of a file in memory cannot be given back when memory runs out: the kernel would end
 * programs. */
static void bound_by_memory(struct bound *bound)
{
	char text[1024];
	const char *at = box_peek("/proc/meminfo", text, sizeof(text)) ?
				 strstr(text, "MemAvailable:") :
				 NULL;
	uint64_t available = at ? strtoull(at + strlen("MemAvailable:"), NULL, 10) * 1024 : 0;

	if (at)
		lower(bound, available > MEMORY_KEPT ? available - MEMORY_KEPT : 0,
		      "this box has not so much memory free: end what else runs (cordon status, "
		      "sessions), or "
		      "restart it and install at once");
}

static void find_bound(struct bound *bound)
{
	*bound = (struct bound){ PACKED_MAX, "no image is so large" };
	bound_by_disk(bound);
	bound_by_memory(bound);
}

static int copy(int from, int to, const struct bound *bound, size_t *size)
{
	struct stat status;
	char *piece = malloc(PIECE);
	ssize_t got = 1;
	int error = piece ? 0 : -ENOMEM;

	*size = 0;
	/* Before anything of it is read, where it says how large it is. */
	if (!error && fstat(from, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uint64_t)status.st_size > bound->most)
		error = -EFBIG;
	while (!error && got) {
		got = read(from, piece, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		*size += got > 0 ? (size_t)got : 0;
		error = got < 0 ? -errno : *size > bound->most ? -EFBIG :
			file_write_all(to, piece, (size_t)got);
	}
	free(piece);
	return error;
}

static int map(struct image_packed *packed, int memory)
{
	void *data =
		packed->size ? mmap(NULL, packed->size, PROT_READ, MAP_PRIVATE, memory, 0) : NULL;

	if (data == MAP_FAILED || !data)
		return data ? -errno : -EBADMSG;
	packed->data = data;
	return 0;
}

static int take_in(struct image_packed *packed, const char *file, const struct bound *bound)
{
	const bool in = strcmp(file, "-") == 0;
	int from = in ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int memory = from < 0 ? -1 : memfd_create("image", MFD_CLOEXEC);
	int error = memory < 0 ? -errno : copy(from, memory, bound, &packed->size);

	if (!error)
		error = map(packed, memory);
	if (memory >= 0)
		close(memory);
	if (!in && from >= 0)
		close(from);
	return error;
}

static int read_packed(struct image_packed *packed, const char *file, struct diag *diag)
{
	struct bound bound;
	int error;

	find_bound(&bound);
	error = take_in(packed, file, &bound);
	if (error == -EFBIG)
		diag_error(diag, file, 0, 0, "it is larger than %" PRIu64 " kB, and %s",
			   bound.most / 1024, bound.why);
	else if (error)
		diag_error(diag, file, 0, 0, "cannot read: %s",
			   error == -EBADMSG ? "it is empty" : strerror(-error));
	return error;
}

/* ---- trust ---- */

struct packed_trusted {
	int64_t now;
	char *data;		/* of the bundle, or the root */
	size_t size;
	bool is_bundle;
	char path[512];		/* for people */
};

/* As cordond has it. */
static int64_t derived_now(const struct cli *cli)
{
	char path[512], *text = NULL;
	size_t size = 0;
	int64_t now;

	snprintf(path, sizeof(path), "%s/updates", cli->state);
	if (file_read(AT_FDCWD, path, KEPT_MAX, &text, &size) < 0)
		text = NULL;
	now = box_now(text, size);
	free(text);
	return now;
}

static const char *who(int error)
{
	return error == -EACCES ? ": are you root?" : "";
}

static int read_root(struct packed_trusted *trusted, const struct settings *settings,
		     struct diag *diag)
{
	char path[BOX_PATH];
	int error = -ENOENT;

	snprintf(path, sizeof(path), "%s", settings->trust_root);
	if (!*path)
		box_path(path, PATH_IMAGE_ROOT);
	error = file_read(AT_FDCWD, path, ROOT_MAX, &trusted->data, &trusted->size);
	if (error == -ENOENT && !settings->trust_root[0])
		diag_error(diag, "trust-root", 0, 0,
			   "this appliance trusts no publisher yet, so it takes no image: "
			   "put the publisher's root.json among its settings");
	else if (error)
		diag_error(diag, path, 0, 0, "cannot read the trusted root: %s%s", strerror(-error),
			   who(error));
	return error;
}

static int cannot_read_bundle(const char *path, int error, struct diag *diag)
{
	diag_error(diag, path, 0, 0,
		   "cannot read the release in force, which newer images are held "
		   "against: %s%s",
		   strerror(-error), who(error));
	return error;
}

static int read_trust(struct packed_trusted *trusted, const struct cli *cli,
		      const struct settings *settings, struct diag *diag)
{
	int error;

	trusted->now = derived_now(cli);
	snprintf(trusted->path, sizeof(trusted->path), "%s/bundle", cli->state);
	error = file_read(AT_FDCWD, trusted->path, ARCHIVE_MAX, &trusted->data, &trusted->size);
	if (error == -ENOENT)
		return read_root(trusted, settings, diag);
	trusted->is_bundle = true;
	return error ? cannot_read_bundle(trusted->path, error, diag) : 0;
}

/* ---- in the child ---- */

struct verifying {
	const struct image_packed *packed;
	const struct packed_trusted *trusted;
};

static void say(const struct image_packed *image, const struct packed *packed, struct text *answer)
{
	const struct archive_file *file = packed->file;

	sealed_put64(answer, (uint64_t)((const char *)file->data - (const char *)image->data));
	sealed_put64(answer, file->size);
	sealed_put_bytes(answer, file->name, strlen(file->name));
	sealed_put32(answer, (uint32_t)packed->signers);
	for (size_t i = 0; i < packed->signers; i++)
		sealed_put_bytes(answer, packed->signer[i], strlen(packed->signer[i]));
}

static int verify_work(void *context, struct text *answer, struct diag *diag)
{
	static struct archive archive, bundle;
	const struct verifying *verifying = context;
	const struct packed_trusted *trusted = verifying->trusted;
	struct offer_trust trust = { .now = trusted->now };
	struct packed packed;
	int error = packed_parse(&archive, verifying->packed->data, verifying->packed->size, diag);

	if (error)
		return error;
	if (trusted->is_bundle) {
		error = archive_parse(&bundle, trusted->data, trusted->size);
		if (error)
			return cannot_read_bundle(trusted->path, error, diag);
		trust.bundle = &bundle;
	} else {
		trust.root = trusted->data;
		trust.root_size = trusted->size;
	}
	error = packed_verify(&packed, &archive, &trust, diag);
	if (!error)
		say(verifying->packed, &packed, answer);
	return error;
}

/* ---- what it said ---- */

static bool is_keyid(const char *id)
{
	return strlen(id) == METADATA_KEYID - 1 &&
	       strspn(id, "0123456789abcdef") == METADATA_KEYID - 1;
}

static bool hear(struct image_packed *packed, const struct text *answer)
{
	struct cursor cursor = cursor_reader(answer->data, answer->length);
	const uint64_t offset = cursor_get64(&cursor), size = cursor_get64(&cursor);
	bool good;

	sealed_take_text(&cursor, packed->target.name, sizeof(packed->target.name));
	packed->signers = cursor_get32(&cursor);
	good = packed->signers <= RELEASE_SIGNERS && packed_check_name(packed->target.name) &&
	       size <= packed->size && offset <= packed->size - size;
	for (size_t i = 0; good && i < packed->signers; i++) {
		sealed_take_text(&cursor, packed->signer[i], METADATA_KEYID);
		good = is_keyid(packed->signer[i]);
	}
	if (!good || cursor.failed || cursor_left(&cursor))
		return false;
	packed->target.data = (const char *)packed->data + offset;
	packed->target.size = (size_t)size;
	return true;
}

/* ---- both ---- */

static void print_signers(const struct image_packed *packed)
{
	printf("%s is signed by %zu key%s:", packed->target.name, packed->signers,
	       packed->signers == 1 ? "" : "s");
	for (size_t i = 0; i < packed->signers; i++)
		printf(" %.8s", packed->signer[i]);
	puts("");
}

static int verify(struct image_packed *packed, const struct packed_trusted *trusted,
		  const char *file, struct diag *diag)
{
	struct verifying verifying = { packed, trusted };
	const struct sealed sealed = { .what = file, .work = verify_work, .context = &verifying,
				       .answer = ANSWER_MOST, .seconds = VERIFY_SECONDS,
				       .memory = SEALED_MEMORY + packed->size + trusted->size };
	struct text answer = TEXT_EMPTY;
	int error = sealed_run(&sealed, &answer, diag);

	if (!error && !hear(packed, &answer))
		error = sealed_refuse(file, diag);
	text_release(&answer);
	return error;
}

static int read_both(struct image_packed *packed, const struct cli *cli,
		     const struct settings *settings, const char *file, struct diag *diag)
{
	static struct packed_trusted trusted;
	int error = read_packed(packed, file, diag);

	if (!error)
		error = read_trust(&trusted, cli, settings, diag);
	if (!error)
		error = verify(packed, &trusted, file, diag);
	free(trusted.data);
	trusted.data = NULL;
	return error;
}

int image_packed_open(struct image_packed *packed, const struct cli *cli, const char *file,
		      struct diag *diag)
{
	static struct settings settings;
	int code = command_settings(cli, &settings), error;

	packed->data = NULL;
	if (code)
		return code;
	if (ENABLED(CONFIG_APPLIANCE_ED25519))
		key_use_ed25519();
	strict_budget(METADATA_BUDGET);
	error = read_both(packed, cli, &settings, file, diag);
	command_print_diag(diag);
	if (!error) {
		diag_init(diag);
		print_signers(packed);
	}
	return error ? EXIT_NO : EXIT_YES;
}

void image_packed_close(struct image_packed *packed)
{
	if (packed->data)
		munmap(packed->data, packed->size);
	packed->data = NULL;
}
