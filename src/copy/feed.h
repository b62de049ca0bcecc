/*
 * copy/feed.h
 *	  From rows that have been received to the COPY that inserts them.
 */
#ifndef EVC_COPY_FEED_H
#define EVC_COPY_FEED_H

#include "copy/state.h"

/* The outer COPY's source of data: in the binary format, rows without fields. */
extern int evc_feed_read(void *buffer, int min, int max);

/* From now on the outer COPY takes every column of the input from the rows. */
extern void evc_feed_attach(EvcLoad *load);

#endif /* EVC_COPY_FEED_H */
