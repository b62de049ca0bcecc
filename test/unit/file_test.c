/*
 * unit/file_test.c
 *	  Reading files that nobody else may read, creating files where there is none,
 *	  and replacing them whole.
 */
#include "e3_help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"

static E3FileResult
read_with(const char *path, E3FileRule rule, size_t max)
{
	E3FileResult result;
	EvwBuf buf;

	e3_buf_init(&buf);
	result = e3_file_read(path, rule, max, &buf);
	e3_buf_release(&buf);
	return result;
}

static void
a_private_file_is_read_by_its_owner(void **state)
{
	const char *path = help_path(help_dir, "private", 0);
	EvwBuf buf;

	(void) state;
	help_write_file(path, "secret", 6, 0600);
	e3_buf_init(&buf);
	assert_int_equal(e3_file_read(path, E3_FILE_PRIVATE, 6, &buf), E3_FILE_OK);
	assert_int_equal(buf.len, 6);
	assert_memory_equal(buf.data, "secret", 6);
	e3_buf_release(&buf);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(read_with(path, E3_FILE_PRIVATE, 6), E3_FILE_OK);
}

/* Every permission that others or the group could have. */
static void
a_file_that_others_may_use_is_refused(void **state)
{
	const char *path = help_path(help_dir, "shared", 0);

	(void) state;
	help_write_file(path, "secret", 6, 0600);
	for (int bit = 1; bit < 0100; bit <<= 1)
	{
		bool roots_credential = geteuid() == 0 && bit == 040;

		assert_int_equal(chmod(path, (mode_t) (0600 | bit)), 0);
		assert_int_equal(read_with(path, E3_FILE_PRIVATE, 6), E3_FILE_SHARED);
		assert_int_equal(read_with(path, E3_FILE_CREDENTIAL, 6),
						 roots_credential ? E3_FILE_OK : E3_FILE_SHARED);
		assert_int_equal(read_with(path, E3_FILE_TRUSTED, 6),
						 bit & 022 ? E3_FILE_SHARED : E3_FILE_OK);
		assert_int_equal(read_with(path, E3_FILE_ANY, 6), E3_FILE_OK);
	}
}

static void
a_credential_of_group_root_is_roots_alone(void **state)
{
	const char *path = help_path(help_dir, "credential", 0);

	(void) state;
	if (geteuid() != 0)
	{
		print_message("skipped: only root can give files away\n");
		skip();
	}
	help_write_file(path, "secret", 6, 0440);
	assert_int_equal(read_with(path, E3_FILE_CREDENTIAL, 6), E3_FILE_OK);
	assert_int_equal(read_with(path, E3_FILE_PRIVATE, 6), E3_FILE_SHARED);
	assert_int_equal(chown(path, 0, 65534), 0);
	assert_int_equal(read_with(path, E3_FILE_CREDENTIAL, 6), E3_FILE_SHARED);
	assert_int_equal(read_with(path, E3_FILE_TRUSTED, 6), E3_FILE_OK);
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(read_with(path, E3_FILE_CREDENTIAL, 6), E3_FILE_SHARED);
	assert_int_equal(read_with(path, E3_FILE_TRUSTED, 6), E3_FILE_SHARED);
}

static void
only_a_regular_file_is_a_file(void **state)
{
	const char *path = help_path(help_dir, "target", 0);
	const char *link = help_path(help_dir, "link", 1);
	const char *fifo = help_path(help_dir, "fifo", 2);

	(void) state;
	help_write_file(path, "secret", 6, 0600);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(read_with(link, E3_FILE_PRIVATE, 6), E3_FILE_SHARED);
	assert_int_equal(read_with(link, E3_FILE_ANY, 6), E3_FILE_OK);
	assert_int_equal(read_with(link, E3_FILE_TRUSTED, 6), E3_FILE_OK);
	assert_int_equal(read_with(fifo, E3_FILE_TRUSTED, 6), E3_FILE_SHARED);
	assert_int_equal(read_with(fifo, E3_FILE_PRIVATE, 6), E3_FILE_SHARED);
	assert_int_equal(read_with(help_dir, E3_FILE_PRIVATE, 6), E3_FILE_SHARED);
	assert_int_equal(read_with(help_path(help_dir, "none", 3), E3_FILE_PRIVATE, 6),
					 E3_FILE_MISSING);
}

