/*
 * ctl/init.c
 *	  init: whatever is missing of configuration, passphrase and keyring.
 */
#include "base/file.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "ctl/lock.h"
#include "keyring/audit_key.h"
#include "wire/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANDOM_BYTES 32
#define RANDOM_TEXT 43 /* their base64, unpadded */
#define RUNTIME_SOCKET "/run/evcrypt/e3.sock"

/* Whom new files are given to; not ours to give unless we are root. */
typedef struct Owner
{
	bool given;
	uid_t uid;
	gid_t gid;
} Owner;

static int
find_owner(const E3Ctl *ctl, Owner *owner)
{
	const struct passwd *entry;

	*owner = (Owner){.given = false};
	if (ctl->owner == NULL)
		return EXIT_SUCCESS;
	if (geteuid() != 0)
		return e3_ctl_fail("--owner is for root");
	entry = getpwnam(ctl->owner);
	if (entry == NULL)
		return e3_ctl_fail("%s: no user of this name", ctl->owner);
	*owner = (Owner){true, entry->pw_uid, entry->pw_gid};
	return EXIT_SUCCESS;
}

/* By descriptor: in a directory of somebody else, names come and go. */
static bool
give_path(const char *path, const Owner *owner)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int error;
	bool given;

	if (fd < 0)
		return false;
	given = e3_file_give(fd, owner->uid, owner->gid);
	error = errno;
	(void) close(fd);
	errno = error;
	return given;
}

static int
give(const char *path, const Owner *owner)
{
	if (owner->given && !give_path(path, owner))
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	printf("made %s\n", path);
	return EXIT_SUCCESS;
}

