/*
 * config.c
 *	  Reading of the configuration file.
 *
 * base/ini.h takes it apart; one table says what every key is.
 */
#include "config.h"
#include "config_private.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/secret.h"
#include "wire/attest.h"
#include "wire/limits.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(E3Config, field)

enum
{
	KEY_PASSPHRASE_FILE,
	KEY_CREDENTIAL,
	KEY_TLS_LISTEN,
	KEY_TLS_CERTIFICATE,
	KEY_TLS_KEY,
	KEY_TLS_CLIENT_CA,
	KEY_TLS_CRL,
	KEY_EVIDENCE,
	KEY_ATTEST_ROOT,
	KEY_ATTEST_CERTIFICATE,
	KEY_ATTEST_KEY,
	KEY_SIGNER_SECONDS,
	KEY_VSOCK_PORT,
	KEY_VSOCK_CIDS,
	KEY_ISOLATION_REQUIRE,
	KEY_ISOLATION_LEAVE_OUT
};

static const KeyInfo keys[] = {
	[KEY_PASSPHRASE_FILE] = {"keyring", "passphrase_file", VALUE_PATH, false,
							 AT(passphrase_file), 0, 0},
	[KEY_CREDENTIAL] = {"keyring", "credential", VALUE_CREDENTIAL, false,
						AT(passphrase_file), 0, 0},
	[KEY_TLS_LISTEN] = {"tls", "listen", VALUE_LISTEN, false, AT(tls_listen), 0, 0},
	[KEY_TLS_CERTIFICATE] = {"tls", "certificate", VALUE_PATH, false, AT(tls.certificate),
							 0, 0},
	[KEY_TLS_KEY] = {"tls", "key", VALUE_PATH, false, AT(tls.key), 0, 0},
	[KEY_TLS_CLIENT_CA] = {"tls", "client_ca", VALUE_PATH, false, AT(tls.client_ca), 0,
						   0},
	[KEY_TLS_CRL] = {"tls", "crl", VALUE_PATH, false, AT(tls.crl), 0, 0},
	[KEY_EVIDENCE] = {"attest", "evidence", VALUE_EVIDENCE, false, AT(evidence), 0, 0},
	[KEY_ATTEST_ROOT] = {"attest", "root", VALUE_PATH, false, AT(attest_root), 0, 0},
	[KEY_ATTEST_CERTIFICATE] = {"attest", "certificate", VALUE_PATH, false,
								AT(attest_issuer), 0, 0},
	[KEY_ATTEST_KEY] = {"attest", "key", VALUE_PATH, false, AT(attest_key), 0, 0},
	[KEY_SIGNER_SECONDS] = {"attest", "signer_seconds", VALUE_NUMBER, false,
							AT(signer_seconds), E3_SIGNER_SECONDS_MIN,
							E3_SIGNER_SECONDS_MAX},
	[KEY_VSOCK_PORT] = {"vsock", "port", VALUE_NUMBER, false, AT(vsock_port), 1,
						UINT32_MAX - 1},
	[KEY_VSOCK_CIDS] = {"vsock", "allow_cids", VALUE_CIDS, false, AT(cids), 0, 0},
	[KEY_ISOLATION_REQUIRE] = {"isolation", "require", VALUE_MEASURES, false,
							   AT(isolation_require), 0, E3_ISOLATION_ALL},
	[KEY_ISOLATION_LEAVE_OUT] = {"isolation", "leave_out", VALUE_MEASURES, false,
								 AT(isolation_leave_out), 0, E3_ISOLATION_OPTIONAL},
	{"e3", "socket", VALUE_SOCKET, true, AT(socket), 0, 0},
	{"e3", "socket_mode", VALUE_MODE, false, AT(socket_mode), 0, 0777},
	{"e3", "workers", VALUE_NUMBER, false, AT(workers), E3_WORKERS_MIN, E3_WORKERS_MAX},
	{"e3", "connections", VALUE_NUMBER, false, AT(connections), E3_CONNECTIONS_MIN,
	 E3_CONNECTIONS_MAX},
	{"e3", "cached_keys", VALUE_NUMBER, false, AT(cached_keys), 0, E3_CACHED_KEYS_MAX},
	{"e3", "cached_schedules", VALUE_NUMBER, false, AT(cached_schedules), 0,
	 E3_CACHED_KEYS_MAX},
	{"e3", "pooled_keys", VALUE_NUMBER, false, AT(pooled_keys), 0, E3_POOLED_KEYS_MAX},
	{"e3", "slice_us", VALUE_NUMBER, false, AT(slice_us), 0, E3_SLICE_US_MAX},
	{"e3", "brief_bytes", VALUE_NUMBER, false, AT(brief_bytes), 0, E3_BRIEF_MAX},
	{"e3", "worker_nice", VALUE_NUMBER, false, AT(worker_nice), 0, E3_NICE_MAX},
	{"e3", "drain_ms", VALUE_MS, false, AT(drain_ms), 0, E3_DRAIN_MS_MAX},
	{"e3", "locked_memory", VALUE_ARENA, false, AT(locked_memory), E3_LOCKED_MIN,
	 E3_LOCKED_MAX},
	{"e3", "log_level", VALUE_LEVEL, false, AT(log_level), 0, 0},
	{"limits", "memory", VALUE_SIZE, false, AT(memory), E3_MEMORY_MIN, E3_MEMORY_MAX},
	{"limits", "hello_timeout_ms", VALUE_MS, false, AT(hello_timeout_ms),
	 E3_TIMEOUT_MS_MIN, EVW_HELLO_TIMEOUT_MS},
	{"limits", "frame_timeout_ms", VALUE_MS, false, AT(frame_timeout_ms),
	 E3_TIMEOUT_MS_MIN, EVW_FRAME_TIMEOUT_MS},
	{"limits", "idle_timeout_ms", VALUE_MS, false, AT(idle_timeout_ms), E3_TIMEOUT_MS_MIN,
	 EVW_IDLE_TIMEOUT_MS},
	{"keyring", "file", VALUE_PATH, true, AT(keyring), 0, 0},
	{"keyring", "generation_file", VALUE_PATH, false, AT(generation_file), 0, 0},
	{"keyring", "custody", VALUE_CUSTODY, false, AT(custody.kind), 0, 0},
	{"keyring", "tpm", VALUE_TEXT, false, AT(custody.tpm), 0, 0},
	{"keyring", "tpm_pcrs", VALUE_PCRS, false, AT(custody.tpm_pcrs), 0, 0},
	{"keyring", "pkcs11_module", VALUE_PATH, false, AT(custody.pkcs11_module), 0, 0},
	{"keyring", "pkcs11_token", VALUE_TEXT, false, AT(custody.pkcs11_token), 0, 0},
	{"keyring", "pkcs11_key", VALUE_TEXT, false, AT(custody.pkcs11_key), 0, 0},
	{"keyring", "pkcs11_pin_file", VALUE_PATH, false, AT(custody.pkcs11_pin_file), 0, 0},
	{"keyring", "kms_endpoint", VALUE_HTTPS, false, AT(custody.kms_endpoint), 0, 0},
	{"keyring", "kms_region", VALUE_WORD, false, AT(custody.kms_region), 0, 0},
	{"keyring", "kms_key", VALUE_WORD, false, AT(custody.kms_key), 0, 0},
	{"keyring", "kms_credentials_file", VALUE_PATH, false,
	 AT(custody.kms_credentials_file), 0, 0},
	{"keyring", "kms_ca_file", VALUE_PATH, false, AT(custody.kms_ca_file), 0, 0},
	{"keyring", "kms_socket", VALUE_SOCKET, false, AT(custody.kms_socket), 0, 0},
	{"keyring", "kms_timeout_ms", VALUE_MS, false, AT(custody.kms_timeout_ms),
	 E3_CUSTODY_KMS_MS_MIN, E3_CUSTODY_KMS_MS_MAX},
	{"access", "allow_users", VALUE_USERS, false, AT(uids), 0, 0},
	{"audit", "file", VALUE_PATH, false, AT(audit), 0, 0},
	{"audit", "on_failure", VALUE_ON_FAILURE, false, AT(audit_open), 0, 0},
	{"audit", "sync", VALUE_YES_NO, false, AT(audit_sync), 0, 0},
	{"access", "policy", VALUE_PATH, false, AT(policy), 0, 0},
	{"crypto", "aead", VALUE_AEAD, false, AT(aead), 0, 0},
	{"crypto", "agreement", VALUE_AGREEMENT, false, AT(agreement), 0, 0},
	{"crypto", "key_mix", VALUE_YES_NO, false, AT(key_mix), 0, 0},
};

