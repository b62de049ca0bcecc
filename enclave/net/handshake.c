/*
 * net/handshake.c
 *	  TLS handshakes, on a thread of their own.
 *
 * Two lists are shared, under one lock: what has been given and what is done.  What
 * is under way in between is the thread's.
 */
#include "net/handshake.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "sched/link.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* How often the clock is looked at while something is under way. */
#define TICK_MS 100

/* Time for the peer to read why it failed. */
#define LINGER_NS UINT64_C(1000000000)

#define NS_PER_MS UINT64_C(1000000)

typedef enum HandshakeState
{
	SHAKING,
	LINGERING, /* has failed, and waits for the peer to close */
	OVER
} HandshakeState;

typedef struct Handshake
{
	E3Source source; /* first: the loop hands it back */
	E3Link link;	 /* given, under way, ended, or done */
	HandshakeState state;
	E3Handshaker *owner;
	uint64_t ends_ns;
	E3Handshaken what;
} Handshake;

struct E3Handshaker
{
	pthread_t thread;
	uint64_t timeout_ns;
	int done_fd; /* tells the network thread */

	pthread_mutex_t lock;
	E3Link given; /* Handshake, at most E3_HANDSHAKES_MAX */
	uint32_t n_given;
	E3Link done; /* Handshake */
	E3TlsContext *context;
	uint64_t failed;
	bool stopping;

	/* The thread's own. */
	int loop;
	E3Source wake; /* event descriptor: given to, or told to stop */
	E3Link under_way;
	E3Link ended;
	uint32_t n_under_way;
};

static Handshake *
first_of(E3Link *head)
{
	return e3_link_alone(head) ? NULL : E3_LINK_OWNER(Handshake, link, head->next);
}

static void
ring(int event_fd)
{
	const uint64_t one = 1;

	/* It cannot be full: that takes 2^64 - 1 rings. */
	if (write(event_fd, &one, sizeof(one)) < 0)
		e3_log(E3_LOG_ERROR, "event_lost", "fd=%d", event_fd);
}

static void
clear(int event_fd)
{
	uint64_t count;

	/* Empty when it was rung for somebody who has looked already. */
	if (read(event_fd, &count, sizeof(count)) < 0)
		return;
}

static void
discard(Handshake *handshake)
{
	e3_link_take_out(&handshake->link);
	e3_tls_link_free(handshake->what.link);
	e3_tls_context_release(handshake->what.context);
	close(handshake->what.fd);
	free(handshake);
}

/* Out of the loop; freed when this turn of it is over, which may know it yet. */
static void
end(Handshake *handshake)
{
	E3Handshaker *handshaker = handshake->owner;

	e3_loop_remove(handshaker->loop, &handshake->source);
	handshaker->n_under_way--;
	handshake->state = OVER;
	e3_link_take_out(&handshake->link);
	e3_link_append(&handshaker->ended, &handshake->link);
}

static void
count_failure(Handshake *handshake, const char *cause)
{
	E3Handshaker *handshaker = handshake->owner;

	e3_log(E3_LOG_WARNING, "handshake_failed", "cause=\"%s\"", cause);
	pthread_mutex_lock(&handshaker->lock);
	handshaker->failed++;
	pthread_mutex_unlock(&handshaker->lock);
}

/*
 * An alert has been sent that says why.  It would be lost if the socket were closed
 * while there is something to read.
 */
static void
linger(Handshake *handshake)
{
	handshake->state = LINGERING;
	handshake->ends_ns = e3_clock_ns() + LINGER_NS;
	(void) shutdown(handshake->what.fd, SHUT_WR);
	e3_loop_want(handshake->owner->loop, &handshake->source, EPOLLIN);
}

static void
read_to_end(Handshake *handshake)
{
	char nowhere[4096];
	ssize_t got = recv(handshake->what.fd, nowhere, sizeof(nowhere), 0);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		end(handshake);
}

static void
succeed(Handshake *handshake)
{
	E3Handshaker *handshaker = handshake->owner;

	e3_loop_remove(handshaker->loop, &handshake->source);
	handshaker->n_under_way--;
	e3_link_take_out(&handshake->link);
	pthread_mutex_lock(&handshaker->lock);
	e3_link_append(&handshaker->done, &handshake->link);
	pthread_mutex_unlock(&handshaker->lock);
	ring(handshaker->done_fd);
}

