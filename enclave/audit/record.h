/*
 * audit/record.h
 *	  What is written of one request, as text.
 */
#ifndef E3_RECORD_H
#define E3_RECORD_H

#include "base/identity.h"
#include "wire/buf.h"
#include "wire/limits.h"

/* Longest body: every field at its longest, every byte escaped. */
#define E3_AUDIT_BODY_MAX 3072

/* Different data roles that one record names; of more it says that there are. */
#define E3_AUDIT_ROLES_MAX 4

/* Data roles in the order in which they were met; an empty one is none. */
typedef struct E3AuditRoles
{
	uint32_t count;
	bool more;
	uint8_t lengths[E3_AUDIT_ROLES_MAX];
	uint8_t names[E3_AUDIT_ROLES_MAX][EVW_ROLE_MAX];
} E3AuditRoles;

/* Longer ones, which no policy can name, are cut. */
extern void e3_audit_roles_add(E3AuditRoles *roles, EvwBytes role);

typedef struct E3AuditRecord
{
	const E3Identity *peer; /* NULL: E3 itself */
	const char *operation;
	EvwBytes subject; /* of the credential */
	EvwBytes label;	  /* the SQL role, as the client says */
	EvwBytes app;
	const E3AuditRoles *roles; /* NULL: not about any */
	uint32_t values;		   /* asked for ... */
	uint32_t opened;		   /* ... and given */
	uint32_t refused;		   /* ... and refused for their data role */
	EvwStatus verdict;
	const char *rule; /* that decided; empty: none */
	unsigned line;
} E3AuditRecord;

/* Fills "body" and returns its length.  Nothing in it can end the line or a field. */
extern size_t e3_audit_format(const E3AuditRecord *record, uint64_t unix_us,
							  char body[E3_AUDIT_BODY_MAX]);

#endif /* E3_RECORD_H */
