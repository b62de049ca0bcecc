/*
 * net/session.c
 *	  What a frame means: HELLO first, then requests in any number.
 *
 * HEALTH, STATS and CANCEL are answered here, so that a saturated E3 answers
 * them at once; everything else goes to a worker.
 */
#include "net/state.h"

#include "base/clock.h"
#include "base/discard.h"
#include "base/log.h"
#include "base/version.h"
#include "fortress/fortress.h"
#include "net/evidence.h"
#include "net/work.h"
#include "rpc/admit.h"
#include "wire/hello.h"
#include "wire/reply.h"
#include "wire/report.h"

#include <string.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

static E3Server *
server_of(const E3Conn *conn)
{
	return conn->owner->context;
}

static void
answer_hello(E3Conn *conn, const EvwMessage *message, const EvwBuf *body)
{
	static const char *const suites[] = {"p256", "secp256k1", NULL};
	const char *const evidence[] = {e3_attester_kind(
										server_of(conn)->setup->shared->attester),
									NULL};
	const EvwServerHello answer = {.version = EVW_PROTOCOL_VERSION,
								   .features = EVW_FEATURE_CANCEL,
								   .frame_max = EVW_FRAME_MAX,
								   .plaintext_max = EVW_PLAINTEXT_MAX,
								   .values_max = EVW_VALUES_MAX,
								   .inflight_max = EVW_INFLIGHT_MAX,
								   .depth_max = EVW_DEPTH_MAX,
								   .idle_ms =
									   server_of(conn)->setup->config->idle_timeout_ms};
	EvwClientHello hello;
	EvwBuf buf;
	EvwStatus status = evw_client_hello_decode(message, &hello);

	if (status == EVW_OK && (hello.version_min > EVW_PROTOCOL_VERSION ||
							 hello.version_max < EVW_PROTOCOL_VERSION))
		status = EVW_VERSION_MISMATCH;
	if (status == EVW_OK)
	{
		conn->principal = e3_principal_new(&conn->peer);
		status = conn->principal != NULL ? EVW_OK : EVW_OUT_OF_MEMORY;
	}
	if (status != EVW_OK)
	{
		e3_conn_refuse(conn, status);
		return;
	}
	e3_buf_init(&buf);
	evw_server_hello_encode(&buf, &answer, suites, evidence);
	status = e3_evidence_note(conn, (EvwBytes){body->data, body->len},
							  (EvwBytes){buf.data, buf.len});
	if (status != EVW_OK)
	{
		e3_buf_release(&buf);
		e3_conn_refuse(conn, status);
		return;
	}
	conn->state = E3_CONN_READY;
	e3_conn_send(conn, &buf);
}

/* ERROR to one request; the connection goes on. */
static void
answer_error(E3Conn *conn, uint64_t id, EvwStatus status)
{
	EvwBuf buf;

	server_of(conn)->stats.requests_failed++;
	conn->own.requests_failed++;
	e3_buf_init(&buf);
	evw_error_encode_status(&buf, id, status);
	e3_conn_send(conn, &buf);
}

/* May this peer administer?  Root and E3's own user may. */
static bool
is_administrator(const E3Conn *conn)
{
	return conn->peer.kind == E3_IDENTITY_UID &&
		   (conn->peer.uid == 0 || conn->peer.uid == geteuid());
}

/* Versions of the keys of the app that HEALTH was asked about; none if the peer has no
 * app of this name. */
static void
list_key_versions(const E3Conn *conn, EvwBytes name, EvwHealth *health)
{
	const E3RpcShared *shared = server_of(conn)->setup->shared;
	E3Keyring *keyring = e3_keyring_acquire(shared->keyring);
	const E3App *app = name.len > 0 && e3_admit_app(shared, &conn->peer, name)
						   ? e3_keyring_find(keyring, name)
						   : NULL;

	for (uint32_t i = 0; app != NULL && i < app->n_versions && i < EVW_KEY_VERSIONS_MAX;
		 i++)
		health->key_versions[health->n_key_versions++] = app->versions[i].version;
	for (uint32_t i = 0; app != NULL && i < app->n_indexes && i < EVW_INDEX_VERSIONS_MAX;
		 i++)
		health->index_versions[health->n_index_versions++] = app->indexes[i].version;
	e3_keyring_release(keyring);
}

