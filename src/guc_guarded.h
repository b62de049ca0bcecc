/*
 * guc_guarded.h
 *	  Settings that only a superuser may change, and that are defined when it may be
 *	  too late for them.
 *
 * What was said of a setting before the library knew it did not stand, and the
 * server's own word for this session may have been hidden by it.  Such a setting is
 * lost: from then on nothing but SET gives it a value, since a reload would bring in
 * that of postgresql.conf where the role has another.
 */
#ifndef EVC_GUC_GUARDED_H
#define EVC_GUC_GUARDED_H

#include "postgres.h"

#include "utils/guc.h"

/* What to do about a setting that is lost. */
extern const char evc_guc_hint_unset[];

/*
 * Defines a setting, until now perhaps a placeholder that anybody could set.  It is
 * "standard" where the server preloads the library, else empty.  *is_lost becomes true
 * if it is lost, and stays as it is otherwise.
 */
extern void evc_guc_define_guarded(const char *name, const char *what, const char *more,
								   char **variable, const char *standard,
								   GucStringCheckHook check, GucStringAssignHook assign,
								   bool *is_lost);

/* For a check hook: must this value be refused, as the setting is lost? */
extern bool evc_guc_comes_too_late(bool is_lost, GucSource source);

/* A check hook's answer to the name of a file, which is looked at when it is needed. */
extern bool evc_guc_check_path(const char *path);

#endif /* EVC_GUC_GUARDED_H */
