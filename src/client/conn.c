/*
 * client/conn.c
 *	  One connection to E3: opened and closed.
 */
#include "postgres.h"

#include "client/conn.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "client/buffer.h"

StaticAssertDecl(sizeof(((struct sockaddr_un *) NULL)->sun_path) ==
					 EVW_ENDPOINT_PATH_MAX + 1,
				 "a path that is taken fits");

/*
 * connect() on a Unix socket whose queue is full fails at once instead of
 * waiting, and nothing tells when there is room again.
 */
#define BACKLOG_PAUSE_MS 10

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
	close(conn->sock);
	ReleaseExternalFD();
	conn->sock = PGINVALID_SOCKET;
	conn->greeted = false;
	conn->n_flights = 0;
	conn->sending = NULL;
	evc_buffer_give(&conn->body);
}

void
evc_conn_close(EvcConn *conn)
{
	evc_conn_fail(conn, &(EvcTrouble){.kind = EVC_TROUBLE_LOST});
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
	conn->waiter.set = NULL;
	conn->greeted = false;
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

/* Tries until there is room in E3's queue; false with *trouble otherwise. */
static bool
connect_socket(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
			   EvcTrouble *trouble)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (endpoint->kind != EVW_ENDPOINT_UNIX)
		return fail(conn, trouble, EVC_TROUBLE_CONNECT, EAFNOSUPPORT);
	strlcpy(address.sun_path, endpoint->path, sizeof(address.sun_path));
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
		   !conn->leaving && conn->sending == NULL &&
		   (conn->n_abandoned < EVC_ABANDONED_MAX || conn->n_flights > 0);
}
