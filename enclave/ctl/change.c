/*
 * ctl/change.c
 *	  Changing the keyring under a lock.
 */
#include "ctl/change.h"

#include "ctl/lock.h"
#include "ctl/server.h"
#include "keyring/generation.h"
#include "keyring/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
e3_change_lock(const E3Ctl *ctl, E3Change *change)
{
	*change = (E3Change){.lock = e3_lock_keyring(ctl->config.keyring)};
	return change->lock < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
e3_change_load(const E3Ctl *ctl, E3Change *change)
{
	EvwStatus status = e3_store_load(ctl->config.keyring, &ctl->kek, &change->keyring);

	if (status == EVW_OK)
		return EXIT_SUCCESS;
	return e3_ctl_fail_file(ctl->config.keyring, &ctl->kek, status);
}

int
e3_change_save_under(const E3Ctl *ctl, E3Change *change, const E3Kek *kek)
{
	uint64_t generation = e3_keyring_generation(change->keyring) + 1;
	EvwStatus status;

	e3_keyring_set_generation(change->keyring, generation);
	status = e3_store_save(ctl->config.keyring, kek, change->keyring);
	if (status != EVW_OK)
		return e3_ctl_fail_file(ctl->config.keyring, kek, status);
	/* After the keyring: one that is ahead of what is noted down is no older one. */
	return e3_change_note(ctl, generation);
}

int
e3_change_note(const E3Ctl *ctl, uint64_t generation)
{
	const char *path = ctl->config.generation_file;

	if (path[0] == '\0' || e3_generation_write(path, generation))
		return EXIT_SUCCESS;
	return e3_ctl_fail("%s: %s", path, strerror(errno));
}

int
e3_change_save(const E3Ctl *ctl, E3Change *change)
{
	return e3_change_save_under(ctl, change, &ctl->kek);
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

int
e3_change_app(const E3Ctl *ctl,
			  int (*apply)(const E3Ctl *ctl, E3Keyring *keyring, const E3App *app))
{
	const EvwBytes name = {(const uint8_t *) ctl->args[0], strlen(ctl->args[0])};
	const E3App *app;
	E3Change change;
	int status = e3_change_lock(ctl, &change);

	if (status == EXIT_SUCCESS)
		status = e3_change_load(ctl, &change);
	if (status == EXIT_SUCCESS)
	{
		app = e3_keyring_find(change.keyring, name);
		status = app != NULL ? apply(ctl, change.keyring, app)
							 : e3_ctl_fail("%s: no app of this name", ctl->args[0]);
	}
	if (status == EXIT_SUCCESS)
		status = e3_change_commit(ctl, &change);
	e3_change_end(&change);
	return status;
}
