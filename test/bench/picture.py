"""What was measured as a picture: an SVG of what a value takes each way, of the goals, and of values by their length."""

import math
from html import escape

import report

WIDTH, LEFT, RIGHT, LINE = 980, 330, 90, 22
ENCRYPT, DECRYPT, FLOOR = "#3b6fb0", "#d08a2e", "#8a8a8a"
COLOURS = {"aim": "#2c8a4b", "must": "#3b6fb0", "MISSED": "#c0392b"}

# What a value takes: a label, and the figures of encrypting and decrypting.
WAYS = (
    ("a C function that copies", "copy", "copy_back"),
    ("AEAD in a loop, no server", "floor_bare_encrypt", "floor_bare_decrypt"),
    ("E3 without PostgreSQL", "floor_encrypt", "floor_decrypt"),
    ("evcrypt, Unix socket", "encrypt", "decrypt"),
    ("evcrypt, TLS", "tls_encrypt", "tls_decrypt"),
    ("evcrypt, batching off", "encrypt_off", "decrypt_off"),
    ("pgcrypto encrypt: IV of zeros, no tag", "pgcrypto_aes", "pgcrypto_aes_decrypt"),
    ("pgcrypto encrypt_iv, random IV: no tag", "pgcrypto_iv", "pgcrypto_iv_decrypt"),
    ("pgcrypto pgp_sym, tuned", "pgcrypto_tuned", "pgcrypto_tuned_decrypt"),
    ("pgcrypto pgp_sym, as it comes", "pgcrypto_pgp", "pgcrypto_pgp_decrypt"),
    ("pgcrypto pgp_pub, RSA", "pgcrypto_pub", "pgcrypto_pub_decrypt"),
    ("a key service by HTTP for each value", "service_encrypt", "service_decrypt"),
    ("COPY of a csv file by a program", "program_load_plain", "program_unload_plain"),
    ("the same, evcrypt", "program_load_encrypt", "program_unload_decrypt"),
    ("binary COPY, evcrypt", "program_pack_encrypt", "program_unpack_decrypt"),
    ("binary COPY, encryption in the program", "program_seal", "program_open"),
)
LINES = (("copy", FLOOR, "4 3"), ("encrypt", ENCRYPT, ""), ("copy_back", FLOOR, "1 3"), ("decrypt", DECRYPT, ""))


