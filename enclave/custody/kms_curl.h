/*
 * custody/kms_curl.h
 *	  libcurl, loaded when a KMS is asked: it brings thirty libraries along, which an E3
 *	  whose keyring another keeps has no use for.
 */
#ifndef E3_KMS_CURL_H
#define E3_KMS_CURL_H

#include <curl/curl.h>

/* Its functions, as curl/curl.h declares them. */
typedef struct E3Curl
{
	__typeof__(&curl_global_init_mem) global_init_mem;
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *easy);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	void (*easy_cleanup)(CURL *easy);
	const char *(*easy_strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
} E3Curl;

/* NULL if it is not there, or lacks one of them. */
extern const E3Curl *e3_curl_load(void);

#endif /* E3_KMS_CURL_H */
