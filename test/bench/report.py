"""Tables for people, a dictionary for programs."""

import statistics

# What a figure may have beside it; see docs/bench/README.md.
COLUMNS = {"backend": "backend", "e3": "E3", "delay": "delay", "instructions": "instr."}


def number(value):
    """Three digits that matter, and a fourth where small parts of 1 do."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3 if 0.9 < value < 1.1 else 2
    return f"{value:.{digits}f}"


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "rounds": [float(f"{value:.6g}") for value in values]}


def table(heads, lines):
    """The first two columns are words, the others numbers; returns text."""
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    return "\n".join(
        "  ".join(word.ljust(width) if i < 2 else word.rjust(width)
                  for i, (word, width) in enumerate(zip(line, widths))).rstrip()
        for line in [heads, *lines])


def goal(ratio, value):
    if value is None:
        return "-"
    if ratio.better == "near":
        return f"±{value:.0%}"
    return ("≤ " if ratio.better == "lower" else "≥ ") + f"{value:g}"


def collect(figures, ratios, rounds):
    """What was measured, and how it compares: two dictionaries."""
    measured = {}
    for figure in figures:
        values = [one[figure.name] for one in rounds if figure.name in one]
        if not values:
            continue
        measured[figure.name] = {"what": figure.what, "unit": figure.unit, **spread(values)}
        for column in COLUMNS:
            details = [one[f"{figure.name}/{column}"] for one in rounds if f"{figure.name}/{column}" in one]
            if details:
                measured[figure.name][column] = statistics.median(details)
    compared = {}
    for ratio in ratios:
        if all(ratio.known(one) for one in rounds):
            found = spread([ratio.value(one) for one in rounds])
            compared[ratio.name] = {"what": ratio.what, **found, "must": ratio.must, "aim": ratio.aim,
                                    "better": ratio.better, "reached": ratio.reached(found["median"])}
    return measured, compared


def verdict(ratios, compared):
    """Names of the ratios with goals by what they reach: aim, must, MISSED, FAILED."""
    found = {"aim": [], "must": [], "MISSED": [], "FAILED": []}
    for ratio in ratios:
        if ratio.must is not None:
            found[compared[ratio.name]["reached"] if ratio.name in compared else "FAILED"].append(ratio.name)
    return found


def ratio_table(ratios, compared, with_goals):
    heads = ["ratio", "", "median", "min", "max"] + (["must", "aim", "reached"] if with_goals else [])
    lines = []
    for ratio in ratios:
        found = compared.get(ratio.name, {})
        line = [ratio.name, ratio.what, *(number(found.get(key)) for key in ("median", "min", "max"))]
        if with_goals:
            line += [goal(ratio, ratio.must), goal(ratio, ratio.aim), found.get("reached", "FAILED")]
        lines.append(line)
    return table(heads, lines)


def show(machine, figures, ratios, rounds, failures):
    """Text for people, and the same for programs."""
    measured, compared = collect(figures, ratios, rounds)
    counted = any("instructions" in one for one in measured.values())
    # What the kernel does not count is missing by its nature.
    ratios = [ratio for ratio in ratios if counted or "instructions" not in ratio.name]
    with_goals = [ratio for ratio in ratios if ratio.must is not None]
    others = [ratio for ratio in ratios if ratio.must is None]
    reached = verdict(ratios, compared)
    lines = [f"{name}: {value}" for name, value in machine.items()]
    lines += ["", ratio_table(with_goals, compared, True)]
    lines += ["", f"{len(with_goals)} goals: {len(reached['aim'])} reach their aim, {len(reached['must'])} what they must, "
              f"{len(reached['MISSED'])} miss it, {len(reached['FAILED'])} were not measured"]
    lines += [f"{word}: {', '.join(reached[word])}" for word in ("MISSED", "FAILED") if reached[word]]
    lines += [f"failed: {', '.join(names)}: {why}" for names, why in failures]
    if others:
        lines += ["", ratio_table(others, compared, False)]
    columns = {column: head for column, head in COLUMNS.items() if any(column in one for one in measured.values())}
    lines += ["", table(
        ("measured", "", "unit", "median", "min", "max", *columns.values()),
        [(name, one["what"], one["unit"], *(number(one[key]) for key in ("median", "min", "max")),
          *(number(one.get(column)) for column in columns)) for name, one in measured.items()])]
    everything = {"machine": machine, "reached": reached, "failed": [{"figures": names, "why": why} for names, why in failures],
                  "measured": measured, "ratios": compared}
    return "\n".join(lines) + "\n", everything
