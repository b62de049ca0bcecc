/*
 * copy/hook.h
 *	  COPY FROM ... ENCRYPT and COPY TO ... DECRYPT.
 */
#ifndef EVC_COPY_HOOK_H
#define EVC_COPY_HOOK_H

/* Takes over the COPY statements that name one of the two.  For _PG_init. */
extern void evc_copy_init(void);

#endif /* EVC_COPY_HOOK_H */
