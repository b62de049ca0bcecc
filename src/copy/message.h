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

/*
 * From now on, until error_context_stack is set back, messages that are no errors
 * show no data either.
 */
extern void evc_message_guard(EvcLoad *load, ErrorContextCallback *guard);

#endif /* EVC_COPY_MESSAGE_H */
