/*
 * cli/check_tls.c
 *	  What PostgreSQL needs to reach E3 by TLS: is it set, kept well, and valid for
 *	  long enough?
 */
#include "cli/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#define DAYS_WARNING 14

/* What a setting names; NULL if it is not set, which is said. */
static char *
file_of(EvcDoctor *doctor, const char *setting, const char *endpoint)
{
	char *path = evc_setting(doctor, setting);

	if (path != NULL && *path != '\0')
		return path;
	evc_find(doctor, "tls", EVC_GRADE_FAILURE, NULL, "%s is not set, which %s needs",
			 setting, endpoint);
	free(path);
	return NULL;
}

static void
cannot_look(EvcDoctor *doctor, const char *path)
{
	evc_find(doctor, "tls", EVC_GRADE_UNKNOWN,
			 "Run this on the server's machine, as root or as the server's user.",
			 "%s: %s", path, strerror(errno));
}

static void
check_validity(EvcDoctor *doctor, const char *path, const X509 *certificate)
{
	int days;
	int seconds;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
		evc_find(doctor, "tls", EVC_GRADE_FAILURE, NULL,
				 "%s says no time at which it ends", path);
	else if (days < 0 || seconds < 0)
		evc_find(doctor, "tls", EVC_GRADE_FAILURE, "Have it issued anew.",
				 "%s has expired", path);
	else if (days < DAYS_WARNING)
		evc_find(doctor, "tls", EVC_GRADE_WARNING, "Have it issued anew.",
				 "%s expires in %d days", path, days);
	else
		evc_find(doctor, "tls", EVC_GRADE_OK, NULL, "%s is valid for %d days", path,
				 days);
}

static void
check_certificate(EvcDoctor *doctor, const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *certificate;

	if (file == NULL)
	{
		cannot_look(doctor, path);
		return;
	}
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	if (certificate == NULL)
		evc_find(doctor, "tls", EVC_GRADE_FAILURE, NULL, "%s has no certificate", path);
	else
		check_validity(doctor, path, certificate);
	X509_free(certificate);
}

static void
check_key(EvcDoctor *doctor, const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		cannot_look(doctor, path);
	else if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		evc_find(doctor, "tls", EVC_GRADE_FAILURE, "chmod 0600.",
				 "others may read or write the key %s", path);
}

void
evc_check_tls(EvcDoctor *doctor, const char *endpoint)
{
	char *root = file_of(doctor, "evcrypt.sslrootcert", endpoint);
	char *certificate = file_of(doctor, "evcrypt.sslcert", endpoint);
	char *key = file_of(doctor, "evcrypt.sslkey", endpoint);

	if (root != NULL && certificate != NULL && key != NULL)
	{
		check_certificate(doctor, root);
		check_certificate(doctor, certificate);
		check_key(doctor, key);
	}
	free(key);
	free(certificate);
	free(root);
}
