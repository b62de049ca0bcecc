/*
 * fuzz/config_fuzz.c
 *	  e3_config_parse: it succeeds, or names file and line; the same text gives
 *	  the same answer.
 */
#include "fuzz.h"

#include "config.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static E3Config first;
	static E3Config second;
	static E3ConfigError error;
	const char *text = (const char *) data;
	EvwStatus status;

	memset(&error, 0, sizeof(error));
	memset(&first, 0xa5, sizeof(first));
	memset(&second, 0x5a, sizeof(second));
	status = e3_config_parse(text, size, "fuzz", &first, &error);
	FUZZ_CHECK(status == EVW_OK || status == EVW_CONFIG);
	FUZZ_CHECK(e3_config_parse(text, size, "fuzz", &second, &error) == status);
	if (status != EVW_OK)
	{
		FUZZ_CHECK(strncmp(error.text, "fuzz:", 5) == 0);
		FUZZ_CHECK(memchr(error.text, '\0', sizeof(error.text)) != NULL);
		return 0;
	}
	FUZZ_CHECK(first.workers >= E3_WORKERS_MIN && first.workers <= E3_WORKERS_MAX);
	FUZZ_CHECK(first.connections >= E3_CONNECTIONS_MIN &&
			   first.connections <= E3_CONNECTIONS_MAX);
	FUZZ_CHECK(first.socket[0] == '/' && first.keyring[0] == '/');
	FUZZ_CHECK(strcmp(first.socket, second.socket) == 0);
	FUZZ_CHECK(first.n_uids == second.n_uids && first.n_uids <= E3_CONFIG_UIDS_MAX);
	return 0;
}
