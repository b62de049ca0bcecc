/*
 * wire/endpoint.h
 *	  Where E3 listens, as text:
 *
 *	  unix:/absolute/path
 *	  tls://host:port       host: a name, an IPv4 address, or [IPv6 address]
 *	  vsock:cid:port
 */
#ifndef EVW_ENDPOINT_H
#define EVW_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

/* Longest path of a Unix socket, longest name of a host: without NUL. */
#define EVW_ENDPOINT_PATH_MAX 107
#define EVW_ENDPOINT_HOST_MAX 253
#define EVW_ENDPOINT_TEXT_MAX (EVW_ENDPOINT_HOST_MAX + 16)

typedef enum EvwEndpointKind
{
	EVW_ENDPOINT_UNIX,
	EVW_ENDPOINT_TLS,
	EVW_ENDPOINT_VSOCK
} EvwEndpointKind;

typedef struct EvwEndpoint
{
	EvwEndpointKind kind;
	char text[EVW_ENDPOINT_TEXT_MAX + 1]; /* all of it, as it was given */
	char path[EVW_ENDPOINT_PATH_MAX + 1]; /* unix */
	char host[EVW_ENDPOINT_HOST_MAX + 1]; /* tls; without the brackets */
	uint32_t cid;						  /* vsock */
	uint32_t port;						  /* tls, vsock */
} EvwEndpoint;

/* NULL, or what is wrong with these "len" bytes: a sentence. */
extern const char *evw_endpoint_parse(EvwEndpoint *endpoint, const char *text,
									  size_t len);

/* The same of "host:port" alone: where to listen, or what follows tls://. */
extern const char *evw_endpoint_parse_host(EvwEndpoint *endpoint, const char *text,
										   size_t len);

/* The same of "cid:port". */
extern const char *evw_endpoint_parse_vsock(EvwEndpoint *endpoint, const char *text,
											size_t len);

#endif /* EVW_ENDPOINT_H */
