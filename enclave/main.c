/*
 * main.c
 *	  E3: starts in order, serves, stops in order.
 *
 *	  configuration -> locked memory -> libraries and their self-tests -> policy ->
 *	  keyring -> no more files -> workers -> network -> no more system calls
 *
 * Where a device keeps the keyring's key, and must be asked first, the network comes
 * before the keyring, and answers that E3 is not ready.
 *
 * On any doubt it says why in its log and does not start.
 */
#include "base/discard.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/version.h"
#include "crypto/library.h"
#include "fortress/fortress.h"
#include "keyring/audit_key.h"
#include "keyring/generation.h"
#include "keyring/opener.h"
#include "keyring/store.h"
#include "net/server.h"
#include "net/work.h"
#include "rpc/rpc.h"
#include "tls/context.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Requests that may wait: more than this is answered BUSY. */
#define QUEUE_CAPACITY 4096

/* Files of a configuration, and those that a policy names. */
#define PATHS_MAX (16 + E3_POLICY_ISSUERS_MAX * E3_TOKEN_KEYS_MAX)

static bool
fresh_waits(const void *scheduler)
{
	return e3_pool_has_fresh(scheduler);
}

static void *
make_worker(void *shared, const E3Pool *pool)
{
	E3RpcWorker *worker = calloc(1, sizeof(E3RpcWorker));

	if (worker == NULL)
		return NULL;
	worker->shared = shared;
	worker->fresh_waits = fresh_waits;
	worker->scheduler = pool;
	if (e3_rpc_worker_open(worker))
		return worker;
	free(worker);
	return NULL;
}

static void
free_worker(void *state)
{
	E3RpcWorker *worker = state;

	e3_rpc_worker_close(worker);
	free(worker);
}

static bool
run_job(E3Job *job, void *worker)
{
	return e3_rpc_run(worker, &((E3Work *) job)->call);
}

/* What is left of requests must not pile up while others are worked on. */
static void
clear_up(void *worker)
{
	(void) worker;
	(void) e3_discard_step();
}

static bool
work_ahead(void *worker)
{
	return e3_discard_step() || e3_rpc_idle(worker);
}

/*
 * Signals are taken through a descriptor by the network thread; blocked here,
 * before there is any other thread, they are blocked in all of them.
 */
static int
open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* What the steps hand on. */
typedef struct Start
{
	E3Config *config;
	E3RpcShared *shared;
	E3Kek kek;
	E3Opener *opener; /* NULL: not at work */
	int signal_fd;
	E3Pool *pool; /* NULL until there are keys */
} Start;

static EvwStatus
start_pool(Start *start)
{
	const E3PoolWork work = {.run = run_job,
							 .between = clear_up,
							 .idle = work_ahead,
							 .make_worker = make_worker,
							 .free_worker = free_worker,
							 .shared = start->shared,
							 .nice = (int) start->config->worker_nice,
							 .slice_ns = start->shared->slice_ns};

	start->pool = e3_pool_start(&work, start->config->workers, QUEUE_CAPACITY);
	if (start->pool != NULL)
		return EVW_OK;
	e3_log(E3_LOG_ERROR, "workers_refused", "workers=%u", start->config->workers);
	return EVW_INTERNAL;
}

static EvwStatus
open_evidence(const E3Config *config, E3RpcShared *shared)
{
	const E3AttestSetup setup = e3_config_attest(config, shared->config_path);
	char cause[E3_ATTEST_CAUSE_MAX];
	EvwStatus status = e3_attester_new(&setup, &shared->attester, cause);

	if (status != EVW_OK)
		e3_log(E3_LOG_ERROR, "evidence_refused", "kind=%s status=%s cause=\"%s\"",
			   setup.kind, evw_status_name(status), cause);
	return status;
}

/* Takes the keyring that has been opened, or not.  From here on the device that keeps its
 * key is not asked any more. */