#define N_KEYS ((int) (sizeof(keys) / sizeof(keys[0])))

_Static_assert(sizeof(keys) / sizeof(keys[0]) <= 64, "a bit each in Parser.seen");

static bool
take_section(E3Ini *ini, const char *heading)
{
	for (int i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].section, heading) == 0)
			return true;
	return e3_ini_fail(ini, "unknown section");
}

static bool
is_given(const Parser *parser, int key)
{
	return (parser->seen >> key & 1) != 0;
}

static bool
take_pair(E3Ini *ini, const char *section, const char *name, const char *value)
{
	Parser *parser = ini->user;

	for (int i = 0; i < N_KEYS; i++)
	{
		if (strcmp(section, keys[i].section) != 0 || strcmp(name, keys[i].name) != 0)
			continue;
		if (is_given(parser, i))
			return e3_config_fail_key(parser, &keys[i], "is given twice");
		parser->seen |= UINT64_C(1) << i;
		return e3_config_read_value(parser, &keys[i], value);
	}
	return e3_config_fail(parser, "[%s] has no key of this name", section);
}

/* ---- the whole ---- */

static uint32_t
count_cores(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	count = CPU_COUNT(&set);
	return count > E3_WORKERS_MAX ? E3_WORKERS_MAX : (uint32_t) count;
}