static void
go_on(Handshake *handshake)
{
	E3Handshaken *what = &handshake->what;

	switch (e3_tls_link_handshake(what->link, &what->peer))
	{
		case E3_TLS_DONE:
			succeed(handshake);
			break;
		case E3_TLS_WANTS_READ:
			e3_loop_want(handshake->owner->loop, &handshake->source, EPOLLIN);
			break;
		case E3_TLS_WANTS_WRITE:
			e3_loop_want(handshake->owner->loop, &handshake->source, EPOLLOUT);
			break;
		case E3_TLS_FAILED:
			count_failure(handshake, e3_tls_link_cause(what->link));
			linger(handshake);
			break;
	}
}

static void
handle_events(E3Source *source, uint32_t events)
{
	Handshake *handshake = (Handshake *) source;

	(void) events;
	if (handshake->state == SHAKING)
		go_on(handshake);
	else if (handshake->state == LINGERING)
		read_to_end(handshake);
}

static void
push_out(Handshake *handshake, const char *cause)
{
	if (handshake->state == SHAKING)
		count_failure(handshake, cause);
	end(handshake);
}

/* A handshake that has been given begins: nothing is sent before the peer speaks. */
static void
begin(E3Handshaker *handshaker, Handshake *handshake)
{
	E3Handshaken *what = &handshake->what;

	what->link = e3_tls_link_new(what->context, what->fd);
	if (what->link == NULL ||
		e3_loop_add(handshaker->loop, &handshake->source, EPOLLIN) != EVW_OK)
	{
		discard(handshake);
		return;
	}
	e3_link_append(&handshaker->under_way, &handshake->link);
	if (++handshaker->n_under_way > E3_HANDSHAKES_MAX)
		push_out(first_of(&handshaker->under_way), "pushed out by newer ones");
}

static Handshake *
take_given(E3Handshaker *handshaker)
{
	Handshake *handshake;

	pthread_mutex_lock(&handshaker->lock);
	handshake = first_of(&handshaker->given);
	if (handshake != NULL)
	{
		e3_link_take_out(&handshake->link);
		handshaker->n_given--;
	}
	pthread_mutex_unlock(&handshaker->lock);
	return handshake;
}

static void
handle_wake(E3Source *source, uint32_t events)
{
	E3Handshaker *handshaker = E3_LINK_OWNER(E3Handshaker, wake, source);
	Handshake *handshake;

	(void) events;
	clear(source->fd);
	while ((handshake = take_given(handshaker)) != NULL)
		begin(handshaker, handshake);
}

static void
end_late(E3Handshaker *handshaker)
{
	uint64_t now_ns = e3_clock_ns();
	E3Link *next;

	for (E3Link *link = handshaker->under_way.next; link != &handshaker->under_way;
		 link = next)
	{
		Handshake *handshake = E3_LINK_OWNER(Handshake, link, link);

		next = link->next;
		if (handshake->ends_ns <= now_ns)
			push_out(handshake, "took too long");
	}
}

static void
free_list(E3Link *list)
{
	Handshake *handshake;

	while ((handshake = first_of(list)) != NULL)
		discard(handshake);
}

static bool
is_stopping(E3Handshaker *handshaker)
{
	bool stopping;

	pthread_mutex_lock(&handshaker->lock);
	stopping = handshaker->stopping;
	pthread_mutex_unlock(&handshaker->lock);
	return stopping;
}

static void *
handshaker_main(void *arg)
{
	E3Handshaker *handshaker = arg;
	uint64_t looks_ns = 0;

	while (!is_stopping(handshaker))
	{
		(void) e3_loop_run_once(handshaker->loop,
								handshaker->n_under_way > 0 ? TICK_MS : -1);
		if (e3_clock_ns() >= looks_ns)
		{
			end_late(handshaker);
			looks_ns = e3_clock_ns() + TICK_MS * NS_PER_MS;
		}
		free_list(&handshaker->ended);
	}
	return NULL;
}

