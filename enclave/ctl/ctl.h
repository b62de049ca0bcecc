/*
 * ctl/ctl.h
 *	  e3ctl: what its commands share.
 *
 * A command returns the exit status: 0, or 1 after a message on stderr.  Usage
 * errors exit with 2.  Nothing that is printed shows a private key or a
 * passphrase.
 */
#ifndef E3_CTL_H
#define E3_CTL_H

#include "config.h"
#include "ctl/bench.h"
#include "keyring/store.h"

#define E3_CTL_ARGS_MAX 16
#define E3_CTL_EXIT_USAGE 2

/* One invocation: the command line, and the configuration it names. */
typedef struct E3Ctl
{
	const char *config_path;
	const char *owner;			/* --owner */
	const char *p256_file;		/* --private-key */
	const char *secp256k1_file; /* --secp256k1-private-key */
	const char *passphrase_file;
	const char *custody;	  /* --custody */
	const char *certs_server; /* --server, --client, --days: of certs */
	const char *certs_client;
	const char *certs_days;
	const char *from;  /* --from: of audit verify */
	const char *force; /* --force, --bytes: of versions of keys; NULL: not given */
	const char *bytes;
	E3BenchWords bench;
	const char *args[E3_CTL_ARGS_MAX];
	E3Config config; /* loaded before every command but init */
	E3Kek kek;		 /* the configured one; made with the arena */
} E3Ctl;

/* "e3ctl: ..." on stderr; returns 1, for "return e3_ctl_fail(...)". */
extern int e3_ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void e3_ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same about a keyring file that was to be read or written with this key-encryption
 * key; errno counts if the file could not be.
 */
extern int e3_ctl_fail_file(const char *path, const E3Kek *kek, EvwStatus status);

/*
 * The configuration, and the locked arena of the size it says, which whoever
 * touches keys needs; 0, or 1 with a message.  main calls them for most commands.
 */
extern int e3_ctl_load_config(E3Ctl *ctl);
extern int e3_ctl_make_arena(E3Ctl *ctl);

/* The commands. */
extern int e3_ctl_init(E3Ctl *ctl);
extern int e3_ctl_app_add(E3Ctl *ctl);
extern int e3_ctl_app_import(E3Ctl *ctl);
extern int e3_ctl_app_list(E3Ctl *ctl);
extern int e3_ctl_app_export(E3Ctl *ctl);
extern int e3_ctl_app_rotate(E3Ctl *ctl);
extern int e3_ctl_app_retire(E3Ctl *ctl);
extern int e3_ctl_index_add(E3Ctl *ctl);
extern int e3_ctl_index_rotate(E3Ctl *ctl);
extern int e3_ctl_index_retire(E3Ctl *ctl);
extern int e3_ctl_index_list(E3Ctl *ctl);
extern int e3_ctl_health(E3Ctl *ctl);
extern int e3_ctl_reload(E3Ctl *ctl);
extern int e3_ctl_stats(E3Ctl *ctl);
extern int e3_ctl_bench(E3Ctl *ctl);
extern int e3_ctl_audit_init(E3Ctl *ctl);
extern int e3_ctl_audit_verify(E3Ctl *ctl);
extern int e3_ctl_certs(E3Ctl *ctl);
extern int e3_ctl_attest(E3Ctl *ctl);
extern int e3_ctl_attest_ca(E3Ctl *ctl);
extern int e3_ctl_policy_check(E3Ctl *ctl);
extern int e3_ctl_backup(E3Ctl *ctl);
extern int e3_ctl_restore(E3Ctl *ctl);
extern int e3_ctl_reseal(E3Ctl *ctl);
extern int e3_ctl_accept(E3Ctl *ctl);

#endif /* E3_CTL_H */
