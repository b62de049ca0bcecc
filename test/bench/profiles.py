"""Where a statement's time goes: what backend and E3 do, function by function, as perf sees it."""

import collections
import os
import re
import signal
import subprocess
import tempfile
import time

import processes

SECONDS = 3
# Samples of a thread's processor time.
HERTZ = 4999
# Less of a process than that is "the rest".
LEAST = 0.015
LINE = re.compile(r"^\s*([\d.]+)%\s+(\d+):\S+\s+(\S+)\s+\[(.)\]\s+(.*\S)\s*$", re.MULTILINE)


def repeat(bench, probe):
    """Runs it for some seconds; how many values that were."""
    values = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        probe.run(bench)
        values += probe.size(bench) * probe.times
    return values


def record(bench, probe, pids, path):
    """Nanoseconds of each process for a value, and shares of all samples by process and function."""
    with subprocess.Popen(["perf", "record", "-q", "-F", str(HERTZ), "-o", path, "-p", ",".join(map(str, pids))],
                          stderr=subprocess.PIPE, text=True) as perf:
        before = {pid: processes.times(pid)[0] for pid in pids}
        values = repeat(bench, probe)
        after = {pid: processes.times(pid)[0] for pid in pids}
        perf.send_signal(signal.SIGINT)
        said = perf.communicate()[1]
    if not os.path.exists(path):
        raise RuntimeError("perf: " + " ".join(said.split()))
    report = subprocess.run(["perf", "report", "-q", "--stdio", "--sort", "pid,dso,sym", "-i", path],
                            capture_output=True, text=True, check=True).stdout
    owners = {task: pid for pid in pids for task in processes.tasks(pid)}
    shares = {pid: collections.Counter() for pid in pids}
    for share, task, library, mode, function in LINE.findall(report):
        where = "kernel" if mode == "k" else os.path.basename(library)
        # Of a stripped library perf knows the addresses only.
        function = "(not named)" if function.startswith("0x") else function
        if int(task) in owners:
            shares[owners[int(task)]][where, function] += float(share)
    return {pid: (after[pid] - before[pid]) / values for pid in pids}, shares


def lines_of(name, ns, shares):
    """A process: its time, by library and by function, and what is too little to be named."""
    total = sum(shares.values())
    lines = [f"  {name}: {ns:.1f} ns/value"]
    if total == 0:
        return lines
    libraries = collections.Counter()
    for (where, _), share in shares.items():
        libraries[where] += share
    lines[0] += ", of which " + ", ".join(
        f"{where} {ns * share / total:.1f}" for where, share in libraries.most_common() if share / total >= LEAST)
    rest = 0.0
    for (where, function), share in sorted(shares.items(), key=lambda item: -item[1]):
        if share / total < LEAST:
            rest += share / total
        else:
            lines.append(f"    {ns * share / total:7.1f} {share / total:5.0%}  {where:22} {function}")
    return lines + [f"    {ns * rest:7.1f} {rest:5.0%}  the rest"]


def show(bench, probes, failures):
    """Text: of each statement, what the processes do that work on it."""
    text = []
    for probe in probes:
        if probe in failures:
            continue
        probe.run(bench)
        names = {bench.main.backend: "backend", bench.e3: "E3"} | {
            e3.pid: f"E3 ({name})" for name, e3 in bench.e3s.items()}
        with tempfile.TemporaryDirectory() as folder:
            ns, shares = record(bench, probe, list(names), os.path.join(folder, "perf.data"))
        text.append(f"{probe.name}: {probe.what}")
        for pid, name in names.items():
            if ns[pid] >= 1:
                text += lines_of(name, ns[pid], shares[pid])
        text.append("")
    return "\n".join(text)
