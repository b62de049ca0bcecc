/*
 * ctl/reseal.c
 *	  keyring reseal, keyring accept.
 *
 * A new key is sealed, and has been given back by its device, before anything is
 * written; then the file of before is kept beside the keyring; then the keyring is
 * replaced.  Whenever this ends there is a keyring that opens.
 */
#include "base/file.h"
#include "base/secret.h"
#include "ctl/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under which the keyring is, and is to be. */
typedef struct Reseal
{
	E3CustodyConfig before; /* the configuration, but for PCRs, which the file names */
	E3Kek from;
	E3Kek to;
	E3CustodyKind kind; /* to be */
	E3AttestSetup evidence;
} Reseal;

static int
fail_memory(void)
{
	return e3_ctl_fail("%s", evw_status_message(EVW_OUT_OF_MEMORY));
}

/* What is to be, before anything is asked of a device. */
static int
choose(const E3Ctl *ctl, Reseal *reseal)
{
	const char *lacks;

	reseal->kind = ctl->config.custody.kind;
	if (ctl->custody != NULL && !e3_config_custody_kind(ctl->custody, &reseal->kind))
		return e3_ctl_fail("--custody must be " E3_CUSTODY_NAMES);
	lacks = e3_config_custody_lacks(&ctl->config.custody, reseal->kind);
	if (reseal->kind == E3_CUSTODY_PASSPHRASE && ctl->config.passphrase_file[0] == '\0')
		lacks = "passphrase_file";
	if (lacks != NULL)
		return e3_ctl_fail("%s: [keyring] %s: is missing", ctl->config_path, lacks);
	return EXIT_SUCCESS;
}

static int
make_keks(const E3Ctl *ctl, Reseal *reseal)
{
	E3CustodyKind kind;
	EvwStatus status = e3_store_kind(ctl->config.keyring, &kind);

	if (status != EVW_OK)
		return e3_ctl_fail_file(ctl->config.keyring, &ctl->kek, status);
	reseal->before = ctl->config.custody;
	reseal->before.tpm_pcrs = 0;
	reseal->evidence = e3_config_attest(&ctl->config, ctl->config_path);
	reseal->from =
		(E3Kek){.passphrase_file = ctl->config.passphrase_file,
				.custody = e3_custody_new(&reseal->before, kind, &reseal->evidence)};
	reseal->to = (E3Kek){.passphrase_file = ctl->config.passphrase_file,
						 .custody = e3_custody_new(&ctl->config.custody, reseal->kind,
												   &reseal->evidence)};
	return reseal->from.custody != NULL && reseal->to.custody != NULL ? EXIT_SUCCESS
																	  : fail_memory();
}

/* Does the device give back what it has sealed?  "asked" is another custody of it. */
static EvwStatus
try_new_key(const Reseal *reseal, E3Custody *asked)
{
	const uint8_t *made;
	const uint8_t *given;
	EvwBytes blob;
	EvwStatus status = e3_custody_writing(reseal->to.custody, &blob, &made);

	if (status == EVW_OK)
		status = e3_custody_open(asked, blob, &given);
	if (status == EVW_OK && memcmp(made, given, E3_CUSTODY_KEY_LEN) != 0)
		status = EVW_CUSTODY_REFUSED;
	return status;
}

static int
seal_new_key(const E3Ctl *ctl, const Reseal *reseal)
{
	E3Kek asked = {0};
	EvwStatus status;
	const char *cause;

	if (reseal->kind == E3_CUSTODY_PASSPHRASE)
		return EXIT_SUCCESS;
	if (reseal->kind == E3_CUSTODY_KMS && reseal->evidence.kind == NULL)
	{
		e3_ctl_note("no evidence is configured here: whether the KMS releases the key is "
					"not tried");
		return EXIT_SUCCESS;
	}
	asked.custody = e3_custody_new(&ctl->config.custody, reseal->kind, &reseal->evidence);
	if (asked.custody == NULL)
		return fail_memory();
	status = try_new_key(reseal, asked.custody);
	cause = e3_custody_cause(reseal->to.custody);
	if (status != EVW_OK)
		(void) e3_ctl_fail_file(ctl->config.keyring,
								cause[0] != '\0' ? &reseal->to : &asked, status);
	e3_custody_free(asked.custody);
	return status == EVW_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool
same(const EvwBuf *a, const EvwBuf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* A reseal that was ended may have kept the same file already. */
static bool
copy_file(const char *from, const char *to)
{
	EvwBuf file;
	EvwBuf kept;
	bool done;

	e3_buf_init(&file);
	e3_buf_init(&kept);
	done = e3_file_read(from, E3_FILE_PRIVATE, E3_STORE_FILE_MAX, &file) == E3_FILE_OK;
	if (done && e3_file_create(to, (EvwBytes){file.data, file.len}) != E3_FILE_OK)
		done =
			errno == EEXIST &&
			e3_file_read(to, E3_FILE_PRIVATE, E3_STORE_FILE_MAX, &kept) == E3_FILE_OK &&
			same(&file, &kept);
	e3_buf_release(&kept);
	e3_buf_release(&file);
	return done;
}

static int
keep_file(const E3Ctl *ctl, const E3Change *change)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s.%llu", ctl->config.keyring,
					   (unsigned long long) e3_keyring_generation(change->keyring));

	if (len < 0 || len >= (int) sizeof(path))
		return e3_ctl_fail("%s: %s", ctl->config.keyring, strerror(ENAMETOOLONG));
	if (!copy_file(ctl->config.keyring, path))
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	printf("kept %s\n", path);
	return EXIT_SUCCESS;
}

static int
reseal_keyring(const E3Ctl *ctl, Reseal *reseal, E3Change *change)
{
	EvwStatus status =
		e3_store_load(ctl->config.keyring, &reseal->from, &change->keyring);

	if (status != EVW_OK)
		return e3_ctl_fail_file(ctl->config.keyring, &reseal->from, status);
	if (seal_new_key(ctl, reseal) != EXIT_SUCCESS ||
		keep_file(ctl, change) != EXIT_SUCCESS ||
		e3_change_save_under(ctl, change, &reseal->to) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (reseal->kind != ctl->config.custody.kind)
		e3_ctl_note("now say \"custody = %s\" in %s",
					e3_config_custody_name(reseal->kind), ctl->config_path);
	e3_ctl_note("E3 takes the keyring up when it is restarted");
	return EXIT_SUCCESS;
}

int
e3_ctl_reseal(E3Ctl *ctl)
{
	Reseal reseal = {0};
	E3Change change = {.lock = -1};
	int status = choose(ctl, &reseal);

	if (status == EXIT_SUCCESS)
		status = e3_change_lock(ctl, &change);
	if (status == EXIT_SUCCESS)
		status = make_keks(ctl, &reseal);
	if (status == EXIT_SUCCESS)
		status = reseal_keyring(ctl, &reseal, &change);
	e3_change_end(&change);
	e3_custody_free(reseal.from.custody);
	e3_custody_free(reseal.to.custody);
	return status;
}

int
e3_ctl_accept(E3Ctl *ctl)
{
	E3Change change = {.lock = -1};
	int status;

	if (ctl->config.generation_file[0] == '\0')
		return e3_ctl_fail("%s: [keyring] generation_file: is missing", ctl->config_path);
	status = e3_change_lock(ctl, &change);
	if (status == EXIT_SUCCESS)
		status = e3_change_load(ctl, &change);
	if (status == EXIT_SUCCESS)
		status = e3_change_note(ctl, e3_keyring_generation(change.keyring));
	e3_change_end(&change);
	return status;
}
