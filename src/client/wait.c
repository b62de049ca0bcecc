/*
 * client/wait.c
 *	  The one place where a backend waits for E3.
 */
#include "postgres.h"

#include "client/wait.h"

/*
 * Port is declared where building needs Kerberos' headers too.  Without them
 * the struct is laid out the same, and only its first member is looked at.
 */
#undef ENABLE_GSS
#include "libpq/libpq-be.h"

#include "miscadmin.h"
#include "portability/instr_time.h"

#include "compat.h"

/* Latch, postmaster, E3's socket, client's socket. */
#define WAIT_EVENTS 4

static uint32 wait_event_e3; /* 0: not asked for yet */
static int64 waited_us;

int64
evc_now_us(void)
{
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MICROSEC(now);
}

int64
evc_deadline_after(int ms)
{
	return evc_now_us() + (int64) ms * 1000;
}

int
evc_deadline_left_ms(int64 deadline)
{
	int64 now = evc_now_us();

	if (deadline <= now)
		return 0;
	return (int) Min((deadline - now - 1) / 1000 + 1, INT_MAX);
}

/* Standalone backends, workers and the like have no client. */
static bool
can_watch_client(void)
{
	return MyProcPort != NULL && MyProcPort->sock != PGINVALID_SOCKET &&
		   WaitEventSetCanReportClosed();
}

void
evc_waiter_open(EvcWaiter *waiter, pgsocket sock)
{
	if (wait_event_e3 == 0)
		wait_event_e3 = evc_wait_event_new("EvcryptE3");
	waiter->socket_pos = -1;
	waiter->client_pos = -1;
	waiter->events = WL_SOCKET_READABLE;
	waiter->set = evc_session_wait_set(WAIT_EVENTS);
	AddWaitEventToSet(waiter->set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(waiter->set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	if (sock != PGINVALID_SOCKET)
		waiter->socket_pos =
			AddWaitEventToSet(waiter->set, waiter->events, sock, NULL, NULL);
	if (can_watch_client())
		waiter->client_pos = AddWaitEventToSet(waiter->set, WL_SOCKET_CLOSED,
											   MyProcPort->sock, NULL, NULL);
}

void
evc_waiter_close(EvcWaiter *waiter)
{
	if (waiter->set != NULL)
		FreeWaitEventSet(waiter->set);
	waiter->set = NULL;
}

/* As when client_connection_check_interval finds out. */
static void
client_is_gone(void)
{
	ClientConnectionLost = true;
	InterruptPending = true;
}

static void
heed(EvcWaiter *waiter, const WaitEvent *event)
{
	if (event->events & WL_LATCH_SET)
		ResetLatch(MyLatch);
	else if (event->pos == waiter->client_pos)
		client_is_gone();
}

bool
evc_waiter_wait(EvcWaiter *waiter, uint32 events, int64 deadline)
{
	WaitEvent occurred[WAIT_EVENTS];
	int64 start = evc_now_us();
	long timeout = -1;
	int count;

	if (deadline <= start)
		return false;
	if (deadline != EVC_NO_DEADLINE)
		timeout = evc_deadline_left_ms(deadline);
	if (waiter->socket_pos >= 0 && events != waiter->events)
	{
		ModifyWaitEvent(waiter->set, waiter->socket_pos, events, NULL);
		waiter->events = events;
	}
	count = WaitEventSetWait(waiter->set, timeout, occurred, WAIT_EVENTS, wait_event_e3);
	waited_us += evc_now_us() - start;
	for (int i = 0; i < count; i++)
		heed(waiter, &occurred[i]);
	CHECK_FOR_INTERRUPTS();
	return true;
}

void
evc_wait_until(int64 until)
{
	EvcWaiter waiter = {0};

	PG_TRY();
	{
		evc_waiter_open(&waiter, PGINVALID_SOCKET);
		while (evc_waiter_wait(&waiter, 0, until))
			;
	}
	PG_CATCH();
	{
		evc_waiter_close(&waiter);
		PG_RE_THROW();
	}
	PG_END_TRY();
	evc_waiter_close(&waiter);
}

int64
evc_waited_us(void)
{
	return waited_us;
}
