/*
 * client/conn.c
 *	  One connection to E3: opened and closed.
 */
#include "postgres.h"

#include "client/conn.h"

#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "client/buffer.h"
#include "client/dial.h"
#include "guc_attest.h"

void
evc_conn_fail(EvcConn *conn, const EvcTrouble *trouble)
{
	dlist_mutable_iter iter;

	if (conn->sock == PGINVALID_SOCKET)
		return;
	dlist_foreach_modify(iter, &conn->flights)
	{
		EvcFlight *flight = dlist_container(EvcFlight, node, iter.cur);

		dlist_delete(iter.cur);
		flight->state = EVC_FLIGHT_FAILED;
		flight->trouble = *trouble;
	}
	/* In a forked child the wait set is the parent's too: leave it alone. */
	if (conn->owner == MyProcPid)
		evc_waiter_close(&conn->waiter);
	evc_tls_free(&conn->tls);
	close(conn->sock);
	ReleaseExternalFD();
	conn->sock = PGINVALID_SOCKET;
	conn->greeted = false;
	conn->trusted = false;
	conn->n_flights = 0;
	conn->sending = NULL;
	evc_buffer_give(&conn->body);
}

void
evc_conn_close(EvcConn *conn)
{
	evc_conn_fail(conn, &(EvcTrouble){.kind = EVC_TROUBLE_LOST});
}

/* Takes a descriptor for the socket, and makes sure of one for the wait set. */
static bool
reserve_descriptors(void)
{
	if (!AcquireExternalFD())
		return false;
	if (AcquireExternalFD())
	{
		ReleaseExternalFD();
		return true;
	}
	ReleaseExternalFD();
	return false;
}

/* By the kernel's count, too: without one for the wait set PostgreSQL raises XX000. */
static bool
has_spare_descriptor(pgsocket sock)
{
	int spare = fcntl(sock, F_DUPFD_CLOEXEC, 0);

	if (spare < 0)
		return false;
	close(spare);
	return true;
}

static bool
make_socket(EvcConn *conn, const EvcAddress *address)
{
	if (!reserve_descriptors())
	{
		errno = EMFILE;
		return false;
	}
	conn->sock = evc_dial_socket(address);
	if (conn->sock == PGINVALID_SOCKET || !has_spare_descriptor(conn->sock))
	{
		int errnum = errno;

		if (conn->sock != PGINVALID_SOCKET)
			close(conn->sock);
		conn->sock = PGINVALID_SOCKET;
		ReleaseExternalFD();
		errno = errnum;
		return false;
	}
	conn->owner = MyProcPid;
	conn->waiter.set = NULL;
	conn->tls.ssl = NULL;
	conn->tls_serial = evc_tls_serial;
	conn->greeted = false;
	conn->trusted = false;
	conn->attested = false;
	conn->attestation_serial = evc_attestation_serial;
	conn->leaving = false;
	conn->next_id = 1;
	dlist_init(&conn->flights);
	conn->n_flights = 0;
	conn->sending = NULL;
	conn->cut = false;
	conn->n_abandoned = 0;
	evc_buffer_take(&conn->body);
	evw_frame_start(&conn->reader, &conn->body, EVW_FRAME_MAX);
	return true;
}

/* On failure the connection is closed. */
static bool
open_address(EvcConn *conn, const EvcEndpoint *endpoint, const EvcAddress *address,
			 int64 deadline, EvcTrouble *trouble)
{
	bool is_open;

	if (!make_socket(conn, address))
	{
		*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT, .errnum = errno};
		return false;
	}
	is_open = evc_dial(conn->sock, address, &conn->waiter, deadline, trouble);
	if (is_open)
	{
		evc_waiter_close(&conn->waiter);
		evc_waiter_open(&conn->waiter, conn->sock);
	}
	if (is_open && endpoint->kind == EVW_ENDPOINT_TLS)
		is_open = evc_tls_open(&conn->tls, conn->sock, endpoint, &conn->waiter, deadline,
							   trouble);
	if (!is_open)
		evc_conn_close(conn);
	return is_open;
}

bool
evc_conn_open(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
			  EvcTrouble *trouble)
{
	EvcAddress addresses[EVC_ADDRESSES_MAX];
	int count = evc_dial_find(endpoint, addresses, trouble);

	Assert(conn->sock == PGINVALID_SOCKET);
	for (int i = 0; i < count; i++)
	{
		int64 now = evc_now_us();
		int64 part = (deadline - now) / (count - i);

		if (open_address(conn, endpoint, &addresses[i], now + part, trouble))
			return true;
	}
	return false;
}

bool
evc_conn_usable(const EvcConn *conn)
{
	return conn->sock != PGINVALID_SOCKET && conn->owner == MyProcPid && conn->trusted &&
		   conn->attestation_serial == evc_attestation_serial &&
		   (conn->tls.ssl == NULL || conn->tls_serial == evc_tls_serial) &&
		   !conn->leaving && conn->sending == NULL &&
		   (conn->n_abandoned < EVC_ABANDONED_MAX || conn->n_flights > 0);
}
