/*
 * e3.c
 *	  A client of E3/1 that knows HELLO and ECHO; see docs/protocol.md.
 */
#include "e3.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of MessagePack: [type, id, header, column, column]. */
#define ARRAY_OF_3 0x93
#define ARRAY_OF_5 0x95
#define EMPTY_MAP 0x80
#define BIN_16 0xc5
#define BIN_8 0xc4

#define HELLO 1
#define ECHO 11
#define RESULT 64

#define FRAME_MAX (BENCH_VALUE_MAX + 128)
#define REPLY_MAX 4096

static bool
write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0)
	{
		ssize_t done = send(fd, bytes, len, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		bytes += done;
		len -= (size_t) done;
	}
	return true;
}

/* One frame's body, read with as few calls as it comes; its length, or 0. */
static size_t
read_frame(int fd, uint8_t body[REPLY_MAX])
{
	uint8_t bytes[4 + REPLY_MAX];
	size_t have = 0, want = 4;

	while (have < want)
	{
		ssize_t got = recv(fd, bytes + have, sizeof(bytes) - have, 0);

		if (got <= 0)
			return 0;
		have += (size_t) got;
		if (have >= 4)
			want = 4 + ((size_t) bytes[0] << 24 | (size_t) bytes[1] << 16 |
						(size_t) bytes[2] << 8 | bytes[3]);
		if (want > sizeof(bytes))
			return 0;
	}
	memcpy(body, bytes + 4, want - 4);
	return want - 4;
}

static void
put_length(uint8_t at[4], size_t len)
{
	at[0] = (uint8_t) (len >> 24);
	at[1] = (uint8_t) (len >> 16);
	at[2] = (uint8_t) (len >> 8);
	at[3] = (uint8_t) len;
}

static bool
say_hello(int fd)
{
	static const char header[] = "\x82\xabversion_min\x01\xabversion_max\x01";
	uint8_t frame[64] = {0, 0, 0, 3 + sizeof(header) - 1, ARRAY_OF_3, HELLO, 0};
	uint8_t reply[REPLY_MAX];

	memcpy(frame + 7, header, sizeof(header) - 1);
	return write_all(fd, frame, 7 + sizeof(header) - 1) && read_frame(fd, reply) > 2 &&
		   reply[1] == HELLO;
}

int
bench_e3_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0 && say_hello(fd))
		return fd;
	close(fd);
	return -1;
}

bool
bench_e3_echo(int fd, const void *value, size_t len)
{
	uint8_t frame[FRAME_MAX] = {0, 0, 0, 0, ARRAY_OF_5, ECHO, 1, EMPTY_MAP, BIN_16};
	uint8_t reply[REPLY_MAX];
	uint8_t *at = frame + 9;
	size_t reply_len;

	if (len > BENCH_VALUE_MAX)
		return false;
	*at++ = (uint8_t) (len >> 8);
	*at++ = (uint8_t) len;
	memcpy(at, value, len);
	at += len;
	/* Its length, in a column of one: little-endian. */
	*at++ = BIN_8;
	*at++ = 4;
	*at++ = (uint8_t) len;
	*at++ = (uint8_t) (len >> 8);
	*at++ = 0;
	*at++ = 0;
	put_length(frame, (size_t) (at - frame) - 4);
	if (!write_all(fd, frame, (size_t) (at - frame)))
		return false;
	reply_len = read_frame(fd, reply);
	return reply_len > 2 && reply[1] == RESULT &&
		   memmem(reply, reply_len, value, len) != NULL;
}
