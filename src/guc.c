/*
 * guc.c
 *	  Every setting evcrypt.*: default, limits, and what a value must look like.
 */
#include "postgres.h"

#include "guc.h"

#include "utils/guc.h"

#include "wire/limits.h"
#include "wire/request.h"

StaticAssertDecl(EVC_REQUEST_TIMEOUT_MAX == EVW_DEADLINE_MAX_MS,
				 "a request may take as long as the protocol allows");

char *evc_app;
bool evc_batching;
int evc_batch_kilobytes;
int evc_batch_rows;
int evc_connect_timeout;
char *evc_endpoints;
int evc_request_timeout;

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
	if (strncmp(start, "tls://", 6) == 0 || strncmp(start, "vsock:", 6) == 0)
		return "This version connects to unix:/absolute/path only, not by tls or vsock.";
	if (strncmp(start, EVC_ENDPOINT_PREFIX "/", sizeof(EVC_ENDPOINT_PREFIX)) != 0)
		return "An endpoint has the form unix:/absolute/path.";
	if (len >= sizeof(endpoint->text))
		return "The path of an endpoint is longer than a Unix socket may have.";
	memcpy(endpoint->text, start, len);
	endpoint->text[len] = '\0';
	return NULL;
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

	if (parse_endpoints(evc_endpoints, endpoints, &count) != NULL)
		elog(ERROR, "evcrypt.endpoints is not valid");
	return count;
}

const char *
evc_endpoint_path(const EvcEndpoint *endpoint)
{
	return endpoint->text + sizeof(EVC_ENDPOINT_PREFIX) - 1;
}

static bool
check_endpoints(char **newval, void **extra, GucSource source)
{
	EvcEndpoint endpoints[EVC_ENDPOINTS_MAX];
	int count;
	const char *trouble = parse_endpoints(*newval, endpoints, &count);

	if (trouble == NULL)
		return true;
	GUC_check_errdetail("%s", trouble);
	return false;
}

static bool
check_app(char **newval, void **extra, GucSource source)
{
	EvwBytes name = {(const uint8_t *) *newval, strlen(*newval)};

	if (evw_app_name_valid(name))
		return true;
	GUC_check_errdetail("An app name is 1 to 63 of a-z, 0-9, \"_\" and \"-\".");
	return false;
}

void
evc_guc_init(void)
{
	DefineCustomStringVariable("evcrypt.app", "App whose keys encrypt and decrypt.", NULL,
							   &evc_app, EVC_APP_DEFAULT, PGC_SUSET, 0, check_app, NULL,
							   NULL);
	DefineCustomBoolVariable("evcrypt.batch",
							 "Makes the calls of a statement in batches, not row by row.",
							 NULL, &evc_batching, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.batch_bytes",
							"Most bytes of arguments in one batch.", NULL,
							&evc_batch_kilobytes, EVC_BATCH_BYTES_DEFAULT,
							EVC_BATCH_BYTES_MIN, EVC_BATCH_BYTES_MAX, PGC_USERSET,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.batch_rows", "Most rows in one batch.", NULL,
							&evc_batch_rows, EVC_BATCH_ROWS_DEFAULT, EVC_BATCH_ROWS_MIN,
							EVC_BATCH_ROWS_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("evcrypt.connect_timeout",
							"Longest time to connect to E3, all endpoints together.",
							NULL, &evc_connect_timeout, EVC_CONNECT_TIMEOUT_DEFAULT,
							EVC_CONNECT_TIMEOUT_MIN, EVC_CONNECT_TIMEOUT_MAX, PGC_USERSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("evcrypt.endpoints",
							   "Where E3 listens: unix:/path, several separated by "
							   "commas.",
							   "They are tried in this order.", &evc_endpoints,
							   EVC_ENDPOINTS_DEFAULT, PGC_SUSET, 0, check_endpoints, NULL,
							   NULL);
	DefineCustomIntVariable("evcrypt.request_timeout",
							"Longest time to wait for the reply to one request.",
							"Zero turns this off.", &evc_request_timeout,
							EVC_REQUEST_TIMEOUT_DEFAULT, EVC_REQUEST_TIMEOUT_MIN,
							EVC_REQUEST_TIMEOUT_MAX, PGC_USERSET, GUC_UNIT_MS, NULL, NULL,
							NULL);
	MarkGUCPrefixReserved("evcrypt");
}
