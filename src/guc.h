/*
 * guc.h
 *	  Every setting evcrypt.*.
 */
#ifndef EVC_GUC_H
#define EVC_GUC_H

#include "postgres.h"

#include <sys/un.h>

/* Milliseconds. */
#define EVC_CONNECT_TIMEOUT_MIN 1
#define EVC_CONNECT_TIMEOUT_DEFAULT 2000
#define EVC_CONNECT_TIMEOUT_MAX 600000
#define EVC_REQUEST_TIMEOUT_MIN 0 /* none */
#define EVC_REQUEST_TIMEOUT_DEFAULT 30000
#define EVC_REQUEST_TIMEOUT_MAX 86400000

#define EVC_BATCH_ROWS_MIN 1
#define EVC_BATCH_ROWS_DEFAULT 4096
#define EVC_BATCH_ROWS_MAX 65536
/* kB */
#define EVC_BATCH_BYTES_MIN 1
#define EVC_BATCH_BYTES_DEFAULT 2048
#define EVC_BATCH_BYTES_MAX 8192

#define EVC_APP_DEFAULT "default"
#define EVC_ENDPOINTS_DEFAULT "unix:/run/evcrypt/e3.sock"
#define EVC_ENDPOINTS_MAX 16

#define EVC_ENDPOINT_PREFIX "unix:"

/* One endpoint as text; what follows the prefix is an absolute path that fits sun_path.
 */
typedef struct EvcEndpoint
{
	char text[sizeof(EVC_ENDPOINT_PREFIX) - 1 +
			  sizeof(((struct sockaddr_un *) NULL)->sun_path)];
} EvcEndpoint;

extern char *evc_app;
extern bool evc_batching;
extern int evc_batch_kilobytes;
extern int evc_batch_rows;
extern int evc_connect_timeout;
extern char *evc_endpoints;
extern int evc_request_timeout;

/*
 * Fills "endpoints" with what evcrypt.endpoints lists and returns how many
 * there are: at least one.
 */
extern int evc_guc_endpoints(EvcEndpoint endpoints[EVC_ENDPOINTS_MAX]);

extern const char *evc_endpoint_path(const EvcEndpoint *endpoint);

extern void evc_guc_init(void);

#endif /* EVC_GUC_H */
