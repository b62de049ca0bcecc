/*
 * config.h
 *	  E3's configuration file: read once, checked whole, then immutable.
 *
 * An INI file.  Whatever is not understood is refused, and the error names file,
 * line and key: unknown sections and keys, keys given twice, values of the wrong
 * type or out of range, lines that begin with white space, a NUL, a byte order
 * mark.  Times are whole milliseconds, sizes whole bytes or with kB or MB.
 */
#ifndef E3_CONFIG_H
#define E3_CONFIG_H

#include "attest/attester.h"
#include "base/identity.h"
#include "base/ini.h"
#include "base/isolation.h"
#include "base/log.h"
#include "config_bounds.h"
#include "config_custody.h"
#include "wire/endpoint.h"
#include "wire/status.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define E3_CONFIG_PATH "/etc/evcrypt/e3.conf"
#define E3_CONFIG_FILE_MAX 65536
#define E3_CONFIG_LINE_MAX E3_INI_LINE_MAX
#define E3_CONFIG_UIDS_MAX 64
#define E3_CONFIG_CIDS_MAX 64
#define E3_CONFIG_LISTEN_MAX 4

/* [tls]: PEM files. */
typedef struct E3TlsFiles
{
	char certificate[PATH_MAX]; /* E3's own, with what stands between it and the root */
	char key[PATH_MAX];
	char client_ca[PATH_MAX]; /* whose clients may connect */
	char crl[PATH_MAX];		  /* empty: nobody is revoked */
} E3TlsFiles;

typedef struct E3Config
{
	/* [e3] */
	char socket[108];		   /* path of the Unix socket */
	uint32_t socket_mode;	   /* octal in the file; default 0660 */
	uint32_t workers;		   /* default: one a core that we may run on */
	uint32_t connections;	   /* most connections at a time */
	uint32_t cached_keys;	   /* derived keys that are kept for decryption; 0: none */
	uint32_t cached_schedules; /* of these, how many with their AES key schedules */
	uint32_t pooled_keys;	   /* request keys made ahead, a shelf; 0: none */
	uint32_t slice_us;		   /* a worker's time for one request, if others wait */
	uint32_t brief_bytes;	   /* requests that busy workers need not be waited for */
	uint32_t worker_nice;	   /* added to the workers' niceness */
	uint32_t drain_ms;		   /* time to finish at SIGTERM */
	uint32_t locked_memory;	   /* bytes, a power of two */
	E3LogLevel log_level;
	/* [limits], times never above wire/limits.h; for small machines and tests */
	uint32_t memory; /* bytes: all connections' requests and replies */
	uint32_t hello_timeout_ms;
	uint32_t frame_timeout_ms;
	uint32_t idle_timeout_ms;
	/* [crypto]: names from lists here; what can be had is for crypto/library.h */
	const char *aead;	   /* "auto", "openssl", "ipsec-mb" */
	const char *agreement; /* "auto", "openssl", "library" */
	bool key_mix;		   /* open what SDKs encrypted under the wrong key */
	/* [keyring] */
	char keyring[PATH_MAX];
	char passphrase_file[PATH_MAX]; /* passphrase_file=, or credential= below
									 * $CREDENTIALS_DIRECTORY; one of the two */
	char generation_file[PATH_MAX]; /* empty: older keyrings are not noticed at start */
	E3CustodyConfig custody;
	/* [access] */
	uint32_t n_uids;
	uid_t uids[E3_CONFIG_UIDS_MAX]; /* allow_users=: who may connect */
	char policy[PATH_MAX];			/* empty: none */
	/* [audit] */
	char audit[PATH_MAX]; /* file=; empty: no audit */
	bool audit_open;	  /* on_failure=continue: decrypt what cannot be recorded */
	bool audit_sync;	  /* sync=yes: records are on the disk first */
	/* [tls] */
	uint32_t n_tls_listen; /* 0: no TLS */
	EvwEndpoint tls_listen[E3_CONFIG_LISTEN_MAX];
	E3TlsFiles tls;
	/* [attest] */
	const char *evidence;		  /* "none", or a kind */
	char attest_root[PATH_MAX];	  /* of "software": PEM files; root=, */
	char attest_issuer[PATH_MAX]; /* certificate= */
	char attest_key[PATH_MAX];	  /* key= */
	uint32_t signer_seconds;	  /* that one who signs documents lives */
	/* [vsock] */
	uint32_t vsock_port; /* 0: no vsock */
	uint32_t n_cids;
	uint32_t cids[E3_CONFIG_CIDS_MAX]; /* allow_cids=: machines that may connect */
	/* [isolation]: sets of E3_ISOLATION_BITs */
	uint32_t isolation_require;	  /* without which E3 does not serve */
	uint32_t isolation_leave_out; /* of E3_ISOLATION_OPTIONAL */
} E3Config;

/* What was wrong, as "file:line: cause". */
typedef struct E3ConfigError
{
	char text[PATH_MAX + 256];
} E3ConfigError;

/*
 * From memory; "name" is used in errors.  CONFIG with *error filled, which names
 * places and keys but never a value.
 */
extern EvwStatus e3_config_parse(const char *text, size_t len, const char *name,
								 E3Config *config, E3ConfigError *error) EVW_MUST_USE;

extern EvwStatus e3_config_load(const char *path, E3Config *config,
								E3ConfigError *error) EVW_MUST_USE;

/*
 * May this peer connect?  E3's own effective uid always may, and who has a
 * certificate has shown it.
 */
extern bool e3_config_allows(const E3Config *config, const E3Identity *peer);
/* Of evidence; points into it.  "path" is where it was read. */
extern E3AttestSetup e3_config_attest(const E3Config *config, const char *path);

#endif /* E3_CONFIG_H */
