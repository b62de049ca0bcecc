/*
 * fuzz/endpoint_fuzz.c
 *	  evw_endpoint_parse: what it accepts fits, and says the same when it is
 *	  written again from its parts.
 */
#include "fuzz.h"

#include "wire/endpoint.h"

#include <stdio.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char again[EVW_ENDPOINT_TEXT_MAX + 8];
	EvwEndpoint endpoint;

	if (evw_endpoint_parse(&endpoint, (const char *) data, size) != NULL)
		return 0;
	FUZZ_CHECK(size <= EVW_ENDPOINT_TEXT_MAX && strlen(endpoint.text) == size);
	FUZZ_CHECK(memcmp(endpoint.text, data, size) == 0);
	if (endpoint.kind == EVW_ENDPOINT_UNIX)
		(void) snprintf(again, sizeof(again), "unix:%s", endpoint.path);
	else if (endpoint.kind == EVW_ENDPOINT_VSOCK)
		(void) snprintf(again, sizeof(again), "vsock:%u:%u", endpoint.cid, endpoint.port);
	else
		(void) snprintf(again, sizeof(again),
						strchr(endpoint.host, ':') != NULL ? "tls://[%s]:%u"
														   : "tls://%s:%u",
						endpoint.host, endpoint.port);
	FUZZ_CHECK(strcmp(again, endpoint.text) == 0);
	return 0;
}
