/*
 * cli/text.h
 *	  Text that goes out: what a server says may hold anything.
 */
#ifndef EVC_CLI_TEXT_H
#define EVC_CLI_TEXT_H

/* For a terminal: control characters become question marks. */
extern void evc_print_plain(const char *text);

/* The same, in place. */
extern void evc_make_plain(char *text);

/* As a JSON string, or null. */
extern void evc_print_json(const char *text);

#endif /* EVC_CLI_TEXT_H */
