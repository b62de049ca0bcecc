/*
 * spin/requests.pml
 *	  Requests of two connections, from frame to final reply, in every order that
 *	  clients, network thread, workers and clock can bring about.
 *
 * What state a request is in, what may happen to it and what is done then comes from
 * enclave/sched/transitions.h, the table that E3 itself is compiled with.  What is
 * written here is who asks it when: net/session.c and net/work.c (Network) and
 * sched/pool.c (Worker).  An atomic step is what E3 does under the pool's mutex, or
 * with what is the network thread's alone.
 *
 * Clients are no processes: a connection that stands may bring any frame at any
 * moment.  That covers frames and replies that cross on the way, as a client knows
 * nothing that could keep it from sending.
 *
 *	  -DPROGRESS   for the claim "answered": the network thread's loop has turns, as
 *	               E3's has, and a request has at most two slices
 */
#include "sched/transitions.h"

#define CONNS 2
#define IDS 2
#define WORKERS 2
#define CAPACITY 2	/* of the queue */
#define FRESH_RUN 1 /* of PROGRESS: slices in a row for fresh jobs while others wait */

#define JOBS (CONNS * IDS)
#define NONE JOBS /* no job, and an id that nobody uses */
#define JOB(c, id) ((c) * IDS + (id))

#define STATE(name) S_##name
#define EVENT(name) E_##name
#define STATE_IN_LIST(name) STATE(name),
#define EVENT_IN_LIST(name) EVENT(name),

mtype:state = { E3_JOB_STATES(STATE_IN_LIST) };
mtype:event = { E3_JOB_EVENTS(EVENT_IN_LIST) };
mtype:frame = { REQUEST, CANCEL, GOODBYE };

/* The clients': which requests wait for a reply, and for which CANCEL was sent. */
bool owed[JOBS];
bool asked[JOBS];

/* The network thread's. */
bool open[CONNS] = true; /* neither gone nor refused */
bool exists[JOBS];		 /* made and not freed */
bool stop[JOBS];		 /* the call's "cancelled", which its worker looks at */
bool stopping;			 /* about to set it */

/* The pool's, behind its mutex. */
mtype:state state[JOBS] = STATE(ENDED);
chan fresh = [CAPACITY + 1] of { byte };
chan begun = [CAPACITY + 1] of { byte };
chan finished = [JOBS] of { byte };
byte fresh_run;
byte with[WORKERS] = NONE;
byte announcing;	  /* workers about to make the event descriptor readable */
bool announced;		  /* it is */

byte effects; /* of the last transition; 0 between atomic steps */

#define has(effect) ((effects & (effect)) != 0)
#define queued (len(fresh) + len(begun))
#define in_queue(j) (fresh??[eval(j)] || begun??[eval(j)])
#define with_worker(j) (with[0] == (j) || with[1] == (j))

/* A request that a frame can be about: it is among its connection's works. */
#define is_live(j) (open[(j) / IDS] && exists[j])

/* Nothing is on its way inside E3; then there must be nothing left. */
#define is_quiet (queued == 0 && with_worker(NONE) && with[0] == with[1] && \
				  !announced && announcing == 0)
#define nothing_left (empty(finished) &&                       \
	!exists[0] && !exists[1] && !exists[2] && !exists[3] &&    \
	!owed[0] && !owed[1] && !owed[2] && !owed[3])

#ifdef PROGRESS
#define turn_is(number) (turn == (number))
#define next_turn() turn = (turn + 1) % 4
#define put_in(queue, job) queue!job
#define may_yield !again
#else
#define turn_is(number) true
#define next_turn() skip
#define put_in(queue, job) queue!!job
#define may_yield true
#endif

/* --- the table ------------------------------------------------------------- */

#define ROW(from, event, to, what)                             \
	:: state[job] == STATE(from) && happens == EVENT(event) -> \
	   state[job] = STATE(to); effects = what;