static EvwStatus
take_keyring(Start *start, EvwStatus status, E3Keyring *keyring)
{
	const E3Config *config = start->config;
	const char *detail = e3_custody_cause(start->kek.custody);

	e3_custody_close(start->kek.custody);
	if (status == EVW_OK)
		status =
			e3_generation_check(config->generation_file, e3_keyring_generation(keyring));
	if (status == EVW_OK)
	{
		start->shared->keyring = e3_keyring_holder_new(keyring);
		return start->shared->keyring != NULL ? EVW_OK : EVW_OUT_OF_MEMORY;
	}
	e3_log(E3_LOG_ERROR, "keyring_refused", "file=\"%s\" status=%s cause=\"%s%s%s\"",
		   config->keyring, evw_status_name(status), evw_status_message(status),
		   detail[0] != '\0' ? ": " : "", detail);
	e3_keyring_release(keyring);
	return status;
}

/* A passphrase is at hand.  A device may let itself be waited for: it is asked by a
 * thread of its own, the only one that files are not closed to. */
static EvwStatus
open_keyring(Start *start)
{
	const E3Config *config = start->config;
	const E3AttestSetup evidence = e3_config_attest(config, start->shared->config_path);
	E3Keyring *keyring;
	EvwStatus status;

	start->shared->custody =
		e3_custody_new(&config->custody, config->custody.kind, &evidence);
	if (start->shared->custody == NULL)
		return EVW_OUT_OF_MEMORY;
	start->kek = (E3Kek){.passphrase_file = config->passphrase_file,
						 .custody = start->shared->custody};
	if (config->custody.kind != E3_CUSTODY_PASSPHRASE)
	{
		start->opener = e3_opener_start(config->keyring, &start->kek);
		return start->opener != NULL ? EVW_OK : EVW_OUT_OF_MEMORY;
	}
	status = e3_store_load(config->keyring, &start->kek, &keyring);
	return take_keyring(start, status, keyring);
}

/* Without a policy whoever may connect may use every app. */
static EvwStatus
load_policy(const E3Config *config, E3RpcShared *shared)
{
	E3Policy *policy = NULL;
	E3PolicyError error;
	EvwStatus status = EVW_OK;

	if (config->policy[0] != '\0')
		status = e3_policy_load(config->policy, &policy, &error);
	if (status == EVW_CONFIG)
		e3_log(E3_LOG_ERROR, "policy_refused", "cause=\"%s\"", error.text);
	if (status != EVW_OK)
		return status;
	e3_policy_log(policy);
	shared->policy = e3_policy_holder_new(policy);
	shared->quotas = e3_quotas_new();
	return shared->policy != NULL && shared->quotas != NULL ? EVW_OK : EVW_OUT_OF_MEMORY;
}

/* The audit is there before anybody is served, and ends after the last. */
static EvwStatus
start_audit(const E3Config *config, E3RpcShared *shared)
{
	const E3AuditSetup setup = {.path = config->audit,
								.closed = !config->audit_open,
								.sync = config->audit_sync};
	E3Keyring *keyring;
	E3AuditKey *key;
	char cause[256] = "the keyring has no key for it: run e3ctl audit init";
	EvwStatus status = EVW_AUDIT_LOG;

	if (config->audit[0] == '\0')
		return EVW_OK;
	keyring = e3_keyring_acquire(shared->keyring);
	key = e3_keyring_audit_key(keyring);
	e3_keyring_release(keyring);
	if (key != NULL)
		status = e3_audit_start(&setup, key, &shared->audit, cause);
	if (status == EVW_AUDIT_LOG)
		e3_log(E3_LOG_ERROR, "audit_refused", "cause=\"%s\"", cause);
	return status;
}

static void
add_path(E3FortressPath *paths, size_t *n, const char *path, bool written)
{
	paths[(*n)++] = (E3FortressPath){path, written};
}