static void
a_file_has_its_limit(void **state)
{
	const char *path = help_path(help_dir, "long", 0);

	(void) state;
	help_write_file(path, "1234567", 7, 0600);
	assert_int_equal(read_with(path, E3_FILE_PRIVATE, 7), E3_FILE_OK);
	assert_int_equal(read_with(path, E3_FILE_PRIVATE, 6), E3_FILE_TOO_LONG);
}

static void
expect_content(const char *path, const char *text)
{
	char *content = help_file(path);

	assert_string_equal(content, text);
	free(content);
}

static void
a_file_is_replaced_whole_and_0600(void **state)
{
	const char *path = help_path(help_dir, "replaced", 0);
	const char *left = help_path(help_dir, "replaced.new", 1);
	struct stat info;

	(void) state;
	help_write_file(left, "left by a writer that was killed", 32, 0644);
	assert_int_equal(e3_file_replace(path, BYTES("first")), E3_FILE_OK);
	expect_content(path, "first");
	assert_int_equal(e3_file_replace(path, BYTES("second")), E3_FILE_OK);
	expect_content(path, "second");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(access(left, F_OK), -1);
}

static void
a_new_file_belongs_to_whom_the_old_one_did(void **state)
{
	const char *path = help_path(help_dir, "owned", 0);
	const char *fresh = help_path(help_dir, "fresh", 1);
	struct stat info;

	(void) state;
	if (geteuid() != 0)
	{
		print_message("skipped: only root can give files away\n");
		skip();
	}
	help_write_file(path, "old", 3, 0600);
	assert_int_equal(chown(path, 1234, 2345), 0);
	assert_int_equal(e3_file_replace(path, BYTES("new")), E3_FILE_OK);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_uid, 1234);
	assert_int_equal(info.st_gid, 2345);
	assert_int_equal(chown(help_dir, 3456, 4567), 0);
	assert_int_equal(e3_file_replace(fresh, BYTES("new")), E3_FILE_OK);
	assert_int_equal(chown(help_dir, 0, 0), 0);
	assert_int_equal(stat(fresh, &info), 0);
	assert_int_equal(info.st_uid, 3456);
	assert_int_equal(info.st_gid, 4567);
}

/* Runs "write" where no file may be longer than 4 bytes. */
static void
expect_too_big(E3FileResult (*write)(const char *path, EvwBytes bytes), const char *path)
{
	struct rlimit before;
	struct rlimit small;
	E3FileResult result;
	int error;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){4, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	result = write(path, BYTES("longer than that"));
	error = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, E3_FILE_IO);
	assert_int_equal(error, EFBIG);
}

static void
a_failed_write_leaves_the_old_file(void **state)
{
	const char *path = help_path(help_dir, "kept", 0);

	(void) state;
	assert_int_equal(e3_file_replace(path, BYTES("old")), E3_FILE_OK);
	expect_too_big(e3_file_replace, path);
	expect_content(path, "old");
	assert_int_equal(access(help_path(help_dir, "kept.new", 1), F_OK), -1);
}

static void
expect_exists(const char *path)
{
	errno = 0;
	assert_int_equal(e3_file_create(path, BYTES("new")), E3_FILE_IO);
	assert_int_equal(errno, EEXIST);
}

