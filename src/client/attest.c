/*
 * client/attest.c
 *	  Evidence before trust: asked for, looked at, renewed.
 */
#include "postgres.h"

#include "client/attest.h"

#include <time.h>

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "datatype/timestamp.h"
#include "miscadmin.h"

#include "client/exchange.h"
#include "wire/attest.h"
#include "wire/reply.h"

/* Encoded ATTEST: a nonce, a name and keys. */
#define ATTEST_MAX 256

/* Of the time that a document is good for, how much passes until another is asked for. */
#define RENEW_AFTER(span) (3 * (span) / 4)

void
evc_attest_demand(EvcDemand *demand)
{
	demand->kind = evc_guc_evidence();
	if (demand->kind != NULL)
		evc_guc_expect(&demand->expect);
}

static bool
refuse(EvcConn *conn, EvcTrouble *trouble, const char *cause)
{
	evc_conn_close(conn);
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_EVIDENCE, .cause = cause};
	return false;
}

static bool
hash(EvwBytes bytes, uint8_t digest[PG_SHA256_DIGEST_LENGTH])
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	bool done = context != NULL && pg_cryptohash_init(context) == 0 &&
				pg_cryptohash_update(context, bytes.data, bytes.len) == 0 &&
				pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) == 0;

	pg_cryptohash_free(context);
	return done;
}

/* Made of our own end of the connection, whatever E3 says. */
static bool
make_binding(EvcConn *conn, EvwBytes nonce, uint8_t digest[PG_SHA256_DIGEST_LENGTH])
{
	uint8_t bytes[EVW_BINDING_MAX];
	EvwBuf buf;
	uint8_t exporter[EVW_EXPORTER_LEN];
	EvwBinding binding = {.nonce = nonce,
						  .client_hello = {conn->hellos, conn->our_hello},
						  .server_hello = {conn->hellos + conn->our_hello,
										   conn->their_hello}};

	if (conn->tls.ssl != NULL)
	{
		if (!evc_tls_export(&conn->tls, EVW_EXPORTER_LABEL, exporter, sizeof(exporter)))
			return false;
		binding.exporter = (EvwBytes){exporter, sizeof(exporter)};
	}
	evw_buf_fixed(&buf, bytes, sizeof(bytes));
	evw_binding_encode(&buf, &binding);
	return buf.status == EVW_OK && hash((EvwBytes){buf.data, buf.len}, digest);
}

/* A refusal to give evidence, or to do so now. */
static bool
take_error(EvcConn *conn, const EvwMessage *message, EvcTrouble *trouble)
{
	EvwErrorHeader error;
	EvwStatus status = evw_error_decode(message, &error);

	evc_conn_close(conn);
	if (status != EVW_OK)
		*trouble = (EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status};
	else if (error.code == EVW_UNSUPPORTED)
		*trouble = (EvcTrouble){.kind = EVC_TROUBLE_EVIDENCE,
								.cause = "E3 gives no evidence of this kind"};
	else
		*trouble =
			(EvcTrouble){.kind = error.code == EVW_EVIDENCE_FAILED ? EVC_TROUBLE_EVIDENCE
																   : EVC_TROUBLE_CONNECT,
						 .about = "evidence",
						 .cause = evw_status_message((EvwStatus) error.code)};
	return false;
}

/*
 * Trusted until this document's time nears its end, by whichever clock that is first:
 * one stands still while the machine sleeps, the other may be set back.
 */
static void
trust(EvcConn *conn, int64 now, int64 expires)
{
	int64 seconds = Max(expires - now, 0);

	conn->trusted = true;
	conn->attested = true;
	conn->renew_at = evc_now_us() + RENEW_AFTER(seconds * USECS_PER_SEC);
	conn->renew_at_s = now + RENEW_AFTER(seconds);
}

static bool
judge(EvcConn *conn, const EvcDemand *demand, EvwBytes nonce, EvwBytes document,
	  EvcTrouble *trouble)
{
	EvcExpectations expect = demand->expect;
	uint8_t binding[PG_SHA256_DIGEST_LENGTH];
	EvcAttested attested;
	EvcVerdict verdict;

	if (!make_binding(conn, nonce, binding))
		return refuse(conn, trouble, "what it is to be bound to cannot be made");
	expect.now = (int64) time(NULL);
	expect.nonce = nonce;
	expect.binding = (EvwBytes){binding, sizeof(binding)};
	verdict = evc_attest_verify(document, &expect, &attested);
	if (verdict != EVC_VERDICT_GOOD)
		return refuse(conn, trouble, evc_verdict_text(verdict));
	if (attested.is_unsigned)
		ereport(WARNING, errcode(ERRCODE_EVCRYPT_EVIDENCE),
				errmsg("E3's evidence is not signed"),
				errdetail("It is taken for good as "
						  "evcrypt.attestation_unsigned_for_tests is on: anybody could "
						  "have made it."));
	trust(conn, expect.now, attested.expires);
	return true;
}

static bool
take_reply(EvcConn *conn, const EvcDemand *demand, EvwBytes nonce, EvwMessage *message,
		   EvcTrouble *trouble)
{
	EvwEvidence evidence;
	EvwStatus status;

	if (message->type == EVW_VERB_ERROR)
		return take_error(conn, message, trouble);
	status = message->type == EVW_VERB_RESULT ? evw_evidence_decode(message, &evidence)
											  : EVW_UNKNOWN_VERB;
	if (status != EVW_OK)
	{
		evc_conn_close(conn);
		*trouble = (EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status};
		return false;
	}
	if (!evw_bytes_equal(evidence.evidence, demand->kind))
		return refuse(conn, trouble, "evidence is of another kind");
	return judge(conn, demand, nonce, evidence.document, trouble);
}

static bool
ask(EvcConn *conn, const EvcDemand *demand, int64 deadline, EvcTrouble *trouble)
{
	uint8_t nonce[EVW_NONCE_MIN];
	const EvwAttest attest = {.evidence = {(const uint8_t *) demand->kind,
										   strlen(demand->kind)},
							  .nonce = {nonce, sizeof(nonce)}};
	uint8_t head[ATTEST_MAX];
	EvcFrame frame = {.id = conn->next_id++};
	EvcFlight flight;
	EvwBuf buf;
	bool done;

	if (!pg_strong_random(nonce, sizeof(nonce)))
		return refuse(conn, trouble, "no random bytes can be had");
	evw_buf_fixed(&buf, head, sizeof(head));
	evw_attest_encode(&buf, frame.id, &attest);
	frame.head = (EvwBytes){head, buf.len};
	if (!evc_exchange(conn, &frame, deadline, &flight, trouble))
		return false;
	done = take_reply(conn, demand, attest.nonce, &flight.message, trouble);
	evc_exchange_end(&flight);
	return done;
}

bool
evc_attest(EvcConn *conn, const EvcDemand *demand, int64 deadline, EvcTrouble *trouble)
{
	conn->trusted = false;
	conn->attested = false;
	if (demand->kind != NULL)
		return ask(conn, demand, deadline, trouble);
	conn->trusted = true;
	conn->renew_at = EVC_NO_DEADLINE;
	conn->renew_at_s = PG_INT64_MAX;
	return true;
}

bool
evc_attest_renew(EvcConn *conn, EvcTrouble *trouble)
{
	EvcDemand demand;

	if (evc_now_us() < conn->renew_at && (int64) time(NULL) < conn->renew_at_s)
		return true;
	evc_attest_demand(&demand);
	return evc_attest(conn, &demand, evc_deadline_after(evc_connect_timeout), trouble);
}
