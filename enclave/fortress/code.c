/*
 * fortress/code.c
 *	  No new code: prctl(2), PR_SET_MDWE.
 */
#include "fortress/kernel.h"

#include <sys/prctl.h>

/* Of <linux/prctl.h>, which may be older than the kernel. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1UL
#endif

bool
e3_kernel_forbid_code(void)
{
	return prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0UL, 0UL, 0UL) == 0;
}
