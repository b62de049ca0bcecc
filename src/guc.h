/*
 * guc.h
 *	  Every setting evcrypt.*.
 */
#ifndef EVC_GUC_H
#define EVC_GUC_H

#include "postgres.h"

#include "wire/endpoint.h"
#include "wire/envelope.h"

/* Also that of an app which is not set. */
#define ERRCODE_EVCRYPT_UNKNOWN_APP MAKE_SQLSTATE('E', 'V', '0', '1', '0')

/* Milliseconds. */
#define EVC_CONNECT_TIMEOUT_MIN 1
#define EVC_CONNECT_TIMEOUT_DEFAULT 2000
#define EVC_CONNECT_TIMEOUT_MAX 600000
#define EVC_REQUEST_TIMEOUT_MIN 0 /* none */
#define EVC_REQUEST_TIMEOUT_DEFAULT 30000
#define EVC_REQUEST_TIMEOUT_MAX 86400000

/* Batches that a node has in flight at most. */
#define EVC_BATCH_DEPTH_MIN 1
#define EVC_BATCH_DEPTH_DEFAULT EVC_BATCH_DEPTH_MAX
#define EVC_BATCH_DEPTH_MAX 2
#define EVC_BATCH_ROWS_MIN 1
#define EVC_BATCH_ROWS_DEFAULT 4096
#define EVC_BATCH_ROWS_MAX 65536
/* kB */
#define EVC_BATCH_BYTES_MIN 1
#define EVC_BATCH_BYTES_DEFAULT 2048
#define EVC_BATCH_BYTES_MAX 8192

/*
 * Of the two settings that only a superuser may change, where the server loads the
 * library when it starts.  A library that is loaded by a session has the empty
 * string, which nobody can set and every call refuses: before that, a client could
 * give them any value, which is dropped then but has replaced the server's.
 */
#define EVC_APP_DEFAULT "default"
#define EVC_ENDPOINTS_DEFAULT "unix:/run/evcrypt/e3.sock"
#define EVC_ENDPOINTS_MAX 16

/* Statements that call our functions, in the log and in statistics. */
typedef enum EvcRedact
{
	EVC_REDACT_OFF,	  /* as PostgreSQL has them */
	EVC_REDACT_ON,	  /* without text and parameters, where there is a value in them */
	EVC_REDACT_STRICT /* without, and so is what could not be parsed */
} EvcRedact;

typedef EvwEndpoint EvcEndpoint;

extern char *evc_app;
extern bool evc_batching;
extern int evc_batch_depth;
extern int evc_batch_kilobytes;
extern int evc_batch_rows;
extern int evc_connect_timeout;
extern char *evc_endpoints;
extern int evc_max_values_per_key; /* 0: no limit */
extern int evc_redact;			   /* an EvcRedact */
extern int evc_request_timeout;
extern char *evc_role;	  /* empty: none */
extern char *evc_sslcert; /* these four: paths, or empty */
extern char *evc_sslcrl;
extern char *evc_sslkey;
extern char *evc_sslrootcert;

/* Counts changes of the four. */
extern uint64 evc_tls_serial;

/*
 * Fills "endpoints" with what evcrypt.endpoints lists and returns how many
 * there are: at least one.  Raises 08001 if it is not set.
 */
extern int evc_guc_endpoints(EvcEndpoint endpoints[EVC_ENDPOINTS_MAX]);

/*
 * The ciphertext version that is written, as evcrypt.curve and evcrypt.format say;
 * there is but one a curve for what is "bound" to a context.  Raises 22023 if the two
 * contradict each other.
 */
extern const EvwTagInfo *evc_guc_format(bool bound);

/*
 * The data role to write, empty for none: "given", or evcrypt.role if that is NULL.
 * Raises 22023 if ciphertexts of this version hold none, and EV010 if what the server had
 * set was lost.
 */
extern const char *evc_guc_role(const EvwTagInfo *info, const char *given);

/* Raises EV010 if evcrypt.app is not set. */
extern void evc_guc_require_app(void);

extern void evc_guc_init(void);

#endif /* EVC_GUC_H */
