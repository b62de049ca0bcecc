/*
 * compat_copy.h
 *	  What COPY does differently between the PostgreSQL versions (15 to 18).
 */
#ifndef EVC_COMPAT_COPY_H
#define EVC_COMPAT_COPY_H

#include "compat.h"

/* What a statement asks of a table: in the range table until 15. */
#if PG_VERSION_NUM >= 160000
typedef struct RTEPermissionInfo EvcPermissions;
#define evc_permissions(item) ((item)->p_perminfo)
#define evc_check_permissions(pstate, permissions)                                       \
	ExecCheckPermissions((pstate)->p_rtable, list_make1(permissions), true)
#else
typedef struct RangeTblEntry EvcPermissions;
#define evc_permissions(item) ((item)->p_rte)
#define evc_check_permissions(pstate, permissions)                                       \
	ExecCheckRTPerms((pstate)->p_rtable, true)
#endif

/* Since 18 a descriptor has a second, shorter form of each column. */
#if PG_VERSION_NUM >= 180000
#define evc_attribute_changed(desc, number)                                              \
	populate_compact_attribute((desc), (number) -1)
#else
#define evc_attribute_changed(desc, number) ((void) (desc))
#endif

/* Since 18 COPY TO copies materialized views. */
#define EVC_COPIES_MATVIEWS (PG_VERSION_NUM >= 180000)

/*
 * COPY's DEFAULT marker, of 16: states are kept for all columns, where 15 has one
 * array of those that the input lacks.
 */
#if PG_VERSION_NUM >= 160000
#define evc_copy_has_marker(cstate) ((cstate)->opts.default_print != NULL)
#define evc_copy_is_marked(cstate, column) ((cstate)->defaults[column])
#define evc_copy_set_default(cstate, column, state) ((cstate)->defexprs[column] = (state))
#define evc_copy_get_default(cstate, i) ((cstate)->defexprs[(cstate)->defmap[i]])
#define evc_copy_put_default(cstate, i, column, state)                                   \
	((cstate)->defexprs[column] = (state), (cstate)->defmap[i] = (column))
#else
#define evc_copy_has_marker(cstate) false
#define evc_copy_is_marked(cstate, column) false
#define evc_copy_set_default(cstate, column, state) ((void) (state))
#define evc_copy_get_default(cstate, i) ((cstate)->defexprs[i])
#define evc_copy_put_default(cstate, i, column, state)                                   \
	((cstate)->defexprs[i] = (state), (cstate)->defmap[i] = (column))
#endif

/* COPY's ON_ERROR and LOG_VERBOSITY, of 17; REJECT_LIMIT and silence, of 18. */
#if PG_VERSION_NUM >= 170000
#define evc_copy_row_failed(cstate)                                                      \
	((cstate)->escontext != NULL && (cstate)->escontext->error_occurred)
#define evc_copy_forgive(cstate) ((cstate)->escontext->error_occurred = false)
#define evc_copy_skipped(cstate) ((cstate)->num_errors)
#define evc_copy_verbosity(cstate) ((int) (cstate)->opts.log_verbosity)
#define evc_copy_set_verbosity(cstate, value) ((cstate)->opts.log_verbosity = (value))
#define evc_copy_tell_skipped(to, from)                                                  \
	((to)->opts.on_error = (from)->opts.on_error,                                        \
	 (to)->opts.log_verbosity = (from)->opts.log_verbosity,                              \
	 (to)->num_errors = (from)->num_errors)
#define EVC_COPY_VERBOSE COPY_LOG_VERBOSITY_VERBOSE
#define EVC_COPY_TUPLES_SKIPPED PROGRESS_COPY_TUPLES_SKIPPED
#else
#define evc_copy_row_failed(cstate) false
#define evc_copy_forgive(cstate) ((void) (cstate))
#define evc_copy_skipped(cstate) UINT64CONST(0)
#define evc_copy_verbosity(cstate) 0
#define evc_copy_set_verbosity(cstate, value) ((void) (cstate))
#define evc_copy_tell_skipped(to, from) ((void) (to), (void) (from))
#define EVC_COPY_VERBOSE 1
#define EVC_COPY_TUPLES_SKIPPED 0
#endif
#if PG_VERSION_NUM >= 180000
#define evc_copy_reject_limit(cstate) ((cstate)->opts.reject_limit)
#else
#define evc_copy_reject_limit(cstate) INT64CONST(0)
#endif

#endif /* EVC_COMPAT_COPY_H */
