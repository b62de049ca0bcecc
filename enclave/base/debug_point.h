/*
 * base/debug_point.h
 *	  Where E3 stops until a test lets it go on; in debug builds alone.
 *
 * The environment variable E3_DEBUG_POINTS names a directory.  A thread that comes
 * to a point of which a FIFO there has the name makes a file "NAME.parked", and waits
 * until somebody opens the FIFO to write.  "f" and "e" written there have it fork, and
 * execute a program, which the fortress does not survive.
 *
 *	before_slice, after_slice   a worker, with a job
 *	finished                    a worker: the reply is made, the network thread not told
 *	half_sent                   the network thread: some of a frame is out
 *
 * In other builds a point is nothing, and the file beside this one is not compiled.
 */
#ifndef E3_DEBUG_POINT_H
#define E3_DEBUG_POINT_H

#ifdef E3_WITH_DEBUG_POINTS
extern void e3_debug_point(const char *name);
#define E3_DEBUG_POINT(name) e3_debug_point(name)
#else
#define E3_DEBUG_POINT(name) ((void) 0)
#endif

#endif /* E3_DEBUG_POINT_H */
