"""A key pair as pgcrypto reads it: RFC 4880's packets, with no more in them than it looks at."""

import re
import subprocess

PUBLIC, SECRET, SECRET_SUBKEY, PUBLIC_SUBKEY = 6, 5, 7, 14
VERSION, RSA, UNPROTECTED = 4, 1, 0
BITS = 2048


def integer(number):
    """RFC 4880, 3.2: its length in bits, and its bytes."""
    bits = number.bit_length()
    return bits.to_bytes(2, "big") + number.to_bytes((bits + 7) // 8, "big")


def packet(tag, body):
    """4.2.1: the old format, with a length of two bytes."""
    return bytes([0x80 | tag << 2 | 1]) + len(body).to_bytes(2, "big") + body


def numbers():
    """n, e, d, p and q of a new key."""
    key = subprocess.run(["openssl", "genrsa", "-traditional", str(BITS)], check=True, capture_output=True).stdout
    text = subprocess.run(["openssl", "asn1parse"], input=key, check=True, capture_output=True).stdout.decode()
    return [int(found, 16) for found in re.findall(r"INTEGER +:([0-9A-F]+)", text)][1:6]


def key_pair():
    """Public and secret: a key, and a subkey to encrypt by, which here are the same."""
    n, e, d, p, q = numbers()
    public = bytes([VERSION]) + bytes(4) + bytes([RSA]) + integer(n) + integer(e)
    p, q = min(p, q), max(p, q)
    parts = integer(d) + integer(p) + integer(q) + integer(pow(p, -1, q))
    secret = public + bytes([UNPROTECTED]) + parts + (sum(parts) % 65536).to_bytes(2, "big")
    return (packet(PUBLIC, public) + packet(PUBLIC_SUBKEY, public), packet(SECRET, secret) + packet(SECRET_SUBKEY, secret))
