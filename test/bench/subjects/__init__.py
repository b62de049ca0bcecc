"""The subjects, in the order in which they are measured.

Each is a module with probes(bench) and ratios(bench), lists of what measure.py
has; a ratio may also name figures of another subject, which then are measured.
"""

from subjects import (batch, clients, cold, copy, engine, evidence, floor, growth, insert, json, length, memory, pgcrypto,
                      planner, program, service, single, size, statements, tls, to_client)

SUBJECTS = {
    "floor": floor,
    "batch": batch,
    "tls": tls,
    "pgcrypto": pgcrypto,
    "service": service,
    "to_client": to_client,
    "insert": insert,
    "statements": statements,
    "copy": copy,
    "program": program,
    "json": json,
    "single": single,
    "cold": cold,
    "clients": clients,
    "length": length,
    "growth": growth,
    "memory": memory,
    "size": size,
    "planner": planner,
    "evidence": evidence,
    "engine": engine,
}
