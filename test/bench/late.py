"""An E3 whose answers are late: passes on at once what it is sent, and what comes back after a while.

usage: late.py E3S_SOCKET SOCKET MILLISECONDS

Says "ready" when it listens, and ends when its input does.
"""

import os
import queue
import socket
import sys
import threading
import time

CHUNK = 1 << 20


def forward(source, target):
    while data := source.recv(CHUNK):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def receive(source, waiting):
    while data := source.recv(CHUNK):
        waiting.put((time.monotonic(), data))
    waiting.put(None)


def send_late(target, waiting, delay):
    while (entry := waiting.get()) is not None:
        came, data = entry
        time.sleep(max(0.0, came + delay - time.monotonic()))
        target.sendall(data)
    target.close()


def serve(listener, path, delay):
    while True:
        client, _ = listener.accept()
        e3 = socket.socket(socket.AF_UNIX)
        e3.connect(path)
        waiting = queue.SimpleQueue()
        for work in (forward, client, e3), (receive, e3, waiting), (send_late, client, waiting, delay):
            threading.Thread(target=work[0], args=work[1:], daemon=True).start()


def main(path, own, milliseconds):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(own)
    os.chmod(own, 0o777)
    listener.listen()
    threading.Thread(target=serve, args=(listener, path, float(milliseconds) / 1000), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    # Threads may be in the middle of something.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
