"""What subjects measure with: sessions, tables, and processors for the processes."""

import os
import shutil
import subprocess
import sys

import processes
from session import Session

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")

FUNCTIONS = (
    "CREATE FUNCTION bench_copy(text) RETURNS bytea LANGUAGE c STRICT PARALLEL SAFE AS '{library}'",
    "CREATE FUNCTION bench_copy_back(bytea) RETURNS text LANGUAGE c STRICT PARALLEL SAFE AS '{library}'",
    "CREATE FUNCTION bench_echo(text, text) RETURNS text LANGUAGE c STRICT AS '{library}'",
)

# What there is to make a table of n rows of; v has 32 characters.
TABLES = {
    "plain": "SELECT i AS id, md5(i::text) AS v FROM generate_series(1::bigint, {n}) i",
    "cipher": "SELECT id, encrypt(v) AS c FROM {plain}",
    "copied": "SELECT id, bench_copy(v) AS c FROM {plain}",
    # Twenty values a document.
    "documents": "SELECT (id - 1) / 20 AS id, jsonb_object_agg('f' || id % 20, v) AS doc FROM {plain} GROUP BY 1",
    "sealed": "SELECT (id - 1) / 20 AS id, encrypt_fields(jsonb_object_agg('f' || id % 20, v), '{{\"{{*}}\"}}') AS doc"
              " FROM {plain} GROUP BY 1",
}


class Pins:
    """A processor for backends, one for E3, and the clients' where there is a third."""

    def __init__(self, wanted):
        cpus = sorted(os.sched_getaffinity(0))
        self.wanted = wanted and len(cpus) > 1
        self.backend, self.e3 = cpus[0], cpus[1 % len(cpus)]
        self.client = cpus[min(2, len(cpus) - 1)]

    def pin(self, pid, cpu):
        if self.wanted:
            processes.pin(pid, cpu)

    def __str__(self):
        if not self.wanted:
            return "not pinned"
        return f"backends on {self.backend}, E3 on {self.e3}, clients on {self.client}"


class Bench:
    def __init__(self, rows, large, pin):
        self.rows = rows
        self.sizes = [max(rows // 100, 1), max(rows // 10, 1), rows] + ([rows * 10] if large else [])
        self.pins = Pins(pin)
        self.socket = os.environ["E3_SOCKET"]
        self.e3 = int(os.environ["E3_PID"])
        self.pins.pin(self.e3, self.pins.e3)
        self.sessions = []
        self.stacks = []
        self.helpers = []
        self.tables = set()
        self.main = self.connect()
        # The server's user may not reach this tree.
        library = os.path.join(os.environ["EVCRYPT_STACK"], "evcrypt_bench.so")
        shutil.copyfile(os.path.join(HERE, "c", "evcrypt_bench.so"), library)
        os.chmod(library, 0o755)
        self.main.sql(*(function.format(library=library) for function in FUNCTIONS))

    def connect(self, conninfo=""):
        """Without conninfo to the server of test/stack, which the environment names."""
        session = Session(conninfo, self.socket)
        self.sessions.append(session)
        self.pins.pin(session.backend, self.pins.backend)
        self.pins.pin(session.process.pid, self.pins.client)
        return session

    def disconnect(self, session):
        self.sessions.remove(session)
        session.close()

    def table(self, kind, rows, session=None):
        """Its name; it is made when it is first asked for."""
        name = f"{kind}_{rows}"
        session = session or self.main
        if (session, name) not in self.tables:
            query = TABLES[kind].format(n=rows, plain="" if kind == "plain" else self.table("plain", rows))
            session.sql(f"CREATE TABLE {name} AS {query}", f"ALTER TABLE {name} ADD PRIMARY KEY (id)",
                        f"VACUUM (FREEZE, ANALYZE) {name}")
            self.tables.add((session, name))
        return name

    def server_without_preload(self):
        """A session on a server of its own that has not loaded the library."""
        log = os.path.join(os.environ["EVCRYPT_STACK"], "second.log")
        with open(log, "w", encoding="utf-8") as errors:
            stack = subprocess.Popen(
                [os.path.join(TOP, "test", "stack"), "--no-preload", "--server-config",
                 os.path.join(HERE, "server.conf"), "sh", "-c", 'echo "$PGHOST"; exec cat'],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.stacks.append(stack)
        host = stack.stdout.readline().strip()
        if not host:
            raise RuntimeError("the second server did not start:\n" + processes.read(log))
        return self.connect(f"host={host} dbname=evcrypt user=postgres")

    def late_e3(self, milliseconds):
        """Socket of an E3 whose answers take that much longer."""
        path = os.path.join(os.environ["EVCRYPT_STACK"], f"late{len(self.stacks)}.sock")
        relay = subprocess.Popen([sys.executable, os.path.join(HERE, "late.py"), self.socket, path, str(milliseconds)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stacks.append(relay)
        if relay.stdout.readline() != "ready\n":
            raise RuntimeError("the late E3 did not start")
        return path

    def close(self):
        for session in self.sessions:
            session.close()
        for stack in self.stacks:
            stack.stdin.close()
            stack.wait()
            stack.stdout.close()
        for helper in self.helpers:
            helper.stop()