static void
set_defaults(E3Config *config)
{
	memset(config, 0, sizeof(*config));
	config->socket_mode = 0660;
	config->workers = count_cores();
	config->connections = E3_CONNECTIONS_DEFAULT;
	config->cached_keys = E3_CACHED_KEYS_DEFAULT;
	config->cached_schedules = E3_CACHED_SCHEDULES_DEFAULT;
	config->pooled_keys = E3_POOLED_KEYS_DEFAULT;
	config->slice_us = E3_SLICE_US_DEFAULT;
	config->brief_bytes = E3_BRIEF_DEFAULT;
	config->worker_nice = E3_NICE_DEFAULT;
	config->drain_ms = E3_DRAIN_MS_DEFAULT;
	config->memory = E3_MEMORY_DEFAULT;
	config->locked_memory = E3_LOCKED_DEFAULT;
	config->log_level = E3_LOG_INFO;
	config->aead = e3_config_aeads[0];
	config->agreement = e3_config_agreements[0];
	config->evidence = e3_config_evidence[0];
	config->signer_seconds = E3_SIGNER_SECONDS_DEFAULT;
	config->custody.kind = E3_CUSTODY_PASSPHRASE;
	config->custody.kms_timeout_ms = E3_CUSTODY_KMS_MS_DEFAULT;
	memcpy(config->custody.tpm, E3_CUSTODY_TPM_DEFAULT, sizeof(E3_CUSTODY_TPM_DEFAULT));
	config->hello_timeout_ms = EVW_HELLO_TIMEOUT_MS;
	config->frame_timeout_ms = EVW_FRAME_TIMEOUT_MS;
	config->idle_timeout_ms = EVW_IDLE_TIMEOUT_MS;
}

/* Keys that go together: all of them, or none. */
static bool
check_together(Parser *parser, const int *group, int count)
{
	bool any = false;

	for (int i = 0; i < count; i++)
		any = any || is_given(parser, group[i]);
	for (int i = 0; any && i < count; i++)
		if (!is_given(parser, group[i]))
			return e3_config_fail_key(parser, &keys[group[i]], "is missing");
	return true;
}

static bool
check_network(Parser *parser)
{
	static const int tls[] = {KEY_TLS_LISTEN, KEY_TLS_CERTIFICATE, KEY_TLS_KEY,
							  KEY_TLS_CLIENT_CA};
	static const int vsock[] = {KEY_VSOCK_PORT, KEY_VSOCK_CIDS};

	if (!check_together(parser, tls, 4) || !check_together(parser, vsock, 2))
		return false;
	if (is_given(parser, KEY_TLS_CRL) && !is_given(parser, KEY_TLS_LISTEN))
		return e3_config_fail_key(parser, &keys[KEY_TLS_LISTEN], "is missing");
	return true;
}

/* Evidence of its own takes the files, and no other does. */
static bool
check_attest(Parser *parser)
{
	/* The last one has a default. */
	static const int own[] = {KEY_ATTEST_ROOT, KEY_ATTEST_CERTIFICATE, KEY_ATTEST_KEY,
							  KEY_SIGNER_SECONDS};
	bool software = strcmp(parser->config->evidence, EVW_EVIDENCE_SOFTWARE) == 0;

	for (int i = 0; i < 4; i++)
	{
		if (software && i < 3 && !is_given(parser, own[i]))
			return e3_config_fail_key(parser, &keys[own[i]], "is missing");
		if (!software && is_given(parser, own[i]))
			return e3_config_fail_key(parser, &keys[own[i]],
									  "is of evidence = software alone");
	}
	return true;
}