/* e3_job_step, and what the pool does with its effects. */
inline step(job, happens)
{
	if
	E3_JOB_TRANSITIONS(ROW)
	:: else -> assert(false) /* not in the table */
	fi;
	if
	:: has(E3_DO_UNQUEUE) ->
		if
		:: fresh??[eval(job)] -> fresh??eval(job)
		:: begun??[eval(job)] -> begun??eval(job)
		:: !in_queue(job) -> assert(false)
		fi
	:: else
	fi;
	if
	:: has(E3_DO_QUEUE) ->
		assert(!in_queue(job) && !stop[job]);
		if
		:: state[job] == STATE(WAITING) -> put_in(fresh, job)
		:: else -> put_in(begun, job)
		fi
	:: else
	fi;
	if
	:: has(E3_DO_DELIVER) -> assert(!finished??[eval(job)]); finished!job
	:: else
	fi
}

/*
 * A final reply: on a connection that stands, to a request that has none yet, by who
 * alone has it.
 */
inline answer(job)
{
	assert(open[job / IDS] && owed[job]);
	assert(!in_queue(job) && !finished??[eval(job)] && !with_worker(job));
	owed[job] = false;
	asked[job] = false
}

/* Freed: nobody may have it any more. */
inline release(job)
{
	assert(state[job] == STATE(ENDED));
	assert(!in_queue(job) && !finished??[eval(job)] && !with_worker(job));
	exists[job] = false;
	stop[job] = false
}

/* What the network thread does with effects. */
inline settle(job)
{
	if
	:: has(E3_DO_ANSWER) -> answer(job)
	:: else
	fi;
	if
	:: has(E3_DO_END) -> release(job)
	:: else
	fi;
	effects = 0
}

/* --- the network thread ---------------------------------------------------- */

inline receive()
{
	if
	:: turn_is(0) && open[0] -> c = 0
	:: turn_is(1) && open[1] -> c = 1
	fi;
	assert(!is_quiet || nothing_left);
	if
	:: j = JOB(c, 0)
	:: j = JOB(c, 1)
	:: j = NONE
	fi;
	if
	:: j != NONE -> kind = REQUEST
	:: kind = CANCEL
	:: j == NONE -> kind = GOODBYE
	fi
}

/* submit */
inline submit()
{
	d_step {
		assert(!exists[j] && !owed[j]); /* no id is used twice */
		exists[j] = true;
		owed[j] = true;
		state[j] = STATE(MADE);
		happens = (queued < CAPACITY -> EVENT(SUBMIT) : EVENT(REFUSE));
		step(j, happens);
		assert(queued <= CAPACITY);
		settle(j)
	}
}

/* e3_work_tell; its worker's flag is set when the mutex is free again. */
inline tell()
{
	d_step {
		step(j, happens);
		stopping = has(E3_DO_STOP);
		hang_up = hang_up || has(E3_DO_HANG_UP);
		settle(j)
	}
}

/* e3_session_frame */
inline handle_frame()
{
	if
	:: kind == GOODBYE -> hang_up = true
	:: kind == REQUEST && is_live(j) -> happens = EVENT(REPEAT); tell()
	:: kind == CANCEL && j != NONE && is_live(j) ->
		asked[j] = state[j] != STATE(DONE);
		happens = EVENT(CANCEL);
		tell()
	:: else
	fi;
	if
	:: kind == REQUEST && !hang_up -> submit()
	:: else
	fi
}

/* end_late_works: somebody's deadline passes. */
inline expire()
{
	if
	:: turn_is(3) && is_live(0) -> j = 0
	:: turn_is(3) && is_live(1) -> j = 1
	:: turn_is(3) && is_live(2) -> j = 2
	:: turn_is(3) && is_live(3) -> j = 3
	fi;
	happens = EVENT(EXPIRE);
	tell()
}

inline forget()
{
	c = 0;
	j = 0;
	kind = 0;
	happens = 0;
	next_turn()
}

/* Was that all? */
inline finish_turn()
{
	if
	:: stopping || hang_up -> goto tell_more
	:: else -> forget()
	fi
}