static EvwBytes
list_measures(uint32_t set, char text[E3_ISOLATION_TEXT_MAX])
{
	const char *names = e3_isolation_text(set, text);

	return (EvwBytes){(const uint8_t *) names, strlen(names)};
}

static void
answer_health(E3Conn *conn, const EvwRequest *request)
{
	E3Server *server = server_of(conn);
	const char *backend = server->setup->backend;
	EvwHealth health = {.version = {(const uint8_t *) E3_VERSION, strlen(E3_VERSION)},
						.backend = {(const uint8_t *) backend, strlen(backend)},
						.uptime_ms = (e3_clock_ns() - server->started_ns) / NS_PER_MS,
						.unix_us = e3_clock_unix_us()};
	char granted[E3_ISOLATION_TEXT_MAX];
	char missing[E3_ISOLATION_TEXT_MAX];
	EvwBuf buf;

	e3_pool_load(server->pool, &health.queued, &health.running);
	list_key_versions(conn, request->header.app, &health);
	health.isolation = list_measures(e3_fortress_granted(), granted);
	health.isolation_missing =
		list_measures(E3_ISOLATION_ALL & ~e3_fortress_granted(), missing);
	e3_buf_init(&buf);
	evw_health_encode(&buf, request->id, &health);
	e3_conn_send(conn, &buf);
}

static void
answer_stats(E3Conn *conn, const EvwRequest *request)
{
	E3Server *server = server_of(conn);
	const E3RpcShared *shared = server->setup->shared;
	const E3KeysAtHand keys = {e3_request_keys_count(shared->request_keys),
							   e3_derived_count(shared->derived)};
	E3AuditCounts audit = {0};
	EvwBuf buf;

	e3_buf_init(&buf);
	if (!e3_admit_stats(shared, conn->principal, is_administrator(conn)))
	{
		e3_stats_encode_own(&buf, request->id, &conn->own);
		e3_conn_send(conn, &buf);
		return;
	}
	if (shared->audit != NULL)
		e3_audit_counts(shared->audit, &audit.last, &audit.dropped);
	if (server->handshaker != NULL)
		server->stats.handshakes_failed = e3_handshaker_failed(server->handshaker);
	e3_stats_encode(&buf, request->id, &server->stats, &server->latency, &server->stops,
					&keys, &audit);
	e3_conn_send(conn, &buf);
}

/* Unknown, answered or somebody else's: then there is nothing to cancel. */
static void
cancel(E3Conn *conn, uint64_t id)
{
	E3Work *work = e3_work_find(conn, id);

	if (work != NULL)
		e3_session_tell(server_of(conn), work, E3_JOB_CANCEL, EVW_CANCELLED);
}

static void
count_request(E3Stats *stats, uint32_t verb)
{
	stats->requests++;
	if (verb == EVW_VERB_ENCRYPT)
		stats->requests_encrypt++;
	else if (verb == EVW_VERB_DECRYPT)
		stats->requests_decrypt++;
	else if (verb == EVW_VERB_REENCRYPT)
		stats->requests_reencrypt++;
	else if (verb == EVW_VERB_BLIND_INDEX)
		stats->requests_blind_index++;
	else if (verb == EVW_VERB_ATTEST)
		stats->requests_attest++;
	else if (verb == EVW_VERB_ECHO)
		stats->requests_echo++;
}

/* What has come, and what it says. */
typedef struct Asked
{
	EvwRequest request;
	EvwAttest attest; /* of ATTEST */
} Asked;

