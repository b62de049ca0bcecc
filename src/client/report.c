/*
 * client/report.c
 *	  The one place that turns a status of the wire or of E3 into an SQL error.
 *
 * Class EV is evcrypt's own: EV00x is about the service, EV01x about keys,
 * EV02x about ciphertexts.
 */
#include "postgres.h"

#include "client/report.h"

#include "guc.h"
#include "guc_attest.h"

#define ERRCODE_EVCRYPT_TIMEOUT MAKE_SQLSTATE('E', 'V', '0', '0', '1')
#define ERRCODE_EVCRYPT_BUSY MAKE_SQLSTATE('E', 'V', '0', '0', '2')
#define ERRCODE_EVCRYPT_DRAINING MAKE_SQLSTATE('E', 'V', '0', '0', '3')
#define ERRCODE_EVCRYPT_TOO_MANY MAKE_SQLSTATE('E', 'V', '0', '0', '4')
#define ERRCODE_EVCRYPT_FAILED MAKE_SQLSTATE('E', 'V', '0', '0', '5')
#define ERRCODE_EVCRYPT_UNKNOWN_KEY MAKE_SQLSTATE('E', 'V', '0', '1', '1')
#define ERRCODE_EVCRYPT_NO_INDEX_KEY MAKE_SQLSTATE('E', 'V', '0', '1', '2')
#define ERRCODE_EVCRYPT_DOES_NOT_OPEN MAKE_SQLSTATE('E', 'V', '0', '2', '0')
#define ERRCODE_EVCRYPT_DEBUG_STRING MAKE_SQLSTATE('E', 'V', '0', '2', '1')
#define ERRCODE_EVCRYPT_API_KEY MAKE_SQLSTATE('E', 'V', '0', '2', '2')
#define ERRCODE_EVCRYPT_CONTEXT MAKE_SQLSTATE('E', 'V', '0', '2', '3')
#define ERRCODE_EVCRYPT_UNSUPPORTED MAKE_SQLSTATE('E', 'V', '0', '2', '4')

bool evc_involved;

/* What one status becomes. */
typedef struct StatusReport
{
	EvwStatus status;
	int sqlstate;
	const char *message; /* NULL: that of the status */
	const char *detail;
	const char *hint;
} StatusReport;

static const char hint_connect[] =
	"Check that E3 is running and that evcrypt.endpoints names where it listens.";
static const char hint_timeout[] =
	"Raise evcrypt.request_timeout, or send fewer values at a time.";
static const char hint_later[] = "Try again later.";
static const char hint_credential[] =
	"Set evcrypt.credential to a token that the application was issued.";
static const char hint_log[] = "E3's log says more.";
static const char hint_cut[] = "The text may have been cut off.";
static const char hint_text[] =
	"A ciphertext is a string \"ev:...:$\", as evcrypt or an SDK made it.";

