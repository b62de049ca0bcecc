#!/usr/bin/python3
"""Cancels large requests at random moments, and looks what is left of them.

usage: cancel.py --socket PATH --pid PID [--rounds N] [--connections N] [--values N] [--seed N]

In each round every connection sends a large ENCRYPT; after a random time all of
them but one are cancelled.  That one is a DECRYPT, whose result is compared byte
by byte, as is that of small requests on a connection beside them.  Then one more is
cancelled with nothing else to do for E3 nor for this client, and timed.  Prints JSON:

  cancelled, finished   requests that ended by CANCELLED, or were done before
  p50_us, p99_us        from the last byte of CANCEL to the answer, of those timed
  stop_p50_us, stop_p99_us
                        from telling a worker to stop until it is free, as E3 counts
  wrong                 results that were not right
  jobs                  requests that E3 still has, by HEALTH
  uncounted             difference between the answers and E3's counters
  descriptors           of E3, more than before
  locked_kib            locked memory of E3, more than before
  growth_mib            anonymous memory of E3, more than before

Descriptors are null where /proc does not show them: E3 lets only root look.
"""

import argparse
import json
import os
import random
import re
import selectors
import socket
import struct
import sys
import time

import msgpack

ENCRYPT, DECRYPT, CANCEL, HEALTH, STATS = 3, 4, 7, 8, 9
RESULT, CANCELLED = 64, 66
APP = {"app": "default"}
LENGTH = 32
TIMEOUT = 60


def frame(*message):
    body = msgpack.packb(list(message), use_bin_type=True)
    return struct.pack(">I", len(body)) + body


def column(values):
    return b"".join(values), b"".join(struct.pack("<I", len(value)) for value in values)


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(path)
        self.buffer = bytearray()
        self.id = 0
        self.socket.sendall(frame(1, 0, {"version_min": 1, "version_max": 1, "client": "cancel"}))
        self.receive()

    def take(self):
        """One reply of those that have come whole; None if there is none."""
        if len(self.buffer) < 4:
            return None
        length = 4 + struct.unpack_from(">I", self.buffer)[0]
        if len(self.buffer) < length:
            return None
        with memoryview(self.buffer) as view:
            reply = msgpack.unpackb(view[4:length], raw=False, max_bin_len=2**31 - 1)
        del self.buffer[:length]
        return reply

    def read(self):
        got = self.socket.recv(1 << 20)
        if not got:
            raise RuntimeError("E3 has closed the connection")
        self.buffer += got

    def receive(self):
        while (reply := self.take()) is None:
            self.read()
        return reply

    def send(self, verb, header, *columns):
        self.id += 1
        self.socket.sendall(frame(verb, self.id, header, *columns))

    def call(self, verb, header, *columns):
        self.send(verb, header, *columns)
        reply = self.receive()
        if reply[:2] != [RESULT, self.id]:
            raise RuntimeError(f"no result: {reply[0]} {reply[2]}")
        return reply

    def cancel(self):
        self.socket.sendall(frame(CANCEL, self.id, {}))


def proc(pid, name, pattern):
    with open(f"/proc/{pid}/{name}", encoding="ascii") as file:
        return int(re.search(pattern, file.read(), re.MULTILINE).group(1))


def look(pid):
    """Descriptors, locked and anonymous KiB."""
    try:
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        descriptors = None
    return descriptors, proc(pid, "status", r"^VmLck:\s+(\d+)"), proc(pid, "status", r"^RssAnon:\s+(\d+)")