/* Something at "path"?  1, 0, or -1 after a message. */
static int
exists(const char *path)
{
	struct stat info;

	if (lstat(path, &info) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	(void) e3_ctl_fail("%s: %s", path, strerror(errno));
	return -1;
}

static int
make_dir(const char *config_path, const Owner *owner)
{
	char dir[PATH_MAX];

	e3_file_dir(config_path, dir);
	if (mkdir(dir, 0700) == 0)
		return give(dir, owner);
	if (errno == EEXIST)
		return EXIT_SUCCESS;
	return e3_ctl_fail("%s: %s", dir, strerror(errno));
}

/* With a lock held, so that another init does not make it too. */
static int
make_file(const char *path, const void *data, size_t len, const Owner *owner)
{
	E3FileResult result = e3_file_create(path, (EvwBytes){data, len});

	if (result != E3_FILE_OK)
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	return give(path, owner);
}

static const char config_template[] =
	"# E3, the encryption engine of evcrypt.\n"
	"\n"
	"[e3]\n"
	"socket = %s\n"
	"#socket_mode = 0660\n"
	"#workers = 4            ; default: one a core\n"
	"#connections = 1024\n"
	"#drain_ms = 10000       ; to finish what is in flight at SIGTERM\n"
	"#locked_memory = 1MB    ; for keys; a power of two\n"
	"#log_level = info       ; debug, info, warning, error\n"
	"\n"
	"[limits]\n"
	"#hello_timeout_ms = 10000\n"
	"#frame_timeout_ms = 10000\n"
	"#idle_timeout_ms = 3600000\n"
	"\n"
	"[keyring]\n"
	"file = %s/keyring\n"
	"passphrase_file = %s/passphrase\n"
	"#credential = NAME      ; instead: a file below $CREDENTIALS_DIRECTORY\n"
	"#custody = tpm          ; passphrase, tpm, pkcs11, kms\n"
	"\n"
	"[access]\n"
	"# Who may connect beside E3's own user: names or uids.\n"
	"#allow_users = postgres\n";

/* Where "dir" is or, if only its parent is there yet, will be. */
static bool
resolve_dir(const char *dir, char *real)
{
	char copy[PATH_MAX];
	char parent[PATH_MAX];
	char found[PATH_MAX];

	if (realpath(dir, real) != NULL)
		return true;
	if (errno != ENOENT)
		return false;
	e3_file_dir(dir, parent);
	if (realpath(parent, found) == NULL)
		return false;
	(void) snprintf(copy, sizeof(copy), "%s", dir);
	if (snprintf(real, PATH_MAX, "%s/%s", strcmp(found, "/") == 0 ? "" : found,
				 basename(copy)) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/*
 * E3 shall read the text as it is meant: there are limits to paths and lines, and
 * characters that begin a comment.
 */
static int
check_config(const char *path, const char *dir, const char *text)
{
	char keyring[PATH_MAX + sizeof("/keyring")];
	E3ConfigError error;
	E3Config config;

	if (e3_config_parse(text, strlen(text), path, &config, &error) != EVW_OK)
		return e3_ctl_fail("not made: %s", error.text);
	(void) snprintf(keyring, sizeof(keyring), "%s/keyring", dir);
	if (strcmp(config.keyring, keyring) != 0)
		return e3_ctl_fail("not made: %s: a configuration cannot name this directory",
						   dir);
	return EXIT_SUCCESS;
}

/* The text of a new configuration, which names absolute paths however "path" does. */
static int
fill_config(const char *path, char *text, size_t size)
{
	char given[PATH_MAX];
	char dir[PATH_MAX];
	char socket_path[PATH_MAX + sizeof("/e3.sock")] = RUNTIME_SOCKET;
	int len;

	e3_file_dir(path, given);
	if (!resolve_dir(given, dir))
		return e3_ctl_fail("%s: %s", given, strerror(errno));
	if (strcmp(path, E3_CONFIG_PATH) != 0)
		(void) snprintf(socket_path, sizeof(socket_path), "%s/e3.sock", dir);
	len = snprintf(text, size, config_template, socket_path, dir, dir);
	if (len < 0 || (size_t) len >= size)
		return e3_ctl_fail("%s: %s", path, strerror(ENAMETOOLONG));
	return check_config(path, dir, text);
}

/*
 * Makes the configuration, and its directory.  The lock is waited for even where it
 * is there: not every file system lets another init make it in one step.
 */
static int
make_config(const char *path, const Owner *owner)
{
	char dir[PATH_MAX];
	char text[4 * PATH_MAX];
	int there = exists(path);
	int lock;

	if (there < 0 ||
		(there == 0 && (fill_config(path, text, sizeof(text)) != EXIT_SUCCESS ||
						make_dir(path, owner) != EXIT_SUCCESS)))
		return EXIT_FAILURE;
	e3_file_dir(path, dir);
	lock = e3_lock_dir(dir);
	if (lock < 0)
		return EXIT_FAILURE;
	if (there == 0)
	{
		there = exists(path);
		if (there == 0 && make_file(path, text, strlen(text), owner) == EXIT_SUCCESS)
			there = 1;
	}
	(void) close(lock);
	return there == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
make_passphrase(const char *path, const Owner *owner)
{
	uint8_t bytes[RANDOM_BYTES];
	char text[RANDOM_TEXT + 1];
	int status;

	if (e3_random(bytes, sizeof(bytes)) != EVW_OK)
		return e3_ctl_fail("%s", evw_status_message(EVW_CRYPTO_FAILED));
	evw_base64_encode(text, (EvwBytes){bytes, sizeof(bytes)});
	text[RANDOM_TEXT] = '\n';
	status = make_file(path, text, sizeof(text), owner);
	e3_wipe(bytes, sizeof(bytes));
	e3_wipe(text, sizeof(text));
	return status;
}

static int
make_keyring(const E3Ctl *ctl, E3Change *change, const Owner *owner)
{
	change->keyring = e3_keyring_new();
	if (change->keyring == NULL)
		return e3_ctl_fail("%s", evw_status_message(EVW_OUT_OF_MEMORY));
	if (e3_keyring_make_audit(change->keyring) != EVW_OK)
		return e3_ctl_fail("%s", evw_status_message(EVW_CRYPTO_FAILED));
	if (e3_change_save(ctl, change) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (ctl->config.generation_file[0] != '\0' && owner->given &&
		!give_path(ctl->config.generation_file, owner))
		return e3_ctl_fail("%s: %s", ctl->config.generation_file, strerror(errno));
	if (owner->given && !e3_file_give(change->lock, owner->uid, owner->gid))
		return e3_ctl_fail("%s.lock: %s", ctl->config.keyring, strerror(errno));
	return give(ctl->config.keyring, owner);
}

/* With the lock held, so that two never make two passphrases. */
static int
make_secrets(const E3Ctl *ctl, E3Change *change, const Owner *owner)
{
	const char *passphrase_file = ctl->config.passphrase_file;
	int has_keyring = exists(ctl->config.keyring);
	bool wanted = ctl->config.custody.kind == E3_CUSTODY_PASSPHRASE;
	int has_passphrase = wanted ? exists(passphrase_file) : 1;

	if (has_keyring < 0 || has_passphrase < 0)
		return EXIT_FAILURE;
	if (has_keyring && !has_passphrase)
		return e3_ctl_fail("%s is missing, and a new one would not open %s",
						   passphrase_file, ctl->config.keyring);
	if (!has_passphrase && make_passphrase(passphrase_file, owner) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (has_keyring)
		return e3_change_load(ctl, change);
	return make_keyring(ctl, change, owner);
}

int
e3_ctl_init(E3Ctl *ctl)
{
	E3Change change;
	Owner owner;
	int status;

	if (find_owner(ctl, &owner) != EXIT_SUCCESS ||
		make_config(ctl->config_path, &owner) != EXIT_SUCCESS ||
		e3_ctl_load_config(ctl) != EXIT_SUCCESS || e3_ctl_make_arena(ctl) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	status = e3_change_lock(ctl, &change);
	if (status == EXIT_SUCCESS)
		status = make_secrets(ctl, &change, &owner);
	e3_change_end(&change);
	return status;
}
