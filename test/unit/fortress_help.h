/*
 * unit/fortress_help.h
 *	  Acts in child processes that shut themselves off, and how those end.
 */
#ifndef FORTRESS_HELP_H
#define FORTRESS_HELP_H

#include "e3_help.h"

/* Returned by a child whose kernel, or whose build, has none of what is tested. */
#define NOT_THERE 77

/* A child does this and returns 0, or is ended by this signal. */
extern void expect_good(int (*act)(void *), void *argument);
extern void expect_signal(int (*act)(void *), void *argument, int number);

/* An act: closes calls, then makes this one; "argument" points to a pointer to it. */
extern int shut_and_call(void *argument);

#endif /* FORTRESS_HELP_H */
