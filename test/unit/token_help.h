/*
 * unit/token_help.h
 *	  Keys and tokens for tests: signed here, by OpenSSL.
 */
#ifndef TOKEN_HELP_H
#define TOKEN_HELP_H

#include "wire_help.h"

#include <openssl/evp.h>

/* A fresh key pair of this group; the public key in PEM is for help_release. */
extern EVP_PKEY *token_key(const char *group, EvwBytes *pem);

/* header.claims.signature of JSON texts, in a static buffer; SHA-256. */
extern EvwBytes token_make(EVP_PKEY *key, const char *header, const char *claims);

#endif /* TOKEN_HELP_H */
