"""Runs a command whose processes, and theirs, take the processor by short slices.

usage: slices.py COMMAND [ARGUMENT]...

What the kernel lets run when one wakes up depends on how long it asks to run: beside processes
of others that work, one with the default of some milliseconds may wait as long for its turn,
which here is the time of many batches.  It gets no larger share by that.  Linux 6.12 and later
look at it; elsewhere nothing changes.
"""

import ctypes
import os
import struct
import sys

SLICE_NS = 100000
# Of sched_setattr(2), by the machine: the number of the call.
CALLS = {"x86_64": 314, "aarch64": 274}
# struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period.
ATTRIBUTES = "=IIQiIQQQ"
SCHED_OTHER = 0


def main(command):
    call = CALLS.get(os.uname().machine)
    if call is not None:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        attributes = struct.pack(ATTRIBUTES, struct.calcsize(ATTRIBUTES), SCHED_OTHER, 0, nice, 0, SLICE_NS, 0, 0)
        # A kernel that refuses leaves all as it was.
        ctypes.CDLL(None).syscall(call, 0, attributes, 0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
