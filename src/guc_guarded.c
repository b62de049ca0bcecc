/*
 * guc_guarded.c
 *	  Settings that only a superuser may change.
 */
#include "postgres.h"

#include "guc_guarded.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

const char evc_guc_hint_unset[] =
	"Set it in postgresql.conf, for the database or for the role. A setting given by "
	"the client is lost in a session that has not preloaded the library, and hides the "
	"server's.";

/* A setting that a parallel worker has the server's word for, until its leader's come. */
typedef struct Said
{
	char **variable;
	bool *is_lost;
} Said;

static List *said_to_worker;

/* The transaction in which a worker takes its leader's settings has ended. */
static void
look_what_leader_has_lost(XactEvent event, void *arg)
{
	ListCell *cell;

	foreach (cell, said_to_worker)
	{
		const Said *said = lfirst(cell);

		*said->is_lost = *said->is_lost || **said->variable == '\0';
	}
	said_to_worker = NIL;
}

/*
 * What its leader has lost a worker gets as if nobody had ever set it: it can tell by
 * what it has been told itself.
 */
static void
remember_for_worker(char **variable, bool *is_lost)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	Said *said = palloc(sizeof(Said));

	if (said_to_worker == NIL)
		RegisterXactCallback(look_what_leader_has_lost, NULL);
	*said = (Said){variable, is_lost};
	said_to_worker = lappend(said_to_worker, said);
	MemoryContextSwitchTo(old);
}

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
	if (InitializingParallelWorker && **variable != '\0')
		remember_for_worker(variable, is_lost);
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
