/*
 * fortress/kernel.h
 *	  What fortress.c asks of the kernel, one file each; sanitizers, which make calls
 *	  and open files of their own, are built with none.c in place of those files.
 *
 * False: the kernel has none of it, or does not let us, and nothing has changed.
 */
#ifndef E3_FORTRESS_KERNEL_H
#define E3_FORTRESS_KERNEL_H

#include "fortress/fortress.h"

/* Memory that was ever writable is never executed: PR_SET_MDWE, of Linux 6.3. */
extern bool e3_kernel_forbid_code(void);

/* Landlock, of Linux 5.13: as e3_fortress_close_paths says. */
extern bool e3_kernel_close_paths(const E3FortressPath *paths, size_t n);

/* seccomp: as e3_fortress_close_calls says. */
extern bool e3_kernel_close_calls(void);

#endif /* E3_FORTRESS_KERNEL_H */
