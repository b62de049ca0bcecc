/*
 * fuzz/audit_fuzz.c
 *	  The audit's reader over bytes from outside: it ends, and takes nothing for a
 *	  record that was not MACed; and over a good log in which the input changes
 *	  something.
 */
#include "fuzz.h"

#include "audit/record.h"
#include "audit/verify.h"

#include <stdlib.h>
#include <string.h>

static const E3AuditKey key = {.mac = {1}, .id = {2}};

static bool
is_whole(const uint8_t *bytes, size_t len, const E3AuditChain *head)
{
	E3AuditReader reader = {.key = &key, .until = *head};
	FILE *file = fmemopen((void *) bytes, len, "r");
	bool good;

	FUZZ_CHECK(file != NULL);
	good = e3_audit_read(&reader, file);
	(void) fclose(file);
	FUZZ_CHECK(good == (reader.cause == NULL));
	return good && reader.passed;
}

/* The input becomes fields of a record, whose log is then changed at a place. */
static void
write_and_change(const uint8_t *data, size_t size)
{
	const EvwBytes text = {data + 2, size - 2 < EVW_LABEL_MAX ? size - 2 : EVW_LABEL_MAX};
	const E3AuditRecord record = {.operation = "decrypt", .label = text, .app = text};
	char body[E3_AUDIT_BODY_MAX];
	E3AuditChain chain = {0};
	EvwBuf log;
	size_t at;

	fuzz_buf_init(&log);
	e3_chain_write_first(&key, &chain, &log);
	for (int i = 0; i < 2; i++)
		FUZZ_CHECK(e3_chain_write_record(&key, &chain,
										 (EvwBytes){(uint8_t *) body,
													e3_audit_format(&record, 1, body)},
										 &log));
	FUZZ_CHECK(is_whole(log.data, log.len, &chain));
	at = ((size_t) data[0] << 8 | data[1]) % log.len;
	log.data[at] ^= 1;
	FUZZ_CHECK(!is_whole(log.data, log.len, &chain));
	free(log.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const E3AuditChain nowhere = {.last = UINT64_MAX};
	E3AuditChain head;

	(void) e3_audit_read_heads(&key, (EvwBytes){data, size}, &head);
	if (size > 0)
		FUZZ_CHECK(!is_whole(data, size, &nowhere));
	if (size > 2)
		write_and_change(data, size);
	return 0;
}