static void
a_file_is_created_where_there_is_none(void **state)
{
	const char *path = help_path(help_dir, "created", 0);
	const char *beside = help_path(help_dir, "created.new", 1);
	const char *link = help_path(help_dir, "dangling", 2);
	struct stat info;

	(void) state;
	help_write_file(beside, "of somebody else", 16, 0644);
	assert_int_equal(e3_file_create(path, BYTES("first")), E3_FILE_OK);
	expect_exists(path);
	expect_content(path, "first");
	expect_content(beside, "of somebody else");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(symlink(help_path(help_dir, "nowhere", 3), link), 0);
	expect_exists(link);
	assert_int_equal(access(help_path(help_dir, "nowhere", 3), F_OK), -1);
	expect_exists(help_dir);
	assert_int_equal(unlink(beside), 0);
}

static void
a_failed_creation_leaves_nothing(void **state)
{
	const char *path = help_path(help_dir, "gone", 0);

	(void) state;
	expect_too_big(e3_file_create, path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(e3_file_create(path, BYTES("fits")), E3_FILE_OK);
}

static void
expect_owner(int fd, uid_t uid)
{
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_uid, uid);
}

/* Whoever owns a folder can link a file of somebody else into it. */
static void
a_file_of_two_names_is_not_given_away(void **state)
{
	const char *path = help_path(help_dir, "given", 0);
	const char *other = help_path(help_dir, "given.too", 1);
	bool root = geteuid() == 0;
	int folder = open(help_dir, O_PATH | O_DIRECTORY);
	int fd;

	(void) state;
	help_write_file(path, "", 0, 0600);
	fd = open(path, O_PATH | O_NOFOLLOW);
	assert_true(fd >= 0 && folder >= 0);
	assert_int_equal(link(path, other), 0);
	assert_true(e3_file_give(fd, geteuid(), getegid()));
	assert_false(e3_file_give(fd, 1234, 2345));
	assert_int_equal(errno, EMLINK);
	expect_owner(fd, geteuid());
	assert_int_equal(unlink(other), 0);
	assert_int_equal(e3_file_give(fd, 1234, 2345), root);
	expect_owner(fd, root ? 1234 : geteuid());
	/* A folder has more than one link by nature. */
	assert_int_equal(e3_file_give(folder, 1234, 2345), root);
	expect_owner(folder, root ? 1234 : geteuid());
	assert_true(!root || e3_file_give(folder, 0, 0));
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(folder), 0);
}

static void
a_missing_folder_is_an_error(void **state)
{
	(void) state;
	assert_int_equal(e3_file_replace(help_path(help_dir, "none/file", 0), BYTES("x")),
					 E3_FILE_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(e3_file_create(help_path(help_dir, "none/file", 0), BYTES("x")),
					 E3_FILE_IO);
	assert_int_equal(errno, ENOENT);
}

static void
a_path_has_a_folder(void **state)
{
	static const char *const pairs[][2] = {{"/a/b/c", "/a/b"},
										   {"/a", "/"},
										   {"a", "."},
										   {"a/b", "a"},
										   {"/a/b/", "/a"}};
	char folder[PATH_MAX];

	(void) state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
	{
		e3_file_dir(pairs[i][0], folder);
		assert_string_equal(folder, pairs[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_private_file_is_read_by_its_owner),
		cmocka_unit_test(a_file_that_others_may_use_is_refused),
		cmocka_unit_test(a_credential_of_group_root_is_roots_alone),
		cmocka_unit_test(only_a_regular_file_is_a_file),
		cmocka_unit_test(a_file_has_its_limit),
		cmocka_unit_test(a_file_is_replaced_whole_and_0600),
		cmocka_unit_test(a_new_file_belongs_to_whom_the_old_one_did),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(a_file_is_created_where_there_is_none),
		cmocka_unit_test(a_failed_creation_leaves_nothing),
		cmocka_unit_test(a_file_of_two_names_is_not_given_away),
		cmocka_unit_test(a_missing_folder_is_an_error),
		cmocka_unit_test(a_path_has_a_folder),
	};

	return cmocka_run_group_tests(tests, help_arena_and_dir, NULL);
}
