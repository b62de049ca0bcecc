/*
 * service.c
 *	  A key service as others have it, at its fastest: HTTP/1.1 with connections that
 *	  stay, on this machine, without TLS, who may ask, or a record of it.
 *
 * usage: service
 *
 * POST /encrypt takes a value and answers with its ciphertext in base64, POST /decrypt
 * the other way round.  Prints the port it listens on, and ends when its input does.
 */
#include "aead.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define VALUE_MAX 4096
#define TEXT_MAX ((VALUE_MAX + AEAD_ADDED) / 3 * 4 + 8)
#define HEAD_MAX 1024

typedef struct Request
{
	char bytes[HEAD_MAX + TEXT_MAX + 1];
	bool encrypts;
	const char *body;
	size_t body_len;
} Request;

/* Reads one request, of a client that waits for each answer; false at the end. */
static bool
read_request(int fd, Request *request)
{
	size_t have = 0;
	const char *end = NULL, *length;

	for (;;)
	{
		ssize_t got =
			recv(fd, request->bytes + have, sizeof(request->bytes) - 1 - have, 0);

		if (got <= 0)
			return false;
		have += (size_t) got;
		request->bytes[have] = '\0';
		end = strstr(request->bytes, "\r\n\r\n");
		if (end == NULL)
			continue;
		length = strcasestr(request->bytes, "\r\ncontent-length:");
		if (length == NULL || length > end)
			return false;
		request->body_len = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
		request->body = end + 4;
		if (request->body_len > TEXT_MAX)
			return false;
		if (have >= (size_t) (request->body - request->bytes) + request->body_len)
			break;
	}
	request->encrypts = strncmp(request->bytes, "POST /encrypt ", 14) == 0;
	return request->encrypts || strncmp(request->bytes, "POST /decrypt ", 14) == 0;
}

/* The answer's body; its length, or -1. */
static int
answer(BenchAead *aead, const Request *request, uint8_t out[TEXT_MAX])
{
	uint8_t sealed[TEXT_MAX];
	int len;

	if (request->encrypts)
	{
		if (request->body_len > VALUE_MAX ||
			!aead_seal(aead, sealed, (const uint8_t *) request->body, request->body_len))
			return -1;
		return EVP_EncodeBlock(out, sealed, (int) request->body_len + AEAD_ADDED);
	}
	len =
		EVP_DecodeBlock(sealed, (const uint8_t *) request->body, (int) request->body_len);
	for (size_t i = request->body_len; len > 0 && i > 0 && request->body[i - 1] == '=';
		 i--)
		len--;
	if (len < AEAD_ADDED || !aead_open(aead, out, sealed, (size_t) len))
		return -1;
	return len - AEAD_ADDED;
}

static void *
serve(void *argument)
{
	int fd = (int) (intptr_t) argument;
	BenchAead aead;
	Request request;
	bool good = aead_init(&aead);

	while (good && read_request(fd, &request))
	{
		uint8_t body[TEXT_MAX];
		char reply[HEAD_MAX + TEXT_MAX];
		int len = answer(&aead, &request, body);
		int head = snprintf(reply, HEAD_MAX,
							"HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
							"Content-Length: %d\r\n\r\n",
							len < 0 ? "400 Bad Request" : "200 OK", len < 0 ? 0 : len);

		if (len > 0)
			memcpy(reply + head, body, (size_t) len);
		len = head + (len > 0 ? len : 0);
		good = send(fd, reply, (size_t) len, MSG_NOSIGNAL) == len;
	}
	EVP_CIPHER_CTX_free(aead.seal);
	EVP_CIPHER_CTX_free(aead.open);
	close(fd);
	return NULL;
}

static void *
accept_all(void *argument)
{
	int listener = (int) (intptr_t) argument, on = 1;

	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;)
	{
		pthread_t thread;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (pthread_create(&thread, NULL, serve, (void *) (intptr_t) fd) == 0)
			pthread_detach(thread);
		else
			close(fd);
	}
	return NULL;
}

int
main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *) &address, len) != 0 ||
		listen(listener, 16) != 0 ||
		getsockname(listener, (struct sockaddr *) &address, &len) != 0 ||
		pthread_create(&thread, NULL, accept_all, (void *) (intptr_t) listener) != 0)
	{
		perror("service");
		return 1;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	/* Threads may be in the middle of something. */
	_exit(0);
}
