/*
 * ctl/audit.c
 *	  The audit log: its key, and whether it is whole.
 */
#include "audit/verify.h"
#include "base/file.h"
#include "base/secret.h"
#include "ctl/change.h"
#include "ctl/client.h"
#include "ctl/ctl.h"
#include "keyring/audit_key.h"
#include "keyring/store.h"
#include "wire/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
make_key(const E3Ctl *ctl, E3Change *change)
{
	EvwStatus status;

	if (e3_change_load(ctl, change) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (e3_keyring_audit(change->keyring).len > 0)
	{
		e3_ctl_note("%s has a key for the audit already", ctl->config.keyring);
		return EXIT_SUCCESS;
	}
	status = e3_keyring_make_audit(change->keyring);
	if (status != EVW_OK)
		return e3_ctl_fail_file(ctl->config.keyring, &ctl->kek, status);
	return e3_change_commit(ctl, change);
}

int
e3_ctl_audit_init(E3Ctl *ctl)
{
	E3Change change;
	int status = e3_change_lock(ctl, &change);

	if (status == EXIT_SUCCESS)
		status = make_key(ctl, &change);
	e3_change_end(&change);
	return status;
}

/* NULL after a message. */
static E3AuditKey *
load_key(const E3Ctl *ctl)
{
	E3Keyring *keyring;
	EvwStatus status = e3_store_load(ctl->config.keyring, &ctl->kek, &keyring);
	E3AuditKey *key;

	if (status != EVW_OK)
	{
		(void) e3_ctl_fail_file(ctl->config.keyring, &ctl->kek, status);
		return NULL;
	}
	key = e3_keyring_audit_key(keyring);
	if (key == NULL)
		(void) e3_ctl_fail("%s has no key for the audit: see e3ctl audit init",
						   ctl->config.keyring);
	e3_keyring_release(keyring);
	return key;
}

/* What a running E3 says; if it could not be asked, last is 0, and cause not empty. */
typedef struct Answer
{
	uint64_t last; /* number of the last record that it has written */
	char cause[EVW_MESSAGE_MAX + 128];
} Answer;

static void
ask_last(const E3Ctl *ctl, Answer *answer)
{
	E3Client client;
	EvwMessage reply;
	E3ClientResult result = e3_client_open(&client, ctl->config.socket);

	*answer = (Answer){.last = 0};
	if (result == E3_CLIENT_OK)
		result = e3_client_call(&client, EVW_VERB_STATS, &reply);
	if (result == E3_CLIENT_ABSENT)
		(void) snprintf(answer->cause, sizeof(answer->cause), "nobody listens at %s",
						ctl->config.socket);
	else if (result == E3_CLIENT_FAILED)
		(void) snprintf(answer->cause, sizeof(answer->cause), "%s", client.cause);
	else if (evw_stats_find(&reply, "audit_last", &answer->last) != EVW_OK)
		(void) snprintf(answer->cause, sizeof(answer->cause),
						"E3 does not say what that is");
	e3_client_close(&client);
}

static int
read_head(const E3Ctl *ctl, const E3AuditKey *key, E3AuditChain *head)
{
	char path[PATH_MAX + sizeof(E3_AUDIT_HEAD_SUFFIX)];
	const char *trouble = NULL;
	EvwBuf file;
	E3FileResult result;

	(void) snprintf(path, sizeof(path), "%s" E3_AUDIT_HEAD_SUFFIX, ctl->config.audit);
	e3_buf_init(&file);
	result = e3_file_read(path, E3_FILE_ANY, E3_AUDIT_HEAD_SIZE, &file);
	if (result == E3_FILE_OK)
		trouble = e3_audit_read_heads(key, (EvwBytes){file.data, file.len}, head);
	else
		trouble = result == E3_FILE_MISSING ? "is missing" : "cannot be read";
	e3_buf_release(&file);
	return trouble == NULL ? EXIT_SUCCESS : e3_ctl_fail("%s: the head %s", path, trouble);
}

static int
read_log(const char *path, E3AuditReader *reader)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	(void) e3_audit_read(reader, file);
	(void) fclose(file);
	if (reader->cause == NULL)
		return EXIT_SUCCESS;
	return e3_ctl_fail("%s:%llu: the line %s", path, (unsigned long long) reader->line,
					   reader->cause);
}

/* The beginning: is it record 1, or the one that the caller knows the log from? */
static int
check_start(const E3Ctl *ctl, const E3AuditReader *reader)
{
	char first[32];

	(void) snprintf(first, sizeof(first), "%llu", (unsigned long long) reader->first);
	if (strcmp(first, ctl->from != NULL ? ctl->from : "1") == 0)
		return EXIT_SUCCESS;
	return e3_ctl_fail("%s: records are missing at the start: it begins with %s; name "
					   "the earlier files, or say --from %s if they are not to be had",
					   ctl->config.audit, first, first);
}

/* The end: is it where the head says, and where E3 says? */
static int
check_end(const E3Ctl *ctl, const E3AuditReader *reader, const Answer *answer)
{
	if (!reader->passed)
		return e3_ctl_fail("%s: records are missing at the end: it ends with %llu, and "
						   "its head says %llu",
						   ctl->config.audit, (unsigned long long) reader->chain.last,
						   (unsigned long long) reader->until.last);
	if (reader->chain.last < answer->last)
		return e3_ctl_fail("%s: records are missing at the end: it ends with %llu, and "
						   "E3 has written %llu",
						   ctl->config.audit, (unsigned long long) reader->chain.last,
						   (unsigned long long) answer->last);
	if (reader->torn > 0)
		e3_ctl_note("%s: a record is being written, or was not finished",
					ctl->config.audit);
	if (answer->cause[0] != '\0' || (answer->last == 0 && reader->chain.last > 0))
		e3_ctl_note("%s: the last record was not compared with what a running E3 has "
					"written: %s",
					ctl->config.audit,
					answer->cause[0] != '\0' ? answer->cause : "it has written none");
	if (reader->chain.last < reader->first)
		printf("no record yet; the first will be %llu\n",
			   (unsigned long long) reader->first);
	else
		printf("records %llu to %llu are whole\n", (unsigned long long) reader->first,
			   (unsigned long long) reader->chain.last);
	return EXIT_SUCCESS;
}

static int
verify(const E3Ctl *ctl, const E3AuditKey *key)
{
	E3AuditReader reader = {.key = key};
	Answer answer;

	/* In this order: E3 goes on writing. */
	ask_last(ctl, &answer);
	if (read_head(ctl, key, &reader.until) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	for (int i = 0; i < E3_CTL_ARGS_MAX && ctl->args[i] != NULL; i++)
		if (read_log(ctl->args[i], &reader) != EXIT_SUCCESS)
			return EXIT_FAILURE;
	if (read_log(ctl->config.audit, &reader) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (check_start(ctl, &reader) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return check_end(ctl, &reader, &answer);
}

int
e3_ctl_audit_verify(E3Ctl *ctl)
{
	E3AuditKey *key;
	int status;

	if (ctl->config.audit[0] == '\0')
		return e3_ctl_fail("%s names no audit log", ctl->config_path);
	key = load_key(ctl);
	if (key == NULL)
		return EXIT_FAILURE;
	status = verify(ctl, key);
	e3_secret_free(key, sizeof(*key));
	return status;
}