static const StatusReport status_reports[] = {
	{EVW_FRAME_TOO_LONG, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	 "request is longer than the limit", "The limit is 80 MiB.", NULL},
	{EVW_NO_SPACE, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "request is longer than the limit",
	 "The limit is 80 MiB.", NULL},
	{EVW_FRAME_TIMEOUT, ERRCODE_CONNECTION_FAILURE, "request did not reach E3 in time",
	 NULL, hint_log},
	{EVW_IDLE_TIMEOUT, ERRCODE_CONNECTION_FAILURE, NULL, NULL, NULL},
	{EVW_TOO_MANY_VALUES, ERRCODE_PROGRAM_LIMIT_EXCEEDED, NULL,
	 "The limit is 1048576 values.", NULL},
	{EVW_VALUE_TOO_LONG, ERRCODE_PROGRAM_LIMIT_EXCEEDED, NULL,
	 "The limit is 64 MiB (67108864 bytes) before encryption.", NULL},
	{EVW_TOO_MANY_IN_FLIGHT, ERRCODE_EVCRYPT_TOO_MANY, NULL, NULL, hint_later},
	{EVW_UNKNOWN_APP, ERRCODE_EVCRYPT_UNKNOWN_APP, NULL, NULL,
	 "Create the app with \"e3ctl app add\", or let evcrypt.app name another."},
	{EVW_NO_INDEX_KEY, ERRCODE_EVCRYPT_NO_INDEX_KEY, NULL, NULL,
	 "Give the app one with \"e3ctl index add\"."},
	{EVW_UNSUPPORTED, ERRCODE_EVCRYPT_UNSUPPORTED, NULL, NULL, NULL},
	{EVW_REPLY_TOO_LONG, ERRCODE_PROGRAM_LIMIT_EXCEEDED, NULL, "The limit is 80 MiB.",
	 "Send fewer values at a time."},
	{EVW_CONTEXT_TOO_LONG, ERRCODE_PROGRAM_LIMIT_EXCEEDED, NULL,
	 "The limit is 1 MiB (1048576 bytes).", NULL},
	{EVW_DOES_NOT_OPEN, ERRCODE_EVCRYPT_DOES_NOT_OPEN, NULL,
	 "It is damaged, was encrypted for another key, or is bound to another context.",
	 NULL},
	{EVW_NOT_CIPHERTEXT, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_UNKNOWN_KEY, ERRCODE_EVCRYPT_UNKNOWN_KEY, NULL, NULL,
	 "Check evcrypt.app, and that the app's keys have been imported into this E3, and "
	 "not "
	 "been retired."},
	{EVW_CONTEXT_MISSING, ERRCODE_EVCRYPT_CONTEXT, NULL, NULL,
	 "Give the context that it was encrypted with."},
	{EVW_CONTEXT_UNEXPECTED, ERRCODE_EVCRYPT_CONTEXT, NULL, NULL,
	 "Decrypt it without a context."},
	{EVW_VERSION_UNSUPPORTED, ERRCODE_EVCRYPT_UNSUPPORTED, NULL, NULL, NULL},
	{EVW_ROLE_REFUSED, ERRCODE_INSUFFICIENT_PRIVILEGE, NULL,
	 "The rules of E3's policy that let this server decrypt are for other data roles.",
	 "E3's log names the first of the rules."},
	{EVW_TEXT_NO_PREFIX, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, hint_text},
	{EVW_TEXT_DEBUG, ERRCODE_EVCRYPT_DEBUG_STRING, NULL,
	 "Debug strings are encrypted to a key that is published.",
	 "Encrypt the value outside of debug mode."},
	{EVW_TEXT_API_KEY, ERRCODE_EVCRYPT_API_KEY, NULL,
	 "API keys begin like ciphertexts but are secrets themselves.", NULL},
	{EVW_TEXT_NO_TERMINATOR, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, hint_cut},
	{EVW_TEXT_SEGMENTS, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, hint_text},
	{EVW_TEXT_VERSION, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_TEXT_DATATYPE, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_TEXT_BASE64, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_TEXT_IV_LENGTH, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_TEXT_POINT, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_TEXT_SHORT, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, hint_cut},
	{EVW_TEXT_TOO_LONG, ERRCODE_INVALID_TEXT_REPRESENTATION, NULL, NULL, NULL},
	{EVW_PEER_REFUSED, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
	 "E3 refuses connections of this operating-system user", NULL,
	 "Add the user that the database server runs as to allow_users in E3's "
	 "configuration."},
	{EVW_NOT_ALLOWED, ERRCODE_INSUFFICIENT_PRIVILEGE, "E3 does not allow this", NULL,
	 NULL},
	{EVW_TOO_MANY_CONNECTIONS, ERRCODE_EVCRYPT_TOO_MANY, "too many connections to E3",
	 NULL, "Raise the number of connections in E3's configuration."},
	{EVW_POLICY_REFUSED, ERRCODE_INSUFFICIENT_PRIVILEGE,
	 "E3's policy does not allow this", NULL, NULL},
	{EVW_QUOTA_EXCEEDED, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
	 "quota of this server is used up", NULL,
	 "Try again later, or decrypt fewer values."},
	{EVW_CREDENTIAL_MISSING, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
	 "E3's policy demands a credential", NULL, hint_credential},
	{EVW_CREDENTIAL_INVALID, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, NULL, NULL,
	 hint_credential},
	{EVW_CREDENTIAL_EXPIRED, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, NULL, NULL,
	 hint_credential},
	{EVW_CREDENTIAL_SCOPE, ERRCODE_INSUFFICIENT_PRIVILEGE, NULL, NULL, hint_credential},
	{EVW_AUDIT_FAILED, ERRCODE_EVCRYPT_FAILED,
	 "E3 does not decrypt, as its audit cannot be written", NULL, hint_log},
	{EVW_BUSY, ERRCODE_EVCRYPT_BUSY, NULL, NULL,
	 "Try again later, or raise evcrypt.request_timeout."},
	{EVW_DRAINING, ERRCODE_EVCRYPT_DRAINING, NULL, NULL, hint_later},
	{EVW_NOT_READY, ERRCODE_EVCRYPT_DRAINING, NULL, NULL, hint_later},
	{EVW_DEADLINE, ERRCODE_EVCRYPT_TIMEOUT,
	 "E3 did not finish within evcrypt.request_timeout", NULL, hint_timeout},
	{EVW_CANCELLED, ERRCODE_EVCRYPT_DRAINING, "E3 gave the request up", NULL, hint_later},
	{EVW_OUT_OF_MEMORY, ERRCODE_EVCRYPT_FAILED, NULL, NULL, hint_log},
	{EVW_CRYPTO_FAILED, ERRCODE_EVCRYPT_FAILED, "cryptographic library of E3 failed",
	 NULL, hint_log},
	{EVW_INTERNAL, ERRCODE_EVCRYPT_FAILED, "internal error of E3", NULL, hint_log},
	{EVW_EVIDENCE_FAILED, ERRCODE_EVCRYPT_FAILED, "E3 cannot make evidence of what it is",
	 NULL, hint_log},
};

/* Statuses without a line: the rest of 1xx and 2xx is about the protocol. */
static const StatusReport protocol_report = {
	.sqlstate = ERRCODE_PROTOCOL_VIOLATION,
	.message = "E3 does not accept what was sent to it",
	.hint = "Check that extension and E3 are of the same version.",
};
static const StatusReport other_report = {
	.sqlstate = ERRCODE_EVCRYPT_FAILED,
	.message = "E3 failed",
	.hint = hint_log,
};

