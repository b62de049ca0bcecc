/*
 * attest/verdict.c
 *	  Names and texts of verdicts.
 */
#include "attest/verdict.h"

typedef struct Verdict
{
	const char *name;
	const char *text;
} Verdict;

static const Verdict verdicts[EVC_N_VERDICTS] = {
#define VERDICT(name, text) {#name, text},
	EVC_VERDICT_LIST(VERDICT)
#undef VERDICT
};

const char *
evc_verdict_name(EvcVerdict verdict)
{
	return verdicts[verdict].name;
}

const char *
evc_verdict_text(EvcVerdict verdict)
{
	return verdicts[verdict].text;
}
