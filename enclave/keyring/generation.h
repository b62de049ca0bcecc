/*
 * keyring/generation.h
 *	  The newest generation that the keyring has had, noted down beside it, so that an
 *	  older file is noticed by an E3 that starts.
 *
 * It is a number in a file of its own, worth as much as the place where that lies: one
 * that whoever can put back an old keyring cannot write.
 */
#ifndef E3_GENERATION_H
#define E3_GENERATION_H

#include "wire/status.h"

/* False if there is no such number to be read. */
extern bool e3_generation_read(const char *path, uint64_t *generation);

/*
 * Is a keyring of this generation as new as what is noted down?  KEYRING_ROLLBACK,
 * GENERATION if there is no number to be read; OK without a path.
 */
extern EvwStatus e3_generation_check(const char *path, uint64_t generation) EVW_MUST_USE;

/* Replaces the file; false with errno. */
extern bool e3_generation_write(const char *path, uint64_t generation) EVW_MUST_USE;

#endif /* E3_GENERATION_H */
