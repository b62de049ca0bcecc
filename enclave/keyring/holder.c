/*
 * keyring/holder.c
 *	  Where the current snapshot is.
 *
 * The mutex covers only the pointer and the reference that is taken of it, so
 * a snapshot cannot go between the two; nobody does work under it.
 */
#include "keyring/keyring.h"

#include <pthread.h>
#include <stdlib.h>

struct E3KeyringHolder
{
	pthread_mutex_t mutex;
	E3Keyring *current;
};

E3KeyringHolder *
e3_keyring_holder_new(E3Keyring *first)
{
	E3KeyringHolder *holder = calloc(1, sizeof(*holder));

	if (holder == NULL)
		return NULL;
	if (pthread_mutex_init(&holder->mutex, NULL) != 0)
	{
		free(holder);
		return NULL;
	}
	holder->current = first;
	return holder;
}

E3Keyring *
e3_keyring_acquire(E3KeyringHolder *holder)
{
	E3Keyring *keyring;

	(void) pthread_mutex_lock(&holder->mutex);
	keyring = e3_keyring_retain(holder->current);
	(void) pthread_mutex_unlock(&holder->mutex);
	return keyring;
}

void
e3_keyring_swap(E3KeyringHolder *holder, E3Keyring *next)
{
	E3Keyring *previous;

	(void) pthread_mutex_lock(&holder->mutex);
	previous = holder->current;
	holder->current = next;
	(void) pthread_mutex_unlock(&holder->mutex);
	/* The last reference wipes keys, which takes time. */
	e3_keyring_release(previous);
}

void
e3_keyring_holder_free(E3KeyringHolder *holder)
{
	if (holder == NULL)
		return;
	e3_keyring_release(holder->current);
	(void) pthread_mutex_destroy(&holder->mutex);
	free(holder);
}
