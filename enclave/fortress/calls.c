/*
 * fortress/calls.c
 *	  System calls that E3 makes while it serves: seccomp(2), by libseccomp.
 *
 * No socket is made, and none is connected: the clients come to E3.  There is no call
 * that makes a thread or a process, starts a program, looks into another process, or
 * makes memory executable.
 */
#include "fortress/kernel.h"

#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Of other processors some have no number: libseccomp passes over them. */
static const int allowed[] = {
	/* bytes, of connections and files */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(pwrite64), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(lseek),
	SCMP_SYS(close),
	/* connections */
	SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(fcntl), SCMP_SYS(dup),
	/* files: what is read at a reload, the audit, and the socket at the end */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
	SCMP_SYS(munlock),
	/* threads and time */
	SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getpriority), SCMP_SYS(setpriority), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
	/* signals, and the end of threads and process */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* what libraries ask about */
	SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	/* no call: one that a tracer has taken away is not judged */
	-1};

/* The one request of <linux/nsm.h>, for evidence: an address and a length twice. */
#define NSM_RAW _IOWR(0x0A, 0x0, uint64_t[4])

/* A flag of <sys/socket.h>, of which nothing else is of use here. */
#define SEND_FASTOPEN 0x20000000 /* MSG_FASTOPEN */

/*
 * A listener that is shut down is a socket like a new one, and MSG_FASTOPEN connects it
 * while sending, without connect and past Landlock: tcp(7).
 */
static bool
allow_sending(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp sendto_to_peer =
		SCMP_A3_64(SCMP_CMP_MASKED_EQ, SEND_FASTOPEN, 0);
	const struct scmp_arg_cmp sendmsg_to_peer =
		SCMP_A2_64(SCMP_CMP_MASKED_EQ, SEND_FASTOPEN, 0);

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
							sendto_to_peer) == 0 &&
		   seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
							sendmsg_to_peer) == 0;
}

/* Of the calling thread's turns on the processor, nobody else's. */
static bool
allow_turns(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp own = SCMP_A0_32(SCMP_CMP_EQ, 0);

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sched_getattr), 1, own) ==
			   0 &&
		   seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sched_setattr), 1, own) == 0;
}

static bool
allow(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp nsm = SCMP_A1_64(SCMP_CMP_EQ, NSM_RAW, 0);
	const struct scmp_arg_cmp not_executable =
		SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	bool good = true;

	for (size_t i = 0; good && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		good = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
	return good && allow_sending(filter) && allow_turns(filter) &&
		   seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, nsm) == 0 &&
		   seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable) ==
			   0 &&
		   seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
							not_executable) == 0;
}

bool
e3_kernel_close_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool good;

	if (filter == NULL)
		return false;
	good = seccomp_attr_set(filter, SCMP_FLTATR_API_TSKIP, 1) == 0 &&
		   seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
		   /* By halving instead of one after another. */
		   seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && allow(filter) &&
		   seccomp_load(filter) == 0;
	seccomp_release(filter);
	return good;
}
