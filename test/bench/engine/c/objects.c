/*
 * engine/c/objects.c
 *	  A model of what E3/1 does not do: each value a MessagePack object of its own.
 *
 * usage: objects SECONDS
 *
 * What the server has to do with the frames of one request: take 4,096 values of 32
 * bytes from one, put as many of 100 bytes into another.  "objects": each is a bin,
 * read by msgpack-c one after the other (msgpack_unpacker_next) and copied, then
 * packed.  "columns": as E3/1 has it, one bin of bytes and one of lengths.  Prints
 * nanoseconds a value.
 */
#include "loop.h"

#include <msgpack.h>
#include <string.h>

#define VALUES 4096
#define IN_LEN 32
#define OUT_LEN 100

typedef struct Codec
{
	msgpack_sbuffer request; /* as it came */
	msgpack_sbuffer reply;
	msgpack_unpacker unpacker;
	uint8_t value[OUT_LEN];
	uint8_t taken[VALUES * IN_LEN]; /* where the work would be done */
} Codec;

static void
pack_bin(msgpack_packer *packer, const void *bytes, size_t len)
{
	loop_need(msgpack_pack_bin(packer, len) == 0 &&
				  msgpack_pack_bin_body(packer, bytes, len) == 0,
			  "packing");
}

static void
read_objects(Codec *codec)
{
	msgpack_unpacked object;

	loop_need(msgpack_unpacker_reserve_buffer(&codec->unpacker, codec->request.size),
			  "memory");
	memcpy(msgpack_unpacker_buffer(&codec->unpacker), codec->request.data,
		   codec->request.size);
	msgpack_unpacker_buffer_consumed(&codec->unpacker, codec->request.size);
	msgpack_unpacked_init(&object);
	for (size_t i = 0; i < VALUES; i++)
	{
		loop_need(msgpack_unpacker_next(&codec->unpacker, &object) ==
					  MSGPACK_UNPACK_SUCCESS,
				  "unpacking");
		memcpy(codec->taken + i * IN_LEN, object.data.via.bin.ptr, IN_LEN);
	}
	msgpack_unpacked_destroy(&object);
}

static void
objects(void *state)
{
	Codec *codec = state;
	msgpack_packer packer;

	read_objects(codec);
	msgpack_sbuffer_clear(&codec->reply);
	msgpack_packer_init(&packer, &codec->reply, msgpack_sbuffer_write);
	for (int i = 0; i < VALUES; i++)
		pack_bin(&packer, codec->value, OUT_LEN);
}

/* Values are worked on where they lie; each is put into the reply by itself. */
static void
columns(void *state)
{
	Codec *codec = state;
	uint8_t *out;
	uint8_t *lengths;

	msgpack_sbuffer_clear(&codec->reply);
	out = (uint8_t *) codec->reply.data;
	lengths = out + VALUES * OUT_LEN;
	for (int i = 0; i < VALUES; i++)
	{
		uint32_t length = OUT_LEN;

		memcpy(codec->taken + i * IN_LEN, codec->request.data + i * IN_LEN, IN_LEN);
		memcpy(out + i * OUT_LEN, codec->value, OUT_LEN);
		memcpy(lengths + i * 4, &length, 4);
	}
}

int
main(int argc, char **argv)
{
	static Codec codec;
	msgpack_packer packer;

	loop_need(argc == 2, "usage: objects SECONDS");
	msgpack_sbuffer_init(&codec.request);
	msgpack_sbuffer_init(&codec.reply);
	loop_need(msgpack_unpacker_init(&codec.unpacker, MSGPACK_UNPACKER_INIT_BUFFER_SIZE),
			  "memory");
	msgpack_packer_init(&packer, &codec.request, msgpack_sbuffer_write);
	for (int i = 0; i < VALUES; i++)
		pack_bin(&packer, codec.value, IN_LEN);
	loop_run("objects", strtod(argv[1], NULL), VALUES, objects, &codec);
	loop_run("columns", strtod(argv[1], NULL), VALUES, columns, &codec);
	msgpack_sbuffer_destroy(&codec.request);
	msgpack_sbuffer_destroy(&codec.reply);
	msgpack_unpacker_destroy(&codec.unpacker);
	return 0;
}
