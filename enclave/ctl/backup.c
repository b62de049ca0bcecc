/*
 * ctl/backup.c
 *	  keyring backup, keyring restore.
 *
 * A backup is a keyring file like any other, under its own salt and, if one is
 * given, its own passphrase.
 */
#include "base/clock.h"
#include "ctl/change.h"
#include "ctl/ctl.h"
#include "keyring/generation.h"
#include "keyring/store.h"

#include <errno.h>
#include <stdlib.h>

/* The key-encryption key of the backup file. */
static E3Kek
backup_kek(const E3Ctl *ctl)
{
	if (ctl->passphrase_file == NULL)
		return ctl->kek;
	return (E3Kek){.passphrase_file = ctl->passphrase_file};
}

int
e3_ctl_backup(E3Ctl *ctl)
{
	const E3Kek kek = backup_kek(ctl);
	E3Change change = {.lock = -1};
	int status;

	status = e3_change_load(ctl, &change);
	if (kek.custody != NULL && e3_custody_kind(kek.custody) != E3_CUSTODY_PASSPHRASE)
		e3_ctl_note("%s opens with the same %s alone: make one with --passphrase-file as "
					"well",
					ctl->args[0], e3_config_custody_name(e3_custody_kind(kek.custody)));
	if (status == EXIT_SUCCESS)
	{
		EvwStatus saved = e3_store_create(ctl->args[0], &kek, change.keyring);

		if (saved == EVW_KEYRING_IO && errno == EEXIST)
			status = e3_ctl_fail("%s exists already", ctl->args[0]);
		else if (saved != EVW_OK)
			status = e3_ctl_fail_file(ctl->args[0], &kek, saved);
	}
	e3_change_end(&change);
	return status;
}

/*
 * A generation that no keyring before this one had, which E3 may still serve: the
 * time in microseconds, since no change is as fast as that, and at least what the
 * file says.  That is not authenticated, and must leave room to count on.
 */
static uint64_t
guess_generation(const char *path)
{
	uint64_t now = e3_clock_unix_us();
	uint64_t claimed = e3_store_claimed_generation(path);

	return claimed > now && claimed <= INT64_MAX ? claimed : now;
}

/* A backup that is older than the audit gets the key that the audit log goes on under. */
static EvwStatus
keep_audit(const E3Keyring *current, E3Keyring *restored)
{
	EvwBytes secret = e3_keyring_audit(current);

	if (secret.len == 0 || e3_keyring_audit(restored).len > 0)
		return EVW_OK;
	return e3_keyring_set_audit(restored, secret);
}

/*
 * Generation of the keyring that is replaced, of which "restored" takes over what it
 * has not got itself.  One that does not open is what a backup is for, so that is not
 * an error.
 */
static uint64_t
leave_current(const E3Ctl *ctl, E3Keyring *restored)
{
	E3Keyring *keyring;
	EvwStatus status = e3_store_load(ctl->config.keyring, &ctl->kek, &keyring);
	uint64_t generation;

	if (status != EVW_OK)
	{
		if (status != EVW_KEYRING_IO || errno != ENOENT)
			e3_ctl_note("%s is replaced without being read: %s", ctl->config.keyring,
						evw_status_message(status));
		return guess_generation(ctl->config.keyring);
	}
	if (keep_audit(keyring, restored) != EVW_OK)
		e3_ctl_note("the audit's key could not be kept: there is no memory for it");
	generation = e3_keyring_generation(keyring);
	e3_keyring_release(keyring);
	return generation;
}

/* With the lock held. */
static int
restore(const E3Ctl *ctl, E3Change *change)
{
	const E3Kek kek = backup_kek(ctl);
	EvwStatus status = e3_store_load(ctl->args[0], &kek, &change->keyring);
	uint64_t generation;
	uint64_t noted;

	if (status != EVW_OK)
		return e3_ctl_fail_file(ctl->args[0], &kek, status);
	generation = leave_current(ctl, change->keyring);
	/* What has been noted down is no older than a keyring that is lost. */
	if (e3_generation_read(ctl->config.generation_file, &noted) && noted > generation)
		generation = noted;
	if (generation > e3_keyring_generation(change->keyring))
		e3_keyring_set_generation(change->keyring, generation);
	return e3_change_commit(ctl, change);
}

int
e3_ctl_restore(E3Ctl *ctl)
{
	E3Change change;
	int status = e3_change_lock(ctl, &change);

	if (status == EXIT_SUCCESS)
		status = restore(ctl, &change);
	e3_change_end(&change);
	return status;
}
