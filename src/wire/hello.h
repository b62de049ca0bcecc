/*
 * wire/hello.h
 *	  HELLO: the first message in each direction, with id 0.
 *
 * The client names the versions it speaks; E3 answers with the one chosen and
 * with its limits, or with ERROR VERSION_MISMATCH.
 */
#ifndef EVW_HELLO_H
#define EVW_HELLO_H

#include "wire/message.h"

/* Feature bits of E3's HELLO; a client ignores bits it does not know. */
#define EVW_FEATURE_CANCEL (UINT64_C(1) << 0)

typedef struct EvwClientHello
{
	uint32_t version_min;
	uint32_t version_max;
	EvwBytes client; /* name and version, for E3's log; optional */
} EvwClientHello;

typedef struct EvwServerHello
{
	uint32_t version;
	uint64_t features;
	uint32_t frame_max;		/* bytes */
	uint32_t plaintext_max; /* bytes */
	uint32_t values_max;
	uint32_t inflight_max;
	uint32_t depth_max;
	uint32_t idle_ms;
} EvwServerHello;

extern void evw_client_hello_encode(EvwBuf *buf, const EvwClientHello *hello);
extern EvwStatus evw_client_hello_decode(const EvwMessage *message,
										 EvwClientHello *hello) EVW_MUST_USE;

/* "suites" and "evidence" are NULL-terminated lists of names. */
extern void evw_server_hello_encode(EvwBuf *buf, const EvwServerHello *hello,
									const char *const *suites,
									const char *const *evidence);
extern EvwStatus evw_server_hello_decode(const EvwMessage *message,
										 EvwServerHello *hello) EVW_MUST_USE;

#endif /* EVW_HELLO_H */