/* From here on only what a reload reads, the audit and the socket can be opened. */
static void
close_paths(const E3Config *config, const char *config_path, const E3RpcShared *shared)
{
	E3FortressPath paths[PATHS_MAX];
	E3Policy *policy = e3_policy_acquire(shared->policy);
	char program[PATH_MAX] = "";
	size_t n = 0;

	/* Measured anew at a reload. */
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) > 0)
		add_path(paths, &n, program, false);
	add_path(paths, &n, config_path, false);
	add_path(paths, &n, config->keyring, false);
	add_path(paths, &n, config->passphrase_file, false);
	add_path(paths, &n, config->generation_file, false);
	add_path(paths, &n, config->policy, false);
	add_path(paths, &n, config->tls.certificate, false);
	add_path(paths, &n, config->tls.key, false);
	add_path(paths, &n, config->tls.client_ca, false);
	add_path(paths, &n, config->tls.crl, false);
	add_path(paths, &n, config->audit, true);
	add_path(paths, &n, config->socket, true);
	for (uint32_t i = 0; policy != NULL && i < policy->n_issuers; i++)
		for (uint32_t k = 0; k < policy->issuers[i].n_keys; k++)
			add_path(paths, &n, policy->issuers[i].key_files[k], false);
	e3_fortress_close_paths(paths, n);
	e3_policy_release(policy);
}

/* The audit is there, its thread the first, before there are workers. */
static EvwStatus
begin_work(Start *start)
{
	EvwStatus status = start_audit(start->config, start->shared);

	return status == EVW_OK ? start_pool(start) : status;
}

/* The device has answered: an E3ServerSetup.begin. */
static EvwStatus
begin_with_keys(void *context, E3Pool **pool)
{
	Start *start = context;
	E3Keyring *keyring;
	EvwStatus status = e3_opener_end(start->opener, &keyring);

	start->opener = NULL;
	status = take_keyring(start, status, keyring);
	if (status == EVW_OK)
		status = begin_work(start);
	*pool = start->pool;
	return status;
}

static EvwStatus
serve(Start *start, E3TlsContext *tls)
{
	E3ServerSetup setup = {.config = start->config,
						   .tls = tls,
						   .shared = start->shared,
						   .backend = e3_library_names(),
						   .signal_fd = start->signal_fd,
						   .opened_fd = -1,
						   .begin = begin_with_keys,
						   .context = start};
	EvwStatus status = EVW_OK;

	if (start->opener != NULL)
		setup.opened_fd = e3_opener_fd(start->opener);
	else
		status = begin_work(start);
	setup.pool = start->pool;
	if (status == EVW_OK)
		status = e3_server_run(&setup);
	e3_pool_free(start->pool);
	while (e3_discard_step())
		;
	return status;
}

static EvwStatus
load_tls_and_serve(Start *start)
{
	E3TlsContext *tls;
	EvwStatus status = e3_tls_context_load(start->config, &tls);

	if (status == EVW_OK)
		status = serve(start, tls);
	e3_tls_context_release(tls);
	return status;
}

static EvwStatus
serve_with_caches(Start *start)
{
	const E3Config *config = start->config;
	E3RpcShared *shared = start->shared;
	EvwStatus status = EVW_OUT_OF_MEMORY;

	shared->derived = e3_derived_new(config->cached_keys, config->cached_schedules,
									 e3_library_schedule_len());
	shared->request_keys = e3_request_keys_new(config->pooled_keys);
	if (shared->derived != NULL && shared->request_keys != NULL)
		status = load_tls_and_serve(start);
	else
		e3_log(E3_LOG_ERROR, "locked_memory_refused",
			   "cached_keys=%u cached_schedules=%u pooled_keys=%u", config->cached_keys,
			   config->cached_schedules, config->pooled_keys);
	e3_request_keys_free(shared->request_keys);
	e3_derived_free(shared->derived);
	return status;
}

/* Returns E3's exit status. */
static int
say_stopped(EvwStatus status)
{
	e3_log(status == EVW_OK ? E3_LOG_INFO : E3_LOG_ERROR, "stopped", "status=%s",
		   evw_status_name(status));
	return status == EVW_OK ? 0 : 1;
}

