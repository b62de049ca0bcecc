/*
 * cli/server.h
 *	  The connection to a server, and questions to it.
 */
#ifndef EVC_CLI_SERVER_H
#define EVC_CLI_SERVER_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "cli/cli.h"

/* NULL if there is none, and "trouble" says why in one line. */
extern PGconn *evc_connect(const EvcCli *cli, char *trouble, size_t trouble_size);

/*
 * The rows that a query gives, to be cleared; NULL if it fails, and then the
 * SQLSTATE is in "sqlstate" if that is not NULL, the message in the connection.
 */
extern PGresult *evc_ask(PGconn *server, const char *query, int n_values,
						 const char *const *values, char sqlstate[6]);

/* The first line of what the connection said last; valid until the next call. */
extern const char *evc_server_trouble(const PGconn *server);

/* The schema of the extension, quoted, to be freed with PQfreemem; NULL: not there. */
extern char *evc_extension_schema(PGconn *server);

/* Does it run on this machine? */
extern bool evc_server_is_here(const PGconn *server);

/* Milliseconds of the monotonic clock. */
extern double evc_now_ms(void);

#endif /* EVC_CLI_SERVER_H */
