/*
 * warning.c
 *	  Messages that are no errors, and show what a function was given.
 *
 * They cannot be caught.  But before they go out, callbacks are asked for the
 * context, and may set everything else as well.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "warning.h"

ErrorData *
evc_warning_copy(void)
{
	MemoryContext caller = MemoryContextSwitchTo(CurTransactionContext);
	ErrorData *message = CopyErrorData();

	MemoryContextSwitchTo(caller);
	if (message->elevel >= INFO && message->elevel < ERROR)
		return message;
	FreeErrorData(message);
	return NULL;
}

void
evc_warning_replace(const ErrorData *warning, const char *message)
{
	errmsg_internal("%s", message);
	errdetail(EVC_WARNING_DETAIL);
	if (warning->detail_log != NULL)
		errdetail_log(EVC_WARNING_DETAIL);
	if (warning->hint != NULL)
		errhint("Look at the value.");
	internalerrquery(NULL);
	internalerrposition(0);
}