active proctype Network()
{
	byte c;
	byte j;
	byte left; /* ids of a connection that goes */
	mtype:frame kind;
	mtype:event happens;
	bool hang_up;
#ifdef PROGRESS
	byte turn;
#endif

end_turn:
	do
	:: atomic { receive(); handle_frame(); finish_turn() }
	:: atomic { expire(); finish_turn() }
	/* handle_finished: until there is none; the last one resets the descriptor. */
	:: turn_is(2) && announced ->
		do
		:: d_step {
				len(finished) > 0 ->
				finished?j;
				announced = announced && len(finished) > 0;
				happens = EVENT(COLLECT);
				step(j, happens);
				settle(j);
				j = 0;
				happens = 0
			}
		:: d_step { len(finished) == 0 -> announced = false; forget() } -> break
#ifndef PROGRESS
		/* Whom it answers may turn out to have gone. */
		:: d_step { true -> forget() } -> break
#endif
		od
	:: atomic { !open[0] && !open[1] && is_quiet -> assert(nothing_left) } -> break
#ifdef PROGRESS
	:: atomic { !turn_is(2) || !announced -> next_turn() }
#endif
	od;
	goto done;

	/* Others may come between these. */
tell_more:
	do
	:: d_step { stopping -> stop[j] = with_worker(j); stopping = false }
	/* e3_works_abandon, an id at a time. */
	:: atomic {
			!stopping && hang_up && left < IDS ->
			open[c] = false;
			j = JOB(c, left);
			left++;
			owed[j] = false;
			asked[j] = false;
			if
			:: exists[j] -> happens = EVENT(LEAVE); tell()
			:: else
			fi
		}
	:: d_step {
			!stopping && (!hang_up || left == IDS) ->
			hang_up = false;
			left = 0;
			forget()
		} -> goto end_turn
	od;
done:
	skip
}

/* --- workers --------------------------------------------------------------- */

/* e3_queue_next: in turn, or in any order there may be. */
inline choose()
{
#ifdef PROGRESS
	if
	:: len(fresh) > 0 && (len(begun) == 0 || fresh_run < FRESH_RUN) ->
		fresh?<j>;
		again = false;
		fresh_run = (fresh_run < FRESH_RUN -> fresh_run + 1 : fresh_run)
	:: else ->
		begun?<j>;
		again = true;
		fresh_run = 0
	fi
#else
	if
	:: in_queue(0) -> j = 0
	:: in_queue(1) -> j = 1
	:: in_queue(2) -> j = 2
	:: in_queue(3) -> j = 3
	fi
#endif
}

/* begin_next */
inline begin_next()
{
	choose();
	d_step {
		step(j, EVENT(TAKE));
		effects = 0;
		with[_pid - 1] = j
	}
}

inline finish(is_cancelled)
{
	first = empty(finished);
	announcing = announcing + first;
	/* CANCELLED is for nobody but who asked for it. */
	assert(!is_cancelled || asked[j] || !owed[j]);
	stop[j] = false;
	asked[j] = false;
	with[_pid - 1] = NONE;
	step(j, EVENT(FINISH));
	effects = 0
}

inline yield()
{
	d_step {
		/* Who is to stop has been told, or is being told. */
		assert(state[j] == STATE(RUNNING) || stop[j] || stopping);
		step(j, EVENT(YIELD));
#ifdef PROGRESS
		again = true;
#endif
		with[_pid - 1] = (has(E3_DO_QUEUE) -> NONE : j)
	}
}

/* Slices, perhaps of one job after the other. */
active [WORKERS] proctype Worker()
{
	byte j;
	bool first;
#ifdef PROGRESS
	bool again;
#endif

end:
	do
	:: atomic { queued > 0 -> begin_next() };
		do
		:: d_step { stop[j] -> finish(true) } -> break
		:: d_step { finish(false) } -> break
		:: !stop[j] && may_yield ->
			atomic {
				yield();
				if
				:: has(E3_DO_QUEUE) -> effects = 0; begin_next()
				:: else
				fi;
				assert(queued <= CAPACITY)
			}
		od;
		if
		:: d_step { first -> announced = true; announcing--; first = false; j = 0 }
		:: d_step { !first -> j = 0 }
		fi
	od
}

#ifdef PROGRESS
/* Who waits for a reply gets it, unless it goes. */
ltl answered { [] (owed[JOBS - 1] -> <> !owed[JOBS - 1]) }
#endif