/* A device needs no passphrase, but one may stand there that opens the keyring of before.
 */
static bool
check_custody(Parser *parser)
{
	const E3CustodyConfig *custody = &parser->config->custody;
	const char *lacks = e3_config_custody_lacks(custody, custody->kind);
	bool from_file = is_given(parser, KEY_PASSPHRASE_FILE);
	bool from_credential = is_given(parser, KEY_CREDENTIAL);

	if (lacks != NULL)
		return e3_config_fail(parser, "[keyring] %s: is missing", lacks);
	if (custody->kind == E3_CUSTODY_KMS &&
		strcmp(parser->config->evidence, e3_config_evidence[0]) == 0)
		return e3_config_fail_key(parser, &keys[KEY_EVIDENCE],
								  "is missing, and custody = kms needs it");
	if ((from_file && from_credential) ||
		(custody->kind == E3_CUSTODY_PASSPHRASE && !from_file && !from_credential))
		return e3_config_fail(parser, "[keyring] needs passphrase_file or credential, "
									  "and not both");
	return true;
}

static bool
check_whole(Parser *parser)
{
	for (int i = 0; i < N_KEYS; i++)
		if (keys[i].mandatory && !is_given(parser, i))
			return e3_config_fail_key(parser, &keys[i], "is missing");
	if ((parser->config->isolation_require & parser->config->isolation_leave_out) != 0)
		return e3_config_fail_key(parser, &keys[KEY_ISOLATION_LEAVE_OUT],
								  "names what is required");
	return check_custody(parser) && check_network(parser) && check_attest(parser);
}

EvwStatus
e3_config_parse(const char *text, size_t len, const char *name, E3Config *config,
				E3ConfigError *error)
{
	Parser parser = {.config = config};

	parser.ini = (E3Ini){.name = name,
						 .max = E3_CONFIG_FILE_MAX,
						 .error = error->text,
						 .error_size = sizeof(error->text),
						 .section = take_section,
						 .pair = take_pair,
						 .user = &parser};
	set_defaults(config);
	return e3_ini_parse(&parser.ini, text, len) && check_whole(&parser) ? EVW_OK
																		: EVW_CONFIG;
}

static void
describe_unreadable(E3FileResult result, const char *path, E3ConfigError *error)
{
	const char *cause = "out of memory";

	if (result == E3_FILE_MISSING || result == E3_FILE_IO)
		cause = strerror(result == E3_FILE_MISSING ? ENOENT : errno);
	else if (result == E3_FILE_SHARED)
		cause = "not a regular file";
	else if (result == E3_FILE_TOO_LONG)
		cause = "file is too long";
	(void) snprintf(error->text, sizeof(error->text), "%s: %s", path, cause);
}

EvwStatus
e3_config_load(const char *path, E3Config *config, E3ConfigError *error)
{
	EvwBuf file;
	E3FileResult result;
	EvwStatus status = EVW_CONFIG;

	e3_buf_init(&file);
	result = e3_file_read(path, E3_FILE_ANY, E3_CONFIG_FILE_MAX, &file);
	if (result == E3_FILE_OK)
		status = e3_config_parse((const char *) file.data, file.len, path, config, error);
	else
		describe_unreadable(result, path, error);
	e3_buf_release(&file);
	return status;
}

E3AttestSetup
e3_config_attest(const E3Config *config, const char *path)
{
	bool none = strcmp(config->evidence, e3_config_evidence[0]) == 0;

	return (E3AttestSetup){.kind = none ? NULL : config->evidence,
						   .root = config->attest_root,
						   .certificate = config->attest_issuer,
						   .key = config->attest_key,
						   .signer_seconds = config->signer_seconds,
						   .config = path,
						   .policy = config->policy};
}

static bool
allows_uid(const E3Config *config, uid_t uid)
{
	if (uid == geteuid())
		return true;
	for (uint32_t i = 0; i < config->n_uids; i++)
		if (config->uids[i] == uid)
			return true;
	return false;
}

static bool
allows_cid(const E3Config *config, uint32_t cid)
{
	for (uint32_t i = 0; i < config->n_cids; i++)
		if (config->cids[i] == cid)
			return true;
	return false;
}

bool
e3_config_allows(const E3Config *config, const E3Identity *peer)
{
	if (peer->kind == E3_IDENTITY_UID)
		return allows_uid(config, peer->uid);
	if (peer->kind == E3_IDENTITY_VSOCK)
		return allows_cid(config, peer->cid);
	return true;
}
