"""The ladder as a picture: an SVG of bars, values a second on a logarithmic scale."""

import math
from html import escape

WIDTH, BAR, GAP, LEFT, TOP = 900, 26, 12, 330, 40


def ladder(everything):
    """Text of an SVG; the bars say how many times faster each step is than the one before."""
    steps = [(one["what"], 1e9 / one["median"]) for name, one in everything["measured"].items()
             if name.startswith("ladder_")]
    height = TOP + len(steps) * (BAR + GAP) + 30
    top = math.ceil(math.log10(max((rate for _, rate in steps), default=10)))
    scale = (WIDTH - LEFT - 130) / top
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
             'font-size="13">', '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="20">values a second, one step after the other</text>']
    for power in range(top + 1):
        x = LEFT + power * scale
        lines += [f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 25}" stroke="#ddd"/>',
                  f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" fill="#666">{10**power:,}</text>']
    before = None
    for i, (what, rate) in enumerate(steps):
        y = TOP + i * (BAR + GAP)
        factor = f" ({rate / before:.3g}x)" if before else ""
        lines += [f'<text x="{LEFT - 8}" y="{y + 18}" text-anchor="end">{escape(what[:52])}</text>',
                  f'<rect x="{LEFT}" y="{y}" width="{math.log10(rate) * scale:.1f}" height="{BAR}" fill="#4a7ab5"/>',
                  f'<text x="{LEFT + math.log10(rate) * scale + 6:.1f}" y="{y + 18}">{rate:,.0f}{factor}</text>']
        before = rate
    return "\n".join([*lines, "</svg>"]) + "\n"
