/*
 * copy/read.h
 *	  From the input to rows that are out.
 */
#ifndef EVC_COPY_READ_H
#define EVC_COPY_READ_H

#include "copy/state.h"

/*
 * The current set has been inserted: makes the next one current, received, and
 * reads and sends the one after it meanwhile.  False at the end of the input.
 */
extern bool evc_load_advance(EvcLoad *load);

#endif /* EVC_COPY_READ_H */
