#!/usr/bin/env python3
"""The host of an emulated enclave: hands connections to a Unix socket on to a port of vsock,
through vhost-device-vsock's Unix socket, answers the sign of life of the enclave's init,
and leads the enclave to a KMS.

usage: host.py VSOCK PORT SOCKET KMS RECORD
  VSOCK   vhost-device-vsock's uds-path
  PORT    where E3 listens in the enclave
  SOCKET  made here, for everybody: it stands for vsock:CID:PORT, which takes a kernel that
          has vsock and is the enclave's parent
  KMS     the Unix socket to which connections to port 8000 are handed on, as a parent's
          vsock-proxy would
  RECORD  every byte of those, as whoever runs the parent can see them

Prints a line when the enclave has given its sign of life.
"""

import asyncio
import os
import sys

SIGN_OF_LIFE_PORT = 9000
KMS_PORT = 8000
CHUNK = 1 << 16


async def copy(reader, writer, see=lambda data: None):
    """Until one of the two ends; the end is handed on."""
    try:
        while data := await reader.read(CHUNK):
            see(data)
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def connect(vsock, port):
    reader, writer = await asyncio.open_unix_connection(vsock)
    writer.write(b"CONNECT %d\n" % port)
    answer = await reader.readline()
    if not answer.startswith(b"OK "):
        writer.close()
        raise ConnectionRefusedError(f"no one listens at port {port} of the enclave")
    return reader, writer


async def hand_on(reader, writer, vsock, port):
    try:
        from_e3, to_e3 = await connect(vsock, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, to_e3), copy(from_e3, writer))
    to_e3.close()
    writer.close()


async def answer_sign_of_life(reader, writer):
    sign = await reader.readexactly(1)
    writer.write(sign)
    await writer.drain()
    writer.close()
    print(f"sign of life {sign.hex()}", flush=True)


async def lead_to_kms(reader, writer, kms, record):
    from_kms, to_kms = await asyncio.open_unix_connection(kms)
    with open(record, "ab", buffering=0) as file:
        await asyncio.gather(copy(reader, to_kms, file.write), copy(from_kms, writer, file.write))
    to_kms.close()
    writer.close()


async def main(vsock, port, socket, kms, record):
    await asyncio.start_unix_server(answer_sign_of_life, f"{vsock}_{SIGN_OF_LIFE_PORT}")
    await asyncio.start_unix_server(
        lambda reader, writer: lead_to_kms(reader, writer, kms, record), f"{vsock}_{KMS_PORT}")
    server = await asyncio.start_unix_server(
        lambda reader, writer: hand_on(reader, writer, vsock, port), socket)
    os.chmod(socket, 0o666)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
