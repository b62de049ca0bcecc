/*
 * unit/aead_stream_test.c
 *	  AES-256-GCM in pieces and by several libraries: every way to the same
 *	  bytes, also when another thread goes on, and nothing read beyond its end.
 */
#include "e3_help.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/random.h"

#define LEN_MAX 70000
#define AAD_MAX 99
#define ROUNDS 150
#define LIBRARIES 2

static const char *const aeads[LIBRARIES] = {"openssl", "ipsec-mb"};

/* One of each library that there is. */
static E3Scratch *scratches[LIBRARIES];
static int n_scratches;

static int
set_up(void **state)
{
	(void) state;
	for (int i = 0; i < LIBRARIES; i++)
		if (help_choose(aeads[i], "openssl"))
			scratches[n_scratches++] = e3_scratch_new();
	for (int i = 0; i < n_scratches; i++)
		assert_non_null(scratches[i]);
	return n_scratches > 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	while (n_scratches > 0)
		e3_scratch_free(scratches[--n_scratches]);
	return 0;
}

static uint32_t
random_below(uint32_t bound)
{
	uint32_t number;

	assert_status(e3_random((uint8_t *) &number, sizeof(number)), EVW_OK);
	return number % bound;
}

/* One message of random bytes and random lengths. */
typedef struct Message
{
	uint8_t key[E3_AES_KEY_LEN];
	uint8_t iv[EVW_IV_LEN];
	uint8_t aad[AAD_MAX];
	size_t aad_len;
	uint8_t plain[LEN_MAX];
	size_t len;
	uint8_t sealed[LEN_MAX + EVW_TAG_LEN];
} Message;

static EvwBytes
aad_of(const Message *message)
{
	return (EvwBytes){message->aad, message->aad_len};
}

/* Short ones are most of what there is, so half of them are. */
static Message *
make_message(void)
{
	static Message message;

	assert_status(e3_random(message.key, sizeof(message.key)), EVW_OK);
	assert_status(e3_random(message.iv, sizeof(message.iv)), EVW_OK);
	assert_status(e3_random(message.aad, sizeof(message.aad)), EVW_OK);
	message.aad_len = random_below(AAD_MAX + 1);
	message.len = random_below(random_below(2) == 0 ? 300 : LEN_MAX + 1);
	assert_status(e3_random(message.plain, message.len), EVW_OK);
	return &message;
}

static void
seal_whole(E3Scratch *scratch, const Message *message, uint8_t *out)
{
	size_t split = message->len > 0 ? random_below((uint32_t) message->len) : 0;

	assert_status(e3_aead_set_key(scratch, message->key), EVW_OK);
	assert_status(e3_aead_seal(scratch, out, message->iv, aad_of(message),
							   (EvwBytes){message->plain, split},
							   (EvwBytes){message->plain + split, message->len - split}),
				  EVW_OK);
}

static void
libraries_make_the_same_bytes(void **state)
{
	static uint8_t out[LEN_MAX + EVW_TAG_LEN];

	(void) state;
	for (int round = 0; round < ROUNDS; round++)
	{
		Message *message = make_message();
		EvwBytes sealed = {message->sealed, message->len + EVW_TAG_LEN};

		seal_whole(scratches[0], message, message->sealed);
		for (int i = 0; i < n_scratches; i++)
		{
			seal_whole(scratches[i], message, out);
			assert_memory_equal(out, message->sealed, sealed.len);
			memset(out, 0, message->len);
			assert_status(e3_aead_open(scratches[i], out, message->iv, aad_of(message),
									   sealed),
						  EVW_OK);
			assert_memory_equal(out, message->plain, message->len);
		}
	}
}

/* A stream, and how far it has come. */
typedef struct Walk
{
	E3AeadStream *stream;
	const uint8_t *in;
	uint8_t *out;
	size_t at;
	size_t end;
} Walk;

/* Goes on to "end" in pieces of random lengths, none of them the same way. */
static void *
walk(void *arg)
{
	Walk *at = arg;

	while (at->at < at->end)
	{
		size_t left = at->end - at->at;
		size_t most = random_below(2) == 0 ? 40 : 20000;
		size_t len = random_below((uint32_t) (left < most ? left : most) + 1);

		if (e3_aead_stream_update(at->stream, at->out + at->at,
								  (EvwBytes){at->in + at->at, len}) != EVW_OK)
			return NULL;
		at->at += len;
	}
	return at;
}

/* Three stretches, each by a thread of its own. */
static void
walk_on_threads(Walk *at, size_t len)
{
	for (size_t i = 1; i <= 3; i++)
	{
		pthread_t thread;
		void *result;

		at->end = len * i / 3;
		assert_int_equal(pthread_create(&thread, NULL, walk, at), 0);
		assert_int_equal(pthread_join(thread, &result), 0);
		assert_ptr_equal(result, at);
	}
}

