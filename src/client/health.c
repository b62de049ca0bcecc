/*
 * client/health.c
 *	  Asks one endpoint how it is, on a connection of its own.
 */
#include "postgres.h"

#include "client/health.h"

#include "datatype/timestamp.h"
#include "utils/timestamp.h"

#include "client/connect.h"
#include "client/exchange.h"
#include "wire/reply.h"
#include "wire/request.h"

#define UNIX_TO_POSTGRES_US                                                              \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/* What E3 says of itself, fit to be shown whatever the database's encoding. */
static void
copy_text(char *out, EvwBytes said)
{
	size_t len = Min(said.len, EVC_HEALTH_TEXT_MAX);

	for (size_t i = 0; i < len; i++)
		out[i] = said.data[i] >= ' ' && said.data[i] <= '~' ? (char) said.data[i] : '?';
	out[len] = '\0';
}

static EvwStatus
take_health(const EvwMessage *message, int64 unix_us, EvcHealth *health)
{
	EvwHealth said;
	EvwStatus status = evw_health_decode(message, &said);

	if (status != EVW_OK)
		return status;
	copy_text(health->version, said.version);
	copy_text(health->backend, said.backend);
	health->tells_isolation = said.isolation.len > 0;
	copy_text(health->isolation_missing, said.isolation_missing);
	health->clock_offset_ms = ((double) said.unix_us - (double) unix_us) / 1000.0;
	health->n_key_versions = said.n_key_versions;
	memcpy(health->key_versions, said.key_versions, sizeof(health->key_versions));
	health->n_index_versions = said.n_index_versions;
	memcpy(health->index_versions, said.index_versions, sizeof(health->index_versions));
	return EVW_OK;
}

static bool
refuse(EvcTrouble *trouble, EvcTroubleKind kind, EvwStatus status)
{
	*trouble = (EvcTrouble){.kind = kind, .status = status};
	return false;
}

static bool
take_reply(const EvwMessage *message, int64 unix_us, EvcHealth *health,
		   EvcTrouble *trouble)
{
	EvwErrorHeader error;
	EvwStatus status;

	if (message->type == EVW_VERB_RESULT)
		status = take_health(message, unix_us, health);
	else if (message->type == EVW_VERB_ERROR)
	{
		status = evw_error_decode(message, &error);
		if (status == EVW_OK)
			return refuse(trouble, EVC_TROUBLE_STATUS, (EvwStatus) error.code);
	}
	else
		status = EVW_UNKNOWN_VERB;
	return status == EVW_OK || refuse(trouble, EVC_TROUBLE_PROTOCOL, status);
}

static bool
ask(EvcConn *conn, EvcHealth *health, EvcTrouble *trouble)
{
	uint8_t head[256];
	EvwBuf buf;
	EvcFlight flight;
	EvcFrame frame = {.id = conn->next_id++};
	EvwRequestHeader header = {.app = {(const uint8_t *) evc_app, strlen(evc_app)}};
	int64 start = evc_now_us();
	TimestampTz clock = GetCurrentTimestamp();
	int64 trip;
	bool done;

	evw_buf_fixed(&buf, head, sizeof(head));
	evw_request_encode_plain(&buf, EVW_VERB_HEALTH, frame.id, &header);
	frame.head = (EvwBytes){head, buf.len};
	if (!evc_exchange(conn, &frame, evc_deadline_after(evc_connect_timeout), &flight,
					  trouble))
		return false;
	trip = evc_now_us() - start;
	health->latency_ms = (double) trip / 1000.0;
	/* E3 read its clock about half way. */
	done = take_reply(&flight.message, clock + UNIX_TO_POSTGRES_US + trip / 2, health,
					  trouble);
	evc_exchange_end(&flight);
	return done;
}

bool
evc_health_ask(const EvcEndpoint *endpoint, EvcHealth *health, EvcTrouble *trouble)
{
	EvcConn conn = EVC_CONN_CLOSED;
	volatile bool done = false;

	memset(health, 0, sizeof(*health));
	PG_TRY();
	{
		health->reachable = evc_connect(&conn, endpoint,
										evc_deadline_after(evc_connect_timeout), trouble);
		done = health->reachable && ask(&conn, health, trouble);
	}
	PG_CATCH();
	{
		evc_conn_close(&conn);
		PG_RE_THROW();
	}
	PG_END_TRY();
	evc_conn_close(&conn);
	return done;
}
