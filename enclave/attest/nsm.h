/*
 * attest/nsm.h
 *	  What is said to AWS's Nitro Security Module, and what it answers.
 */
#ifndef E3_NSM_H
#define E3_NSM_H

#include "attest/backend.h"

/* Of the driver: drivers/misc/nsm.c of Linux. */
#define E3_NSM_DEVICE "/dev/nsm"
#define E3_NSM_REQUEST_MAX 0x1000
#define E3_NSM_RESPONSE_MAX 0x3000

/*
 * One message to the module and its answer: at most *len bytes go to "response", and
 * *len becomes how many.  False with errno.
 */
typedef bool (*E3NsmDevice)(int fd, EvwBytes request, uint8_t *response, size_t *len);

extern bool e3_nsm_device(int fd, EvwBytes request, uint8_t *response, size_t *len);

/* The request "Attestation" with what is claimed. */
extern void e3_nsm_request(EvwBuf *buf, const E3Claim *claim);

/*
 * The document in an answer to it, which points into the answer.  EVIDENCE_FAILED if it
 * is an error, or anything else; "error" is then the module's word, if it is one.
 */
#define E3_NSM_ERROR_MAX 63
extern EvwStatus e3_nsm_response(EvwBytes response, EvwBytes *document,
								 char error[E3_NSM_ERROR_MAX + 1]) EVW_MUST_USE;

/* Asks that device; e3_attest_nsm.make with /dev/nsm. */
extern EvwStatus e3_nsm_ask(E3NsmDevice device, int fd, const E3Claim *claim,
							EvwBuf *document) EVW_MUST_USE;

#endif /* E3_NSM_H */
