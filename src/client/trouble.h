/*
 * client/trouble.h
 *	  Why a request or a connection failed, before anybody raises it.
 *
 * Only interrupts and a lack of memory are thrown inside the client; all other
 * trouble is handed up in this form, so that it can be retried, listed by
 * evcrypt_health() or raised by client/report.c.
 */
#ifndef EVC_TROUBLE_H
#define EVC_TROUBLE_H

#include "postgres.h"

#include "wire/status.h"

typedef enum EvcTroubleKind
{
	EVC_TROUBLE_NONE,
	EVC_TROUBLE_CONNECT,		 /* no connection; errnum, or detail */
	EVC_TROUBLE_CONNECT_TIMEOUT, /* none within evcrypt.connect_timeout */
	EVC_TROUBLE_EVIDENCE,		 /* it was refused; cause says why */
	EVC_TROUBLE_LOST,			 /* broke; errnum, 0 for an orderly end */
	EVC_TROUBLE_PROTOCOL,		 /* E3 sent what it should not; status says what */
	EVC_TROUBLE_TIMEOUT,		 /* no reply within evcrypt.request_timeout */
	EVC_TROUBLE_MEMORY,			 /* none for the reply */
	EVC_TROUBLE_STATUS			 /* E3 refused with this status */
} EvcTroubleKind;

typedef struct EvcTrouble
{
	EvcTroubleKind kind;
	int errnum;
	bool broke; /* with CONNECT: it was made, and ended before HELLO */
	/* Constants: instead of errnum what it was, and what that is about; or NULL. */
	const char *cause;
	const char *about;
	EvwStatus status;
	uint32 retry_ms;	/* with BUSY: when E3 suggests to try again; 0: not said */
	const char *detail; /* sentence for errdetail, or NULL; current memory context */
} EvcTrouble;

#endif /* EVC_TROUBLE_H */
