/*
 * net/evidence.h
 *	  What evidence is bound to: the network thread's part of ATTEST.
 */
#ifndef E3_NET_EVIDENCE_H
#define E3_NET_EVIDENCE_H

#include "net/conn.h"
#include "rpc/call.h"

/*
 * Keeps the HELLO that came (a frame's body, without its prefix) and the one that goes
 * out (whole); OUT_OF_MEMORY.
 */
extern EvwStatus e3_evidence_note(E3Conn *conn, EvwBytes theirs,
								  EvwBytes ours) EVW_MUST_USE;

/* Fills what a call's document will be bound to: that, its nonce, and TLS. */
extern EvwStatus e3_evidence_bind(const E3Conn *conn, E3Call *call) EVW_MUST_USE;

#endif /* E3_NET_EVIDENCE_H */