/* Hands a request to the workers; "body" becomes the work's. */
static void
submit(E3Conn *conn, const Asked *asked, EvwBuf *body)
{
	const EvwRequest *request = &asked->request;
	E3Server *server = server_of(conn);
	E3Work *work = e3_work_new(conn, conn->flow, body);
	EvwStatus status;
	uint32_t effects;

	if (work == NULL)
	{
		answer_error(conn, request->id, EVW_OUT_OF_MEMORY);
		return;
	}
	work->call.request = *request;
	work->call.attest = asked->attest;
	work->call.principal = e3_principal_retain(conn->principal);
	work->call.administrator = is_administrator(conn);
	if (request->header.deadline_ms > 0)
		work->call.deadline_ns =
			work->call.arrived_ns + request->header.deadline_ms * NS_PER_MS;
	status =
		request->verb == EVW_VERB_ATTEST ? e3_evidence_bind(conn, &work->call) : EVW_OK;
	if (status == EVW_OK &&
		!e3_budget_takes(&server->budget, &conn->share, e3_work_weigh(work)))
		status = EVW_BUSY;
	if (status != EVW_OK)
	{
		e3_work_end(work);
		answer_error(conn, request->id, status);
		return;
	}
	effects = e3_work_submit(work, server->pool, server->setup->config->brief_bytes);
	if (effects & E3_DO_ANSWER)
		e3_call_fail(&work->call, EVW_BUSY);
	e3_session_settle(server, work, effects);
}

/* Why this request can't be taken; OK if it can. */
static EvwStatus
check_request(const E3Conn *conn, const EvwRequest *request)
{
	if (server_of(conn)->draining)
		return EVW_DRAINING;
	if (conn->n_works >= EVW_INFLIGHT_MAX)
		return EVW_TOO_MANY_IN_FLIGHT;
	return e3_rpc_serves(request->verb) ? EVW_OK : EVW_UNSUPPORTED;
}

/* ATTEST has a header of its own. */
static EvwStatus
decode(EvwMessage *message, Asked *asked)
{
	*asked = (Asked){.request = {.verb = (EvwVerb) message->type, .id = message->id}};
	if (message->type != EVW_VERB_ATTEST)
		return evw_request_decode(message, &asked->request);
	return message->id != 0 ? evw_attest_decode(message, &asked->attest) : EVW_BAD_ID;
}

static void
take_request(E3Conn *conn, EvwMessage *message, EvwBuf *body)
{
	E3Server *server = server_of(conn);
	Asked asked;
	EvwStatus status = decode(message, &asked);
	const EvwRequest request = asked.request;
	E3Work *same = e3_work_find(conn, request.id);

	/* Without an id of its own a request can't be answered. */
	if (same != NULL && e3_work_tell(same, E3_JOB_REPEAT) & E3_DO_HANG_UP)
		status = EVW_BAD_ID;
	if (status == EVW_BAD_ID || (status != EVW_OK && status < EVW_BAD_HEADER))
	{
		e3_conn_refuse(conn, status);
		return;
	}
	count_request(&server->stats, request.verb);
	count_request(&conn->own, request.verb);
	if (status == EVW_OK && server->pool == NULL)
		status = EVW_NOT_READY;
	if (status == EVW_OK && request.verb == EVW_VERB_HEALTH)
	{
		answer_health(conn, &request);
		return;
	}
	if (status == EVW_OK && request.verb == EVW_VERB_STATS)
	{
		answer_stats(conn, &request);
		return;
	}
	if (status == EVW_OK)
		status = check_request(conn, &request);
	if (status == EVW_OK)
		submit(conn, &asked, body);
	else
		answer_error(conn, request.id, status);
}

static void
dispatch(E3Conn *conn, EvwMessage *message, EvwBuf *body)
{
	if ((conn->state == E3_CONN_HELLO) != (message->type == EVW_VERB_HELLO))
		e3_conn_refuse(conn, EVW_OUT_OF_ORDER);
	else if (message->type == EVW_VERB_HELLO)
		answer_hello(conn, message, body);
	else if (message->type == EVW_VERB_CANCEL)
		cancel(conn, message->id);
	else if (message->type >= EVW_VERB_ATTEST && message->type <= EVW_VERB_RELOAD)
		take_request(conn, message, body);
	else if (message->type >= EVW_VERB_RESULT && message->type <= EVW_VERB_CANCELLED)
		e3_conn_refuse(conn, EVW_OUT_OF_ORDER);
	else
		e3_conn_refuse(conn, EVW_UNKNOWN_VERB);
}

