/*
 * base/identity.h
 *	  Who is at the other end of a connection.
 *
 * The text form is what the log, the audit and rules call a peer:
 *
 *	  uid:5432                   a process on this machine, as the kernel says
 *	  dns:db1.example.org        the name in a client certificate, or
 *	  uri:spiffe://example/db    its URI
 *	  vsock:3                    the context id of a machine, as the kernel says
 */
#ifndef E3_IDENTITY_H
#define E3_IDENTITY_H

#include "wire/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum E3IdentityKind
{
	E3_IDENTITY_UID,
	E3_IDENTITY_DNS,
	E3_IDENTITY_URI,
	E3_IDENTITY_VSOCK
} E3IdentityKind;

/* Longest name of a certificate that is taken. */
#define E3_IDENTITY_NAME_MAX 255

/* Room for the text form, NUL included. */
#define E3_IDENTITY_TEXT_MAX (E3_IDENTITY_NAME_MAX + 16)

typedef struct E3Identity
{
	E3IdentityKind kind;
	uid_t uid;							 /* UID */
	uint32_t cid;						 /* VSOCK */
	char name[E3_IDENTITY_NAME_MAX + 1]; /* DNS, in lower case; URI */
} E3Identity;

extern E3Identity e3_identity_uid(uid_t uid);

/* False if the name is empty, too long, or has anything but printable ASCII in it. */
extern bool e3_identity_name(E3Identity *identity, E3IdentityKind kind, const char *name,
							 size_t len) EVW_MUST_USE;

extern bool e3_identity_equal(const E3Identity *a, const E3Identity *b);

/* Fills in and returns "text". */
extern const char *e3_identity_text(const E3Identity *identity,
									char text[E3_IDENTITY_TEXT_MAX]);

/* Reads the text form; false if it is none. */
extern bool e3_identity_parse(E3Identity *identity, const char *text) EVW_MUST_USE;

#endif /* E3_IDENTITY_H */