static void
free_all(E3Handshaker *handshaker)
{
	free_list(&handshaker->given);
	free_list(&handshaker->under_way);
	free_list(&handshaker->ended);
	free_list(&handshaker->done);
	close(handshaker->loop);
	close(handshaker->wake.fd);
	close(handshaker->done_fd);
	pthread_mutex_destroy(&handshaker->lock);
	e3_tls_context_release(handshaker->context);
	free(handshaker);
}

E3Handshaker *
e3_handshaker_start(E3TlsContext *context, uint64_t timeout_ns)
{
	E3Handshaker *handshaker = calloc(1, sizeof(E3Handshaker));

	if (handshaker == NULL)
		return NULL;
	handshaker->timeout_ns = timeout_ns;
	handshaker->context = e3_tls_context_retain(context);
	pthread_mutex_init(&handshaker->lock, NULL);
	e3_link_init(&handshaker->given);
	e3_link_init(&handshaker->done);
	e3_link_init(&handshaker->under_way);
	e3_link_init(&handshaker->ended);
	handshaker->loop = e3_loop_new();
	handshaker->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	handshaker->wake.handle = handle_wake;
	handshaker->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (handshaker->loop >= 0 && handshaker->wake.fd >= 0 && handshaker->done_fd >= 0 &&
		e3_loop_add(handshaker->loop, &handshaker->wake, EPOLLIN) == EVW_OK &&
		pthread_create(&handshaker->thread, NULL, handshaker_main, handshaker) == 0)
		return handshaker;
	free_all(handshaker);
	return NULL;
}

void
e3_handshaker_use(E3Handshaker *handshaker, E3TlsContext *context)
{
	E3TlsContext *old;

	pthread_mutex_lock(&handshaker->lock);
	old = handshaker->context;
	handshaker->context = e3_tls_context_retain(context);
	pthread_mutex_unlock(&handshaker->lock);
	e3_tls_context_release(old);
}

int
e3_handshaker_event_fd(const E3Handshaker *handshaker)
{
	return handshaker->done_fd;
}

void
e3_handshaker_give(E3Handshaker *handshaker, int fd)
{
	Handshake *handshake = calloc(1, sizeof(Handshake));

	if (handshake == NULL)
	{
		close(fd);
		return;
	}
	handshake->source = (E3Source){.fd = fd, .handle = handle_events};
	handshake->owner = handshaker;
	handshake->ends_ns = e3_clock_ns() + handshaker->timeout_ns;
	handshake->what.fd = fd;
	e3_link_init(&handshake->link);
	pthread_mutex_lock(&handshaker->lock);
	handshake->what.context = e3_tls_context_retain(handshaker->context);
	e3_link_append(&handshaker->given, &handshake->link);
	if (++handshaker->n_given > E3_HANDSHAKES_MAX)
	{
		/* The thread does not keep up: descriptors are needed elsewhere, too. */
		discard(first_of(&handshaker->given));
		handshaker->n_given--;
		handshaker->failed++;
	}
	pthread_mutex_unlock(&handshaker->lock);
	ring(handshaker->wake.fd);
}

bool
e3_handshaker_collect(E3Handshaker *handshaker, E3Handshaken *done)
{
	Handshake *handshake;

	clear(handshaker->done_fd);
	pthread_mutex_lock(&handshaker->lock);
	handshake = first_of(&handshaker->done);
	if (handshake != NULL)
		e3_link_take_out(&handshake->link);
	pthread_mutex_unlock(&handshaker->lock);
	if (handshake == NULL)
		return false;
	*done = handshake->what;
	free(handshake);
	return true;
}

uint64_t
e3_handshaker_failed(E3Handshaker *handshaker)
{
	uint64_t failed;

	pthread_mutex_lock(&handshaker->lock);
	failed = handshaker->failed;
	pthread_mutex_unlock(&handshaker->lock);
	return failed;
}

void
e3_handshaker_stop(E3Handshaker *handshaker)
{
	pthread_mutex_lock(&handshaker->lock);
	handshaker->stopping = true;
	pthread_mutex_unlock(&handshaker->lock);
	ring(handshaker->wake.fd);
	pthread_join(handshaker->thread, NULL);
	free_all(handshaker);
}
