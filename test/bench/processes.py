"""What the kernel says of a process, and which processors it may use."""

import os
import re

from machine import read


def tasks(pid):
    try:
        return [int(task) for task in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def allow(pid, cpus):
    """To all its threads, and those that they will start."""
    for task in tasks(pid):
        os.sched_setaffinity(task, cpus)


def pin(pid, cpu):
    allow(pid, {cpu})


def times(pid):
    """Nanoseconds that its living threads ran, and that they could have but for others; None if unknown."""
    fields = [read(f"/proc/{pid}/task/{task}/schedstat").split() for task in tasks(pid)]
    if not any(fields):
        return None
    return tuple(sum(int(field[column]) for field in fields if field) for column in (0, 1))


def anonymous_kib(pid):
    """Its own memory, without what it shares with others."""
    found = re.search(r"^RssAnon:\s+(\d+) kB", read(f"/proc/{pid}/status"), re.MULTILINE)
    return int(found.group(1)) if found else 0
