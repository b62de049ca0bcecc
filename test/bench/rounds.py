"""Measuring by turns, round after round."""

import sys


def choose(subjects, bench, names):
    """Probes and ratios of these subjects, and what probes of others their ratios need."""
    ratios = [ratio for name in names for ratio in subjects[name].ratios(bench)]
    needed = {name for ratio in ratios for name in (ratio.top, ratio.bottom)}
    probes = []
    for name, subject in subjects.items():
        for probe in subject.probes(bench):
            if name in names or needed & {figure.name for figure in probe.figures(bench)}:
                probes.append(probe)
    return probes, ratios


def prepare(bench, probes):
    for probe in probes:
        probe.prepare(bench)


def measure(bench, probes, count):
    """Every other round goes backwards, so that a drift does not favour anybody."""
    found = []
    for probe in probes:
        if probe.warm_up:
            probe.run(bench)
    for number in range(count):
        print(f"round {number + 1} of {count}", file=sys.stderr)
        figures = {}
        for probe in probes if number % 2 == 0 else reversed(probes):
            figures.update(probe.run(bench))
        found.append(figures)
    return found
