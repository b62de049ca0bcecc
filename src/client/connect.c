/*
 * client/connect.c
 *	  From an endpoint to a connection that has exchanged HELLO.
 */
#include "postgres.h"

#include "client/connect.h"

#include "client/exchange.h"
#include "guc_attest.h"
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

/* Nothing is opened under settings that nothing can meet. */
static bool
wants_evidence(void)
{
	EvcExpectations expect;

	if (evc_guc_evidence() == NULL)
		return false;
	evc_guc_expect(&expect);
	return true;
}

/* This E3 offers no evidence. */
static bool
refuse(EvcConn *conn, EvcTrouble *trouble)
{
	evc_conn_close(conn);
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = EVW_UNSUPPORTED};
	return false;
}

bool
evc_connect(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
			EvcTrouble *trouble)
{
	bool demanding = wants_evidence();

	if (evc_conn_open(conn, endpoint, deadline, trouble) &&
		exchange_hello(conn, deadline, trouble))
		return !demanding || refuse(conn, trouble);
	rename_trouble(trouble);
	return false;
}
