/*
 * keyring/opener.c
 *	  Opens the keyring on a thread of its own.
 */
#include "keyring/opener.h"

#include "base/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct E3Opener
{
	const char *path;
	E3Kek kek;
	int fd;
	pthread_t thread;
	EvwStatus status;
	E3Keyring *keyring;
};

static void *
run(void *argument)
{
	E3Opener *opener = argument;
	const uint64_t one = 1;

	opener->status = e3_store_load(opener->path, &opener->kek, &opener->keyring);
	/* Libraries of devices leave things there. */
	e3_secret_wipe_stack();
	while (write(opener->fd, &one, sizeof(one)) != sizeof(one))
		;
	return NULL;
}

E3Opener *
e3_opener_start(const char *path, const E3Kek *kek)
{
	E3Opener *opener = calloc(1, sizeof(*opener));

	if (opener == NULL)
		return NULL;
	opener->path = path;
	opener->kek = *kek;
	opener->fd = eventfd(0, EFD_CLOEXEC);
	if (opener->fd >= 0 && pthread_create(&opener->thread, NULL, run, opener) == 0)
		return opener;
	if (opener->fd >= 0)
		(void) close(opener->fd);
	free(opener);
	return NULL;
}

int
e3_opener_fd(const E3Opener *opener)
{
	return opener->fd;
}

EvwStatus
e3_opener_end(E3Opener *opener, E3Keyring **keyring)
{
	EvwStatus status;

	(void) pthread_join(opener->thread, NULL);
	(void) close(opener->fd);
	*keyring = opener->keyring;
	status = opener->status;
	free(opener);
	return status;
}
