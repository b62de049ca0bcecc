/*
 * ctl/change.h
 *	  A change of the keyring: lock, load, change, save, tell E3.
 *
 * The lock (ctl/lock.h) keeps two e3ctl from losing each other's change.  E3
 * itself only reads.  Every function says on stderr what went wrong and returns 1
 * then, else 0.
 */
#ifndef E3_CHANGE_H
#define E3_CHANGE_H

#include "ctl/ctl.h"
#include "keyring/keyring.h"

typedef struct E3Change
{
	int lock;			/* descriptor; -1: not held */
	E3Keyring *keyring; /* NULL until loaded or set */
} E3Change;

/* Waits for the lock.  e3_change_end is due whatever is returned. */
extern int e3_change_lock(const E3Ctl *ctl, E3Change *change);

/* Loads the configured keyring. */
extern int e3_change_load(const E3Ctl *ctl, E3Change *change);

/* Counts the generation up, saves, and notes the generation down (generation_file). */
extern int e3_change_save(const E3Ctl *ctl, E3Change *change);

/* The same under another key-encryption key than the configured one. */
extern int e3_change_save_under(const E3Ctl *ctl, E3Change *change, const E3Kek *kek);

/* Notes this generation down, if there is a generation_file. */
extern int e3_change_note(const E3Ctl *ctl, uint64_t generation);

/* Saves, and returns when a running E3 serves the change. */
extern int e3_change_commit(const E3Ctl *ctl, E3Change *change);

extern void e3_change_end(E3Change *change);

/*
 * A whole change of the app that ctl->args[0] names: "apply" makes it to the keyring that
 * holds the app.
 */
extern int e3_change_app(const E3Ctl *ctl,
						 int (*apply)(const E3Ctl *ctl, E3Keyring *keyring,
									  const E3App *app));

#endif /* E3_CHANGE_H */
