/*
 * unit/msgpack_compare.h
 *	  Our bounded walk over MessagePack against msgpack-c's unpacker.
 */
#ifndef MSGPACK_COMPARE_H
#define MSGPACK_COMPARE_H

#include "wire/buf.h"

/*
 * Do both accept the bytes and read the same from them, or both refuse?  Not
 * compared: what only we limit (depth, number of objects), and bytes whose
 * headers could make msgpack-c allocate gigabytes.
 */
extern bool msgpack_agrees(EvwBytes bytes);

#endif /* MSGPACK_COMPARE_H */
