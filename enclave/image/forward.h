/*
 * image/forward.h
 *	  The way out of the enclave: one connection from a Unix socket to the parent, and
 *	  never another.
 *
 * E3 asks its KMS once, at start, in TLS; bytes are handed on as they are.  When E3 has
 * closed its end, or has had what a limit lets it have, there is no way out any more.
 */
#ifndef E3_FORWARD_H
#define E3_FORWARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where to, and how far. */
typedef struct E3Forward
{
	const struct sockaddr *to;
	socklen_t to_len;
	int wait_ms;	   /* until somebody has connected */
	int talk_ms;	   /* from then on */
	size_t bytes_most; /* that are handed on in either direction */
} E3Forward;

typedef enum E3ForwardEnd
{
	E3_FORWARD_DONE,	/* who had connected has closed, or "to" has, and takes no more */
	E3_FORWARD_NOBODY,	/* nobody connected in time */
	E3_FORWARD_NO_WAY,	/* "to" cannot be reached */
	E3_FORWARD_SLOW,	/* not done in time */
	E3_FORWARD_LONG,	/* more bytes than that: those within the limit were handed on */
	E3_FORWARD_BROKEN,	/* "to" broke off */
	E3_FORWARD_INTERNAL /* no socket to be had */
} E3ForwardEnd;

/*
 * Takes one connection from "listener", which it closes, and hands bytes on in both
 * directions until one of those comes to pass.  An end that says that no more will come
 * ends one direction; who had connected ends both, once all that came before is handed
 * on.
 */
extern E3ForwardEnd e3_forward_once(int listener, const E3Forward *forward);

/* What has come to pass, in words. */
extern const char *e3_forward_text(E3ForwardEnd end);

#endif /* E3_FORWARD_H */
