/*
 * guc.c
 *	  Every setting evcrypt.*: default, limits, and what a value must look like.
 */
#include "postgres.h"

#include "guc.h"
#include "guc_attest.h"
#include "guc_credential.h"
#include "guc_guarded.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/plancache.h"

#include "wire/limits.h"
#include "wire/request.h"

StaticAssertDecl(EVC_REQUEST_TIMEOUT_MAX == EVW_DEADLINE_MAX_MS,
				 "a request may take as long as the protocol allows");

char *evc_app;
bool evc_batching;
int evc_batch_depth;
int evc_batch_kilobytes;
int evc_batch_rows;
int evc_connect_timeout;
char *evc_endpoints;
int evc_max_values_per_key;
int evc_redact;
int evc_request_timeout;
char *evc_role;
char *evc_sslcert;
char *evc_sslcrl;
char *evc_sslkey;
char *evc_sslrootcert;
uint64 evc_tls_serial;

static int curve;  /* an EvwCurve */
static int format; /* an EvwTag; 0: the curve's own */

/* Settings that are lost: see guc_guarded.h. */
typedef struct Loss
{
	bool app;
	bool endpoints;
	bool role;
	bool files; /* of TLS, any of them */
} Loss;

static Loss lost;

static const struct config_enum_entry curves[] = {
	{"p256", EVW_CURVE_P256, false},
	{"secp256k1", EVW_CURVE_SECP256K1, false},
	{NULL, 0, false},
};

static const struct config_enum_entry formats[] = {
	{"default", 0, false},		   {"QkTC", EVW_TAG_QKTC, false},
	{"S0lS", EVW_TAG_S0LS, false}, {"Tk9D", EVW_TAG_TK9D, false},
	{"RFVC", EVW_TAG_RFVC, false}, {NULL, 0, false},
};

static const struct config_enum_entry redactions[] = {
	{"off", EVC_REDACT_OFF, false},		  {"on", EVC_REDACT_ON, false},
	{"strict", EVC_REDACT_STRICT, false}, {"true", EVC_REDACT_ON, true},
	{"false", EVC_REDACT_OFF, true},	  {"yes", EVC_REDACT_ON, true},
	{"no", EVC_REDACT_OFF, true},		  {"1", EVC_REDACT_ON, true},
	{"0", EVC_REDACT_OFF, true},		  {NULL, 0, false},
};

static const char *
skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
		at++;
	return at;
}

/*
 * Reads the next element of the list, and the comma after it; *more says
 * whether there was one.  Returns NULL, or what is wrong with the element.
 */
static const char *
next_endpoint(const char **list, EvcEndpoint *endpoint, bool *more)
{
	const char *start = skip_space(*list);
	size_t len = strcspn(start, ",");

	*more = start[len] == ',';
	*list = start + len + (*more ? 1 : 0);
	while (len > 0 && skip_space(start + len - 1) >= start + len)
		len--;
	if (len == 0)
		return "An endpoint is empty.";
	return evw_endpoint_parse(endpoint, start, len);
}

/* NULL, or what is wrong with the list. */
static const char *
parse_endpoints(const char *list, EvcEndpoint *endpoints, int *count)
{
	bool more = true;

	for (*count = 0; more; (*count)++)
	{
		const char *trouble;

		if (*count == EVC_ENDPOINTS_MAX)
			return "There are more endpoints than the limit of 16.";
		trouble = next_endpoint(&list, &endpoints[*count], &more);
		if (trouble != NULL)
			return trouble;
	}
	return NULL;
}

StaticAssertDecl(EVC_ENDPOINTS_MAX == 16, "the message above names the limit");

int
evc_guc_endpoints(EvcEndpoint endpoints[EVC_ENDPOINTS_MAX])
{
	int count;

	if (*evc_endpoints == '\0')
		ereport(ERROR, errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				errmsg("evcrypt.endpoints is not set"),
				errhint("%s", evc_guc_hint_unset));
	if (parse_endpoints(evc_endpoints, endpoints, &count) != NULL)
		elog(ERROR, "evcrypt.endpoints is not valid");
	return count;
}

