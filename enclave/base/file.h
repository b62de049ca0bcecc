/*
 * base/file.h
 *	  Whole files: read with a bound and a check of who else may read them,
 *	  and replaced atomically.
 */
#ifndef E3_FILE_H
#define E3_FILE_H

#include "wire/buf.h"

#include <sys/types.h>

typedef enum E3FileResult
{
	E3_FILE_OK,
	E3_FILE_MISSING,  /* no such file */
	E3_FILE_IO,		  /* errno says why */
	E3_FILE_SHARED,	  /* the rule is broken */
	E3_FILE_TOO_LONG, /* longer than "max" */
	E3_FILE_NO_MEMORY
} E3FileResult;

/* Who may own a file and who may read it. */
typedef enum E3FileRule
{
	/* Anybody; a symbolic link is followed. */
	E3_FILE_ANY,
	/* Regular, not a link, ours (anybody's if we are root), 0600 or less. */
	E3_FILE_PRIVATE,
	/*
	 * As PRIVATE, or root's and readable by group root at most: the service
	 * manager hands credentials on like that, with an ACL for our uid, and the
	 * ACL's mask shows in the mode as the group's permission.
	 */
	E3_FILE_CREDENTIAL
} E3FileRule;

/* Appends the whole file to "out", whose owner wipes it. */
extern E3FileResult e3_file_read(const char *path, E3FileRule rule, size_t max,
								 EvwBuf *out) EVW_MUST_USE;

/*
 * Writes "<path>.new" (0600), syncs it, renames it over "path", syncs the
 * directory.  At any moment "path" is the old file or the new one, whole; on
 * failure it is the old one (the new one if only the directory could not be
 * synced) and "<path>.new" is gone.  The new file belongs to
 * whom the old one belonged to, or, where there was none and we are root, to
 * the directory's owner.  One writer at a time.
 */
extern E3FileResult e3_file_replace(const char *path, EvwBytes bytes) EVW_MUST_USE;

/* Whom a file at "path" belongs to or, if there is none, would belong to. */
extern bool e3_file_owner(const char *path, uid_t *uid, gid_t *gid);

/* As dirname(3), but leaves "path" alone; "dir" has room for PATH_MAX. */
extern void e3_file_dir(const char *path, char *dir);

#endif /* E3_FILE_H */
