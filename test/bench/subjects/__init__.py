"""The subjects, in the order in which they are measured.

Each is a module with probes(bench) and ratios(bench), lists of what measure.py
has; a ratio may also name figures of another subject, which then are measured.
"""

from subjects import batch, copy, evidence, growth, insert, json, memory, pgcrypto, planner, single, size, to_client

SUBJECTS = {
    "batch": batch,
    "pgcrypto": pgcrypto,
    "to_client": to_client,
    "insert": insert,
    "copy": copy,
    "json": json,
    "single": single,
    "planner": planner,
    "growth": growth,
    "memory": memory,
    "size": size,
    "evidence": evidence,
}
