"""Makes new TLS connections by the clock: handshake, HELLO, its answer, and good-bye.

usage: handshakes.py PORT RATE SECONDS CERTIFICATE KEY AUTHORITY
Prints as JSON how many a second there were, and how long one took from when it was due.
"""

import json
import socket
import ssl
import sys
import threading
import time

import msgpack

THREADS = 4
HELLO = msgpack.packb([1, 0, {"version_min": 1, "version_max": 1, "client": "handshakes"}])


def connect(context, port):
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as link:
        link.sendall(len(HELLO).to_bytes(4, "big") + HELLO)
        if not link.recv(4):
            raise RuntimeError("no HELLO")


def work(context, port, rate, end, first, found):
    due = first
    while due < end:
        time.sleep(max(0, due - time.monotonic()))
        connect(context, port)
        found.append(time.monotonic() - due)
        due += THREADS / rate


def main(port, rate, seconds, certificate, key, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["e3/1"])
    context.load_verify_locations(authority)
    context.load_cert_chain(certificate, key)
    found = []
    start = time.monotonic()
    threads = [threading.Thread(target=work, args=(context, int(port), float(rate), start + float(seconds),
                                                   start + i / float(rate), found)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - start
    found.sort()
    print(json.dumps({"per_s": len(found) / took, "p50_us": 1e6 * found[len(found) // 2],
                      "p99_us": 1e6 * found[len(found) * 99 // 100]}))


main(*sys.argv[1:])
