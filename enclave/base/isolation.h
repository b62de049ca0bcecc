/*
 * base/isolation.h
 *	  What keeps others out of E3's process: a name for each measure.
 *
 * Kernels differ, and so do builds: what was granted is a set of these, which HEALTH
 * tells and a configuration can demand.
 */
#ifndef E3_ISOLATION_H
#define E3_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum E3Isolation
{
	E3_NO_CORE,			  /* no core files */
	E3_NO_TRACE,		  /* not dumpable: no ptrace and no /proc/PID/mem by its user */
	E3_NO_NEW_PRIVILEGES, /* no setuid program could raise it */
	E3_NO_NEW_CODE,		  /* no memory that was writable is executed */
	E3_SECRET_MEMORY,	  /* keys are in memory that the kernel does not map either */
	E3_LANDLOCK,		  /* sees the files that it needs, connects to nowhere */
	E3_SECCOMP,			  /* makes the system calls that it needs */
	E3_OWN_USER,		  /* not root */
	E3_ISOLATION_COUNT
} E3Isolation;

#define E3_ISOLATION_BIT(measure) (UINT32_C(1) << (measure))
#define E3_ISOLATION_ALL (E3_ISOLATION_BIT(E3_ISOLATION_COUNT) - 1)

/* Those that a configuration may leave out. */
#define E3_ISOLATION_OPTIONAL                                                            \
	(E3_ISOLATION_BIT(E3_NO_NEW_CODE) | E3_ISOLATION_BIT(E3_SECRET_MEMORY) |             \
	 E3_ISOLATION_BIT(E3_LANDLOCK) | E3_ISOLATION_BIT(E3_SECCOMP))

/* Bytes of all names with spaces between, and a NUL. */
#define E3_ISOLATION_TEXT_MAX 128

/* The measure of this name, as a bit; 0: there is none. */
extern uint32_t e3_isolation_find(const char *name);

/* The names of a set, with spaces between; "text" is returned. */
extern const char *e3_isolation_text(uint32_t set, char text[E3_ISOLATION_TEXT_MAX]);

#endif /* E3_ISOLATION_H */
