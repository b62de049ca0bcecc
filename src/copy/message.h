/*
 * copy/message.h
 *	  Errors of core that show what they were given.
 */
#ifndef EVC_COPY_MESSAGE_H
#define EVC_COPY_MESSAGE_H

#include "compat.h"
#include "copy/state.h"

/*
 * To be called where an error has been caught, in the caller's memory context:
 * raises it again, with the same SQLSTATE, but without anything that may be a value
 * of the input.
 */
pg_noreturn extern void evc_message_rethrow(const EvcLoad *load);

#endif /* EVC_COPY_MESSAGE_H */