void
evc_guc_require_app(void)
{
	if (*evc_app == '\0')
		ereport(ERROR, errcode(ERRCODE_EVCRYPT_UNKNOWN_APP),
				errmsg("evcrypt.app is not set"), errhint("%s", evc_guc_hint_unset));
}

const EvwTagInfo *
evc_guc_format(bool bound)
{
	const EvwTagInfo *info;

	if (bound)
		return evw_tag_info(curve == EVW_CURVE_P256 ? EVW_TAG_RVZS : EVW_TAG_RVZL);
	if (format == 0)
		return evw_tag_info(curve == EVW_CURVE_P256 ? EVW_TAG_QKTC : EVW_TAG_S0LS);
	info = evw_tag_info((uint32_t) format);
	if (info->curve != (EvwCurve) curve)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("evcrypt.format is %s, which is a format of the curve %s",
					   info->name, evw_curve_name(info->curve)),
				errhint("Set evcrypt.curve to %s, or evcrypt.format to default.",
						evw_curve_name(info->curve)));
	return info;
}

const char *
evc_guc_role(const EvwTagInfo *info, const char *given)
{
	const char *role = given != NULL ? given : evc_role;

	if (*role == '\0' && lost.role)
		ereport(ERROR, errcode(ERRCODE_EVCRYPT_UNKNOWN_APP),
				errmsg("evcrypt.role is not set"), errhint("%s", evc_guc_hint_unset));
	if (*role != '\0' && !info->metadata)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("evcrypt.format is %s, which has no place for %s", info->name,
					   given != NULL ? "the role of a label" : "evcrypt.role"),
				errhint("Set evcrypt.format to default."));
	return role;
}

/* The built-in value is right as it is, also where it is empty. */
static bool
check_endpoints(char **newval, void **extra, GucSource source)
{
	EvcEndpoint endpoints[EVC_ENDPOINTS_MAX];
	int count;
	const char *trouble;

	if (source == PGC_S_DEFAULT)
		return true;
	if (evc_guc_comes_too_late(lost.endpoints, source))
		return false;
	trouble = parse_endpoints(*newval, endpoints, &count);
	if (trouble == NULL)
		return true;
	GUC_check_errdetail("%s", trouble);
	return false;
}

static bool
check_app(char **newval, void **extra, GucSource source)
{
	EvwBytes name = {(const uint8_t *) *newval, strlen(*newval)};

	if (source == PGC_S_DEFAULT)
		return true;
	if (evc_guc_comes_too_late(lost.app, source))
		return false;
	if (evw_app_name_valid(name))
		return true;
	GUC_check_errdetail("An app name is 1 to 63 of a-z, 0-9, \"_\" and \"-\".");
	return false;
}

static bool
check_role(char **newval, void **extra, GucSource source)
{
	EvwBytes role = {(const uint8_t *) *newval, strlen(*newval)};

	if (source == PGC_S_DEFAULT)
		return true;
	if (evc_guc_comes_too_late(lost.role, source))
		return false;
	if (role.len == 0 || evw_role_valid(role))
		return true;
	GUC_check_errdetail("A data role is 1 to 20 of a-z, 0-9 and \"-\".");
	return false;
}

/* The file is looked at when it is needed. */
static bool
check_file(char **newval, void **extra, GucSource source)
{
	if (source == PGC_S_DEFAULT)
		return true;
	if (evc_guc_comes_too_late(lost.files, source))
		return false;
	return evc_guc_check_path(*newval);
}

/* Connections were made with the old ones. */
static void
count_change(const char *newval, void *extra)
{
	evc_tls_serial++;
}

/* Plans that are cached were made for the other value. */
static void
replan_for_batching(bool newval, void *extra)
{
	if (newval != evc_batching)
		ResetPlanCache();
}

/* Plans that are cached were marked, or not, under the other value. */
static void
replan_for_redaction(int newval, void *extra)
{
	if (newval != evc_redact)
		ResetPlanCache();
}

