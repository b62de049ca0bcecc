/*
 * ctl/change.c
 *	  Changing the keyring under a lock.
 */
#include "ctl/change.h"

#include "base/clock.h"
#include "base/file.h"
#include "ctl/server.h"
#include "keyring/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_POLL_MS 20

/* The lock file belongs to whom the keyring belongs to, so that both may lock. */
static int
open_lock(const char *keyring)
{
	char path[PATH_MAX + sizeof(".lock")];
	uid_t uid;
	gid_t gid;
	int fd;

	(void) snprintf(path, sizeof(path), "%s.lock", keyring);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (geteuid() == 0 &&
		(!e3_file_owner(keyring, &uid, &gid) || fchown(fd, uid, gid) != 0))
	{
		(void) close(fd);
		return -1;
	}
	return fd;
}

int
e3_change_lock(const E3Ctl *ctl, E3Change *change)
{
	uint64_t deadline = e3_clock_ns() + E3_LOCK_TIMEOUT_MS * UINT64_C(1000000);
	const char *path = ctl->config.keyring;

	*change = (E3Change){.lock = open_lock(path)};
	if (change->lock < 0)
		return e3_ctl_fail("cannot open %s.lock: %s", path, strerror(errno));
	while (flock(change->lock, LOCK_EX | LOCK_NB) != 0)
	{
		bool held = errno == EWOULDBLOCK || errno == EINTR;

		if (!held || e3_clock_ns() >= deadline)
			return e3_ctl_fail("cannot lock %s.lock: %s", path,
							   held ? "another e3ctl is at work" : strerror(errno));
		(void) poll(NULL, 0, LOCK_POLL_MS);
	}
	return EXIT_SUCCESS;
}

int
e3_change_load(const E3Ctl *ctl, E3Change *change)
{
	const E3Kek kek = {ctl->config.passphrase_file};
	EvwStatus status = e3_store_load(ctl->config.keyring, &kek, &change->keyring);

	if (status == EVW_OK)
		return EXIT_SUCCESS;
	return e3_ctl_fail_file(ctl->config.keyring, status);
}

int
e3_change_save(const E3Ctl *ctl, E3Change *change)
{
	const E3Kek kek = {ctl->config.passphrase_file};
	EvwStatus status;

	e3_keyring_set_generation(change->keyring,
							  e3_keyring_generation(change->keyring) + 1);
	status = e3_store_save(ctl->config.keyring, &kek, change->keyring);
	return status == EVW_OK ? EXIT_SUCCESS
							: e3_ctl_fail_file(ctl->config.keyring, status);
}

int
e3_change_commit(const E3Ctl *ctl, E3Change *change)
{
	/* Told under the lock: E3 then reads what we wrote, not a later change. */
	if (e3_change_save(ctl, change) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return e3_ctl_tell(ctl);
}

void
e3_change_end(E3Change *change)
{
	e3_keyring_release(change->keyring);
	if (change->lock >= 0)
		(void) close(change->lock);
}
