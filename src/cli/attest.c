/*
 * cli/attest.c
 *	  evcrypt attest verify: what a document of evidence says, and whether it is good.
 */
#include "cli/attest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

/* 2022-11-09T22:52:00Z */
#define TIME_SIZE 32

/* The bytes of a file, cut off where no document can be as long; -1 and errno. */
static ssize_t
read_document(const char *path, uint8_t *bytes, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (file < 0)
		return -1;
	while (len < size && n != 0)
	{
		n = read(file, bytes + len, size - len);
		if (n > 0)
			len += (size_t) n;
		else if (n < 0 && errno != EINTR)
			break;
	}
	close(file);
	return n < 0 ? -1 : (ssize_t) len;
}

static const char *
time_text(char text[TIME_SIZE], int64_t seconds)
{
	time_t time = (time_t) seconds;
	struct tm parts;

	if (gmtime_r(&time, &parts) == NULL ||
		strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return "?";
	return text;
}

static void
print_hex(EvwBytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		printf("%02x", bytes.data[i]);
}

static const char *
module_id(char text[EVC_MODULE_ID_MAX + 1], const EvcDocument *document)
{
	memcpy(text, document->module_id.data, document->module_id.len);
	text[document->module_id.len] = '\0';
	return text;
}

/* Fields that may be there, as they are called in the document. */
typedef struct Field
{
	const char *name;
	EvwBytes bytes;
} Field;

#define N_FIELDS 3

static void
list_fields(Field fields[N_FIELDS], const EvcDocument *document)
{
	fields[0] = (Field){"public_key", document->public_key};
	fields[1] = (Field){"user_data", document->user_data};
	fields[2] = (Field){"nonce", document->nonce};
}

static void
print_line(const char *name, EvwBytes bytes)
{
	printf("%-11s ", name);
	print_hex(bytes);
	putchar('\n');
}

static void
print_content(const EvcAttested *attested)
{
	const EvcDocument *document = &attested->document;
	char id[EVC_MODULE_ID_MAX + 1];
	char time[TIME_SIZE];
	Field fields[N_FIELDS];

	printf("%-11s ", "module_id");
	evc_print_plain(module_id(id, document));
	printf("\n%-11s %s\n", "made",
		   time_text(time, (int64_t) (document->timestamp_ms / 1000)));
	if (attested->expires != 0)
		printf("%-11s %s\n", "expires", time_text(time, attested->expires));
	for (int i = 0; i < EVC_PCRS_MAX; i++)
	{
		char name[8];

		snprintf(name, sizeof(name), "PCR%d", i);
		if (document->pcrs[i].data != NULL)
			print_line(name, document->pcrs[i]);
	}
	list_fields(fields, document);
	for (int i = 0; i < N_FIELDS; i++)
		if (fields[i].bytes.data != NULL)
			print_line(fields[i].name, fields[i].bytes);
}

static void
print_text(const EvcAttested *attested, EvcVerdict verdict, unsigned unchecked)
{
	if (attested->document.payload.data != NULL)
		print_content(attested);
	if (unchecked & EVC_UNCHECKED_NONCE)
		printf("not checked: the nonce, as --nonce is not given\n");
	if (unchecked & EVC_UNCHECKED_BINDING)
		printf("not checked: user_data, as --user-data is not given\n");
	if (verdict == EVC_VERDICT_GOOD)
		printf("good\n");
	else
		printf("refused: %s: %s\n", evc_verdict_name(verdict), evc_verdict_text(verdict));
}

static void
print_json_content(const EvcAttested *attested)
{
	const EvcDocument *document = &attested->document;
	char id[EVC_MODULE_ID_MAX + 1];
	char time[TIME_SIZE];
	const char *separator = "";
	Field fields[N_FIELDS];

	printf(", \"module_id\": ");
	evc_print_json(module_id(id, document));
	printf(", \"timestamp_ms\": %" PRIu64, document->timestamp_ms);
	if (attested->expires != 0)
		printf(", \"expires\": \"%s\"", time_text(time, attested->expires));
	printf(", \"pcrs\": {");
	for (int i = 0; i < EVC_PCRS_MAX; i++)
	{
		if (document->pcrs[i].data == NULL)
			continue;
		printf("%s\"%d\": \"", separator, i);
		print_hex(document->pcrs[i]);
		printf("\"");
		separator = ", ";
	}
	printf("}");
	list_fields(fields, document);
	for (int i = 0; i < N_FIELDS; i++)
	{
		if (fields[i].bytes.data == NULL)
			continue;
		printf(", \"%s\": \"", fields[i].name);
		print_hex(fields[i].bytes);
		printf("\"");
	}
}

static void
print_json(const EvcAttested *attested, EvcVerdict verdict, unsigned unchecked)
{
	printf("{\"verdict\": \"%s\", \"text\": ", evc_verdict_name(verdict));
	evc_print_json(evc_verdict_text(verdict));
	printf(", \"nonce_checked\": %s, \"user_data_checked\": %s",
		   unchecked & EVC_UNCHECKED_NONCE ? "false" : "true",
		   unchecked & EVC_UNCHECKED_BINDING ? "false" : "true");
	if (attested->document.payload.data != NULL)
		print_json_content(attested);
	printf("}\n");
}

EvcExit
evc_attest(int argc, char **argv)
{
	EvcAttestOptions options;
	uint8_t bytes[EVW_EVIDENCE_MAX + 1];
	char trouble[256];
	EvcAttested attested;
	EvcVerdict verdict;
	ssize_t len;

	if (!evc_read_attest_options(&options, trouble, sizeof(trouble), argc, argv))
	{
		fprintf(stderr, "evcrypt: %s\nTry \"evcrypt --help\".\n", trouble);
		return EVC_EXIT_FAILURE;
	}
	len = read_document(options.file, bytes, sizeof(bytes));
	if (len < 0)
	{
		fprintf(stderr, "evcrypt: %s: %s\n", options.file, strerror(errno));
		return EVC_EXIT_FAILURE;
	}
	verdict =
		evc_attest_verify((EvwBytes){bytes, (size_t) len}, &options.expect, &attested);
	if (options.json)
		print_json(&attested, verdict, options.expect.unchecked);
	else
		print_text(&attested, verdict, options.expect.unchecked);
	if (fflush(stdout) != 0)
		return EVC_EXIT_FAILURE;
	return verdict == EVC_VERDICT_GOOD ? EVC_EXIT_OK : EVC_EXIT_WARNING;
}
