/*
 * keyring/opener.h
 *	  Opens the keyring on a thread of its own, while a device lets itself be waited for.
 */
#ifndef E3_OPENER_H
#define E3_OPENER_H

#include "keyring/store.h"

typedef struct E3Opener E3Opener;

/* The path and what the key comes from are borrowed until e3_opener_end.  NULL if there
 * is no memory or no thread. */
extern E3Opener *e3_opener_start(const char *path, const E3Kek *kek);

/* Readable when the keyring is open, or is not to be opened. */
extern int e3_opener_fd(const E3Opener *opener);

/* Waits for the thread, and frees; as e3_store_load. */
extern EvwStatus e3_opener_end(E3Opener *opener, E3Keyring **keyring) EVW_MUST_USE;

#endif /* E3_OPENER_H */
