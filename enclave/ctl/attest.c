/*
 * ctl/attest.c
 *	  e3ctl attest: evidence of a running E3, and authorities for it.
 *
 *	  DIR/root.crt root.key      whom clients pin; the key is kept away from all
 *	  DIR/issuer.crt issuer.key  E3's, of which it makes those who sign documents
 */
#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/pair.h"

#include "base/file.h"
#include "base/secret.h"
#include "wire/attest.h"

#include <openssl/rand.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_ID 2

int
e3_ctl_attest_ca(E3Ctl *ctl)
{
	const char *dir = ctl->args[0];
	E3CertWish root_wish = {.subject = "evcrypt evidence root",
							.use = E3_CERT_EVIDENCE_ROOT};
	E3CertWish issuer_wish = {.subject = "evcrypt evidence issuer",
							  .use = E3_CERT_EVIDENCE_ISSUER};
	E3Cert *root = NULL;
	E3Cert *issuer = NULL;
	int status = e3_pair_seconds(ctl->certs_days, &root_wish.seconds);

	issuer_wish.seconds = root_wish.seconds;
	if (status == EXIT_SUCCESS)
		status = e3_pair_dir(dir);
	if (status == EXIT_SUCCESS)
		status = e3_pair_find(dir, "root", NULL, &root_wish, &root);
	if (status == EXIT_SUCCESS)
		status = e3_pair_make(dir, "issuer", root, &issuer_wish, &issuer);
	e3_cert_free(root);
	e3_cert_free(issuer);
	return status;
}

/* The document asked for with this nonce; it points into the client. */
static E3ClientResult
ask(E3Client *client, const char *kind, EvwBytes nonce, EvwEvidence *evidence)
{
	const EvwAttest attest = {.evidence = {(const uint8_t *) kind, strlen(kind)},
							  .nonce = nonce};
	EvwMessage reply;
	E3ClientResult result;

	e3_buf_release(&client->out);
	evw_attest_encode(&client->out, REQUEST_ID, &attest);
	result = e3_client_ask(client, REQUEST_ID, &reply);
	if (result == E3_CLIENT_OK && evw_evidence_decode(&reply, evidence) != EVW_OK)
		return e3_client_fail(client, "E3's answer is not understood");
	return result;
}

static int
keep(const char *path, const char *kind, EvwBytes nonce, EvwBytes document)
{
	if (e3_file_replace(path, document) != E3_FILE_OK)
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	printf("kind: %s\nbytes: %zu\nnonce: ", kind, document.len);
	for (size_t i = 0; i < nonce.len; i++)
		printf("%02x", nonce.data[i]);
	printf("\n");
	return EXIT_SUCCESS;
}

int
e3_ctl_attest(E3Ctl *ctl)
{
	const char *kind = ctl->config.evidence;
	uint8_t nonce[EVW_NONCE_MIN];
	const EvwBytes nonce_bytes = {nonce, sizeof(nonce)};
	EvwEvidence evidence;
	E3Client client;
	E3ClientResult result;
	int status = EXIT_FAILURE;

	if (e3_config_attest(&ctl->config, ctl->config_path).kind == NULL)
		return e3_ctl_fail("%s: [attest] names no evidence", ctl->config_path);
	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return e3_ctl_fail("no random bytes can be had");
	result = e3_client_open(&client, ctl->config.socket);
	if (result == E3_CLIENT_OK)
		result = ask(&client, kind, nonce_bytes, &evidence);
	if (result == E3_CLIENT_OK)
		status = keep(ctl->args[0], kind, nonce_bytes, evidence.document);
	else if (result == E3_CLIENT_ABSENT)
		(void) e3_ctl_fail("E3 is not running: nobody listens at %s", ctl->config.socket);
	else
		(void) e3_ctl_fail("%s", client.cause);
	e3_client_close(&client);
	return status;
}