def amount(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Panel:
    """A part of the picture, with a logarithmic axis below; y counts from its top."""

    def __init__(self, title, lowest, highest):
        self.lines = [f'<text x="12" y="16" font-weight="bold">{escape(title)}</text>']
        self.low, self.high = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
        self.high = max(self.high, self.low + 1)
        self.height = 26

    def x(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + min(max(share, 0), 1) * (WIDTH - LEFT - RIGHT)

    def label(self, text):
        self.lines.append(f'<text x="{LEFT - 8}" y="{self.height + 15}" text-anchor="end">{escape(text)}</text>')

    def bar(self, one, colour, top, height):
        x = self.x(one["median"])
        self.lines += [
            f'<rect x="{LEFT}" y="{top}" width="{x - LEFT:.1f}" height="{height}" fill="{colour}"/>',
            f'<path d="M{self.x(one["min"]):.1f} {top + height / 2}H{self.x(one["max"]):.1f}" stroke="black"/>',
            f'<text x="{max(x, self.x(one["max"])) + 5:.1f}" y="{top + height}" font-size="10">{amount(one["median"])}</text>']

    def text(self, top):
        """Grid first, so that all else lies above it."""
        grid = []
        for power in range(self.low, self.high + 1):
            x = self.x(10.0**power)
            grid += [f'<path d="M{x:.1f} 24V{self.height}" stroke="#ddd"/>',
                     f'<text x="{x:.1f}" y="{self.height + 14}" text-anchor="middle" fill="#666">{amount(10.0**power)}</text>']
        return [f'<g transform="translate(0 {top})">', *grid, *self.lines, "</g>"]


def ways(measured):
    rows = [(label, [measured.get(name) for name in names]) for label, *names in WAYS]
    rows = [(label, found) for label, found in rows if any(found)]
    known = [one for _, found in rows for one in found if one]
    if not known:
        return None
    panel = Panel("ns a value, medians and spread: encrypt blue, decrypt orange", min(one["min"] for one in known),
                  max(one["max"] for one in known))
    for label, found in rows:
        panel.label(label)
        for one, colour, top in zip(found, (ENCRYPT, DECRYPT), (2, 11)):
            if one:
                panel.bar(one, colour, panel.height + top, 8)
        panel.height += LINE
    return panel


def burden(ratio, value):
    """What part of what must be met is used up; 1 is the limit."""
    if ratio["better"] == "near":
        return max(abs(value - 1), 1e-3) / ratio["must"]
    return max(value / ratio["must"] if ratio["better"] == "lower" else ratio["must"] / value, 1e-3)


def goals(ratios):
    found = {name: one for name, one in ratios.items() if one["must"]}
    if not found:
        return None
    marks = [burden(one, one[part]) for one in found.values() for part in ("median", "min", "max")]
    panel = Panel("goals: 1 is what each must not pass (line), the mark is its aim, the dot the median; left is better",
                  min(marks + [0.1]), max(marks + [2]))
    for name, one in found.items():
        panel.label(f"{name}: {report.number(one['median'])}")
        y = panel.height + 11
        ends = sorted(panel.x(burden(one, one[part])) for part in ("min", "max"))
        if one["better"] == "near" and one["min"] < 1 < one["max"]:
            ends[0] = LEFT
        colour = COLOURS[one["reached"]]
        panel.lines += [f'<path d="M{ends[0]:.1f} {y}H{ends[1]:.1f}" stroke="{colour}" stroke-width="3"/>',
                        f'<circle cx="{panel.x(burden(one, one["median"])):.1f}" cy="{y}" r="5" fill="{colour}"/>']
        if one["aim"]:
            aim = 1 + one["aim"] if one["better"] == "near" else one["aim"]
            x = panel.x(burden(one, aim))
            panel.lines.append(f'<path d="M{x:.1f} {y - 8}V{y + 8}" stroke="#2c8a4b" stroke-width="2"/>')
        panel.height += LINE
    panel.lines.append(f'<path d="M{panel.x(1):.1f} 24V{panel.height}" stroke="#c0392b" stroke-width="2"/>')
    return panel


def lengths(measured):
    found = {}
    for name, one in measured.items():
        if name.startswith("length_"):
            call, length = name.removeprefix("length_").rsplit("_", 1)
            found.setdefault(call, []).append((int(length), one["median"]))
    if not found:
        return None
    values = [ns for points in found.values() for _, ns in points]
    panel = Panel("ns a value (left to right) by its length in bytes (downwards): encrypt blue, decrypt orange, copies grey",
                  min(values), max(values))
    for row, (length, _) in enumerate(found["copy"]):
        panel.label(f"{length:,} bytes")
        for call, colour, _ in LINES:
            x = panel.x(found[call][row][1])
            panel.lines.append(f'<circle cx="{x:.1f}" cy="{panel.height + 11}" r="3.5" fill="{colour}"/>')
        panel.height += LINE
    for call, colour, dashes in LINES:
        points = " ".join(f"{panel.x(ns):.1f},{37 + row * LINE}" for row, (_, ns) in enumerate(found[call]))
        panel.lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-dasharray="{dashes}"/>')
    return panel


def draw(everything):
    panels = [panel for panel in (ways(everything["measured"]), goals(everything["ratios"]), lengths(everything["measured"]))
              if panel]
    lines, top = [], 10
    for panel in panels:
        lines += panel.text(top)
        top += panel.height + 40
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" font-family="sans-serif" '
                      'font-size="12">', '<rect width="100%" height="100%" fill="white"/>', *lines, "</svg>"]) + "\n"