static void
stream_message(const E3Scratch *scratch, const Message *message)
{
	static uint8_t out[LEN_MAX];
	uint8_t tag[EVW_TAG_LEN];
	Walk at = {.in = message->plain, .out = out};

	assert_status(e3_aead_stream_begin(scratch, &at.stream, message->key, message->iv,
									   aad_of(message), E3_AEAD_SEAL),
				  EVW_OK);
	walk_on_threads(&at, message->len);
	assert_status(e3_aead_stream_tag(at.stream, tag), EVW_OK);
	e3_aead_stream_free(at.stream);
	assert_memory_equal(out, message->sealed, message->len);
	assert_memory_equal(tag, message->sealed + message->len, sizeof(tag));

	/* Back, in place. */
	at = (Walk){.in = out, .out = out};
	assert_status(e3_aead_stream_begin(scratch, &at.stream, message->key, message->iv,
									   aad_of(message), E3_AEAD_OPEN),
				  EVW_OK);
	walk_on_threads(&at, message->len);
	assert_status(e3_aead_stream_check(at.stream, tag), EVW_OK);
	e3_aead_stream_free(at.stream);
	assert_memory_equal(out, message->plain, message->len);
}

static void
pieces_make_the_same_bytes(void **state)
{
	(void) state;
	for (int round = 0; round < ROUNDS / 3; round++)
	{
		Message *message = make_message();

		seal_whole(scratches[0], message, message->sealed);
		for (int i = 0; i < n_scratches; i++)
			stream_message(scratches[i], message);
	}
}

/* A stream keeps its key whatever its scratch does meanwhile. */
static void
a_stream_does_not_need_its_scratch(void **state)
{
	static const uint8_t other[E3_AES_KEY_LEN] = {1};
	static uint8_t out[LEN_MAX + EVW_TAG_LEN];
	Message *message = make_message();

	(void) state;
	seal_whole(scratches[0], message, message->sealed);
	for (int i = 0; i < n_scratches; i++)
	{
		Walk at = {.in = message->plain, .out = out, .end = message->len};
		uint8_t iv[EVW_IV_LEN] = {0};

		assert_status(e3_aead_stream_begin(scratches[i], &at.stream, message->key,
										   message->iv, aad_of(message), E3_AEAD_SEAL),
					  EVW_OK);
		assert_status(e3_aead_set_key(scratches[i], other), EVW_OK);
		assert_status(e3_aead_seal(scratches[i], out, iv, (EvwBytes){NULL, 0},
								   (EvwBytes){NULL, 0}, (EvwBytes){iv, 12}),
					  EVW_OK);
		assert_ptr_equal(walk(&at), &at);
		assert_status(e3_aead_stream_tag(at.stream, out + message->len), EVW_OK);
		assert_memory_equal(out, message->sealed, message->len + EVW_TAG_LEN);
		e3_aead_stream_free(at.stream);
	}
	e3_aead_stream_free(NULL);
}

static EvwStatus
open_stream(const E3Scratch *scratch, const Message *message, const uint8_t *tag)
{
	static uint8_t out[LEN_MAX];
	E3AeadStream *stream;
	EvwStatus status;

	assert_status(e3_aead_stream_begin(scratch, &stream, message->key, message->iv,
									   aad_of(message), E3_AEAD_OPEN),
				  EVW_OK);
	assert_status(e3_aead_stream_update(stream, out,
										(EvwBytes){message->sealed, message->len}),
				  EVW_OK);
	status = e3_aead_stream_check(stream, tag);
	/* It has ended, whatever the answer. */
	assert_status(e3_aead_stream_check(stream, tag), EVW_CRYPTO_FAILED);
	e3_aead_stream_free(stream);
	return status;
}

static void
every_flipped_bit_of_a_tag_is_noticed(void **state)
{
	Message *message = make_message();
	uint8_t *tag = message->sealed + message->len;

	(void) state;
	seal_whole(scratches[0], message, message->sealed);
	for (int i = 0; i < n_scratches; i++)
	{
		for (int bit = 0; bit < 8 * EVW_TAG_LEN; bit++)
		{
			tag[bit / 8] ^= (uint8_t) (1 << bit % 8);
			assert_status(open_stream(scratches[i], message, tag), EVW_DOES_NOT_OPEN);
			tag[bit / 8] ^= (uint8_t) (1 << bit % 8);
		}
		assert_status(open_stream(scratches[i], message, tag), EVW_OK);
	}
}

