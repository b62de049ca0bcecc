/*
 * guc_guarded.c
 *	  Settings that only a superuser may change.
 */
#include "postgres.h"

#include "guc_guarded.h"

#include "miscadmin.h"

const char evc_guc_hint_unset[] =
	"Set it in postgresql.conf, for the database or for the role. A setting given by "
	"the client is lost in a session that has not preloaded the library, and hides the "
	"server's.";

void
evc_guc_define_guarded(const char *name, const char *what, const char *more,
					   char **variable, const char *standard, GucStringCheckHook check,
					   GucStringAssignHook assign, bool *is_lost)
{
	bool said = GetConfigOption(name, true, false) != NULL;

	DefineCustomStringVariable(name, what, more, variable,
							   process_shared_preload_libraries_in_progress ? standard
																			: "",
							   PGC_SUSET, 0, check, assign, NULL);
	*is_lost = *is_lost || (said && **variable == '\0');
}

bool
evc_guc_comes_too_late(bool is_lost, GucSource source)
{
	if (!is_lost || source > PGC_S_CLIENT)
		return false;
	GUC_check_errdetail(
		"A value for this session was refused when the library was loaded.");
	return true;
}

bool
evc_guc_check_path(const char *path)
{
	if (*path == '\0' || is_absolute_path(path))
		return true;
	GUC_check_errdetail("The name of a file is an absolute path.");
	return false;
}
