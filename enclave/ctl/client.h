/*
 * ctl/client.h
 *	  A client of E3 for one question at a time, over the Unix socket or TLS.
 *
 * Blocking, but never longer than E3_CLIENT_TIMEOUT_MS for connection, HELLO,
 * question and answer together.
 */
#ifndef E3_CLIENT_H
#define E3_CLIENT_H

#include "tls/transport.h"
#include "wire/message.h"
#include "wire/request.h"

#define E3_CLIENT_TIMEOUT_MS 10000

typedef enum E3ClientResult
{
	E3_CLIENT_OK,
	E3_CLIENT_ABSENT, /* nobody listens there */
	E3_CLIENT_FAILED  /* "cause" says why */
} E3ClientResult;

/* Where E3 is: a Unix socket's path, or an endpoint of TLS. */
typedef struct E3ClientTarget
{
	const char *path;			 /* NULL: TLS */
	const EvwEndpoint *endpoint; /* of TLS */
	E3TlsContext *tls;			 /* a client's; borrowed */
} E3ClientTarget;

typedef struct E3Client
{
	E3Transport transport; /* its fd is -1 if there is none */
	uint64_t deadline_ns;
	uint32_t inflight_max; /* as E3's HELLO says */
	EvwBuf in;			   /* body of the last frame */
	EvwBuf out;			   /* frame being sent */
	char cause[EVW_MESSAGE_MAX + 128];
} E3Client;

/* Connects and exchanges HELLO.  e3_client_close is due whatever is returned. */
extern E3ClientResult e3_client_open(E3Client *client, const char *path) EVW_MUST_USE;
extern E3ClientResult e3_client_open_target(E3Client *client,
											const E3ClientTarget *target) EVW_MUST_USE;

/* Sends a request without columns; *reply is its RESULT, and points into the client. */
extern E3ClientResult e3_client_call(E3Client *client, EvwVerb verb,
									 EvwMessage *reply) EVW_MUST_USE;

/*
 * Sends the request in client->out, which has this id; *reply is its RESULT.  Who
 * asks for more than a moment's work sets client->deadline_ns before.
 */
extern E3ClientResult e3_client_ask(E3Client *client, uint64_t id,
									EvwMessage *reply) EVW_MUST_USE;

/* Sets client->cause; returns E3_CLIENT_FAILED. */
extern E3ClientResult e3_client_fail(E3Client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

extern void e3_client_close(E3Client *client);

#endif /* E3_CLIENT_H */
