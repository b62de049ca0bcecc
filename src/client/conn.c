/*
 * client/conn.c
 *	  One connection to E3: opened, given up, closed.
 */
#include "postgres.h"

#include "client/conn.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "wire/request.h"

/*
 * connect() on a Unix socket whose queue is full fails at once instead of
 * waiting, and nothing tells when there is room again.
 */
#define BACKLOG_PAUSE_MS 10

void
evc_conn_close(EvcConn *conn)
{
	if (conn->sock == PGINVALID_SOCKET)
		return;
	/* In a forked child the wait set is the parent's too: leave it alone. */
	if (conn->owner == MyProcPid)
		evc_waiter_close(&conn->waiter);
	close(conn->sock);
	ReleaseExternalFD();
	conn->sock = PGINVALID_SOCKET;
	conn->in_flight = 0;
	conn->abandoned = 0;
}

static bool
fail(EvcConn *conn, EvcTrouble *trouble, EvcTroubleKind kind, int errnum)
{
	evc_conn_close(conn);
	*trouble = (EvcTrouble){.kind = kind, .errnum = errnum};
	return false;
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

static bool
make_socket(EvcConn *conn)
{
	if (!reserve_descriptors())
	{
		errno = EMFILE;
		return false;
	}
	conn->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (conn->sock == PGINVALID_SOCKET)
	{
		int errnum = errno;

		ReleaseExternalFD();
		errno = errnum;
		return false;
	}
	conn->owner = MyProcPid;
	conn->greeted = false;
	conn->suspect = false;
	conn->next_id = 1;
	conn->in_flight = 0;
	conn->abandoned = 0;
	conn->waiter.set = NULL;
	return true;
}

/* Tries until there is room in E3's queue; false with *trouble otherwise. */
static bool
connect_socket(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
			   EvcTrouble *trouble)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strlcpy(address.sun_path, evc_endpoint_path(endpoint), sizeof(address.sun_path));
	while (connect(conn->sock, (struct sockaddr *) &address, sizeof(address)) != 0)
	{
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(conn, trouble, EVC_TROUBLE_CONNECT, errno);
		if (evc_deadline_left_ms(deadline) == 0)
			return fail(conn, trouble, EVC_TROUBLE_CONNECT_TIMEOUT, 0);
		if (conn->waiter.set == NULL)
			evc_waiter_open(&conn->waiter, PGINVALID_SOCKET);
		(void) evc_waiter_wait(&conn->waiter, 0,
							   Min(deadline, evc_deadline_after(BACKLOG_PAUSE_MS)));
	}
	return true;
}

bool
evc_conn_open(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
			  EvcTrouble *trouble)
{
	Assert(conn->sock == PGINVALID_SOCKET);
	if (!make_socket(conn))
		return fail(conn, trouble, EVC_TROUBLE_CONNECT, errno);
	if (!connect_socket(conn, endpoint, deadline, trouble))
		return false;
	evc_waiter_close(&conn->waiter);
	evc_waiter_open(&conn->waiter, conn->sock);
	return true;
}

bool
evc_conn_usable(const EvcConn *conn)
{
	return conn->sock != PGINVALID_SOCKET && conn->owner == MyProcPid && conn->greeted &&
		   !conn->suspect && conn->abandoned < EVC_ABANDONED_MAX;
}

/* True if the whole CANCEL went out without waiting. */
static bool
send_cancel(EvcConn *conn, uint64 id)
{
	uint8_t frame[64];
	EvwBuf buf;

	evw_buf_fixed(&buf, frame, sizeof(frame));
	evw_cancel_encode(&buf, id);
	return buf.status == EVW_OK && send(conn->sock, frame, buf.len,
										MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t) buf.len;
}

void
evc_conn_abandon(EvcConn *conn)
{
	if (conn->sock == PGINVALID_SOCKET)
		return;
	if (conn->suspect || !conn->greeted ||
		(conn->in_flight != 0 && !send_cancel(conn, conn->in_flight)))
	{
		evc_conn_close(conn);
		return;
	}
	if (conn->in_flight != 0)
		conn->abandoned++;
	conn->in_flight = 0;
}
