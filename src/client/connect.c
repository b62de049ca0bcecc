/*
 * client/connect.c
 *	  From an endpoint to a connection that has exchanged HELLO, and shown evidence.
 */
#include "postgres.h"

#include "client/connect.h"

#include "client/attest.h"
#include "client/exchange.h"
#include "wire/limits.h"

#define CLIENT_NAME "evcrypt postgresql " PG_MAJORVERSION

static const EvwClientHello client_hello = {
	.version_min = EVW_PROTOCOL_VERSION,
	.version_max = EVW_PROTOCOL_VERSION,
	.client = {(const uint8_t *) CLIENT_NAME, sizeof(CLIENT_NAME) - 1},
};

static EvwStatus
take_hello(const EvwMessage *message, EvwServerHello *hello)
{
	EvwStatus status;

	if (message->type != EVW_VERB_HELLO)
		return EVW_OUT_OF_ORDER;
	status = evw_server_hello_decode(message, hello);
	if (status == EVW_OK && hello->version != EVW_PROTOCOL_VERSION)
		return EVW_VERSION_MISMATCH;
	return status;
}

/* Both as they went, for what evidence is bound to. */
static bool
keep_hellos(EvcConn *conn, EvwBytes ours, const EvwBuf *theirs)
{
	uint8_t *at = conn->hellos + ours.len;

	if (theirs->len > EVW_HELLO_FRAME_MAX)
		return false;
	memcpy(conn->hellos, ours.data, ours.len);
	evw_put_be32(at, (uint32_t) theirs->len);
	memcpy(at + EVW_FRAME_PREFIX, theirs->data, theirs->len);
	conn->our_hello = ours.len;
	conn->their_hello = EVW_FRAME_PREFIX + theirs->len;
	return true;
}

static bool
exchange_hello(EvcConn *conn, int64 deadline, EvcTrouble *trouble)
{
	uint8_t head[256];
	EvwBuf frame;
	EvcFlight flight;
	EvwStatus status;

	evw_buf_fixed(&frame, head, sizeof(head));
	evw_client_hello_encode(&frame, &client_hello);
	if (!evc_exchange(conn, &(EvcFrame){.head = {head, frame.len}}, deadline, &flight,
					  trouble))
		return false;
	status = take_hello(&flight.message, &conn->hello);
	if (status == EVW_OK &&
		!keep_hellos(conn, (EvwBytes){head, frame.len}, &flight.reply))
		status = EVW_FRAME_TOO_LONG;
	evc_exchange_end(&flight);
	conn->greeted = status == EVW_OK;
	if (conn->greeted)
		return true;
	evc_conn_close(conn);
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status};
	return false;
}

/* What went wrong before HELLO was through went wrong while connecting. */
static void
rename_trouble(EvcTrouble *trouble)
{
	if (trouble->kind == EVC_TROUBLE_LOST)
	{
		trouble->kind = EVC_TROUBLE_CONNECT;
		trouble->broke = trouble->cause == NULL;
	}
	else if (trouble->kind == EVC_TROUBLE_TIMEOUT)
		trouble->kind = EVC_TROUBLE_CONNECT_TIMEOUT;
}

bool
evc_connect(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
			EvcTrouble *trouble)
{
	EvcDemand demand;

	evc_attest_demand(&demand);
	if (evc_conn_open(conn, endpoint, deadline, trouble) &&
		exchange_hello(conn, deadline, trouble) &&
		evc_attest(conn, &demand, deadline, trouble))
		return true;
	rename_trouble(trouble);
	return false;
}
