/*
 * unit/forward_test.c
 *	  The enclave's way to its KMS, over Unix sockets: what is handed on, how far, and
 *	  that it ends.
 */
#include "e3_help.h"

#include "image/forward.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* Enough for all but what is to be too slow. */
#define PATIENCE_MS 60000
#define SOON_MS 50

#define BYTES_MOST 100000

typedef struct Way
{
	char dir[PATH_MAX];
	struct sockaddr_un near; /* where E3 connects */
	struct sockaddr_un far;
	int far_listener;
	E3Forward forward;
	int listener;
	pthread_t thread;
	E3ForwardEnd end;
} Way;

static struct sockaddr_un
address_of(const Way *way, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len =
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", way->dir, name);

	assert_in_range(len, 1, sizeof(address.sun_path) - 1);
	return address;
}

static int
listen_at(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *) address, sizeof(*address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int
set_up(void **state)
{
	Way *way = calloc(1, sizeof(*way));

	help_make_dir(way->dir);
	way->near = address_of(way, "near");
	way->far = address_of(way, "far");
	way->listener = listen_at(&way->near);
	way->far_listener = listen_at(&way->far);
	way->forward = (E3Forward){.to = (const struct sockaddr *) &way->far,
							   .to_len = sizeof(way->far),
							   .wait_ms = PATIENCE_MS,
							   .talk_ms = PATIENCE_MS,
							   .bytes_most = BYTES_MOST};
	*state = way;
	return 0;
}

static int
tear_down(void **state)
{
	Way *way = *state;

	close(way->far_listener);
	free(way);
	return 0;
}

static void *
run(void *argument)
{
	Way *way = argument;

	way->end = e3_forward_once(way->listener, &way->forward);
	return NULL;
}

static void
start(Way *way)
{
	assert_int_equal(pthread_create(&way->thread, NULL, run, way), 0);
}

/* Waits until it has ended: in this way. */
static void
assert_end(Way *way, E3ForwardEnd end)
{
	assert_int_equal(pthread_join(way->thread, NULL), 0);
	assert_string_equal(e3_forward_text(way->end), e3_forward_text(end));
}

/* -1, with errno, if nobody listens there. */
static int
try_connect(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Both ends of a way that leads there. */
static void
open_both(Way *way, int *near, int *far)
{
	start(way);
	*near = try_connect(&way->near);
	assert_true(*near >= 0);
	*far = accept(way->far_listener, NULL, NULL);
	assert_true(*far >= 0);
}

/* Bytes that differ from their neighbours, so that none is lost, doubled or moved. */
static void
put(int fd, size_t len)
{
	uint8_t *bytes = malloc(len);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t) (i * 7 + i / 251);
	for (size_t at = 0; at < len;)
	{
		ssize_t n = send(fd, bytes + at, len - at, MSG_NOSIGNAL);

		assert_true(n > 0);
		at += (size_t) n;
	}
	free(bytes);
}

/* Takes that many of them. */
static void
assert_gets(int fd, size_t len)
{
	for (size_t at = 0; at < len;)
	{
		uint8_t bytes[1000];
		ssize_t n =
			recv(fd, bytes, len - at < sizeof(bytes) ? len - at : sizeof(bytes), 0);

		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++, at++)
			assert_int_equal(bytes[i], (uint8_t) (at * 7 + at / 251));
	}
}

/* No more comes. */
static void
assert_closed(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

/* Many times what its buffer has, in both directions at once. */
static void
question_and_answer(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(near, 30000);
	put(far, 20000);
	assert_gets(near, 20000);
	assert_gets(far, 30000);
	put(near, 1);
	assert_gets(far, 1);
	close(near);
	assert_closed(far);
	assert_end(way, E3_FORWARD_DONE);
	close(far);
}

/* Who closes right after the last byte: that byte arrives. */
static void
near_closes(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(near, 50000);
	close(near);
	assert_gets(far, 50000);
	assert_closed(far);
	assert_end(way, E3_FORWARD_DONE);
	close(far);
}

/* E3 hears of it, and may still say something. */
static void
far_says_no_more(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(far, 10);
	assert_int_equal(shutdown(far, SHUT_WR), 0);
	assert_gets(near, 10);
	assert_closed(near);
	put(near, 10);
	assert_gets(far, 10);
	close(near);
	assert_closed(far);
	assert_end(way, E3_FORWARD_DONE);
	close(far);
}

/* A farewell of E3's that nobody takes any more is no matter. */
static void
far_closes(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(near, 10);
	assert_gets(far, 10);
	put(far, 10);
	close(far);
	assert_gets(near, 10);
	assert_closed(near);
	put(near, 10);
	assert_end(way, E3_FORWARD_DONE);
	close(near);
}

static void
far_breaks_off(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(near, 10);
	assert_gets(far, 9);
	close(far);
	assert_closed(near);
	assert_end(way, E3_FORWARD_BROKEN);
	close(near);
}

/* Not a byte of E3's is taken before the other side is there, and nobody else gets in. */
static void
one_connection(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(far, 1);
	assert_gets(near, 1);
	assert_int_equal(try_connect(&way->near), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(near);
	assert_end(way, E3_FORWARD_DONE);
	assert_int_equal(try_connect(&way->near), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(far);
}

/* At the limit, and one byte more, in either direction. */
static void
limits(void **state)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(near, BYTES_MOST - 1);
	assert_gets(far, BYTES_MOST - 1);
	put(far, BYTES_MOST);
	assert_gets(near, BYTES_MOST);
	close(near);
	assert_closed(far);
	assert_end(way, E3_FORWARD_DONE);
	close(far);
}

static void
too_much(void **state, bool out)
{
	Way *way = *state;
	int near;
	int far;

	open_both(way, &near, &far);
	put(out ? near : far, BYTES_MOST + 1);
	assert_gets(out ? far : near, BYTES_MOST);
	assert_closed(out ? far : near);
	assert_end(way, E3_FORWARD_LONG);
	close(near);
	close(far);
}

static void
too_much_out(void **state)
{
	too_much(state, true);
}

static void
too_much_back(void **state)
{
	too_much(state, false);
}

/* Both sides wait: for the other, or for room in a socket. */
static void
far_hangs(void **state)
{
	Way *way = *state;
	int near;
	int far;

	way->forward.talk_ms = SOON_MS;
	open_both(way, &near, &far);
	put(near, 10);
	assert_end(way, E3_FORWARD_SLOW);
	assert_closed(near);
	assert_gets(far, 10);
	assert_closed(far);
	close(near);
	close(far);
}

/* Room runs out on the whole way. */
static void
far_takes_nothing(void **state)
{
	Way *way = *state;
	static const char bytes[65536];
	int near;
	int far;

	way->forward.talk_ms = SOON_MS;
	way->forward.bytes_most = SIZE_MAX;
	open_both(way, &near, &far);
	while (send(near, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
	assert_end(way, E3_FORWARD_SLOW);
	close(near);
	close(far);
}

static void
nobody_comes(void **state)
{
	Way *way = *state;

	way->forward.wait_ms = SOON_MS;
	start(way);
	assert_end(way, E3_FORWARD_NOBODY);
	assert_int_equal(try_connect(&way->near), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

static void
no_way(void **state)
{
	Way *way = *state;
	int near;

	assert_int_equal(unlink(way->far.sun_path), 0);
	start(way);
	near = try_connect(&way->near);
	assert_true(near >= 0);
	assert_closed(near);
	assert_end(way, E3_FORWARD_NO_WAY);
	close(near);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(question_and_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(near_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_says_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_breaks_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_much_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_much_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_takes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_way, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
