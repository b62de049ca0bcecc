/*
 * base/nice.h
 *	  Threads that give way to others.
 */
#ifndef E3_NICE_H
#define E3_NICE_H

/* Adds to the niceness of the calling thread, which on Linux is its own. */
extern void e3_be_nice(int by);

#endif /* E3_NICE_H */
