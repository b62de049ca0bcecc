/*
 * base/version.h
 *	  Version of E3, as HEALTH and the log tell it.
 */
#ifndef E3_VERSION_H
#define E3_VERSION_H

#define E3_VERSION "1.0"

#endif /* E3_VERSION_H */
