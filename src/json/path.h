/*
 * json/path.h
 *	  The text of one path, '{card,*,number}', as the operator #> takes it.
 *
 * It is the text form of a one-dimensional text array, as array_in reads it.  An
 * element "*" that is written without quotes or backslash stands for any key and any
 * element.  Nothing here needs PostgreSQL, so that it can be tested without.
 */
#ifndef EVC_JSON_PATH_H
#define EVC_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a path's text, and elements of a path. */
#define EVC_PATH_LEN_MAX 8192
#define EVC_PATH_ELEMENTS_MAX 64

typedef struct EvcPathElement
{
	const char *key; /* terminated by NUL */
	uint32_t len;
	bool any;	   /* any key, any element */
	bool is_index; /* the text is an integer, so it names an element of an array: */
	int32_t index; /* from 0; negative: from the end */
} EvcPathElement;

typedef enum EvcPathFault
{
	EVC_PATH_OK,
	EVC_PATH_MALFORMED,
	EVC_PATH_NULL,	   /* an element is NULL */
	EVC_PATH_TOO_LONG, /* as text */
	EVC_PATH_TOO_DEEP  /* too many elements */
} EvcPathFault;

/*
 * Reads "text".  Keys go to "keys", which has room for len + 1 bytes, and elements to
 * "elements", which has room for EVC_PATH_ELEMENTS_MAX.
 */
extern EvcPathFault evc_path_read(const char *text, size_t len, char *keys,
								  EvcPathElement *elements, int *n_elements);

#endif /* EVC_JSON_PATH_H */