class Test:
    def __init__(self, chosen):
        self.random = random.Random(chosen.seed)
        self.found = {"cancelled": 0, "finished": 0, "wrong": 0}
        self.times = []
        self.watch = Client(chosen.socket)
        self.path, self.count = chosen.socket, chosen.connections
        self.plain = column([self.random.randbytes(LENGTH) for _ in range(chosen.values)])
        self.small_plain = column([b"small", b""] * 15)
        start = time.perf_counter()
        self.sealed = self.seal(self.plain)
        self.once = time.perf_counter() - start
        self.small_sealed = self.seal(self.small_plain)

    def seal(self, plain):
        return self.watch.call(ENCRYPT, APP, *plain)[3:5]

    def answers(self, clients):
        """(client, reply) until each has one."""
        waiting = set(clients)
        with selectors.DefaultSelector() as selector:
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            while waiting:
                ready = selector.select(TIMEOUT)
                if not ready:
                    raise RuntimeError("E3 sends nothing")
                for client in (key.data for key, _ in ready):
                    client.read()
                    if (reply := client.take()) is not None:
                        waiting.discard(client)
                        selector.unregister(client.socket)
                        yield client, reply

    def pause(self, longest):
        """Some time, spent waiting for nothing: a sleep would be too coarse."""
        until = time.perf_counter() + self.random.uniform(0, longest)
        while time.perf_counter() < until:
            pass

    def many(self):
        spared = self.random.choice(self.clients)
        for client in self.clients:
            if client is spared:
                client.send(DECRYPT, APP, *self.sealed)
            else:
                client.send(ENCRYPT, APP, *self.plain)
        self.check(self.small.call(DECRYPT, APP, *self.small_sealed), self.small_plain)
        self.pause(4 * self.once)
        for client in self.clients:
            if client is not spared:
                client.cancel()
        for client, reply in self.answers(self.clients):
            if client is spared:
                self.check(reply, self.plain)
            else:
                self.judge(client, reply)

    def alone(self):
        self.small.send(ENCRYPT, APP, *self.plain)
        self.pause(self.once)
        self.small.cancel()
        start = time.perf_counter()
        reply = self.small.receive()
        took = (time.perf_counter() - start) * 1e6
        if self.judge(self.small, reply) == CANCELLED:
            self.times.append(took)

    def judge(self, client, reply):
        """Counts the answer to a request that was cancelled, perhaps too late."""
        if reply[1] != client.id:
            self.found["wrong"] += 1
        elif reply[0] == CANCELLED:
            self.found["cancelled"] += 1
        elif reply[0] == RESULT and len(reply[4]) == len(self.plain[1]):
            self.found["finished"] += 1
        else:
            self.found["wrong"] += 1
        return reply[0]

    def check(self, reply, plain):
        if reply[0] != RESULT or tuple(reply[3:5]) != plain or reply[5] is not None:
            self.found["wrong"] += 1

    def connect(self):
        self.clients = [Client(self.path) for _ in range(self.count)]
        self.small = Client(self.path)

    def disconnect(self):
        for client in [*self.clients, self.small]:
            client.socket.close()

    def stats(self):
        return self.watch.call(STATS, {})[2]

    def settled(self):
        """E3 has noticed that the connections are closed, or the time is over."""
        deadline = time.monotonic() + TIMEOUT
        while self.stats()["connections_open"] > 1 and time.monotonic() < deadline:
            time.sleep(0.01)

    def run(self, pid, rounds):
        # Once to grow what grows once.
        self.connect()
        self.many()
        self.disconnect()
        self.settled()
        self.found.update(cancelled=0, finished=0)
        self.times.clear()
        before, counted = look(pid), self.stats()
        self.connect()
        for _ in range(rounds):
            self.many()
            self.alone()
        # Chance may have had all of them done before.
        for _ in range(100 if not self.times else 0):
            self.alone()
        jobs = self.watch.call(HEALTH, {})[2]
        self.disconnect()
        self.settled()
        after, counters = look(pid), self.stats()
        self.times.sort()
        descriptors = None if before[0] is None else after[0] - before[0]
        return {
            **self.found,
            "p50_us": self.percentile(0.5), "p99_us": self.percentile(0.99), "max_us": self.percentile(1),
            "stop_p50_us": counters["stop_p50_ns"] / 1000, "stop_p99_us": counters["stop_p99_ns"] / 1000,
            "jobs": jobs["queued"] + jobs["running"],
            "uncounted": abs(counters["requests_cancelled"] - counted["requests_cancelled"] - self.found["cancelled"]),
            "descriptors": descriptors,
            "locked_kib": after[1] - before[1],
            "growth_mib": (after[2] - before[2]) / 1024,
        }

    def percentile(self, share):
        return self.times[min(int(share * len(self.times)), len(self.times) - 1)] if self.times else None


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--values", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    json.dump(Test(chosen).run(chosen.pid, chosen.rounds), sys.stdout)
    print()


if __name__ == "__main__":
    main()
