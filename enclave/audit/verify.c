/*
 * audit/verify.c
 *	  Reading an audit log, line by line.
 */
#include "audit/verify.h"

#include <string.h>

/* Does the chain stand where it was to pass? */
static void
look_around(E3AuditReader *reader)
{
	if (reader->chain.last != reader->until.last)
		return;
	if (e3_chain_equal(&reader->chain, &reader->until))
		reader->passed = true;
	else
		reader->cause = "is not the record that the head names";
}

static void
take_first(E3AuditReader *reader, EvwBytes line)
{
	E3AuditChain chain;

	reader->cause = e3_chain_read_first(reader->key, line, &chain);
	if (reader->cause != NULL)
		return;
	if (!reader->begun)
	{
		reader->begun = true;
		reader->first = chain.last + 1;
		reader->chain = chain;
		look_around(reader);
	}
	else if (!e3_chain_equal(&reader->chain, &chain))
		reader->cause = "does not follow from the file before";
}

static void
take_line(E3AuditReader *reader, EvwBytes line)
{
	reader->line++;
	if (reader->line == 1)
	{
		take_first(reader, line);
		return;
	}
	reader->cause = e3_chain_read_record(reader->key, line, &reader->chain);
	if (reader->cause == NULL)
		look_around(reader);
}

/* Bytes up to and with the next newline, or to the end; 0 at the end. */
static size_t
read_line(FILE *file, uint8_t line[E3_AUDIT_LINE_MAX])
{
	size_t len = 0;
	int c;

	while (len < E3_AUDIT_LINE_MAX && (c = getc(file)) != EOF)
	{
		line[len++] = (uint8_t) c;
		if (c == '\n')
			break;
	}
	return len;
}

bool
e3_audit_read(E3AuditReader *reader, FILE *file)
{
	uint8_t line[E3_AUDIT_LINE_MAX];
	size_t len;

	reader->line = 0;
	reader->torn = 0;
	while (reader->cause == NULL && (len = read_line(file, line)) > 0)
	{
		if (line[len - 1] == '\n')
			take_line(reader, (EvwBytes){line, len - 1});
		else if (len == E3_AUDIT_LINE_MAX)
		{
			reader->line++;
			reader->cause = "is longer than a line may be";
		}
		else
			reader->torn = len;
	}
	if (reader->cause == NULL && ferror(file))
		reader->cause = "cannot be read";
	if (reader->cause == NULL && reader->line == 0)
		reader->cause = "is missing: the file is empty";
	return reader->cause == NULL;
}

const char *
e3_audit_read_heads(const E3AuditKey *key, EvwBytes bytes, E3AuditChain *head)
{
	const char *cause = "is missing";
	bool found = false;

	for (size_t i = 0; i < E3_AUDIT_HEAD_SLOTS; i++)
	{
		const uint8_t *slot = bytes.data + i * E3_AUDIT_FIXED_MAX;
		const uint8_t *end;
		E3AuditChain chain;
		const char *trouble;

		if (bytes.len < (i + 1) * E3_AUDIT_FIXED_MAX)
			break;
		end = memchr(slot, '\n', E3_AUDIT_FIXED_MAX);
		if (end == NULL)
			continue;
		trouble =
			e3_chain_read_head(key, (EvwBytes){slot, (size_t) (end - slot)}, &chain);
		if (trouble != NULL)
			cause = trouble;
		else if (!found || chain.last > head->last)
		{
			*head = chain;
			found = true;
		}
	}
	return found ? NULL : cause;
}
