/*
 * ctl/versions.h
 *	  What commands about versions of keys, and of index keys, have in common.
 */
#ifndef E3_VERSIONS_H
#define E3_VERSIONS_H

#include "ctl/ctl.h"
#include "keyring/keyring.h"

/* A key id as text: its hint, in hex. */
#define E3_KEY_ID_TEXT (2 * EVW_HINT_LEN + 1)
extern void e3_versions_key_id(const E3KeyPair *pair, char text[E3_KEY_ID_TEXT]);

extern EvwBytes e3_versions_name(const E3App *app);

/* "YYYY-MM-DDThh:mm:ssZ" */
#define E3_TIME_TEXT 32
extern void e3_versions_time(uint64_t unix_us, char text[E3_TIME_TEXT]);

/* The number of a version from the command line; 0, or 1 after a message. */
extern int e3_versions_read(const char *word, uint32_t *number);

/* The number after the newest's; 0, or 1 after a message if there is none. */
extern int e3_versions_next(const E3Ctl *ctl, uint32_t newest, uint32_t *next);

#endif /* E3_VERSIONS_H */
