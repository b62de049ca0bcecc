/*
 * custody/kms.c
 *	  A key that a key management service has encrypted, and releases against evidence:
 *	  the interface of AWS KMS.
 *
 * To seal is Encrypt, for which credentials are enough.  To open is Decrypt with a
 * recipient: a document of evidence that names a public key of ours, made for this one
 * question.  Whoever the KMS's policy lets ask, it answers with the key encrypted to that
 * public key, if the document's measurements are those of the policy.
 *
 *	  blob: version 1; what Encrypt has answered
 */
#include "custody/kms_private.h"

#include "base/secret.h"

#include <string.h>

#define BLOB_VERSION 1

/* A document and a blob in base64, and room for the rest. */
#define REQUEST_MAX 32768

/* RSA-2048 has 294. */
#define PUBLIC_KEY_MAX 512

/* In the locked arena: a request to encrypt has the key. */
typedef struct Talk
{
	uint8_t request[REQUEST_MAX];
	E3KmsAnswer answer;
} Talk;

static void
write_text(EvwBuf *json, const char *text)
{
	evw_buf_append(json, text, strlen(text));
}

/* "name":"base64", and what follows. */
static void
write_bytes(EvwBuf *json, const char *name, EvwBytes bytes, const char *then)
{
	write_text(json, "\"");
	write_text(json, name);
	write_text(json, "\":\"");
	e3_kms_base64(json, bytes);
	write_text(json, "\"");
	write_text(json, then);
}

/* What both requests begin with.  The context is authenticated with the key, so that it
 * opens as a keyring's alone; the name of the KMS's key needs no quoting. */
static void
begin_request(EvwBuf *json, const E3CustodyConfig *config)
{
	write_text(json, "{\"KeyId\":\"");
	write_text(json, config->kms_key);
	write_text(json, "\",\"EncryptionContext\":{\"evcrypt\":\"keyring\"},");
}

/* Asks, and appends what the answer has under this name. */
static EvwStatus
ask_for(const E3CustodyAsk *ask, Talk *talk, const char *action, const EvwBuf *json,
		const char *name, EvwBuf *out)
{
	EvwStatus status = json->status;

	if (status == EVW_OK)
		status =
			e3_kms_post(ask, action, (EvwBytes){json->data, json->len}, &talk->answer);
	if (status == EVW_OK)
		status = e3_kms_answer_read(talk->answer.http,
									(EvwBytes){talk->answer.bytes, talk->answer.len},
									name, out, ask->cause);
	return status;
}

static EvwStatus
seal(const E3CustodyAsk *ask, const uint8_t *key, EvwBuf *blob)
{
	const uint8_t version = BLOB_VERSION;
	Talk *talk = e3_secret_alloc(sizeof(*talk));
	EvwBuf json;
	EvwStatus status;

	if (talk == NULL)
		return EVW_OUT_OF_MEMORY;
	evw_buf_fixed(&json, talk->request, sizeof(talk->request));
	begin_request(&json, ask->config);
	write_bytes(&json, "Plaintext", (EvwBytes){key, E3_CUSTODY_KEY_LEN}, "}");
	evw_buf_append(blob, &version, 1);
	status = ask_for(ask, talk, "Encrypt", &json, "CiphertextBlob", blob);
	e3_secret_free(talk, sizeof(*talk));
	return status;
}

/* Evidence that names this public key. */
static EvwStatus
make_document(const E3CustodyAsk *ask, EvwBytes public_key, EvwBuf *document)
{
	const E3Claim claim = {.public_key = public_key};
	char cause[E3_ATTEST_CAUSE_MAX];
	E3Attester *attester;
	EvwStatus status = e3_attester_new(ask->evidence, &attester, cause);

	if (status != EVW_OK)
		return e3_custody_fail(ask->cause, EVW_CUSTODY_REFUSED, "no evidence: %.*s",
							   E3_CUSTODY_CAUSE_MAX, cause);
	if (attester == NULL)
		return e3_custody_fail(ask->cause, EVW_CUSTODY_REFUSED,
							   "the KMS wants evidence, and [attest] says none");
	status = e3_attester_make(attester, &claim, document);
	e3_attester_free(attester);
	return status;
}

/* The envelope that the KMS makes for this pair. */
static EvwStatus
ask_to_open(const E3CustodyAsk *ask, EvwBytes blob, E3KmsPair *pair, Talk *talk,
			EvwBuf *envelope)
{
	uint8_t room[PUBLIC_KEY_MAX];
	EvwBuf public_key;
	EvwBuf document;
	EvwBuf json;
	EvwStatus status = EVW_CRYPTO_FAILED;

	evw_buf_fixed(&public_key, room, sizeof(room));
	e3_buf_init(&document);
	evw_buf_fixed(&json, talk->request, sizeof(talk->request));
	if (e3_kms_pair_public(pair, &public_key))
		status =
			make_document(ask, (EvwBytes){public_key.data, public_key.len}, &document);
	if (status == EVW_OK)
	{
		begin_request(&json, ask->config);
		write_bytes(&json, "CiphertextBlob", blob, ",\"Recipient\":{");
		write_bytes(&json, "AttestationDocument", (EvwBytes){document.data, document.len},
					",\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}}");
		status = ask_for(ask, talk, "Decrypt", &json, "CiphertextForRecipient", envelope);
	}
	e3_buf_release(&document);
	return status;
}

static EvwStatus
open_with_pair(const E3CustodyAsk *ask, EvwBytes blob, E3KmsPair *pair, uint8_t *key)
{
	Talk *talk = e3_secret_alloc(sizeof(*talk));
	EvwBuf envelope;
	EvwStatus status;

	if (talk == NULL)
		return EVW_OUT_OF_MEMORY;
	e3_buf_init(&envelope);
	status = ask_to_open(ask, blob, pair, talk, &envelope);
	if (status == EVW_OK)
		status = e3_kms_envelope_open(pair, (EvwBytes){envelope.data, envelope.len}, key,
									  ask->cause);
	e3_buf_release(&envelope);
	e3_secret_free(talk, sizeof(*talk));
	return status;
}

static EvwStatus
open_blob(const E3CustodyAsk *ask, EvwBytes blob, uint8_t *key)
{
	E3KmsPair *pair;
	EvwStatus status;

	if (blob.len < 2 || blob.data[0] != BLOB_VERSION)
		return e3_custody_fail(ask->cause, EVW_KEYRING_FORMAT,
							   "what the KMS encrypted is damaged");
	pair = e3_kms_pair_new();
	if (pair == NULL)
		return EVW_CRYPTO_FAILED;
	status = open_with_pair(ask, (EvwBytes){blob.data + 1, blob.len - 1}, pair, key);
	e3_kms_pair_free(pair);
	return status;
}

const E3CustodyDevice e3_custody_kms = {.seal = seal, .open = open_blob};
