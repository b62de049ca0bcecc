/*
 * redact/match.h
 *	  Does a statement call one of our functions?
 *
 * Three ways to ask: of a parsed query, by OID; of the text of a statement that is
 * not parsed yet, or of its raw parts, by the names in it and what the catalogs say
 * of them; of a text that could not be parsed, by names alone.
 *
 * "Ours" is every C function of the library but those that handle ciphertext only.
 * A function in another language counts if its body names one that does, through
 * any number of others, or a relation that does; a relation or domain if its rules,
 * policies, triggers, defaults or checks call one, or those of its partitions.
 */
#ifndef EVC_REDACT_MATCH_H
#define EVC_REDACT_MATCH_H

#include "postgres.h"

#include "nodes/parsenodes.h"

typedef enum EvcObject
{
	EVC_OBJECT_FUNCTION,
	EVC_OBJECT_DOMAIN,	 /* a type with checks */
	EVC_OBJECT_READ,	 /* a relation that is read: a view */
	EVC_OBJECT_WRITE,	 /* a relation that is written: the rest of what it runs */
	EVC_OBJECT_REWRITTEN /* a relation with rules or policies, whatever they call */
} EvcObject;

/* Of a query, also a utility statement's as far as it has been parsed. */
extern bool evc_query_calls(Node *query);

/*
 * The same of a query that has just been parsed.  *is_final says that rewriting adds
 * nothing to it: what does not call one now does not when it is planned either.
 */
extern bool evc_parsed_query_calls(Query *query, bool *is_final);

/*
 * Of the text of statements, in a transaction: are names in it, in the search
 * path or with a schema, such functions or relations?  May raise errors.
 */
extern bool evc_text_calls(const char *text);

/*
 * The same of the body of a function: names in any schema, in strings and comments
 * as well.
 */
extern bool evc_body_calls(const char *body);

/*
 * Does the text have the name of one of our functions, as installed, or of one
 * that has been found to call them, or that of the credential?  Raises nothing.
 */
extern bool evc_text_mentions(const char *text);

/* Does it name the setting that is a secret? */
extern bool evc_text_has_credential(const char *text);

/* Is it that setting? */
extern bool evc_is_credential(const char *setting);

/* Of an object; remembered until the catalogs change. */
extern bool evc_object_calls(EvcObject kind, Oid object);

/* Does a query that reads the relation get something of its rules or policies? */
extern bool evc_is_rewritten(Oid relation);

/* What evc_object_calls remembers; for this room only. */
extern bool evc_function_look(Oid function);
extern bool evc_domain_look(Oid type);
extern bool evc_relation_look(EvcObject kind, Oid relation);

/* Of the relations of a name, in any schema: who runs a body has his own search path. */
extern bool evc_relation_name_calls(const char *name, bool may_write);

/* Calls "look" with the name of every function that was found to call ours. */
extern bool evc_known_callers(bool (*look)(const char *name, const char *text),
							  const char *text);

/* For _PG_init. */
extern void evc_verdict_init(void);

#endif /* EVC_REDACT_MATCH_H */
