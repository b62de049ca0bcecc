/*
 * ctl/pair.h
 *	  Certificates and their keys in files: DIR/NAME.crt and DIR/NAME.key.
 *
 * What is there is left alone.  All return an exit status, after a message.
 */
#ifndef E3_PAIR_H
#define E3_PAIR_H

#include "cert/cert.h"

/* The folder, unless it is there. */
extern int e3_pair_dir(const char *dir);

/* Seconds of "days", a number in text; NULL: a year. */
extern int e3_pair_seconds(const char *days, uint32_t *seconds);

/* *made is NULL if they are there, else the caller's. */
extern int e3_pair_make(const char *dir, const char *name, const E3Cert *ca,
						const E3CertWish *wish, E3Cert **made);

/* The same, but *found is also what is there. */
extern int e3_pair_find(const char *dir, const char *name, const E3Cert *ca,
						const E3CertWish *wish, E3Cert **found);

#endif /* E3_PAIR_H */
