"""Measuring by turns, round after round."""

import sys
import traceback


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


def attempt(failures, probe, work, *arguments):
    """What work returns, or nothing if it fails, which is kept with the names of what is missing then."""
    try:
        return work(*arguments)
    except Exception as error:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
        failures.setdefault(probe, " ".join(str(error).split()) or type(error).__name__)
        return None


def prepare(bench, probes, failures):
    for probe in probes:
        attempt(failures, probe, probe.prepare, bench)


def measure(bench, probes, count, failures, warm_up=True):
    """Every other round goes backwards, so that a drift does not favour anybody.

    A probe that fails is not tried again; "failures" has why, and the others go on.
    """
    found = []
    for probe in probes:
        if warm_up and probe.warm_up and probe not in failures:
            attempt(failures, probe, probe.run, bench)
    for number in range(count):
        print(f"round {number + 1} of {count}", file=sys.stderr)
        figures = {}
        for probe in probes if number % 2 == 0 else reversed(probes):
            if probe not in failures:
                figures.update(attempt(failures, probe, probe.run, bench) or {})
        found.append(figures)
    return found


def named(bench, failures):
    """What is missing, and why: lists of names beside reasons."""
    return [([figure.name for figure in probe.figures(bench)], why) for probe, why in failures.items()]
