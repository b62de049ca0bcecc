/*
 * unit/docs_test.c
 *	  docs/protocol.md says what status.h, limits.h and the encoders say.
 */
#include "wire_help.h"

#include "wire/limits.h"
#include "wire/status.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL "../../docs/protocol.md"
#define LIMITS "../../src/wire/limits.h"

static void
assert_says(const char *text, const char *line)
{
	if (strstr(text, line) == NULL)
		fail_msg("docs/protocol.md does not say: %s", line);
}

/* Rows "| <three digits> | `". */
static size_t
count_code_rows(const char *text)
{
	size_t count = 0;

	for (const char *at = strstr(text, "\n| "); at != NULL; at = strstr(at + 1, "\n| "))
		count += isdigit((unsigned char) at[3]) && isdigit((unsigned char) at[4]) &&
				 isdigit((unsigned char) at[5]) && strncmp(at + 6, " | `", 4) == 0;
	return count;
}

static void
every_status_and_no_other(void **state)
{
	char *text = help_file(PROTOCOL);
	size_t listed = 0;
	char line[256];

	(void) state;
#define ASSERT_STATUS(name, code, message)                                               \
	if ((code) != 0)                                                                     \
	{                                                                                    \
		snprintf(line, sizeof(line), "\n| %d | `%s` | %s |\n", code, #name, message);    \
		assert_says(text, line);                                                         \
		listed++;                                                                        \
	}
	EVW_STATUS_LIST(ASSERT_STATUS)
#undef ASSERT_STATUS
	assert_int_equal(count_code_rows(text), listed);
	free(text);
}

typedef struct Limit
{
	const char *name;
	uint64_t value;
} Limit;

#define LIMIT(name)                                                                      \
	{                                                                                    \
#name, name                                                                      \
	}

static const Limit limits[] = {
	LIMIT(EVW_PROTOCOL_VERSION), LIMIT(EVW_FRAME_PREFIX),
	LIMIT(EVW_FRAME_MAX),		 LIMIT(EVW_HELLO_FRAME_MAX),
	LIMIT(EVW_DEPTH_MAX),		 LIMIT(EVW_OBJECTS_MAX),
	LIMIT(EVW_HEADER_MAX),		 LIMIT(EVW_VALUES_MAX),
	LIMIT(EVW_PLAINTEXT_MAX),	 LIMIT(EVW_CONTEXT_MAX),
	LIMIT(EVW_INFLIGHT_MAX),	 LIMIT(EVW_APP_MAX),
	LIMIT(EVW_ROLE_MAX),		 LIMIT(EVW_LABEL_MAX),
	LIMIT(EVW_TRACE_LEN),		 LIMIT(EVW_CREDENTIAL_MAX),
	LIMIT(EVW_MESSAGE_MAX),		 LIMIT(EVW_DEADLINE_MAX_MS),
	LIMIT(EVW_HELLO_TIMEOUT_MS), LIMIT(EVW_FRAME_TIMEOUT_MS),
	LIMIT(EVW_IDLE_TIMEOUT_MS),	 LIMIT(EVW_HINT_LEN),
	LIMIT(EVW_POINT_LEN),		 LIMIT(EVW_IV_LEN),
	LIMIT(EVW_TAG_LEN),			 LIMIT(EVW_ENVELOPE_HEAD),
	LIMIT(EVW_METADATA_MAX),	 LIMIT(EVW_ENVELOPE_MIN),
	LIMIT(EVW_ENVELOPE_MAX),	 LIMIT(EVW_EVIDENCE_NAME_MAX),
	LIMIT(EVW_NONCE_MIN),		 LIMIT(EVW_NONCE_MAX),
	LIMIT(EVW_EVIDENCE_MAX),	 LIMIT(EVW_EXPORTER_LEN),
	LIMIT(EVW_BINDING_MAX),
};

#define N_LIMITS (sizeof(limits) / sizeof(limits[0]))

/* The header has no limit that this file does not know. */
static void
every_limit_of_the_header(void **state)
{
	char *text = help_file(LIMITS);
	size_t defined = 0;

	(void) state;
	for (const char *at = strstr(text, "#define EVW_"); at != NULL;
		 at = strstr(at + 1, "#define EVW_"))
		defined++;
	/* One of them is the include guard. */
	assert_int_equal(defined - 1, N_LIMITS);
	free(text);
}

static void
every_limit_and_its_value(void **state)
{
	char *text = help_file(PROTOCOL);
	char line[256];

	(void) state;
	for (size_t i = 0; i < N_LIMITS; i++)
	{
		snprintf(line, sizeof(line), "\n| `%s` | %llu | ", limits[i].name,
				 (unsigned long long) limits[i].value);
		assert_says(text, line);
	}
	free(text);
}

/* The text without white space, so that frames are not broken into lines. */
static char *
squeeze(const char *text)
{
	char *hex = malloc(strlen(text) + 1);
	size_t len = 0;

	for (const char *at = text; *at != '\0'; at++)
		if (!isspace((unsigned char) *at))
			hex[len++] = *at;
	hex[len] = '\0';
	return hex;
}

static void
the_frames_of_the_example(void **state)
{
	static const char *const examples[] = {"client_hello", "server_hello", "encrypt",
										   "decrypt", "result"};
	char *text = help_file(PROTOCOL);
	char *hex = squeeze(text);
	json_t *frames = help_vectors("frames.json");

	(void) state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		assert_says(hex, help_field(frames, examples[i]));
	json_decref(frames);
	free(hex);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_and_no_other),
		cmocka_unit_test(every_limit_of_the_header),
		cmocka_unit_test(every_limit_and_its_value),
		cmocka_unit_test(the_frames_of_the_example),
	};

	return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