static EvwStatus
open_and_serve(E3Config *config, const char *config_path)
{
	E3RpcShared shared = {.config_path = config_path,
						  .key_mix = config->key_mix,
						  .slice_ns = config->slice_us * UINT64_C(1000)};
	Start start = {.config = config, .shared = &shared, .signal_fd = open_signals()};
	EvwStatus status = start.signal_fd >= 0 ? load_policy(config, &shared) : EVW_INTERNAL;

	if (config->key_mix)
		e3_log(E3_LOG_WARNING, "key_mix_on", "curve=%s",
			   evw_curve_name(EVW_CURVE_SECP256K1));
	if (status == EVW_OK)
		status = open_evidence(config, &shared);
	if (status == EVW_OK)
		status = open_keyring(&start);
	if (status == EVW_OK)
	{
		close_paths(config, config_path, &shared);
		status = serve_with_caches(&start);
	}
	/* It ends while a device is waited for, which may never answer. */
	if (start.opener != NULL)
		_exit(say_stopped(status));
	e3_audit_stop(shared.audit);
	e3_attester_free(shared.attester);
	e3_keyring_holder_free(shared.keyring);
	e3_custody_free(shared.custody);
	e3_quotas_free(shared.quotas);
	e3_policy_holder_free(shared.policy);
	close(start.signal_fd);
	return status;
}

static EvwStatus
choose_libraries(const E3Config *config, const char *config_path)
{
	char cause[E3_LIBRARY_TEXT_MAX];
	EvwStatus status = e3_library_choose(config->aead, config->agreement, cause);

	if (status == EVW_CONFIG)
		e3_log(E3_LOG_ERROR, "config_refused", "cause=\"%s: %s\"", config_path, cause);
	else if (status != EVW_OK)
		e3_log(E3_LOG_ERROR, "libraries_refused", "cause=\"%s\"", cause);
	return status;
}

static EvwStatus
start(const char *config_path)
{
	static E3Config config;
	E3ConfigError error;
	EvwStatus status;

	if (!e3_secret_wipe_freed())
		return EVW_INTERNAL;
	status = e3_config_load(config_path, &config, &error);
	if (status != EVW_OK)
	{
		e3_log(E3_LOG_ERROR, "config_refused", "cause=\"%s\"", error.text);
		return status;
	}
	e3_log_set_level(config.log_level);
	status = e3_secret_init(config.locked_memory);
	if (status != EVW_OK)
	{
		e3_log(E3_LOG_ERROR, "locked_memory_refused", "bytes=%u", config.locked_memory);
		return status;
	}
	status = e3_fortress_begin(config.isolation_leave_out, config.isolation_require);
	if (status == EVW_OK)
		status = choose_libraries(&config, config_path);
	if (status != EVW_OK)
		return status;
	e3_log(E3_LOG_INFO, "starting", "version=%s workers=%u backend=\"%s\"", E3_VERSION,
		   config.workers, e3_library_names());
	return open_and_serve(&config, config_path);
}

static void
usage(FILE *out)
{
	fprintf(out, "usage: e3 [--config FILE]\n"
				 "       e3 --version\n"
				 "The default FILE is $E3_CONFIG, or " E3_CONFIG_PATH ".\n");
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
											{"help", no_argument, NULL, 'h'},
											{"version", no_argument, NULL, 'V'},
											{NULL, 0, NULL, 0}};
	const char *config_path = getenv("E3_CONFIG");
	int option;

	if (config_path == NULL)
		config_path = E3_CONFIG_PATH;
	while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1)
	{
		switch (option)
		{
			case 'c':
				config_path = optarg;
				break;
			case 'h':
				usage(stdout);
				return 0;
			case 'V':
				printf("e3 %s\n", E3_VERSION);
				return 0;
			default:
				usage(stderr);
				return 2;
		}
	}
	if (optind < argc)
	{
		usage(stderr);
		return 2;
	}
	return say_stopped(start(config_path));
}
