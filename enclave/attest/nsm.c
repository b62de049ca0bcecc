/*
 * attest/nsm.c
 *	  Evidence of AWS Nitro Enclaves: the Nitro Security Module makes the document.
 *
 * Messages are CBOR, as its library for Rust has them: a request is a map of one, its
 * name and a map; an answer likewise, or "Error" and a word.
 */
#include "attest/nsm.h"

#include "attest/cbor_write.h"
#include "base/log.h"
#include "wire/attest.h"

#include <cbor.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* linux/nsm.h, which kernels before 6.8 have not got. */
struct nsm_iovec
{
	uint64_t addr;
	uint64_t len;
};

struct nsm_raw
{
	struct nsm_iovec request;
	struct nsm_iovec response;
};

#define NSM_IOCTL_RAW _IOWR(0x0A, 0x0, struct nsm_raw)

bool
e3_nsm_device(int fd, EvwBytes request, uint8_t *response, size_t *len)
{
	struct nsm_raw raw = {.request = {(uint64_t) (uintptr_t) request.data, request.len},
						  .response = {(uint64_t) (uintptr_t) response, *len}};

	if (ioctl(fd, NSM_IOCTL_RAW, &raw) != 0)
		return false;
	if (raw.response.len > *len)
	{
		errno = EMSGSIZE;
		return false;
	}
	*len = raw.response.len;
	return true;
}

static void
write_field(EvwBuf *buf, const char *name, EvwBytes bytes)
{
	e3_cbor_text(buf, name);
	if (bytes.data != NULL)
		e3_cbor_bytes(buf, bytes);
	else
		e3_cbor_null(buf);
}

void
e3_nsm_request(EvwBuf *buf, const E3Claim *claim)
{
	e3_cbor_map(buf, 1);
	e3_cbor_text(buf, "Attestation");
	e3_cbor_map(buf, 3);
	write_field(buf, "user_data", claim->user_data);
	write_field(buf, "nonce", claim->nonce);
	write_field(buf, "public_key", claim->public_key);
}

/* One item of an answer, by libcbor's decoder, which allocates nothing. */
typedef struct Item
{
	char kind; /* 'm' of "count" pairs, 't'ext, 'b'ytes; '\0': anything else */
	uint64_t count;
	EvwBytes bytes;
} Item;

static void
take_map(void *context, uint64_t count)
{
	*(Item *) context = (Item){.kind = 'm', .count = count};
}

static void
take_text(void *context, cbor_data data, uint64_t len)
{
	*(Item *) context = (Item){.kind = 't', .bytes = {data, (size_t) len}};
}

static void
take_bytes(void *context, cbor_data data, uint64_t len)
{
	*(Item *) context = (Item){.kind = 'b', .bytes = {data, (size_t) len}};
}

/* Takes the next item off "rest"; false if it is not of that kind. */
static bool
next(EvwBytes *rest, char kind, Item *item)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct cbor_decoder_result result;

	callbacks.map_start = take_map;
	callbacks.string = take_text;
	callbacks.byte_string = take_bytes;
	*item = (Item){0};
	result = cbor_stream_decode(rest->data, rest->len, &callbacks, item);
	if (result.status != CBOR_DECODER_FINISHED || item->kind != kind)
		return false;
	rest->data += result.read;
	rest->len -= result.read;
	return true;
}

/* A map of one pair with this name; the value comes next. */
static bool
enter(EvwBytes *rest, const char *name)
{
	Item item;

	return next(rest, 'm', &item) && item.count == 1 && next(rest, 't', &item) &&
		   evw_bytes_equal(item.bytes, name);
}

/* A word of letters, fit for the log. */
static void
take_error(EvwBytes response, char error[E3_NSM_ERROR_MAX + 1])
{
	Item item;

	if (!enter(&response, "Error") || !next(&response, 't', &item) ||
		item.bytes.len > E3_NSM_ERROR_MAX)
		return;
	for (size_t i = 0; i < item.bytes.len; i++)
	{
		uint8_t letter = item.bytes.data[i] | 0x20;

		error[i] = letter >= 'a' && letter <= 'z' ? (char) item.bytes.data[i] : '?';
	}
	error[item.bytes.len] = '\0';
}

EvwStatus
e3_nsm_response(EvwBytes response, EvwBytes *document, char error[E3_NSM_ERROR_MAX + 1])
{
	EvwBytes rest = response;
	Item item;

	error[0] = '\0';
	*document = (EvwBytes){NULL, 0};
	if (enter(&rest, "Attestation") && enter(&rest, "document") &&
		next(&rest, 'b', &item) && rest.len == 0 && item.bytes.len > 0)
	{
		*document = item.bytes;
		return EVW_OK;
	}
	take_error(response, error);
	return EVW_EVIDENCE_FAILED;
}

EvwStatus
e3_nsm_ask(E3NsmDevice device, int fd, const E3Claim *claim, EvwBuf *document)
{
	uint8_t request[E3_NSM_REQUEST_MAX];
	uint8_t response[E3_NSM_RESPONSE_MAX];
	size_t len = sizeof(response);
	char error[E3_NSM_ERROR_MAX + 1];
	EvwBytes made;
	EvwStatus status;
	EvwBuf buf;

	evw_buf_fixed(&buf, request, sizeof(request));
	e3_nsm_request(&buf, claim);
	if (buf.status != EVW_OK)
		return EVW_EVIDENCE_FAILED;
	if (!device(fd, (EvwBytes){request, buf.len}, response, &len))
	{
		e3_log(E3_LOG_ERROR, "evidence_failed", "device=%s cause=\"%s\"", E3_NSM_DEVICE,
			   strerror(errno));
		return EVW_EVIDENCE_FAILED;
	}
	status = e3_nsm_response((EvwBytes){response, len}, &made, error);
	if (status == EVW_OK)
		evw_buf_append(document, made.data, made.len);
	else
		e3_log(E3_LOG_ERROR, "evidence_failed", "device=%s answer=\"%s\"", E3_NSM_DEVICE,
			   error);
	return status;
}

/* The state is the descriptor. */
static void *
open_device(const E3AttestSetup *setup, char cause[E3_ATTEST_CAUSE_MAX])
{
	int *state = malloc(sizeof(int));

	(void) setup;
	if (state != NULL)
		*state = open(E3_NSM_DEVICE, O_RDWR | O_CLOEXEC);
	if (state != NULL && *state >= 0)
		return state;
	(void) snprintf(cause, E3_ATTEST_CAUSE_MAX, "%s: %s", E3_NSM_DEVICE, strerror(errno));
	free(state);
	return NULL;
}

static void
close_device(void *state)
{
	close(*(int *) state);
	free(state);
}

static EvwStatus
make(void *state, const E3Claim *claim, EvwBuf *document)
{
	return e3_nsm_ask(e3_nsm_device, *(int *) state, claim, document);
}

const E3AttestBackend e3_attest_nsm = {
	.kind = EVW_EVIDENCE_NITRO,
	.open = open_device,
	.close = close_device,
	.make = make,
};