void
evc_guc_init(void)
{
	evc_guc_define_guarded("evcrypt.app", "App whose keys encrypt and decrypt.", NULL,
						   &evc_app, EVC_APP_DEFAULT, check_app, NULL, &lost.app);
	evc_guc_attest_init();
	DefineCustomBoolVariable("evcrypt.batch",
							 "Makes the calls of a statement in batches, not row by row.",
							 NULL, &evc_batching, true, PGC_USERSET, 0, NULL,
							 replan_for_batching, NULL);
	DefineCustomIntVariable("evcrypt.batch_bytes",
							"Most bytes of arguments in one batch.", NULL,
							&evc_batch_kilobytes, EVC_BATCH_BYTES_DEFAULT,
							EVC_BATCH_BYTES_MIN, EVC_BATCH_BYTES_MAX, PGC_USERSET,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.batch_depth", "Batches of a node in flight.",
							"For measuring what the second one is worth.",
							&evc_batch_depth, EVC_BATCH_DEPTH_DEFAULT,
							EVC_BATCH_DEPTH_MIN, EVC_BATCH_DEPTH_MAX, PGC_USERSET,
							GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.batch_rows", "Most rows in one batch.", NULL,
							&evc_batch_rows, EVC_BATCH_ROWS_DEFAULT, EVC_BATCH_ROWS_MIN,
							EVC_BATCH_ROWS_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.connect_timeout",
							"Longest time to connect to E3, all endpoints together.",
							NULL, &evc_connect_timeout, EVC_CONNECT_TIMEOUT_DEFAULT,
							EVC_CONNECT_TIMEOUT_MIN, EVC_CONNECT_TIMEOUT_MAX, PGC_USERSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomEnumVariable("evcrypt.curve", "Curve of what is encrypted.", NULL, &curve,
							 EVW_CURVE_P256, curves, PGC_SUSET, 0, NULL, NULL, NULL);
	evc_guc_define_guarded("evcrypt.endpoints",
						   "Where E3 listens: unix:/path, tls://host:port or "
						   "vsock:cid:port, "
						   "several separated by commas.",
						   "The first that will do serves; large requests are spread.",
						   &evc_endpoints, EVC_ENDPOINTS_DEFAULT, check_endpoints, NULL,
						   &lost.endpoints);
	DefineCustomEnumVariable("evcrypt.format",
							 "Version of the ciphertexts that are made.",
							 "The default is the newest of the curve; the others are for "
							 "readers that know nothing newer.",
							 &format, 0, formats, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.max_values_per_key",
							"Most values that are encrypted under one key.",
							"Zero: as many as a request has.", &evc_max_values_per_key, 0,
							0, EVW_VALUES_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("evcrypt.redact",
							 "Keeps the text and parameters of statements that call "
							 "evcrypt's functions "
							 "out of the log and of statistics.",
							 NULL, &evc_redact,
							 process_shared_preload_libraries_in_progress
								 ? EVC_REDACT_ON
								 : EVC_REDACT_OFF,
							 redactions, PGC_SUSET, 0, NULL, replan_for_redaction, NULL);
	DefineCustomIntVariable("evcrypt.request_timeout",
							"Longest time to wait for the reply to one request.",
							"Zero turns this off.", &evc_request_timeout,
							EVC_REQUEST_TIMEOUT_DEFAULT, EVC_REQUEST_TIMEOUT_MIN,
							EVC_REQUEST_TIMEOUT_MAX, PGC_USERSET, GUC_UNIT_MS, NULL, NULL,
							NULL);
	evc_guc_define_guarded("evcrypt.role", "Data role written into what is encrypted.",
						   "E3's policy says who may decrypt it. Empty: none.", &evc_role,
						   "", check_role, NULL, &lost.role);
	evc_guc_credential_init();
	evc_guc_define_guarded("evcrypt.sslcert",
						   "File of this server's certificate, for tls://.",
						   "It names the server to E3.", &evc_sslcert, "", check_file,
						   count_change, &lost.files);
	evc_guc_define_guarded("evcrypt.sslcrl", "File of revoked certificates, for tls://.",
						   NULL, &evc_sslcrl, "", check_file, count_change, &lost.files);
	evc_guc_define_guarded("evcrypt.sslkey",
						   "File of this server's private key, for tls://.", NULL,
						   &evc_sslkey, "", check_file, count_change, &lost.files);
	evc_guc_define_guarded("evcrypt.sslrootcert",
						   "File of the authorities that vouch for E3, for tls://.", NULL,
						   &evc_sslrootcert, "", check_file, count_change, &lost.files);
	MarkGUCPrefixReserved("evcrypt");
}
