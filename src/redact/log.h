/*
 * redact/log.h
 *	  What the server's log is told of a marked message.
 */
#ifndef EVC_REDACT_LOG_H
#define EVC_REDACT_LOG_H

/* For _PG_init. */
extern void evc_log_init(void);

#endif /* EVC_REDACT_LOG_H */
