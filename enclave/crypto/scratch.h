/*
 * crypto/scratch.h
 *	  What one thread needs to do cryptography without fetching or allocating
 *	  per value.
 *
 * Holds fetched algorithms, contexts and key schedules of the libraries chosen
 * (crypto/library.h), a few kB of them in the locked arena (base/secret.h, which
 * must have been made).  Not shared between threads.
 */
#ifndef E3_SCRATCH_H
#define E3_SCRATCH_H

typedef struct E3Scratch E3Scratch;

/* NULL if the library can't give what is needed. */
extern E3Scratch *e3_scratch_new(void);

/* Wipes and frees; NULL is fine. */
extern void e3_scratch_free(E3Scratch *scratch);

#endif /* E3_SCRATCH_H */