void
e3_session_frame(E3Conn *conn, EvwBuf *body)
{
	EvwMessage message;
	EvwStatus status = evw_message_split((EvwBytes){body->data, body->len}, &message);

	if (status == EVW_OK)
		dispatch(conn, &message, body);
	else
		e3_conn_refuse(conn, status);
	/* Empty if a work has taken it over. */
	e3_buf_discard(body);
}

/* Log level, access list and names of certificates may change while E3 runs; the rest at
 * restart. */
static void
apply_config(E3Server *server, const E3Config *reloaded)
{
	E3Config *config = server->setup->config;

	config->log_level = reloaded->log_level;
	config->n_uids = reloaded->n_uids;
	memcpy(config->uids, reloaded->uids, sizeof(config->uids));
	config->n_cids = reloaded->n_cids;
	memcpy(config->cids, reloaded->cids, sizeof(config->cids));
	config->tls = reloaded->tls;
	e3_log_set_level(config->log_level);
}

static void
count_outcome(E3Stats *stats, const E3Call *call)
{
	stats->values_done += call->done;
	if (call->outcome == EVW_CANCELLED)
		stats->requests_cancelled++;
	else if (call->outcome != EVW_OK)
		stats->requests_failed++;
}

/* Of a request that ends. */
static void
take_outcome(E3Server *server, const E3Work *work)
{
	const E3Call *call = &work->call;

	count_outcome(&server->stats, call);
	if (work->conn != NULL)
		count_outcome(&work->conn->own, call);
	if (call->reloaded != NULL)
		apply_config(server, call->reloaded);
	if (call->reloaded_tls != NULL)
		e3_accept_use(server, call->reloaded_tls);
}

/*
 * Ends before it answers: that may be the end of the connection, and of its works.  Who
 * asked for a reload that takes its own place away is answered before it goes.
 */
void
e3_session_settle(E3Server *server, E3Work *work, uint32_t effects)
{
	/* NULL: E3's own. */
	E3Conn *conn = effects & E3_DO_ANSWER ? work->conn : NULL;
	bool reloaded = (effects & E3_DO_END) && work->call.reloaded != NULL;
	EvwBuf reply;

	if (conn != NULL)
	{
		reply = work->call.reply;
		e3_buf_init(&work->call.reply);
	}
	if (effects & E3_DO_END)
	{
		take_outcome(server, work);
		e3_work_end(work);
	}
	if (conn != NULL)
	{
		e3_conn_send(conn, &reply);
		e3_conn_update(conn);
	}
	if (reloaded)
		e3_accept_review(server);
}

void
e3_session_tell(E3Server *server, E3Work *work, E3JobEvent event, EvwStatus status)
{
	uint32_t effects = e3_work_tell(work, event);

	if (effects & E3_DO_ANSWER)
		e3_call_fail(&work->call, status);
	e3_session_settle(server, work, effects);
}

void
e3_session_reload(E3Server *server)
{
	EvwBuf none;
	E3Work *work;
	uint32_t effects;

	if (server->pool == NULL)
	{
		e3_log(E3_LOG_ERROR, "reload_refused", "status=%s",
			   evw_status_name(EVW_NOT_READY));
		return;
	}
	e3_buf_init(&none);
	work = e3_work_new(NULL, server->flow, &none);
	if (work == NULL)
		return;
	work->call.request.verb = EVW_VERB_RELOAD;
	work->call.administrator = true;
	effects = e3_work_submit(work, server->pool, server->setup->config->brief_bytes);
	if (effects & E3_DO_END)
		e3_log(E3_LOG_ERROR, "reload_refused", "status=%s", evw_status_name(EVW_BUSY));
	e3_session_settle(server, work, effects);
}