static void
a_stream_ends_as_it_began(void **state)
{
	static const uint8_t key[E3_AES_KEY_LEN] = {9};
	static const uint8_t iv[EVW_IV_LEN] = {9};
	uint8_t bytes[20] = {7};
	uint8_t tag[EVW_TAG_LEN];
	E3AeadStream *stream;

	(void) state;
	for (int i = 0; i < n_scratches; i++)
	{
		assert_status(e3_aead_stream_begin(scratches[i], &stream, key, iv,
										   (EvwBytes){NULL, 0}, E3_AEAD_SEAL),
					  EVW_OK);
		assert_status(e3_aead_stream_check(stream, tag), EVW_CRYPTO_FAILED);
		/* What comes after the end is refused and wiped, in place too. */
		assert_status(e3_aead_stream_update(stream, bytes,
											(EvwBytes){bytes, sizeof(bytes)}),
					  EVW_CRYPTO_FAILED);
		for (size_t j = 0; j < sizeof(bytes); j++)
			assert_int_equal(bytes[j], 0);
		e3_aead_stream_free(stream);
		assert_status(e3_aead_stream_begin(scratches[i], &stream, key, iv,
										   (EvwBytes){NULL, 0}, E3_AEAD_OPEN),
					  EVW_OK);
		assert_status(e3_aead_stream_tag(stream, tag), EVW_CRYPTO_FAILED);
		e3_aead_stream_free(stream);
	}
}

/* The end of a page behind which nothing may be read or written. */
static uint8_t *
page_before_a_guard(void)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	uint8_t *at =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + page, page, PROT_NONE), 0);
	return at + page;
}

static void
release_page(uint8_t *end)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);

	assert_int_equal(munmap(end - page, 2 * page), 0);
}

/*
 * Vector code that reads whole registers must not do so beyond a short value:
 * it could be the last on its page.  Sanitizers do not see inside a library.
 */
static void
nothing_is_read_beyond_its_end(void **state)
{
	uint8_t *ends[6];
	uint8_t *key;
	uint8_t *iv;

	(void) state;
	for (int i = 0; i < 6; i++)
		ends[i] = page_before_a_guard();
	key = ends[0] - E3_AES_KEY_LEN;
	iv = ends[1] - EVW_IV_LEN;
	for (int i = 0; i < n_scratches; i++)
		for (size_t len = 0; len <= 300; len++)
		{
			EvwBytes aad = {ends[2] - len % 100, len % 100};
			EvwBytes plain = {ends[3] - len, len};
			uint8_t *sealed = ends[4] - len - EVW_TAG_LEN;
			uint8_t *opened = ends[5] - len;

			assert_status(e3_aead_set_key(scratches[i], key), EVW_OK);
			assert_status(e3_aead_seal(scratches[i], sealed, iv, aad, (EvwBytes){NULL, 0},
									   plain),
						  EVW_OK);
			assert_status(e3_aead_open(scratches[i], opened, iv, aad,
									   (EvwBytes){sealed, len + EVW_TAG_LEN}),
						  EVW_OK);
			assert_memory_equal(opened, plain.data, len);
		}
	for (int i = 0; i < 6; i++)
		release_page(ends[i]);
}

/* Where streams keep their keys is not endless; then they are refused by name. */
static void
a_full_arena_refuses_streams(void **state)
{
	static const uint8_t key[E3_AES_KEY_LEN];
	enum
	{
		PIECES = 64
	};
	void *pieces[PIECES];
	size_t n = 0;

	(void) state;
	/* Halves of what is left, down to less than any key schedule. */
	for (size_t len = 1 << 20; len > 512 && n < PIECES; len /= 2)
		while (n < PIECES && (pieces[n] = e3_secret_alloc(len)) != NULL)
			n++;
	for (int i = 0; i < n_scratches; i++)
	{
		E3AeadStream *stream;
		EvwStatus status = e3_aead_stream_begin(scratches[i], &stream, key, key,
												(EvwBytes){NULL, 0}, E3_AEAD_SEAL);

		/* OpenSSL's are elsewhere. */
		assert_status(status, i == 0 ? EVW_OK : EVW_OUT_OF_MEMORY);
		assert_true((stream != NULL) == (status == EVW_OK));
		e3_aead_stream_free(stream);
	}
	while (n > 0)
		e3_secret_free(pieces[--n], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libraries_make_the_same_bytes),
		cmocka_unit_test(pieces_make_the_same_bytes),
		cmocka_unit_test(a_stream_does_not_need_its_scratch),
		cmocka_unit_test(every_flipped_bit_of_a_tag_is_noticed),
		cmocka_unit_test(a_stream_ends_as_it_began),
		cmocka_unit_test(nothing_is_read_beyond_its_end),
		cmocka_unit_test(a_full_arena_refuses_streams),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
