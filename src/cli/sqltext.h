/*
 * cli/sqltext.h
 *	  Text that grows: statements and arrays are put together in it.
 */
#ifndef EVC_CLI_SQLTEXT_H
#define EVC_CLI_SQLTEXT_H

#include <stddef.h>

typedef struct EvcText
{
	char *bytes; /* NULL while nothing has been added; to be freed */
	size_t len;
	size_t size;
} EvcText;

/* All of these end the program, with the exit status of a failure, without memory. */
extern void evc_text_add(EvcText *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
extern char *evc_copy_text(const char *text);
extern void *evc_allocate(size_t n, size_t size);

/* The literal of an array of texts, in which NULL is none; to be freed. */
extern char *evc_text_array(int n, char *const *values);

#endif /* EVC_CLI_SQLTEXT_H */
