/*
 * guc_attest.c
 *	  The settings evcrypt.attestation...
 *
 * They are checked one by one when they are set, and together when they are used:
 * PostgreSQL may set them in any order.
 */
#include "postgres.h"

#include "guc_attest.h"

#include "miscadmin.h"

#include "attest/root.h"
#include "guc_guarded.h"
#include "wire/attest.h"

#define OFF "off"

uint64 evc_attestation_serial;

static char *attestation; /* OFF or a kind of evidence; empty: OFF, if it is not lost */
static char *expected_pcrs;
static char *root_file; /* empty: the kind's own root */
static bool debug_allowed;
static bool unsigned_for_tests;
static int clock_skew; /* seconds */

static bool attestation_lost;
static bool expected_lost; /* one of the next two */

static bool
check_attestation(char **newval, void **extra, GucSource source)
{
	if (source == PGC_S_DEFAULT)
		return true;
	if (evc_guc_comes_too_late(attestation_lost, source))
		return false;
	if (strcmp(*newval, OFF) == 0 || strcmp(*newval, EVW_EVIDENCE_NITRO) == 0 ||
		strcmp(*newval, EVW_EVIDENCE_SOFTWARE) == 0)
		return true;
	GUC_check_errdetail("It is \"off\", \"software\" or \"nitro\".");
	return false;
}

static bool
check_pcrs(char **newval, void **extra, GucSource source)
{
	EvcPcrPolicy policy;
	const char *trouble;

	if (source == PGC_S_DEFAULT)
		return true;
	if (evc_guc_comes_too_late(expected_lost, source))
		return false;
	trouble = evc_pcr_policy_read(&policy, *newval);
	if (trouble == NULL)
		return true;
	GUC_check_errdetail("%s", trouble);
	return false;
}

static bool
check_root(char **newval, void **extra, GucSource source)
{
	if (source == PGC_S_DEFAULT)
		return true;
	return !evc_guc_comes_too_late(expected_lost, source) && evc_guc_check_path(*newval);
}

static void
count_change(const char *newval, void *extra)
{
	evc_attestation_serial++;
}

static void
count_change_of_switch(bool newval, void *extra)
{
	evc_attestation_serial++;
}

static void
count_change_of_number(int newval, void *extra)
{
	evc_attestation_serial++;
}

static void
raise_loss(const char *name)
{
	ereport(ERROR, errcode(ERRCODE_EVCRYPT_EVIDENCE), errmsg("%s is not set", name),
			errhint("%s", evc_guc_hint_unset));
}

const char *
evc_guc_evidence(void)
{
	if (*attestation == '\0' && attestation_lost)
		raise_loss("evcrypt.attestation");
	if (*attestation == '\0' || strcmp(attestation, OFF) == 0)
		return NULL;
	return attestation;
}

/* Of the file, or of the kind. */
static void
expect_root(EvcExpectations *expect)
{
	const char *trouble;

	expect->root_given = true;
	if (*root_file == '\0' && strcmp(attestation, EVW_EVIDENCE_NITRO) == 0)
	{
		memcpy(expect->root, evc_root_nitro, sizeof(expect->root));
		return;
	}
	if (*root_file == '\0')
		ereport(ERROR, errcode(ERRCODE_EVCRYPT_EVIDENCE),
				errmsg("evcrypt.attestation_root is not set"),
				errdetail("Evidence of the kind \"%s\" has no root that all know.",
						  attestation),
				errhint("Let it name the certificate of the authority that E3's operator "
						"made."));
	trouble = evc_root_read(root_file, expect->root);
	if (trouble == NULL)
		return;
	if (strcmp(trouble, EVC_ROOT_UNREADABLE) == 0)
		ereport(ERROR, errcode(ERRCODE_EVCRYPT_EVIDENCE),
				errmsg("file \"%s\" of evcrypt.attestation_root cannot be read: %m",
					   root_file));
	ereport(ERROR, errcode(ERRCODE_EVCRYPT_EVIDENCE),
			errmsg("file \"%s\" of evcrypt.attestation_root %s", root_file, trouble));
}

void
evc_guc_expect(EvcExpectations *expect)
{
	*expect = (EvcExpectations){
		.skew_s = (uint32_t) clock_skew,
		.max_age_s = EVC_AGE_MAX,
		.debug_allowed = debug_allowed,
		.unchecked = unsigned_for_tests ? EVC_UNCHECKED_SIGNATURE : 0,
	};
	if (expected_lost)
		raise_loss("evcrypt.expected_pcrs or evcrypt.attestation_root");
	if (evc_pcr_policy_read(&expect->policy, expected_pcrs) != NULL)
		elog(ERROR, "evcrypt.expected_pcrs is not valid");
	if (expect->policy.set == 0)
		ereport(ERROR, errcode(ERRCODE_EVCRYPT_EVIDENCE),
				errmsg("evcrypt.expected_pcrs is not set"),
				errdetail("Any program could give evidence of itself."),
				errhint("Set it to the measurements of the E3 that is trusted, or "
						"evcrypt.attestation to off."));
	expect_root(expect);
}

void
evc_guc_attest_init(void)
{
	evc_guc_define_guarded("evcrypt.attestation",
						   "Evidence that E3 must give before it gets a value: off, "
						   "software or nitro.",
						   NULL, &attestation, OFF, check_attestation, count_change,
						   &attestation_lost);
	DefineCustomIntVariable("evcrypt.attestation_clock_skew",
							"How far the clocks of E3's evidence and of this server may "
							"differ.",
							NULL, &clock_skew, EVC_SKEW_DEFAULT, 0, EVC_SKEW_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, count_change_of_number, NULL);
	DefineCustomBoolVariable("evcrypt.attestation_debug",
							 "Takes evidence of an enclave in debug mode for good.",
							 "Whoever runs it can read its memory: for tests alone.",
							 &debug_allowed, false, PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL,
							 count_change_of_switch, NULL);
	/* Whoever starts the server has set it, or nobody: no ALTER SYSTEM either. */
	if (process_shared_preload_libraries_in_progress)
		DefineCustomBoolVariable("evcrypt.attestation_unsigned_for_tests",
								 "Takes evidence that nobody has signed, as an emulator "
								 "gives it, for good, and warns each time.",
								 "It proves nothing: for tests alone.",
								 &unsigned_for_tests, false, PGC_POSTMASTER,
								 GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_AUTO_FILE, NULL,
								 NULL, NULL);
	evc_guc_define_guarded("evcrypt.attestation_root",
						   "File of the certificate that evidence must go back to.",
						   "Empty: that of AWS, for the kind nitro.", &root_file, "",
						   check_root, count_change, &expected_lost);
	evc_guc_define_guarded("evcrypt.expected_pcrs",
						   "Measurements that E3's evidence must show: N=HEX, several "
						   "separated by commas.",
						   NULL, &expected_pcrs, "", check_pcrs, count_change,
						   &expected_lost);
}
