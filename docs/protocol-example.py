#!/usr/bin/python3
"""A client of E3/1 in a few lines: encrypts its arguments and decrypts them again.

    protocol-example.py SOCKET APP TEXT...

Needs python3-msgpack.  docs/protocol.md says what every number means.
"""
import socket
import struct
import sys

import msgpack

HELLO, ENCRYPT, DECRYPT, RESULT = 1, 3, 4, 64


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.last_id = 0
        self.limits = self.exchange(HELLO, 0, {"version_min": 1, "version_max": 1, "client": "example"})[2]

    def read(self, length):
        data = b""
        while len(data) < length:
            piece = self.socket.recv(length - len(data))
            if not piece:
                raise ConnectionError("E3 closed the connection")
            data += piece
        return data

    def exchange(self, kind, number, header, *columns):
        body = msgpack.packb([kind, number, header, *columns])
        self.socket.sendall(struct.pack(">I", len(body)) + body)
        length, = struct.unpack(">I", self.read(4))
        reply = msgpack.unpackb(self.read(length))
        if reply[0] not in (HELLO, RESULT):
            raise RuntimeError(f"{reply[2].get('name', 'CANCELLED')}: {reply[2].get('message', '')}")
        if reply[1] != number:
            raise RuntimeError("reply to another request")
        return reply

    def call(self, kind, app, values):
        self.last_id += 1
        lengths = struct.pack(f"<{len(values)}I", *map(len, values))
        reply = self.exchange(kind, self.last_id, {"app": app}, b"".join(values), lengths)
        column, lengths, statuses = reply[3:6]
        results, at = [], 0
        for index, (length,) in enumerate(struct.iter_unpack("<I", lengths)):
            bad = statuses[index] if statuses is not None else 0
            results.append(f"error {300 + bad}".encode() if bad else column[at:at + length])
            at += length
        return results


client = Client(sys.argv[1])
print(f"E3/{client.limits['version']}, frames up to {client.limits['frame_max']} bytes")
envelopes = client.call(ENCRYPT, sys.argv[2], [text.encode() for text in sys.argv[3:]])
for envelope, text in zip(envelopes, client.call(DECRYPT, sys.argv[2], envelopes)):
    print(envelope.hex(), "->", text.decode())
