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
    *others, last = (f"growth_{size}" for size in bench.sizes)
    return [
        Ratio(name, f"a value of {name.split('_')[1]} rows ÷ one of {bench.sizes[-1]}", name, last, 0.10, 0.03, "near")
        for name in others
    ]
