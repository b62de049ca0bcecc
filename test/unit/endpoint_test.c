/*
 * unit/endpoint_test.c
 *	  Endpoints as text: what is taken, what is refused, and every limit.
 */
#include "wire_help.h"

#include <string.h>

#include "wire/endpoint.h"

/* A copy of its exact length, so that a read past it is seen. */
static const char *
parse(EvwEndpoint *endpoint, const char *text)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, strlen(text)});
	const char *trouble =
		evw_endpoint_parse(endpoint, (const char *) exact.data, exact.len);

	help_release(exact);
	return trouble;
}

static void
the_three_kinds_are_read(void **state)
{
	EvwEndpoint endpoint;

	(void) state;
	assert_null(parse(&endpoint, "unix:/run/e3.sock"));
	assert_int_equal(endpoint.kind, EVW_ENDPOINT_UNIX);
	assert_string_equal(endpoint.path, "/run/e3.sock");
	assert_string_equal(endpoint.text, "unix:/run/e3.sock");
	assert_null(parse(&endpoint, "tls://e3.example.org:7433"));
	assert_int_equal(endpoint.kind, EVW_ENDPOINT_TLS);
	assert_string_equal(endpoint.host, "e3.example.org");
	assert_int_equal(endpoint.port, 7433);
	assert_null(parse(&endpoint, "vsock:3:5000"));
	assert_int_equal(endpoint.kind, EVW_ENDPOINT_VSOCK);
	assert_int_equal(endpoint.cid, 3);
	assert_int_equal(endpoint.port, 5000);
}

static void
hosts_may_be_addresses(void **state)
{
	EvwEndpoint endpoint;

	(void) state;
	assert_null(parse(&endpoint, "tls://127.0.0.1:1"));
	assert_string_equal(endpoint.host, "127.0.0.1");
	assert_null(parse(&endpoint, "tls://[::1]:65535"));
	assert_string_equal(endpoint.host, "::1");
	assert_int_equal(endpoint.port, 65535);
	assert_null(parse(&endpoint, "tls://[::ffff:10.0.0.1]:7433"));
	assert_string_equal(endpoint.host, "::ffff:10.0.0.1");
}

static void
what_is_no_endpoint_is_refused(void **state)
{
	static const char *const texts[] = {"",
										"/run/e3.sock",
										"unix:",
										"unix:run/e3.sock",
										"UNIX:/run/e3.sock",
										"tls:",
										"tls://",
										"tls://host",
										"tls://host:",
										"tls://:7433",
										"tls://host:0",
										"tls://host:65536",
										"tls://host:07433",
										"tls://host:74 33",
										"tls://host:+1",
										"tls://host:99999999999",
										"tls://ho st:1",
										"tls://user@host:1",
										"tls://host/path:1",
										"tls://-host:1",
										"tls://.:1",
										"tls://*.example.org:1",
										"tls://::1:7433",
										"tls://[]:1",
										"tls://[host]:1",
										"tls://[::1:1",
										"tls://::1]:1",
										"tls://[fe80::1%eth0]:1",
										"vsock:",
										"vsock:3",
										"vsock:3:",
										"vsock::5000",
										"vsock:0:5000",
										"vsock:3:0",
										"vsock:4294967295:5000",
										"vsock:3:4294967295",
										"vsock:-1:5000",
										"vsock:3:5000:1",
										"https://host:1"};
	EvwEndpoint endpoint;

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (parse(&endpoint, texts[i]) == NULL)
			fail_msg("\"%s\" was taken", texts[i]);
	assert_non_null(evw_endpoint_parse(&endpoint, "tls://a\0b:1", 11));
	assert_non_null(evw_endpoint_parse(&endpoint, "unix:/a\0b", 9));
	assert_non_null(evw_endpoint_parse(&endpoint, "tls://[::1\0]:1", 14));
}

static void
lengths_have_limits(void **state)
{
	char text[512];
	EvwEndpoint endpoint;

	(void) state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "unix:/", 6);
	text[5 + EVW_ENDPOINT_PATH_MAX] = '\0';
	assert_null(parse(&endpoint, text));
	assert_int_equal(strlen(endpoint.path), EVW_ENDPOINT_PATH_MAX);
	memcpy(text + 5 + EVW_ENDPOINT_PATH_MAX, "a", 2);
	assert_non_null(parse(&endpoint, text));

	memset(text, 'a', sizeof(text));
	memcpy(text, "tls://", 6);
	memcpy(text + 6 + EVW_ENDPOINT_HOST_MAX, ":65535", 7);
	assert_null(parse(&endpoint, text));
	assert_int_equal(strlen(endpoint.host), EVW_ENDPOINT_HOST_MAX);
	memcpy(text + 6 + EVW_ENDPOINT_HOST_MAX, "a:65535", 8);
	assert_non_null(parse(&endpoint, text));

	assert_null(parse(&endpoint, "vsock:4294967294:4294967294"));
	assert_int_equal(endpoint.port, UINT32_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_three_kinds_are_read),
		cmocka_unit_test(hosts_may_be_addresses),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
		cmocka_unit_test(lengths_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
