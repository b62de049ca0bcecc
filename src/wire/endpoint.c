/*
 * wire/endpoint.c
 *	  Where E3 listens, as text.
 */
#include "wire/endpoint.h"

#include <stdbool.h>
#include <string.h>

#define UNIX_PREFIX "unix:"
#define TLS_PREFIX "tls://"
#define VSOCK_PREFIX "vsock:"

/* The largest number of 32 bits means "any" to the kernel. */
#define VSOCK_MAX (UINT32_MAX - 1)

static bool
begins(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* All of it, in digits without a leading zero, from 1 to "max". */
static bool
parse_number(const char *text, size_t len, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (len == 0 || len > 10 || text[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t) (text[i] - '0');
	}
	*number = (uint32_t) value;
	return value <= max;
}

static bool
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Characters of a name or an IPv4 address; the resolver knows the rest. */
static bool
is_host(const char *text, size_t len)
{
	if (len == 0 || !is_alphanumeric(text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alphanumeric(text[i]) && text[i] != '.' && text[i] != '-')
			return false;
	return true;
}

static bool
is_ipv6(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("0123456789abcdefABCDEF:.", text[i]) == NULL || text[i] == '\0')
			return false;
	return len > 0 && memchr(text, ':', len) != NULL;
}

/* The last colon, which is before the port; NULL if there is none. */
static const char *
last_colon(const char *text, size_t len)
{
	while (len > 0)
		if (text[--len] == ':')
			return text + len;
	return NULL;
}

static const char *
take_host(EvwEndpoint *endpoint, const char *text, size_t len)
{
	bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (brackets)
	{
		text++;
		len -= 2;
	}
	if (brackets ? !is_ipv6(text, len) : !is_host(text, len))
		return "The host of an endpoint is a name, an IPv4 address, or an IPv6 address "
			   "in brackets.";
	if (len > EVW_ENDPOINT_HOST_MAX)
		return "The host of an endpoint is longer than 253 characters.";
	memcpy(endpoint->host, text, len);
	endpoint->host[len] = '\0';
	return NULL;
}

const char *
evw_endpoint_parse_host(EvwEndpoint *endpoint, const char *text, size_t len)
{
	const char *colon = last_colon(text, len);
	const char *end = text + len;

	if (colon == NULL)
		return "An endpoint of TLS has the form tls://host:port.";
	if (!parse_number(colon + 1, (size_t) (end - colon - 1), UINT16_MAX, &endpoint->port))
		return "The port of an endpoint is a number from 1 to 65535.";
	return take_host(endpoint, text, (size_t) (colon - text));
}

const char *
evw_endpoint_parse_vsock(EvwEndpoint *endpoint, const char *text, size_t len)
{
	const char *colon = last_colon(text, len);
	const char *end = text + len;

	if (colon == NULL ||
		!parse_number(text, (size_t) (colon - text), VSOCK_MAX, &endpoint->cid) ||
		!parse_number(colon + 1, (size_t) (end - colon - 1), VSOCK_MAX, &endpoint->port))
		return "An endpoint of vsock has the form vsock:cid:port, two numbers from 1 to "
			   "4294967294.";
	return NULL;
}

static const char *
take_path(EvwEndpoint *endpoint, const char *text, size_t len)
{
	if (len == 0 || text[0] != '/' || memchr(text, '\0', len) != NULL)
		return "An endpoint of a Unix socket has the form unix:/absolute/path.";
	if (len > EVW_ENDPOINT_PATH_MAX)
		return "The path of an endpoint is longer than a Unix socket may have.";
	memcpy(endpoint->path, text, len);
	endpoint->path[len] = '\0';
	return NULL;
}

static const char *
take(EvwEndpoint *endpoint, const char *text, size_t len)
{
	if (begins(text, len, UNIX_PREFIX))
	{
		endpoint->kind = EVW_ENDPOINT_UNIX;
		return take_path(endpoint, text + strlen(UNIX_PREFIX), len - strlen(UNIX_PREFIX));
	}
	if (begins(text, len, TLS_PREFIX))
	{
		endpoint->kind = EVW_ENDPOINT_TLS;
		return evw_endpoint_parse_host(endpoint, text + strlen(TLS_PREFIX),
									   len - strlen(TLS_PREFIX));
	}
	if (begins(text, len, VSOCK_PREFIX))
	{
		endpoint->kind = EVW_ENDPOINT_VSOCK;
		return evw_endpoint_parse_vsock(endpoint, text + strlen(VSOCK_PREFIX),
										len - strlen(VSOCK_PREFIX));
	}
	return "An endpoint has the form unix:/absolute/path, tls://host:port or "
		   "vsock:cid:port.";
}

const char *
evw_endpoint_parse(EvwEndpoint *endpoint, const char *text, size_t len)
{
	const char *trouble;

	memset(endpoint, 0, sizeof(*endpoint));
	trouble = take(endpoint, text, len);
	if (trouble != NULL)
		return trouble;
	memcpy(endpoint->text, text, len);
	return NULL;
}
