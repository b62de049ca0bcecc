"""Several sessions at once: each a table of its own kind, and each one value after the other."""

import time

from measure import Figure, Probe, Ratio, percentile
from subjects.single import VALUE

COUNTS = (1, 2, 4, 8)
SHARE = 5
SINGLES = 500
CALLS = {"copy": "bench_copy", "encrypt": "encrypt"}


class Sessions:
    """Not pinned; E3 is, with its one worker."""

    def __init__(self):
        self.open = []

    def take(self, bench, count):
        while len(self.open) < count:
            session = bench.connect()
            bench.pins.unpin(session.backend)
            bench.pins.unpin(session.process.pid)
            session.sql("SELECT count(*) FROM (SELECT encrypt('x')) x")
            self.open.append(session)
        return self.open[:count]


class Together(Probe):
    """A command that all of them get at the same time."""

    def __init__(self, sessions, count):
        self.sessions, self.count = sessions, count

    def all(self, bench, *words):
        """Nanoseconds until the last has answered, and the answers."""
        some = self.sessions.take(bench, self.count)
        start = time.monotonic_ns()
        for session in some:
            session.send(*words)
        answers = [session.words(words[-1]) for session in some]
        return time.monotonic_ns() - start, answers


class Whole(Together):
    def __init__(self, sessions, call, count):
        super().__init__(sessions, count)
        self.call, self.name = call, f"clients_{call}_{count}"

    def figures(self, bench):
        return [Figure(self.name, f"count({self.call}(v)), {self.count} session{'s' if self.count > 1 else ''},"
                                  f" {bench.rows // SHARE} rows each")]

    def run(self, bench):
        rows = bench.rows // SHARE
        ns, answers = self.all(bench, "run", f"SELECT count({CALLS[self.call]}(v)) FROM {bench.table('plain', rows)}")
        if any(answer[2] != str(rows) for answer in answers):
            raise RuntimeError(f"{self.name}: not all rows")
        return {self.name: ns / rows / self.count}


class Single(Together):
    def figures(self, bench):
        what = f"prepared SELECT encrypt($1), {self.count} session{'s' if self.count > 1 else ''}"
        return [Figure(f"clients_single_{self.count}", what + ": time a value of all", "µs"),
                Figure(f"clients_single_{self.count}_p50", what + ": median", "µs"),
                Figure(f"clients_single_{self.count}_p99", what + ": 99th percentile", "µs")]

    def run(self, bench):
        ns, answers = self.all(bench, "single", bench.times(SINGLES), VALUE, "SELECT encrypt($1::text)")
        times = [int(time) / 1000 for answer in answers for time in answer[2].split()]
        found = (ns / 1000 / len(times), percentile(times, 0.5), percentile(times, 0.99))
        return dict(zip((figure.name for figure in self.figures(bench)), found))


def probes(bench):
    sessions = Sessions()
    return ([Whole(sessions, call, count) for count in COUNTS for call in CALLS]
            + [Single(sessions, count) for count in COUNTS])


def ratios(bench):
    return [
        Ratio(f"clients_{count}", f"{count} session{'s' if count > 1 else ''}: encrypt ÷ copy function",
              f"clients_encrypt_{count}", f"clients_copy_{count}") for count in COUNTS
    ] + [
        Ratio(f"clients_scale_{count}", f"one session's time a value ÷ {count} sessions', encrypt", "clients_encrypt_1",
              f"clients_encrypt_{count}") for count in COUNTS[1:]
    ] + [
        Ratio(f"clients_single_scale_{count}", f"the same, single values", "clients_single_1", f"clients_single_{count}")
        for count in COUNTS[1:]
    ]
