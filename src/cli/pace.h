/*
 * cli/pace.h
 *	  How fast a job goes, and when it will have ended.
 */
#ifndef EVC_CLI_PACE_H
#define EVC_CLI_PACE_H

#include <stddef.h>

/* The pace is that of about so many seconds. */
#define EVC_PACE_SECONDS 10.0
#define EVC_PACE_TEXT_SIZE 256

typedef struct EvcPace
{
	double last_ms;
	long long last_rows;
	double rows_per_second; /* 0: not known yet */
} EvcPace;

/* Starts at this time with so many rows done. */
extern void evc_pace_start(EvcPace *pace, double now_ms, long long rows);

/* So many rows are done now; may be fewer than before. */
extern void evc_pace_add(EvcPace *pace, double now_ms, long long rows);

/* Seconds until total; below 0: not known. */
extern double evc_pace_eta(const EvcPace *pace, long long total);

/* 0 to 100; a total that was too low an estimate never makes more of it. */
extern double evc_pace_percent(long long rows, long long total);

/* "[#####     ]  50.0 %  500,000 of 1,000,000 rows  51,000 rows/s  ETA 0:10", to be
 * written over the last one. */
extern void evc_pace_bar(char text[EVC_PACE_TEXT_SIZE], const EvcPace *pace,
						 long long rows, long long total);

/* 1234567 as 1,234,567. */
extern void evc_grouped(char *text, size_t size, long long number);

#endif /* EVC_CLI_PACE_H */
