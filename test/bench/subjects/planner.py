"""What the preloaded library costs a statement that does not concern it.

Two servers alike but for shared_preload_libraries run the same statement, not
prepared, by turns.  Its time is noisier than the goal; so the instructions
of the backend are counted too, where the kernel lets them be counted.
"""

import statistics

from measure import Figure, Probe, Ratio

BURSTS = 20
EACH = 500
SIDES = {
    "without": "no library",
    "preloaded": "library preloaded",
    "used": "library preloaded and used before",
}


class Planner(Probe):
    def figures(self, bench):
        times = [Figure(f"planner_{side}", f"SELECT 1 … WHERE id = 4, {what}", "ns/statement")
                 for side, what in SIDES.items()]
        counts = [Figure(f"planner_{side}_instructions", f"the same, {what}", "instructions")
                  for side, what in SIDES.items()]
        return times + counts

    def prepare(self, bench):
        without, preloaded, used = bench.server_without_preload(), bench.connect(), bench.connect()
        used.sql("SELECT decrypt(encrypt('x'))")
        self.sessions = dict(zip(SIDES, (without, preloaded, used)))
        self.sql = f"SELECT 1 FROM {bench.table('plain', bench.sizes[0])} WHERE id = 4"
        bench.table("plain", bench.sizes[0], without)
        libraries = [session.sql("SHOW shared_preload_libraries") for session in self.sessions.values()]
        if libraries != ["", "evcrypt", "evcrypt"]:
            raise RuntimeError(f"the servers have preloaded {libraries}")

    def run(self, bench):
        each = bench.times(EACH)
        answers = {side: [] for side in SIDES}
        for burst in range(BURSTS):
            for side in SIDES if burst % 2 == 0 else reversed(SIDES):
                answers[side].append(self.sessions[side].command("repeat", each, self.sql))
        figures = {}
        for side, some in answers.items():
            figures[f"planner_{side}"] = statistics.median(answer.ns / each for answer in some)
            if some[0].instructions is not None:
                figures[f"planner_{side}_instructions"] = statistics.median(a.instructions / each for a in some)
        return figures


def probes(bench):
    return [Planner()]


def ratios(bench):
    return [
        Ratio("planner", "statement without our functions, preloaded ÷ not: time", "planner_preloaded",
              "planner_without", 1.01),
        Ratio("planner_instructions", "the same: instructions of the backend", "planner_preloaded_instructions",
              "planner_without_instructions", 1.01),
        Ratio("planner_used_instructions", "in a session that has used them ÷ not: instructions", "planner_used_instructions",
              "planner_without_instructions"),
    ]
