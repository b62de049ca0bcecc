"""Whether a value costs the same in a small table as in a large one."""

from measure import Ratio, Statement


def probes(bench):
    # Short ones several times, so that each figure stands for about as long.
    return [
        Statement(f"growth_{size}", "count(encrypt(v))", "SELECT count(encrypt(v)) FROM {plain}", rows=size,
                  times=max(1, min(50, bench.rows // size // 2)))
        for size in bench.sizes
    ]


def ratios(bench):
    # Of the smallest, what a statement takes however few rows it has is a good part.
    smallest, *others, last = bench.sizes
    return [
        Ratio(f"growth_{size}", f"a value of {size} rows ÷ one of {last}", f"growth_{size}", f"growth_{last}", *goals)
        for size, goals in [(smallest, ()), *((size, (0.10, 0.03, "near")) for size in others)]
    ]
