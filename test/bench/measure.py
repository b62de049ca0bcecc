"""What a subject is made of.

A probe measures one or more figures in each round: run() returns them by name.
A ratio compares two figures of the same round, and may have a goal.
"""

import math
import string
from dataclasses import dataclass, field

import processes


@dataclass(frozen=True)
class Figure:
    name: str
    what: str
    unit: str = "ns/value"


class Probe:
    """warm_up: whether the first run is slower and does not count."""

    warm_up = True

    def figures(self, bench):
        """Figures that run() will measure."""
        raise NotImplementedError

    def prepare(self, bench):
        """Done once, before the first round."""

    def run(self, bench):
        """One round: a dictionary of figures, by their names."""
        raise NotImplementedError


@dataclass(eq=False)
class Statement(Probe):
    """A statement over a table, in nanoseconds a value.

    sql names tables of bench.py, such as {plain} and {cipher}; "rows" makes them that
    large, "share" a part of --rows.  "before" is run first, and not timed, and
    "settings" hold for the statement alone.  "times" repeats it, for those that
    are too short to be timed alone.  The statement must say the number of rows,
    or "answer".
    """

    name: str
    what: str
    sql: str
    rows: int = 0
    share: int = 1
    times: int = 1
    before: tuple = ()
    settings: dict = field(default_factory=dict)
    verb: str = "run"
    answer: str = ""

    def size(self, bench):
        return self.rows or max(bench.rows // self.share, min(bench.rows, 100))

    def figures(self, bench):
        size = self.size(bench)
        fewer = "" if size == bench.rows else f"; {size} rows"
        return [Figure(self.name, self.what + fewer)]

    def prepare(self, bench):
        kinds = {kind for _, kind, _, _ in string.Formatter().parse(self.sql) if kind}
        self.text = self.sql.format(**{kind: bench.table(kind, self.size(bench)) for kind in kinds})

    def run(self, bench):
        session, values = bench.main, self.size(bench) * self.times
        try:
            for name, value in self.settings.items():
                session.sql(f"SET {name} = {value}")
            for statement in self.before:
                session.sql(statement)
            before = [processes.times(pid) for pid in (session.backend, bench.e3)]
            answers = [session.command(self.verb, self.text) for _ in range(self.times)]
            after = [processes.times(pid) for pid in (session.backend, bench.e3)]
        finally:
            for name in self.settings:
                session.sql(f"RESET {name}")
        wanted = self.answer or str(self.size(bench))
        for answer in answers:
            if answer.text != wanted:
                raise RuntimeError(f"{self.text[:200]}: says {answer.text} instead of {wanted}")
        totals = {"": sum(answer.ns for answer in answers)}
        counts = [answer.instructions for answer in answers]
        if None not in counts:
            totals["/instructions"] = sum(counts)
        if None not in before:
            (backend, backend_delay), (e3, e3_delay) = (
                [now - was for now, was in zip(*both)] for both in zip(after, before))
            totals.update({"/backend": backend, "/e3": e3, "/delay": backend_delay + e3_delay})
        return {self.name + column: total / values for column, total in totals.items()}


@dataclass(frozen=True)
class Ratio:
    """top ÷ bottom; "better" says what the goals are: lower, higher, or near 1."""

    name: str
    what: str
    top: str
    bottom: str
    must: float = None
    aim: float = None
    better: str = "lower"
    column = ""

    def known(self, figures):
        return all(name + self.column in figures for name in (self.top, self.bottom))

    def value(self, figures):
        return figures[self.top + self.column] / figures[self.bottom + self.column]

    def meets(self, value, goal):
        if self.better == "near":
            return abs(value - 1) <= goal
        return value <= goal if self.better == "lower" else value >= goal

    def reached(self, value):
        """aim, must, or MISSED; nothing where there is no goal."""
        if self.must is None:
            return ""
        if self.aim is not None and self.meets(value, self.aim):
            return "aim"
        return "must" if self.meets(value, self.must) else "MISSED"


@dataclass(frozen=True)
class Processor(Ratio):
    """Of the backend's processor time, kernel included, without what it waits for."""

    column = "/backend"


@dataclass(frozen=True)
class Difference(Ratio):
    """top − bottom, for goals that are numbers of bytes."""

    def value(self, figures):
        return figures[self.top] - figures[self.bottom]


class Limit(Ratio):
    """One figure, for goals that are times or numbers."""

    def __init__(self, name, what, figure, must=None, aim=None):
        super().__init__(name, what, figure, figure, must, aim)

    def value(self, figures):
        return figures[self.top]


def percentile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
