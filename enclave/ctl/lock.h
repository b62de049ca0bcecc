/*
 * ctl/lock.h
 *	  Locks that keep two e3ctl apart: flock(2), held until close(2).
 *
 * Both wait for E3_LOCK_TIMEOUT_MS at most, and return a descriptor, or -1 after
 * a message.
 */
#ifndef E3_LOCK_H
#define E3_LOCK_H

/* A change takes a second, scrypt's, and a script may begin a dozen at a time. */
#define E3_LOCK_TIMEOUT_MS 30000

/*
 * "<keyring>.lock", an empty file, which is made if it is missing.  It belongs to
 * whom the keyring belongs to, so that root and that user may both lock.
 */
extern int e3_lock_keyring(const char *keyring);

/* The directory itself, for what is made in it before there is a keyring. */
extern int e3_lock_dir(const char *dir);

#endif /* E3_LOCK_H */
