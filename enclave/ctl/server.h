/*
 * ctl/server.h
 *	  Telling a running E3 that the keyring has changed.
 */
#ifndef E3_SERVER_H
#define E3_SERVER_H

#include "ctl/ctl.h"

/*
 * Returns when E3 serves the new keyring; 0 with a note if none is running, 1
 * with a message if it refuses or does not answer.
 */
extern int e3_ctl_tell(const E3Ctl *ctl);

#endif /* E3_SERVER_H */
