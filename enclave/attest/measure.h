/*
 * attest/measure.h
 *	  What E3 measures of itself, where no hardware does.
 */
#ifndef E3_MEASURE_H
#define E3_MEASURE_H

#include "attest/attester.h"

#define E3_PCR_LEN 48

/* Places in a document. */
typedef enum E3Pcr
{
	E3_PCR_PROGRAM, /* the executable file that runs */
	E3_PCR_CONFIG,
	E3_PCR_POLICY, /* of no bytes if there is none */
	E3_PCRS
} E3Pcr;

typedef struct E3Measurements
{
	uint8_t pcrs[E3_PCRS][E3_PCR_LEN]; /* SHA-384 of the file's bytes */
} E3Measurements;

/* False with a cause if a file cannot be read. */
extern bool e3_measure(const char *config, const char *policy,
					   E3Measurements *measurements, char cause[E3_ATTEST_CAUSE_MAX]);

#endif /* E3_MEASURE_H */
