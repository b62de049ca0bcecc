/*
 * config_private.h
 *	  What the two files that read the configuration share.
 */
#ifndef E3_CONFIG_PRIVATE_H
#define E3_CONFIG_PRIVATE_H

#include "config.h"

#include "base/ini.h"

typedef enum ValueKind
{
	VALUE_SOCKET, /* absolute path that fits sun_path */
	VALUE_MODE,	  /* octal permissions */
	VALUE_NUMBER, /* whole number in [min, max] */
	VALUE_MS,	  /* the same, milliseconds */
	VALUE_SIZE,	  /* bytes, in [min, max] */
	VALUE_ARENA,  /* the same, a power of two */
	VALUE_LEVEL,  /* log level */
	VALUE_AEAD,	  /* a name from the list below, and so is ... */
	VALUE_AGREEMENT,
	VALUE_EVIDENCE,
	VALUE_PATH,		  /* absolute path */
	VALUE_CREDENTIAL, /* name of a file below $CREDENTIALS_DIRECTORY */
	VALUE_ON_FAILURE, /* refuse or continue */
	VALUE_YES_NO,
	VALUE_USERS,  /* names and uids, comma separated */
	VALUE_CIDS,	  /* numbers, comma separated */
	VALUE_LISTEN, /* host:port, comma separated */
	VALUE_CUSTODY,
	VALUE_TEXT,	   /* 1 to E3_CUSTODY_TEXT_MAX - 1 bytes */
	VALUE_WORD,	   /* the same, of letters, digits and -_./:@ alone */
	VALUE_HTTPS,   /* https://host, or with :port */
	VALUE_PCRS,	   /* numbers, comma separated */
	VALUE_MEASURES /* names of base/isolation.h, comma separated, or "all" */
} ValueKind;

typedef struct KeyInfo
{
	const char *section;
	const char *name;
	ValueKind kind;
	bool mandatory;
	size_t at; /* where in E3Config */
	uint32_t min;
	uint32_t max;
} KeyInfo;

/* One parse. */
typedef struct Parser
{
	E3Ini ini;
	uint64_t seen; /* bit set of keys */
	E3Config *config;
} Parser;

/* Names that a value can have; the first is the default. */
extern const char *const e3_config_aeads[3];
extern const char *const e3_config_agreements[3];
extern const char *const e3_config_evidence[3];

/* The first error counts.  Returns false, for "return e3_config_fail(...)". */
__attribute__((format(printf, 2, 3))) extern bool e3_config_fail(Parser *parser,
																 const char *format, ...);

/* The same, of this key. */
extern bool e3_config_fail_key(Parser *parser, const KeyInfo *key, const char *cause);

/* The rest of [keyring]: config_custody.c. */
extern bool e3_config_read_custody(Parser *parser, const KeyInfo *key, const char *text,
								   E3CustodyKind *kind);
extern bool e3_config_read_text(Parser *parser, const KeyInfo *key, const char *text,
								char *out);
extern bool e3_config_read_word(Parser *parser, const KeyInfo *key, const char *text,
								char *out);
extern bool e3_config_read_https(Parser *parser, const KeyInfo *key, const char *text,
								 EvwEndpoint *endpoint);
extern bool e3_config_read_pcrs(Parser *parser, const KeyInfo *key, char *text,
								uint32_t *pcrs);

/* Cuts white space off at both ends, in place. */
extern char *e3_config_trim(char *text);

/* Puts the value of a key into the configuration; false if it is not one. */
extern bool e3_config_read_value(Parser *parser, const KeyInfo *key, const char *text);

#endif /* E3_CONFIG_PRIVATE_H */
