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
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "rounds": values}


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


def show(machine, figures, ratios, rounds):
    """Prints all; returns it."""
    measured, compared = collect(figures, ratios, rounds)
    for name, value in machine.items():
        print(f"{name}: {value}")
    print()
    columns = {column: head for column, head in COLUMNS.items() if any(column in one for one in measured.values())}
    print(table(
        ("measured", "", "unit", "median", "min", "max", *columns.values()),
        [(name, one["what"], one["unit"], *(number(one[key]) for key in ("median", "min", "max")),
          *(number(one.get(column)) for column in columns)) for name, one in measured.items()]))
    print()
    print(table(
        ("ratio", "", "median", "min", "max", "must", "aim", "reached"),
        [(ratio.name, ratio.what, *(number(compared[ratio.name][key]) for key in ("median", "min", "max")),
          goal(ratio, ratio.must), goal(ratio, ratio.aim), compared[ratio.name]["reached"] or "-")
         for ratio in ratios if ratio.name in compared]))
    for ratio in ratios:
        if ratio.name not in compared:
            print(f"{ratio.name}: not measured: {ratio.top} or {ratio.bottom} is not known on this machine")
    return {"machine": machine, "measured": measured, "ratios": compared}
