/*
 * fortress/paths.c
 *	  Files that may be opened: landlock(7), by its system calls, as libc has no
 *	  wrappers.
 *
 * Rules are for directories, since a file that is replaced is another file.  Where a
 * path ends in a link, the directory that it leads to counts as well.
 */
#include "fortress/kernel.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The interface of <linux/landlock.h>, of which headers may know an earlier version. */
#define ABI_OF_KERNEL 1u
#define RULE_BENEATH 1
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE (UINT64_C(1) << 2)
#define READ_DIR (UINT64_C(1) << 3)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_REG (UINT64_C(1) << 8)
#define MAKE_SOCK (UINT64_C(1) << 9)
#define MAKE_SYM (UINT64_C(1) << 12)
#define REFER (UINT64_C(1) << 13)	   /* ABI 2 */
#define TRUNCATE (UINT64_C(1) << 14)   /* ABI 3 */
#define IOCTL_DEV (UINT64_C(1) << 15)  /* ABI 5 */
#define CONNECT_TCP (UINT64_C(1) << 1) /* ABI 4 */
#define SCOPE_ALL UINT64_C(3)		   /* ABI 6: abstract sockets, signals */

typedef struct Ruleset
{
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
} Ruleset;

typedef struct __attribute__((packed)) Beneath
{
	uint64_t allowed;
	int32_t parent_fd;
} Beneath;

/* All that this kernel can forbid. */
static Ruleset
everything(long abi)
{
	Ruleset all = {.files = MAKE_SYM | (MAKE_SYM - 1)};

	if (abi >= 2)
		all.files |= REFER;
	if (abi >= 3)
		all.files |= TRUNCATE;
	if (abi >= 4)
		all.network = CONNECT_TCP;
	if (abi >= 5)
		all.files |= IOCTL_DEV;
	if (abi >= 6)
		all.scoped = SCOPE_ALL;
	return all;
}

/* What is not there needs no rule. */
static bool
allow(int ruleset, const char *dir, uint64_t rights)
{
	Beneath rule = {.allowed = rights, .parent_fd = open(dir, O_PATH | O_CLOEXEC)};
	bool good;

	if (rule.parent_fd < 0)
		return errno == ENOENT;
	good = syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return good;
}

static bool
allow_path(int ruleset, const E3FortressPath *path, uint64_t known)
{
	uint64_t rights = READ_FILE | READ_DIR;
	char real[PATH_MAX];
	char dir[PATH_MAX];

	if (path->path[0] == '\0')
		return true;
	if (path->written)
		rights |= WRITE_FILE | REMOVE_FILE | MAKE_REG | MAKE_SOCK | TRUNCATE;
	rights &= known;
	e3_file_dir(path->path, dir);
	if (!allow(ruleset, dir, rights))
		return false;
	if (realpath(path->path, real) == NULL)
		return true;
	e3_file_dir(real, dir);
	return allow(ruleset, dir, rights);
}

bool
e3_kernel_close_paths(const E3FortressPath *paths, size_t n)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ABI_OF_KERNEL);
	const Ruleset all = everything(abi);
	int ruleset;
	bool good;

	if (abi < 1)
		return false;
	ruleset = (int) syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return false;
	good = allow(ruleset, "/etc", READ_FILE);
	for (size_t i = 0; good && i < n; i++)
		good = allow_path(ruleset, &paths[i], all.files);
	good = good && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return good;
}
