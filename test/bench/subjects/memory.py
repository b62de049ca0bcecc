"""Memory of the backend and of E3 while decrypted rows stream to a client."""

import select

from measure import Figure, Probe, Ratio
from processes import anonymous_kib

INTERVAL = 0.005


class Memory(Probe):
    """A new backend each time, so that its peak is this statement's."""

    warm_up = False

    def __init__(self, rows):
        self.rows = rows
        self.names = {who: f"memory_{who}_{rows}" for who in ("backend", "e3")}

    def figures(self, bench):
        return [
            Figure(self.names["backend"], f"backend, decrypt(c) to a client, {self.rows} rows: peak", "MiB"),
            Figure(self.names["e3"], f"E3, the same {self.rows} rows: peak", "MiB"),
        ]

    def prepare(self, bench):
        self.sql = f"SELECT decrypt(c) FROM {bench.table('cipher', self.rows)}"

    def run(self, bench):
        session = bench.connect()
        peaks = {name: 0 for name in self.names.values()}
        session.send("stream", self.sql)
        done = False
        while not done:
            done = bool(select.select([session.process.stdout], [], [], INTERVAL)[0])
            for who, pid in (("backend", session.backend), ("e3", bench.e3)):
                peaks[self.names[who]] = max(peaks[self.names[who]], anonymous_kib(pid) / 1024)
        rows = session.words(self.sql)[2]
        if rows != str(self.rows):
            raise RuntimeError(f"{self.sql}: {rows} rows")
        bench.disconnect(session)
        return peaks


def probes(bench):
    return [Memory(size) for size in bench.sizes[2:]]


def ratios(bench):
    small, *larger = bench.sizes[2:]
    return [
        Ratio(f"memory_{who}_{size}", f"memory of {what}, {size} rows ÷ {small}", f"memory_{who}_{size}",
              f"memory_{who}_{small}", 1.10, 1.03)
        for size in larger
        for who, what in (("backend", "the backend"), ("e3", "E3"))
    ]
