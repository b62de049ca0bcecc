/*
 * unit/failing_net_test.c
 *	  Calls that fail while E3 listens, accepts and shakes hands: each is noticed, and no
 *	  descriptor and no socket file is left.
 */
#include "e3_help.h"

#include "failing.h"
#include "net/inet.h"
#include "net/listener.h"
#include "tls/link.h"
#include "tls_help.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A client that has connected to whatever this listens at. */
static int
connect_to(int listener)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int client;

	failing_pause();
	assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &len), 0);
	client = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *) &address, len), 0);
	failing_resume();
	return client;
}

static bool
listen_at_path(void *context)
{
	const char *path = context;
	struct stat info;
	E3Identity peer = {0};
	int fd = -1;
	int client;
	int accepted;

	if (e3_listener_open(path, 0600, &fd) != EVW_OK)
	{
		assert_int_equal(fd, -1);
		assert_int_equal(stat(path, &info), -1);
		return false;
	}
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	client = connect_to(fd);
	accepted = e3_listener_accept(fd, &peer);
	close(client);
	close(fd);
	assert_int_equal(unlink(path), 0);
	if (accepted < 0)
		return false;
	close(accepted);
	assert_int_equal(peer.kind, E3_IDENTITY_UID);
	assert_int_equal(peer.uid, geteuid());
	return true;
}

static bool
listen_at_port(void *context)
{
	const EvwEndpoint endpoint = {.kind = EVW_ENDPOINT_TLS,
								  .host = "127.0.0.1",
								  .text = "tls://127.0.0.1:0"};
	int fd = -1;
	int client;
	int accepted;

	(void) context;
	if (e3_inet_listen(&endpoint, &fd) != EVW_OK)
	{
		assert_int_equal(fd, -1);
		return false;
	}
	client = connect_to(fd);
	accepted = e3_inet_accept(fd);
	close(client);
	close(fd);
	if (accepted >= 0)
		close(accepted);
	return accepted >= 0;
}

/* No descriptor of before is another one's afterwards. */
static int
lowest_free(void)
{
	int fd = dup(STDIN_FILENO);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static void
every_call_of_listening_may_fail(void **state)
{
	int before = lowest_free();

	(void) state;
	/* A socket whose buffer is small is one all the same. */
	assert_true(failing_each(listen_at_path, (void *) help_path(help_dir, "e3.sock", 0),
							 "setsockopt") > 6);
	/* Neither is what cannot be said in the log. */
	assert_true(failing_each(listen_at_port, NULL, "write") > 9);
	assert_int_equal(lowest_free(), before);
}

static void
nobody_waits_to_be_accepted(void **state)
{
	E3Identity peer;
	int fd;

	(void) state;
	assert_status(e3_listener_open(help_path(help_dir, "e3.sock", 0), 0600, &fd), EVW_OK);
	assert_int_equal(e3_listener_accept(fd, &peer), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(e3_inet_accept(fd), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(e3_vsock_accept(fd, &peer), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void
a_port_that_is_taken_and_a_name_are_refused(void **state)
{
	EvwEndpoint endpoint = {.kind = EVW_ENDPOINT_TLS,
							.host = "127.0.0.1",
							.text = "tls://127.0.0.1:0"};
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int first = -1;
	int second = -1;

	(void) state;
	assert_status(e3_inet_listen(&endpoint, &first), EVW_OK);
	assert_int_equal(getsockname(first, (struct sockaddr *) &address, &len), 0);
	endpoint.port = ntohs(address.sin_port);
	assert_status(e3_inet_listen(&endpoint, &second), EVW_CONFIG);
	(void) snprintf(endpoint.host, sizeof(endpoint.host), "localhost");
	assert_status(e3_inet_listen(&endpoint, &second), EVW_CONFIG);
	assert_int_equal(second, -1);
	close(first);
}

/* ---- TLS ---- */

typedef struct Ends
{
	E3TlsContext *server;
	E3TlsContext *client;
} Ends;

static E3TlsContext *
load_client(void)
{
	const E3TlsFiles files = help_tls_files(help_dir, "client");
	char cause[E3_TLS_CAUSE_MAX];
	E3TlsContext *context = e3_tls_context_new_client(&files, cause);

	if (context == NULL)
		fail_msg("%s", cause);
	return context;
}

/* True when both ends are done. */
static bool
shake_hands(E3TlsLink *server, E3TlsLink *client)
{
	E3TlsStep steps[2] = {E3_TLS_WANTS_READ, E3_TLS_WANTS_READ};
	E3Identity peer;

	for (int i = 0; i < 100; i++)
	{
		if (steps[0] != E3_TLS_DONE)
			steps[0] = e3_tls_link_handshake(client, NULL);
		if (steps[1] != E3_TLS_DONE)
			steps[1] = e3_tls_link_handshake(server, &peer);
		if (steps[0] == E3_TLS_FAILED || steps[1] == E3_TLS_FAILED)
			return false;
		if (steps[0] == E3_TLS_DONE && steps[1] == E3_TLS_DONE)
			return true;
	}
	return false;
}

static bool
link_both(void *context)
{
	const Ends *ends = context;
	uint8_t ours[32] = {1};
	uint8_t theirs[32] = {2};
	E3TlsLink *server;
	E3TlsLink *client;
	int fds[2];
	bool good;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	server = e3_tls_link_new(ends->server, fds[0]);
	client = e3_tls_link_new_client(ends->client, fds[1], "localhost");
	good = server != NULL && client != NULL && shake_hands(server, client) &&
		   e3_tls_link_export(server, "label", ours, sizeof(ours)) &&
		   e3_tls_link_export(client, "label", theirs, sizeof(theirs)) &&
		   memcmp(ours, theirs, sizeof(ours)) == 0;
	e3_tls_link_free(client);
	e3_tls_link_free(server);
	close(fds[0]);
	close(fds[1]);
	return good;
}

static void
every_call_of_links_may_fail(void **state)
{
	Ends ends = {help_tls_load(help_dir), load_client()};

	(void) state;
	assert_true(failing_each(link_both, &ends, "") > 6);
	e3_tls_context_release(ends.client);
	e3_tls_context_release(ends.server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_listening_may_fail),
		cmocka_unit_test(nobody_waits_to_be_accepted),
		cmocka_unit_test(a_port_that_is_taken_and_a_name_are_refused),
		cmocka_unit_test(every_call_of_links_may_fail),
	};

	return cmocka_run_group_tests(tests, help_arena_and_certs, NULL);
}