static const StatusReport *
find_status_report(EvwStatus status)
{
	for (size_t i = 0; i < lengthof(status_reports); i++)
		if (status_reports[i].status == status)
			return &status_reports[i];
	return status < EVW_VALUE_STATUS_BASE ? &protocol_report : &other_report;
}

/* Where a line is missing, the status itself is the detail. */
static const char *
status_detail(const StatusReport *report, EvwStatus status)
{
	if (report != &protocol_report && report != &other_report)
		return report->detail;
	return psprintf("Status %d: %s.", (int) status, evw_status_message(status));
}

/* "detail" is what is known beyond the status, or NULL. */
pg_noreturn static void
raise_status(EvwStatus status, const char *detail)
{
	const StatusReport *report = find_status_report(status);

	evc_involved = true;
	if (detail == NULL)
		detail = status_detail(report, status);
	ereport(ERROR, (errcode(report->sqlstate),
					errmsg("%s", report->message != NULL ? report->message
														 : evw_status_message(status)),
					detail != NULL ? errdetail("%s", detail) : 0,
					report->hint != NULL ? errhint("%s", report->hint) : 0));
}

void
evc_report_status(EvwStatus status)
{
	raise_status(status, NULL);
}

/* What trouble without a status becomes, by its kind. */
typedef struct TroubleReport
{
	int sqlstate;
	const char *message;
	const char *hint;
} TroubleReport;

static const TroubleReport trouble_reports[] = {
	[EVC_TROUBLE_CONNECT] = {ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
							 "could not connect to E3", hint_connect},
	[EVC_TROUBLE_CONNECT_TIMEOUT] =
		{ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
		 "could not connect to E3 within evcrypt.connect_timeout", hint_connect},
	[EVC_TROUBLE_EVIDENCE] = {ERRCODE_EVCRYPT_EVIDENCE, "E3's evidence is refused",
							  "It got no value. Check that evcrypt.expected_pcrs and "
							  "evcrypt.attestation_root are those of the E3 that runs "
							  "there."},
	[EVC_TROUBLE_LOST] = {ERRCODE_CONNECTION_FAILURE, "connection to E3 was lost",
						  hint_connect},
	[EVC_TROUBLE_PROTOCOL] = {ERRCODE_PROTOCOL_VIOLATION, "E3 violated the protocol",
							  "Check that evcrypt.endpoints names E3, and that "
							  "extension and E3 are of the same version."},
	[EVC_TROUBLE_TIMEOUT] = {ERRCODE_EVCRYPT_TIMEOUT,
							 "E3 did not answer within evcrypt.request_timeout",
							 hint_timeout},
	[EVC_TROUBLE_MEMORY] = {ERRCODE_OUT_OF_MEMORY, "out of memory",
							"Send fewer values at a time."},
};

static const TroubleReport descriptors_report =
	{ERRCODE_INSUFFICIENT_RESOURCES, "could not connect to E3",
	 "Raise max_files_per_process and the operating system's limit of open files."};

static const TroubleReport *
find_trouble_report(const EvcTrouble *trouble)
{
	if (trouble->kind == EVC_TROUBLE_CONNECT &&
		(trouble->errnum == EMFILE || trouble->errnum == ENFILE))
		return &descriptors_report;
	return &trouble_reports[trouble->kind];
}

const char *
evc_trouble_cause(const EvcTrouble *trouble)
{
	static char text[256];

	if (trouble->cause != NULL)
	{
		snprintf(text, sizeof(text), "%s%s%s",
				 trouble->about != NULL ? trouble->about : "",
				 trouble->about != NULL ? ": " : "", trouble->cause);
		return text;
	}
	switch (trouble->kind)
	{
		case EVC_TROUBLE_CONNECT:
		case EVC_TROUBLE_LOST:
			return trouble->errnum != 0 ? strerror(trouble->errnum)
										: "E3 closed the connection";
		case EVC_TROUBLE_CONNECT_TIMEOUT:
		case EVC_TROUBLE_TIMEOUT:
			return "no answer in time";
		case EVC_TROUBLE_MEMORY:
			return "no memory for the reply";
		default:
			return evw_status_message(trouble->status);
	}
}

static const char *
trouble_detail(const EvcTrouble *trouble)
{
	if (trouble->detail != NULL)
		return trouble->detail;
	if (trouble->kind == EVC_TROUBLE_TIMEOUT)
		return NULL;
	return psprintf("Cause: %s.", evc_trouble_cause(trouble));
}

void
evc_report_trouble(const EvcTrouble *trouble)
{
	const TroubleReport *report = find_trouble_report(trouble);
	const char *detail;

	if (trouble->kind == EVC_TROUBLE_STATUS)
		raise_status(trouble->status, trouble->detail);
	detail = trouble_detail(trouble);
	ereport(ERROR,
			(errcode(report->sqlstate), errmsg("%s", report->message),
			 detail != NULL ? errdetail("%s", detail) : 0, errhint("%s", report->hint)));
}
