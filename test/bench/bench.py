"""What subjects measure with: sessions, tables, and processors for the processes."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys

import processes
from certs import Certs
from e3 import E3
from session import Session

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")

FUNCTIONS = (
    "CREATE FUNCTION bench_copy(text) RETURNS bytea LANGUAGE c STRICT PARALLEL SAFE AS '{library}'",
    "CREATE FUNCTION bench_copy_back(bytea) RETURNS text LANGUAGE c STABLE STRICT PARALLEL SAFE AS '{library}'",
    "CREATE FUNCTION bench_echo(text, text) RETURNS text LANGUAGE c STRICT AS '{library}'",
)

# What there is to make a table of n rows of, by the settings below; v has 32 characters.
TABLES = {
    "plain": "SELECT i AS id, md5(i::text) AS v FROM generate_series(1::bigint, {n}) i",
    "cipher": "SELECT id, encrypt(v) AS c FROM {plain}",
    "copied": "SELECT id, bench_copy(v) AS c FROM {plain}",
    # Twenty values a document.
    "documents": "SELECT (id - 1) / 20 AS id, jsonb_object_agg('f' || id % 20, v) AS doc FROM {plain} GROUP BY 1",
    "sealed": "SELECT (id - 1) / 20 AS id, encrypt_fields(jsonb_object_agg('f' || id % 20, v), '{{\"{{*}}\"}}') AS doc"
              " FROM {plain} GROUP BY 1",
    # A key for each value; and for each hundred, far from each other.
    "own": "SELECT id, encrypt(v) AS c FROM {plain}",
    "scattered": "SELECT id, c FROM (SELECT id, encrypt(v) AS c FROM {plain} OFFSET 0) x ORDER BY md5(id::text || 'x')",
    "service": "SELECT id, bench_service('encrypt', v) AS c FROM {plain}",
}
SETTINGS = {
    "own": {"evcrypt.max_values_per_key": "1"},
    "scattered": {"evcrypt.batch_rows": "100"},
}


def free_port():
    """One that nobody listens on, yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Pins:
    """A processor for backends, one for E3, and the clients' where there is a third."""

    def __init__(self, wanted):
        cpus = sorted(os.sched_getaffinity(0))
        self.all = set(cpus)
        self.wanted = wanted and len(cpus) > 1
        self.backend, self.e3 = cpus[0], cpus[1 % len(cpus)]
        self.client = cpus[min(2, len(cpus) - 1)]

    def pin(self, pid, cpu):
        if self.wanted:
            processes.pin(pid, cpu)

    def unpin(self, pid):
        """Lets it run on all that there are."""
        if self.wanted:
            processes.allow(pid, self.all)

    def __str__(self):
        if not self.wanted:
            return "not pinned"
        return f"backends on {self.backend}, E3 on {self.e3}, clients on {self.client}"


class Bench:
    def __init__(self, rows, large, pin):
        self.rows = rows
        self.sizes = [*dict.fromkeys(max(rows // part, 10) for part in (1000, 100, 10, 1)), *([rows * 10] if large else [])]
        self.pins = Pins(pin)
        self.socket = os.environ["E3_SOCKET"]
        self.e3 = int(os.environ["E3_PID"])
        self.pins.pin(self.e3, self.pins.e3)
        self.sessions = []
        self.stacks = []
        self.e3s = {}
        self.service_port = None
        self.tls_endpoint = None
        self.tables = set()
        self.main = self.connect()
        # The server's user may not reach this tree.
        library = os.path.join(os.environ["EVCRYPT_STACK"], "evcrypt_bench.so")
        shutil.copyfile(os.path.join(HERE, "c", "evcrypt_bench.so"), library)
        os.chmod(library, 0o755)
        self.main.sql(*(function.format(library=library) for function in FUNCTIONS))

    def times(self, count):
        """How often to do what is measured that often with many rows."""
        return max(min(count, self.rows // 200), 10)

    def connect(self, conninfo=""):
        """Without conninfo to the server of test/stack, which the environment names."""
        session = Session(conninfo, self.socket)
        self.sessions.append(session)
        self.pins.pin(session.backend, self.pins.backend)
        self.pins.pin(session.process.pid, self.pins.client)
        return session

    @contextlib.contextmanager
    def client_beside_backend(self):
        """The main session's, unless clients have a processor of their own."""
        moves = self.pins.client == self.pins.e3
        if moves:
            self.pins.pin(self.main.process.pid, self.pins.backend)
        try:
            yield
        finally:
            if moves:
                self.pins.pin(self.main.process.pid, self.pins.client)

    def disconnect(self, session):
        self.sessions.remove(session)
        session.close()

    def table(self, kind, rows, session=None):
        """Its name; it is made when it is first asked for."""
        name = f"{kind}_{rows}"
        session = session or self.main
        if (session, name) not in self.tables:
            query = TABLES[kind].format(n=rows, plain="" if kind == "plain" else self.table("plain", rows))
            self.make_table(name, query, SETTINGS.get(kind, {}), session)
            self.tables.add((session, name))
        return name

    def make_table(self, name, query, settings=None, session=None):
        session = session or self.main
        session.sql(*(f"SET {setting} = {value}" for setting, value in (settings or {}).items()),
                    f"CREATE TABLE {name} AS {query}", f"ALTER TABLE {name} ADD PRIMARY KEY (id)",
                    f"VACUUM (FREEZE, ANALYZE) {name}", *(f"RESET {setting}" for setting in settings or {}))

    def other_e3(self, name, settings):
        """Of the same keys, with one worker, on E3's processor; made when it is first asked for."""
        if name not in self.e3s:
            self.e3s[name] = E3(name, {**settings, "e3.workers": 1})
            self.pins.pin(self.e3s[name].pid, self.pins.e3)
        return self.e3s[name]

    def over_tls(self):
        """Settings of a session that asks an E3 over TLS."""
        if "tls" not in self.e3s:
            self.tls_endpoint = f"127.0.0.1:{free_port()}"
            self.other_e3("tls", {**Certs.settings(), "tls.listen": self.tls_endpoint})
        certificate, key, authority = Certs.files("client")
        return {"evcrypt.endpoints": f"'tls://{self.tls_endpoint}'", "evcrypt.sslcert": f"'{certificate}'",
                "evcrypt.sslkey": f"'{key}'", "evcrypt.sslrootcert": f"'{authority}'"}

    def helper(self, *command):
        """A process that says one line when it is ready, and ends when its input does; that line."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stacks.append(process)
        line = process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{command[0]} did not start")
        return process, line

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
        self.helper(sys.executable, os.path.join(HERE, "late.py"), self.socket, path, str(milliseconds))
        return path

    def service(self):
        """Port of the key service; it is E3's neighbour."""
        if not self.service_port:
            process, self.service_port = self.helper(os.path.join(HERE, "c", "service"))
            self.pins.pin(process.pid, self.pins.e3)
        return self.service_port

    def close(self):
        for session in self.sessions:
            session.close()
        for stack in self.stacks:
            stack.stdin.close()
            stack.wait()
            stack.stdout.close()
        for e3 in self.e3s.values():
            e3.stop()
