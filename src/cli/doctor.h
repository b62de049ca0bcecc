/*
 * cli/doctor.h
 *	  What the doctor knows of a server, and how it says what it finds.
 */
#ifndef EVC_CLI_DOCTOR_H
#define EVC_CLI_DOCTOR_H

#include <stdbool.h>

#include "cli/server.h"

typedef enum EvcGrade
{
	EVC_GRADE_OK,
	EVC_GRADE_UNKNOWN, /* could not be looked at; says why */
	EVC_GRADE_WARNING,
	EVC_GRADE_FAILURE
} EvcGrade;

typedef struct EvcDoctor
{
	PGconn *server;
	char *schema;	   /* of the extension, quoted */
	char *search_path; /* as the session found it */
	bool redacts;	   /* statements are hidden in logs */
	bool json;
	int findings;
	EvcGrade worst;
} EvcDoctor;

/* Says what was found.  "hint" may be NULL. */
extern void evc_find(EvcDoctor *doctor, const char *check, EvcGrade grade,
					 const char *hint, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* As evc_ask, and says so under "check" if the question fails. */
extern PGresult *evc_examine(EvcDoctor *doctor, const char *check, const char *query,
							 int n_values, const char *const *values);

/* A setting of this session, to be freed; NULL if there is none or it is hidden. */
extern char *evc_setting(EvcDoctor *doctor, const char *name);

/* The checks; each finds at least one thing. */
extern void evc_check_preload(EvcDoctor *doctor);
extern void evc_check_redact(EvcDoctor *doctor);
extern void evc_check_logging(EvcDoctor *doctor);
extern void evc_check_link(EvcDoctor *doctor);
extern void evc_check_clock(EvcDoctor *doctor);
extern void evc_check_endpoints(EvcDoctor *doctor);
extern void evc_check_transport(EvcDoctor *doctor);
extern void evc_check_policy(EvcDoctor *doctor);
extern void evc_check_names(EvcDoctor *doctor);
extern void evc_check_schemas(EvcDoctor *doctor);
extern void evc_check_privileges(EvcDoctor *doctor);
extern void evc_check_stored(EvcDoctor *doctor);
extern void evc_check_labels(EvcDoctor *doctor);

/* The files for TLS, which this endpoint and others are reached by. */
extern void evc_check_tls(EvcDoctor *doctor, const char *endpoint);

#endif /* EVC_CLI_DOCTOR_H */
