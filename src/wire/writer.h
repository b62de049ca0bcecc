/*
 * wire/writer.h
 *	  MessagePack into an EvwBuf, packed by msgpack-c.
 *
 * Nothing is returned: look at buf->status when the message is complete.
 */
#ifndef EVW_WRITER_H
#define EVW_WRITER_H

#include "wire/buf.h"

extern void evw_write_array(EvwBuf *buf, uint32_t count);
extern void evw_write_map(EvwBuf *buf, uint32_t pairs);
extern void evw_write_uint(EvwBuf *buf, uint64_t value);
extern void evw_write_bool(EvwBuf *buf, bool value);
extern void evw_write_nil(EvwBuf *buf);
extern void evw_write_str(EvwBuf *buf, const char *text);
extern void evw_write_str_bytes(EvwBuf *buf, EvwBytes text);
extern void evw_write_bin(EvwBuf *buf, EvwBytes bytes);

/*
 * A bin whose length is known only afterwards: begin, append the bytes, end.
 * "begin" returns the mark that "end" needs.
 */
extern size_t evw_write_bin_begin(EvwBuf *buf);
extern void evw_write_bin_end(EvwBuf *buf, size_t mark);

#endif /* EVW_WRITER_H */
