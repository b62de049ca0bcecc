/*
 * custody/kms_curl.c
 *	  Loading of libcurl.
 *
 * It stays: taking libraries out of a process that goes on is asking for it.  One thread
 * loads it, and asks.
 */
#include "custody/kms_curl.h"

#include "base/secret.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#define LIBRARY "libcurl.so.4"

static const struct
{
	const char *name;
	size_t at;
} functions[] = {
	{"curl_global_init_mem", offsetof(E3Curl, global_init_mem)},
	{"curl_easy_init", offsetof(E3Curl, easy_init)},
	{"curl_easy_setopt", offsetof(E3Curl, easy_setopt)},
	{"curl_easy_perform", offsetof(E3Curl, easy_perform)},
	{"curl_easy_getinfo", offsetof(E3Curl, easy_getinfo)},
	{"curl_easy_cleanup", offsetof(E3Curl, easy_cleanup)},
	{"curl_easy_strerror", offsetof(E3Curl, easy_strerror)},
	{"curl_slist_append", offsetof(E3Curl, slist_append)},
	{"curl_slist_free_all", offsetof(E3Curl, slist_free_all)},
};

static bool
find_functions(E3Curl *curl)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
	{
		void *function = library != NULL ? dlsym(library, functions[i].name) : NULL;

		if (function == NULL)
			return false;
		*(void **) ((char *) curl + functions[i].at) = function;
	}
	return true;
}

const E3Curl *
e3_curl_load(void)
{
	static E3Curl curl;
	static bool ready;

	/* It has credentials in its memory. */
	if (!ready)
		ready = find_functions(&curl) &&
				curl.global_init_mem(CURL_GLOBAL_DEFAULT, e3_wiping_malloc,
									 e3_wiping_free, e3_wiping_realloc, e3_wiping_strdup,
									 e3_wiping_calloc) == CURLE_OK;
	return ready ? &curl : NULL;
}
