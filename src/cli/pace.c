/*
 * cli/pace.c
 *	  How fast a job goes.
 */
#include "cli/pace.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 20
#define NUMBER_SIZE 32
#define ETA_MAX (100.0 * 3600)

void
evc_pace_start(EvcPace *pace, double now_ms, long long rows)
{
	pace->last_ms = now_ms;
	pace->last_rows = rows;
	pace->rows_per_second = 0;
}

void
evc_pace_add(EvcPace *pace, double now_ms, long long rows)
{
	double seconds = (now_ms - pace->last_ms) / 1e3;
	double current;

	if (seconds <= 0)
		return;
	current = fmax(0, (double) (rows - pace->last_rows) / seconds);
	if (pace->rows_per_second <= 0)
		pace->rows_per_second = current;
	else
		pace->rows_per_second +=
			(current - pace->rows_per_second) * (1 - exp(-seconds / EVC_PACE_SECONDS));
	pace->last_ms = now_ms;
	pace->last_rows = rows;
}

double
evc_pace_eta(const EvcPace *pace, long long total)
{
	if (pace->last_rows >= total)
		return 0;
	if (pace->rows_per_second <= 0)
		return -1;
	return (double) (total - pace->last_rows) / pace->rows_per_second;
}

double
evc_pace_percent(long long rows, long long total)
{
	if (total <= 0)
		return 100;
	return fmin(100, 100 * (double) rows / (double) total);
}

void
evc_grouped(char *text, size_t size, long long number)
{
	char digits[NUMBER_SIZE];
	int n = snprintf(digits, sizeof(digits), "%lld", number);
	size_t len = 0;

	for (int i = 0; i < n && len + 2 < size; i++)
	{
		text[len++] = digits[i];
		if (digits[i] != '-' && i < n - 1 && (n - 1 - i) % 3 == 0)
			text[len++] = ',';
	}
	text[len] = '\0';
}

static void
format_eta(char *text, size_t size, double seconds)
{
	long whole = (long) ceil(seconds);

	if (seconds < 0 || seconds > ETA_MAX)
		snprintf(text, size, "?");
	else if (whole < 3600)
		snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
	else
		snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60,
				 whole % 60);
}

void
evc_pace_bar(char text[EVC_PACE_TEXT_SIZE], const EvcPace *pace, long long rows,
			 long long total)
{
	double percent = evc_pace_percent(rows, total);
	char bar[BAR_WIDTH + 1];
	char done[NUMBER_SIZE];
	char all[NUMBER_SIZE];
	char rate[NUMBER_SIZE];
	char eta[NUMBER_SIZE];

	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', (size_t) (percent * BAR_WIDTH / 100));
	bar[BAR_WIDTH] = '\0';
	evc_grouped(done, sizeof(done), rows);
	evc_grouped(all, sizeof(all), total);
	evc_grouped(rate, sizeof(rate), llround(pace->rows_per_second));
	format_eta(eta, sizeof(eta), evc_pace_eta(pace, total));
	snprintf(text, EVC_PACE_TEXT_SIZE, "[%s] %5.1f %%  %s of %s rows  %s rows/s  ETA %s",
			 bar, percent, done, all, rate, eta);
}
