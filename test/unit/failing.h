/*
 * unit/failing.h
 *	  Calls that fail: of the C library, the system and OpenSSL, one in every run.
 *
 * A program that uses it is linked so that the calls which failing.c names go there, as
 * the Makefile says.
 */
#ifndef FAILING_H
#define FAILING_H

#include <stdbool.h>

/*
 * What is tried: true if it says that all is well, and leaves behind nothing that it
 * has made.
 */
typedef bool (*FailingAct)(void *context);

/*
 * Runs it once for each of these calls that it makes, which is the only one to fail in
 * that run, and must be noticed; and once without, when all must be well.  Names in
 * "harmless", between spaces, may fail unnoticed.  Returns how many failed.
 */
extern unsigned failing_each(FailingAct act, void *context, const char *harmless);

/* For what only makes things ready, within an act: nothing fails meanwhile. */
extern void failing_pause(void);
extern void failing_resume(void);

#endif /* FAILING_H */
