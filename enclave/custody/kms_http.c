/*
 * custody/kms_http.c
 *	  One request to a KMS: HTTPS, signed with AWS's Signature Version 4, by libcurl.
 */
#include "custody/kms_private.h"

#include "base/secret.h"
#include "custody/kms_curl.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE_MAX (E3_CUSTODY_TEXT_MAX + 16)
#define HEADER_MAX (E3_KMS_CREDENTIALS_MAX + 32)

/* In the locked arena. */
typedef struct Call
{
	const E3Curl *curl;
	CURL *easy;
	const E3CustodyAsk *ask;
	E3KmsAnswer *answer;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char header[HEADER_MAX];
	bool failed; /* an option was not taken, or there was no memory */
	bool too_long;
	E3KmsCredentials credentials;
} Call;

#define SET(call, option, value)                                                         \
	((call)->failed =                                                                    \
		 (call)->curl->easy_setopt((call)->easy, option, value) != CURLE_OK ||           \
		 (call)->failed)

static size_t
take_body(char *bytes, size_t size, size_t n, void *context)
{
	Call *call = context;
	E3KmsAnswer *answer = call->answer;

	(void) size; /* is 1 */
	if (n > sizeof(answer->bytes) - answer->len)
	{
		call->too_long = true;
		return 0;
	}
	memcpy(answer->bytes + answer->len, bytes, n);
	answer->len += n;
	return n;
}

static void
add_header(Call *call, const char *text)
{
	struct curl_slist *longer = call->curl->slist_append(call->headers, text);

	if (longer != NULL)
		call->headers = longer;
	else
		call->failed = true;
}

static void
set_transport(Call *call, const E3CustodyConfig *config)
{
	const EvwEndpoint *host = &config->kms_endpoint;
	bool is_ipv6 = strchr(host->host, ':') != NULL;
	char url[EVW_ENDPOINT_TEXT_MAX + 32];

	(void) snprintf(url, sizeof(url), "https://%s%s%s:%u/", is_ipv6 ? "[" : "",
					host->host, is_ipv6 ? "]" : "", host->port);
	SET(call, CURLOPT_URL, url);
	SET(call, CURLOPT_PROTOCOLS_STR, "https");
	SET(call, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(call, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(call, CURLOPT_FOLLOWLOCATION, 0L);
	/* No proxy of the environment's. */
	SET(call, CURLOPT_PROXY, "");
	SET(call, CURLOPT_NOSIGNAL, 1L);
	SET(call, CURLOPT_TIMEOUT_MS, (long) config->kms_timeout_ms);
	SET(call, CURLOPT_CONNECTTIMEOUT_MS, (long) config->kms_timeout_ms);
	if (config->kms_ca_file[0] != '\0')
	{
		SET(call, CURLOPT_CAINFO, config->kms_ca_file);
		SET(call, CURLOPT_CAPATH, NULL);
	}
	/* The name is not looked up then. */
	if (config->kms_socket[0] != '\0')
		SET(call, CURLOPT_UNIX_SOCKET_PATH, config->kms_socket);
}

static void
set_request(Call *call, const char *action, EvwBytes body)
{
	const E3KmsCredentials *credentials = &call->credentials;
	char signature[SIGNATURE_MAX];

	(void) snprintf(signature, sizeof(signature), "aws:amz:%s:kms",
					call->ask->config->kms_region);
	SET(call, CURLOPT_AWS_SIGV4, signature);
	SET(call, CURLOPT_USERNAME, credentials->id);
	SET(call, CURLOPT_PASSWORD, credentials->secret);
	SET(call, CURLOPT_POSTFIELDSIZE, (long) body.len);
	SET(call, CURLOPT_POSTFIELDS, (const char *) body.data);
	(void) snprintf(call->header, sizeof(call->header), "X-Amz-Target: TrentService.%s",
					action);
	add_header(call, "Content-Type: application/x-amz-json-1.1");
	add_header(call, call->header);
	if (credentials->token != NULL)
	{
		(void) snprintf(call->header, sizeof(call->header), "X-Amz-Security-Token: %s",
						credentials->token);
		add_header(call, call->header);
	}
	SET(call, CURLOPT_HTTPHEADER, call->headers);
	SET(call, CURLOPT_WRITEFUNCTION, take_body);
	SET(call, CURLOPT_WRITEDATA, call);
	SET(call, CURLOPT_ERRORBUFFER, call->error);
}

static EvwStatus
fail_call(const Call *call, CURLcode code)
{
	const EvwEndpoint *host = &call->ask->config->kms_endpoint;
	const char *why =
		call->error[0] != '\0' ? call->error : call->curl->easy_strerror(code);

	if (call->too_long)
		return e3_custody_fail(call->ask->cause, EVW_CUSTODY_REFUSED,
							   "the KMS's answer is longer than %d bytes",
							   E3_KMS_ANSWER_MAX);
	return e3_custody_fail(call->ask->cause, EVW_CUSTODY_ABSENT, "no KMS at %s:%u: %s",
						   host->host, host->port, why);
}

static EvwStatus
perform(Call *call, const char *action, EvwBytes body)
{
	CURLcode code;

	set_transport(call, call->ask->config);
	set_request(call, action, body);
	if (call->failed)
		return e3_custody_fail(call->ask->cause, EVW_CUSTODY_ABSENT,
							   "libcurl does not take what it is asked");
	code = call->curl->easy_perform(call->easy);
	if (code == CURLE_OK)
		code = call->curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE,
										&call->answer->http);
	return code == CURLE_OK ? EVW_OK : fail_call(call, code);
}

static EvwStatus
post(Call *call, const char *action, EvwBytes body)
{
	const E3CustodyAsk *ask = call->ask;
	EvwStatus status = e3_kms_credentials_read(ask->config->kms_credentials_file,
											   &call->credentials, ask->cause);

	if (status != EVW_OK)
		return status;
	call->curl = e3_curl_load();
	if (call->curl == NULL)
		return e3_custody_fail(ask->cause, EVW_CUSTODY_ABSENT, "cannot load libcurl");
	call->easy = call->curl->easy_init();
	if (call->easy == NULL)
		return EVW_OUT_OF_MEMORY;
	status = perform(call, action, body);
	call->curl->easy_cleanup(call->easy);
	call->curl->slist_free_all(call->headers);
	return status;
}

EvwStatus
e3_kms_post(const E3CustodyAsk *ask, const char *action, EvwBytes body,
			E3KmsAnswer *answer)
{
	Call *call = e3_secret_alloc(sizeof(*call));
	EvwStatus status;

	if (call == NULL)
		return EVW_OUT_OF_MEMORY;
	answer->len = 0;
	call->ask = ask;
	call->answer = answer;
	status = post(call, action, body);
	e3_secret_free(call, sizeof(*call));
	return status;
}
