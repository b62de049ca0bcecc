/*
 * base/log.h
 *	  One line of key=value pairs per event, on stderr.
 *
 * Takes names, numbers and statuses; never a value, a key or a credential.
 * Safe from any thread; a line is written with one write(2).
 */
#ifndef E3_LOG_H
#define E3_LOG_H

typedef enum E3LogLevel
{
	E3_LOG_DEBUG,
	E3_LOG_INFO,
	E3_LOG_WARNING,
	E3_LOG_ERROR
} E3LogLevel;

/* Events below "level" are dropped; may be called again at reload. */
extern void e3_log_set_level(E3LogLevel level);

/* "event" is a fixed word; "format" gives the pairs, e.g. "fd=%d uid=%u". */
extern void e3_log(E3LogLevel level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* E3_LOG_H */
