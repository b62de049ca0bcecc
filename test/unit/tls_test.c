/*
 * unit/tls_test.c
 *	  E3's end of TLS over a socket pair, against a client of the library's own.
 */
#include "tls_help.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
the_certificate_says_who_it_is(void **state)
{
	TlsPair *pair = *state;
	char text[E3_IDENTITY_TEXT_MAX];

	assert_string_equal(e3_identity_text(&pair->peer, text), "dns:" TLS_HELP_NAME);
	assert_string_equal(SSL_get_version(pair->client), "TLSv1.3");
}

static void
contexts_are_equal_by_their_files(void **state)
{
	TlsPair *pair = *state;
	E3TlsContext *same = help_tls_load(pair->dir);
	E3TlsContext *other;

	assert_true(e3_tls_context_equal(pair->context, same));
	help_tls_certs(pair->dir);
	other = help_tls_load(pair->dir);
	assert_false(e3_tls_context_equal(pair->context, other));
	e3_tls_context_release(other);
	e3_tls_context_release(same);
}

#define LONG 100000

/* What E3 writes, however little the socket takes, the client reads. */
static void
bytes_go_out_in_order(void **state)
{
	TlsPair *pair = *state;
	uint8_t *out = malloc(LONG);
	uint8_t *in = malloc(LONG);
	size_t sent = 0;
	size_t came = 0;

	for (size_t i = 0; i < LONG; i++)
		out[i] = (uint8_t) (i * 31 >> 3);
	while (came < LONG)
	{
		/* In two parts, the second of which must not overtake. */
		size_t first = sent < LONG / 3 ? LONG / 3 - sent : 0;
		const struct iovec parts[] = {{out + sent, first},
									  {out + sent + first, LONG - sent - first}};
		ssize_t now = pair->e3.ops->write(&pair->e3, parts, 2);
		size_t got = 0;

		assert_true(now >= 0);
		sent += (size_t) now;
		while (came < LONG &&
			   SSL_read_ex(pair->client, in + came, LONG - came, &got) == 1)
			came += got;
	}
	assert_int_equal(sent, LONG);
	assert_memory_equal(in, out, LONG);
	free(in);
	free(out);
}

/* The client's bytes, read in small pieces: what the library holds is pending. */
static void
what_is_read_ahead_is_pending(void **state)
{
	TlsPair *pair = *state;
	char text[1000] = "x";
	char piece[100];
	size_t done;

	assert_int_equal(SSL_write_ex(pair->client, text, sizeof(text), &done), 1);
	for (int i = 0; i < 9; i++)
	{
		assert_int_equal(pair->e3.ops->read(&pair->e3, piece, sizeof(piece)),
						 sizeof(piece));
		assert_true(pair->e3.ops->pending(&pair->e3));
	}
	assert_int_equal(pair->e3.ops->read(&pair->e3, piece, sizeof(piece)), sizeof(piece));
	assert_false(pair->e3.ops->pending(&pair->e3));
	assert_int_equal(pair->e3.ops->read(&pair->e3, piece, sizeof(piece)), E3_IO_LATER);
}

/* The client asks for new keys, and takes the answer; what E3 says to that. */
static ssize_t
update_keys(TlsPair *pair)
{
	char nowhere[16];
	size_t done;
	ssize_t result;

	assert_int_equal(SSL_key_update(pair->client, SSL_KEY_UPDATE_REQUESTED), 1);
	assert_int_equal(SSL_do_handshake(pair->client), 1);
	/* Once for the question, once for the answer. */
	result = pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere));
	if (result == E3_IO_LATER)
		result = pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere));
	(void) SSL_read_ex(pair->client, nowhere, sizeof(nowhere), &done);
	return result;
}

/* How many E3 puts up with. */
static int
count_updates(TlsPair *pair)
{
	int count = 0;

	while (update_keys(pair) == E3_IO_LATER)
		assert_true(++count < 100);
	return count;
}

static void
a_flood_of_key_updates_is_ended(void **state)
{
	TlsPair *pair = *state;

	assert_int_equal(count_updates(pair), 16);
}

static void
keys_may_change_for_much_data(void **state)
{
	static char text[16384];
	TlsPair *pair = *state;
	size_t came = 0;
	size_t done;

	while (came < (4 << 20))
	{
		ssize_t got;

		(void) SSL_write_ex(pair->client, text, sizeof(text), &done);
		while ((got = pair->e3.ops->read(&pair->e3, text, sizeof(text))) > 0)
			came += (size_t) got;
		assert_int_equal(got, E3_IO_LATER);
	}
	/* What is still on its way. */
	while (SSL_write_ex(pair->client, text, sizeof(text), &done) != 1)
		while (pair->e3.ops->read(&pair->e3, text, sizeof(text)) > 0)
			;
	while (pair->e3.ops->read(&pair->e3, text, sizeof(text)) > 0)
		;
	assert_int_equal(count_updates(pair), 16 + 4);
}

static void
an_end_is_an_end_with_and_without_a_word(void **state)
{
	TlsPair *pair = *state;
	char nowhere[16];

	close(pair->client_fd);
	pair->client_fd = -1;
	assert_int_equal(pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere)), E3_IO_GONE);
}

static void
what_was_changed_on_the_way_is_refused(void **state)
{
	TlsPair *pair = *state;
	char record[4096];
	char nowhere[16];
	ssize_t len;
	size_t done;

	/* E3's own record, back to E3: not under the client's key. */
	assert_int_equal(pair->e3.ops->write(&pair->e3, &(struct iovec){"hello", 5}, 1), 5);
	len = read(pair->client_fd, record, sizeof(record));
	assert_true(len > 5);
	assert_int_equal(write(pair->client_fd, record, (size_t) len), len);
	assert_int_equal(pair->e3.ops->read(&pair->e3, nowhere, sizeof(nowhere)), E3_IO_GONE);
	/* It was told so. */
	assert_int_equal(SSL_read_ex(pair->client, nowhere, sizeof(nowhere), &done), 0);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, help_tls_set_up, help_tls_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_certificate_says_who_it_is),
		TEST(contexts_are_equal_by_their_files),
		TEST(bytes_go_out_in_order),
		TEST(what_is_read_ahead_is_pending),
		TEST(a_flood_of_key_updates_is_ended),
		TEST(keys_may_change_for_much_data),
		TEST(an_end_is_an_end_with_and_without_a_word),
		TEST(what_was_changed_on_the_way_is_refused),
	};

	/* As E3 does. */
	(void) signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
