/*
 * net/evidence.c
 *	  What evidence is bound to.
 */
#include "net/evidence.h"

#include "base/secret.h"

EvwStatus
e3_evidence_note(E3Conn *conn, EvwBytes theirs, EvwBytes ours)
{
	uint8_t prefix[EVW_FRAME_PREFIX];

	evw_put_be32(prefix, (uint32_t) theirs.len);
	evw_buf_append(&conn->hellos, prefix, sizeof(prefix));
	evw_buf_append(&conn->hellos, theirs.data, theirs.len);
	conn->their_hello = conn->hellos.len;
	evw_buf_append(&conn->hellos, ours.data, ours.len);
	return conn->hellos.status;
}

EvwStatus
e3_evidence_bind(const E3Conn *conn, E3Call *call)
{
	const EvwBuf *hellos = &conn->hellos;
	uint8_t exporter[EVW_EXPORTER_LEN];
	EvwBinding binding = {.nonce = call->attest.nonce,
						  .client_hello = {hellos->data, conn->their_hello},
						  .server_hello = {hellos->data + conn->their_hello,
										   hellos->len - conn->their_hello}};

	if (conn->transport.link != NULL)
	{
		if (!e3_tls_link_export(conn->transport.link, EVW_EXPORTER_LABEL, exporter,
								sizeof(exporter)))
			return EVW_EVIDENCE_FAILED;
		binding.exporter = (EvwBytes){exporter, sizeof(exporter)};
	}
	evw_binding_encode(&call->binding, &binding);
	e3_wipe(exporter, sizeof(exporter));
	return call->binding.status;
}
