"""What the kernel says of a process, and which processors it may use."""

import os
import re

from machine import read


def tasks(pid):
    try:
        return [int(task) for task in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def pin(pid, cpu):
    """All its threads, and those that they will start."""
    for task in tasks(pid):
        os.sched_setaffinity(task, {cpu})


def cpu_ns(pid):
    """Processor time of its living threads; None where the kernel does not say."""
    fields = [read(f"/proc/{pid}/task/{task}/schedstat").split() for task in tasks(pid)]
    return sum(int(field[0]) for field in fields if field) if any(fields) else None


def anonymous_kib(pid):
    """Its own memory, without what it shares with others."""
    found = re.search(r"^RssAnon:\s+(\d+) kB", read(f"/proc/{pid}/status"), re.MULTILINE)
    return int(found.group(1)) if found else 0
