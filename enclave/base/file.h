/*
 * base/file.h
 *	  Whole files: read with a bound and a check of who else may read them,
 *	  created where there is none, and replaced atomically.
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
	/* Regular, ours or root's, and nobody else may write it; a link is followed. */
	E3_FILE_TRUSTED,
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
 * Makes the file (0600), syncs it and the directory.  IO with errno EEXIST if
 * there is anything at "path", be it a dangling link; on failure there is no new
 * file.  It belongs to us or, if we are root, to the directory's owner.  It appears
 * whole, unless the file system knows no O_TMPFILE: there others may see it half
 * written, and a writer that is killed leaves it so.
 */
extern E3FileResult e3_file_create(const char *path, EvwBytes bytes) EVW_MUST_USE;

/*
 * Writes "<path>.new" (0600), syncs it, renames it over "path", syncs the
 * directory.  At any moment "path" is the old file or the new one, whole; on
 * failure it is the old one (the new one if only the directory could not be
 * synced) and "<path>.new" is gone.  The new file belongs to
 * whom the old one belonged to, or, where there was none and we are root, to
 * the directory's owner.  One writer at a time, and "<path>.new" is its own:
 * what is found there is removed.
 */
extern E3FileResult e3_file_replace(const char *path, EvwBytes bytes) EVW_MUST_USE;

/* The same with 0644, for what is no secret. */
extern E3FileResult e3_file_replace_public(const char *path, EvwBytes bytes) EVW_MUST_USE;

/* Whom a file at "path" belongs to or, if there is none, would belong to. */
extern bool e3_file_owner(const char *path, uid_t *uid, gid_t *gid);

/*
 * Gives an open directory or regular file away, if it is not theirs already.  False
 * with errno: EMLINK for a file that has another name too, which may be a link that
 * the directory's owner has planted to a file of somebody else.
 */
extern bool e3_file_give(int fd, uid_t uid, gid_t gid) EVW_MUST_USE;

/* As dirname(3), but leaves "path" alone; "dir" has room for PATH_MAX. */
extern void e3_file_dir(const char *path, char *dir);

#endif /* E3_FILE_H */
