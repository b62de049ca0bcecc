/*
 * sched/transitions.h
 *	  The life of a request: every state, event and transition there is.
 *
 *	                     CANCEL, EXPIRE, LEAVE
 *	           +-----------------+------------------> ENDED
 *	  SUBMIT   |     TAKE        |                      ^ COLLECT
 *	 MADE ---> WAITING ---+      |            FINISH    |
 *	                      v      |         +--------> DONE
 *	          RESTING <-> RUNNING          |            | LEAVE
 *	                 YIELD, |   | LEAVE    |            v      COLLECT
 *	                 TAKE   |   +-----> LEFT -----> DROPPED ----------> ENDED
 *	                 CANCEL +-> STOPPING ^   FINISH
 *	                                  \__| LEAVE
 *
 * Macros alone, because two languages read them: job.c makes E3's table of them,
 * which every change of a job's state goes through, and test/spin the model that
 * is searched for requests answered twice, or never.
 */
#ifndef E3_TRANSITIONS_H
#define E3_TRANSITIONS_H

/* X(state) */
#define E3_JOB_STATES(X)                                                                 \
	X(MADE)		/* the network thread's, not submitted */                                \
	X(WAITING)	/* in the queue; no worker has begun it */                               \
	X(RUNNING)	/* with a worker */                                                      \
	X(RESTING)	/* in the queue between two slices */                                    \
	X(STOPPING) /* with a worker that is told to stop; the client waits for the reply */ \
	X(LEFT)		/* with a worker that is told to stop; nobody waits */                   \
	X(DONE)		/* among the finished, with its reply */                                 \
	X(DROPPED)	/* among the finished; nobody waits */                                   \
	X(ENDED)	/* about to be freed */

/* X(event) */
#define E3_JOB_EVENTS(X)                                                                 \
	X(SUBMIT)  /* a request has come, and there is room for it */                        \
	X(REFUSE)  /* a request has come, and the queue is full */                           \
	X(TAKE)	   /* a worker takes it */                                                   \
	X(YIELD)   /* its slice is over */                                                   \
	X(FINISH)  /* its reply is made, by a worker */                                      \
	X(CANCEL)  /* CANCEL has come for it */                                              \
	X(EXPIRE)  /* the network thread sees its deadline pass; workers look, too */        \
	X(REPEAT)  /* another request with its id has come */                                \
	X(LEAVE)   /* its connection has gone, or was refused */                             \
	X(COLLECT) /* the network thread takes it from the finished */

/* What goes with a transition. */
#define E3_DO_NOTHING 0
#define E3_DO_QUEUE 1	 /* to the end of the queue */
#define E3_DO_UNQUEUE 2	 /* out of the queue */
#define E3_DO_STOP 4	 /* tell its worker to stop */
#define E3_DO_DELIVER 8	 /* to the finished */
#define E3_DO_ANSWER 16	 /* send the one final reply */
#define E3_DO_END 32	 /* wipe and free it: its id may be used again */
#define E3_DO_HANG_UP 64 /* refuse the connection */

/*
 * X(state, event, next state, what is done); whatever is not here can't happen.
 *
 * Who is told to stop is not queued again: its worker goes on until it sees that.
 */
#define E3_JOB_TRANSITIONS(X)                                                            \
	X(MADE, SUBMIT, WAITING, E3_DO_QUEUE)                                                \
	X(MADE, REFUSE, ENDED, E3_DO_ANSWER | E3_DO_END)                                     \
	X(WAITING, TAKE, RUNNING, E3_DO_UNQUEUE)                                             \
	X(WAITING, CANCEL, ENDED, E3_DO_UNQUEUE | E3_DO_ANSWER | E3_DO_END)                  \
	X(WAITING, EXPIRE, ENDED, E3_DO_UNQUEUE | E3_DO_ANSWER | E3_DO_END)                  \
	X(WAITING, REPEAT, WAITING, E3_DO_HANG_UP)                                           \
	X(WAITING, LEAVE, ENDED, E3_DO_UNQUEUE | E3_DO_END)                                  \
	X(RUNNING, YIELD, RESTING, E3_DO_QUEUE)                                              \
	X(RUNNING, FINISH, DONE, E3_DO_DELIVER)                                              \
	X(RUNNING, CANCEL, STOPPING, E3_DO_STOP)                                             \
	X(RUNNING, EXPIRE, RUNNING, E3_DO_NOTHING)                                           \
	X(RUNNING, REPEAT, RUNNING, E3_DO_HANG_UP)                                           \
	X(RUNNING, LEAVE, LEFT, E3_DO_STOP)                                                  \
	X(RESTING, TAKE, RUNNING, E3_DO_UNQUEUE)                                             \
	X(RESTING, CANCEL, ENDED, E3_DO_UNQUEUE | E3_DO_ANSWER | E3_DO_END)                  \
	X(RESTING, EXPIRE, ENDED, E3_DO_UNQUEUE | E3_DO_ANSWER | E3_DO_END)                  \
	X(RESTING, REPEAT, RESTING, E3_DO_HANG_UP)                                           \
	X(RESTING, LEAVE, ENDED, E3_DO_UNQUEUE | E3_DO_END)                                  \
	X(STOPPING, YIELD, STOPPING, E3_DO_NOTHING)                                          \
	X(STOPPING, FINISH, DONE, E3_DO_DELIVER)                                             \
	X(STOPPING, CANCEL, STOPPING, E3_DO_NOTHING)                                         \
	X(STOPPING, EXPIRE, STOPPING, E3_DO_NOTHING)                                         \
	X(STOPPING, REPEAT, STOPPING, E3_DO_HANG_UP)                                         \
	X(STOPPING, LEAVE, LEFT, E3_DO_NOTHING)                                              \
	X(LEFT, YIELD, LEFT, E3_DO_NOTHING)                                                  \
	X(LEFT, FINISH, DROPPED, E3_DO_DELIVER)                                              \
	X(DONE, CANCEL, DONE, E3_DO_NOTHING)                                                 \
	X(DONE, EXPIRE, DONE, E3_DO_NOTHING)                                                 \
	X(DONE, REPEAT, DONE, E3_DO_HANG_UP)                                                 \
	X(DONE, LEAVE, DROPPED, E3_DO_NOTHING)                                               \
	X(DONE, COLLECT, ENDED, E3_DO_ANSWER | E3_DO_END)                                    \
	X(DROPPED, COLLECT, ENDED, E3_DO_END)

#endif /* E3_TRANSITIONS_H */
