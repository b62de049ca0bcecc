#!/usr/bin/python3
"""Makes ciphertexts.json, frames.json and indexes.json from the constants below.

Needs python3-cryptography and python3-msgpack, which share no code with what
the vectors test.  The ciphertexts marked "sdk" were made by a public SDK with
pinned randomness and are only copied (and checked here); the others are
"derived": made here, from the same keys, by the rules of the format.
"""
import base64
import hashlib
import hmac
import json
import os
import struct

import msgpack
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.dirname(os.path.abspath(__file__))

CURVES = {
    "p256": {
        "private": "2a2b2c2d2e2f30313233343536373839c0ffee00deadbeef0123456789abcdef",
        "public": "02304ad7753b3a78c71b06aa9ec037d2ad6eed47141b64f57555f9dff91a2bad97",
        "ephemeral_private": "77076d0a7318a57d3c16c17251b26645c6c2f6c929f7d1c9b3f6f2d2c5c4b3a2",
        "epk": "0232609064dc576b0f967cb9814bdd964441d48fb1b0e46733ca4c50916a9ebadc",
        "z": "5f3c44e3a011c268d35c7a508c06c761eccb6640faed51160cdbc414de0e75e3",
        "shared_info_sha256": "4750c588d5ba70de067f32dce914e001941b4cc3299a4aa84bba402ba81c8299",
        "kdf_key": "3d18b003ef52bc76a06bcaebccfa401f0694639e0adfebd79c7ec617d246c84a",
    },
    "secp256k1": {
        "private": "1f2e3d4c5b6a79880102030405060708090a0b0c0d0e0f101112131415161718",
        "public": "02961a58f7ce58ec61de395e8d2dd056acb29a21992c84814e381a2580891de975",
        "ephemeral_private": "00112233445566778899aabbccddeeff0102030405060708090a0b0c0d0e0f10",
        "epk": "0296633f24c87e219d36b27e0354074ce3b422c8232d286c76cec9522479b84ba5",
        "z": "6ec6c6c61424ab4cc691bada009a9b012a2cf64e5b7c600b54bd7ddef210959a",
        "shared_info_sha256": "cf6e6a5e538a277dd7f9fcd4d58899fa5d8be87d37e4e861e86ff3f8f13e4ea8",
        "kdf_key": "14d5a835f779e400380e5f5b1cda79daf31bf20c8c60f6484b6cfb3a16937282",
    },
}

# tag: curve, KDF, metadata, AAD, scheme, number in the binary form
TAGS = {
    "": ("secp256k1", False, False, "none", 0, 1),
    "RFVC": ("secp256k1", False, False, "none", 0, 2),
    "T1JL": ("p256", False, False, "none", 0, 3),
    "Tk9D": ("p256", True, False, "app", 0, 4),
    "QlJV": ("secp256k1", True, True, "app", 0, 5),
    "TENZ": ("p256", True, True, "app", 0, 6),
    "S0lS": ("secp256k1", True, True, "v2", 0, 7),
    "QkTC": ("p256", True, True, "v2", 1, 8),
    "RVZS": ("p256", True, True, "context", 2, 9),
    "RVZL": ("secp256k1", True, True, "context", 3, 10),
}
TYPES = {"string": 0, "number": 1, "boolean": 2}

# tag, datatype, role, text, first byte of the IV, context, what an SDK wrote
CIPHERTEXTS = [
    ("Tk9D", "string", None, "hello world", 0x11, None,
     "ev:Tk9D:ERITFBUWFxgZGhsc:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:n24rEkFWMLPq6Ey8O9z7fWQTVdLQ0jUerumq:$"),
    ("Tk9D", "number", None, "1234.5", 0x21, None,
     "ev:Tk9D:number:ISIjJCUmJygpKiss:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:SQEhRNIoSn75HCNHLGTnTD7jlMI2Uw:$"),
    ("RFVC", "string", None, "hello world", 0x51, None,
     "ev:RFVC:UVJTVFVWV1hZWltc:ApZjPyTIfiGdNrJ+A1QHTOO0IsgjLShsds7JUiR5uEul:Om7jztYw2RJXIOUQSY1tPHOH3qvYuQtwNEP3:$"),
    ("QkTC", "string", "permit-all", "hello world", 0x81, None,
     "ev:QkTC:gYKDhIWGh4iJiouM:AjJgkGTcV2sPlny5gUvdlkRB1I+xsORnM8pMUJFqnrrc:Gp/w19VS6D1Qozfw/8hOu2fUjGDHJZdvMGpQQioKirLKExnyXQBa99w6d0ICTHFx9oTEQqQ43JM:$"),
    ("S0lS", "string", "permit-all", "hello world", 0xb1, None,
     "ev:S0lS:sbKztLW2t7i5uru8:ApZjPyTIfiGdNrJ+A1QHTOO0IsgjLShsds7JUiR5uEul:E5KPRuIYFg5VNVNy97QPrvGXwzT+M6MP/iP6p/9eVnhqWVDo9wVESv2UCTrhKqzztZ35YphKOxU:$"),
    ("", "string", None, "hello world", 0x31, None, None),
    ("", "boolean", None, "true", 0x32, None, None),
    ("RFVC", "number", None, "-1e-7", 0x33, None, None),
    ("T1JL", "string", None, "hello world", 0x41, None, None),
    ("T1JL", "number", None, "0", 0x42, None, None),
    ("Tk9D", "boolean", None, "false", 0x43, None, None),
    ("Tk9D", "string", None, "", 0x44, None, None),
    ("QlJV", "string", "permit-all", "hello world", 0x61, None, None),
    ("TENZ", "string", "permit-all", "hello world", 0x62, None, None),
    ("TENZ", "boolean", None, "true", 0x63, None, None),
    ("S0lS", "number", None, "1e+21", 0x71, None, None),
    ("QkTC", "string", None, "\u017elu\u0165ou\u010dk\u00fd \U0001f40e", 0x72, None, None),
    ("QkTC", "number", None, "1234.5", 0x73, None, None),
    ("QkTC", "boolean", "a", "false", 0x74, None, None),
    ("QkTC", "string", None, "", 0x75, None, None),
    ("QkTC", "string", "abcdefghij-123456789", "x", 0x76, None, None),
    ("RVZS", "string", None, "hello world", 0x91, "patients.ssn", None),
    ("RVZS", "number", "permit-all", "7", 0x92, "", None),
    ("RVZL", "string", None, "hello world", 0x93, "patients.ssn", None),
]

# Under the key of the other rule: see enclave/rpc/key_mix.h.
MIXED = [
    ("RFVC", "string", None, "hello world", 0xa1, None, None),
    ("QlJV", "string", "permit-all", "hello world", 0xa2, None, None),
    ("S0lS", "string", "permit-all", "hello world", 0xa3, None, None),
]


def metadata(role):
    fields = b"" if role is None else b"\xa2dr" + msgpack.packb(role)
    fields += b"\xa2eo\x05\xa2et\xce" + struct.pack(">I", 1700000000)
    packed = bytes([0x82 if role is None else 0x83]) + fields
    return struct.pack("<H", len(packed)) + packed


def ciphertext(tag, datatype, role, text, first, context, sdk, mixed=False):
    curve, kdf, has_metadata, aad_kind, scheme, number = TAGS[tag]
    kdf ^= mixed
    keys = CURVES[curve]
    epk, app = bytes.fromhex(keys["epk"]), bytes.fromhex(keys["public"])
    config = bytes([TYPES[datatype] << 4 | scheme])
    aad = {"none": b"", "app": app, "v2": config + epk + app,
           "context": config + epk + app + hashlib.sha256((context or "").encode()).digest()}[aad_kind]
    plain = (metadata(role) if has_metadata else b"") + text.encode()
    iv = bytes(range(first, first + 11)) + bytes([first + 11])
    sealed = AESGCM(bytes.fromhex(keys["kdf_key" if kdf else "z"])).encrypt(iv, plain, aad)
    parts = ["ev"] + [tag] * (tag != "") + [datatype] * (datatype != "string")
    parts += [base64.b64encode(part).decode().rstrip("=") for part in (iv, epk, sealed)]
    string = ":".join(parts) + ":$"
    assert sdk is None or sdk == string, sdk
    return {
        "tag": tag, "curve": curve, "datatype": datatype, "role": role, "context": context,
        "text": text, "iv": iv.hex(), "aad": aad.hex(), "gcm_plaintext": plain.hex(),
        "string": string, "source": "derived" if sdk is None else "sdk",
        "envelope": (bytes([number, TYPES[datatype]]) + bytes(4) + epk + iv + sealed).hex(),
    }


def check_keys():
    for name, curve in (("p256", ec.SECP256R1()), ("secp256k1", ec.SECP256K1())):
        keys = CURVES[name]
        private = ec.derive_private_key(int(keys["private"], 16), curve)
        ephemeral = ec.derive_private_key(int(keys["ephemeral_private"], 16), curve)
        for key, public in ((private, "public"), (ephemeral, "epk")):
            point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
            assert point.hex() == keys[public]
        assert private.exchange(ec.ECDH(), ephemeral.public_key()).hex() == keys["z"]


def frame(kind, number, header, *columns, packed=False):
    """One frame; a header of bytes, and columns if packed=True, are MessagePack already."""
    body = bytes([0x93 + len(columns)]) + msgpack.packb(kind) + msgpack.packb(number)
    body += header if isinstance(header, bytes) else msgpack.packb(header)
    for column in columns:
        body += column if packed else msgpack.packb(column)
    return (struct.pack(">I", len(body)) + body).hex()


def values(*items):
    return b"".join(items), b"".join(struct.pack("<I", len(item)) for item in items)


def result_header(e3_ns, cache_hits, key_version):
    """E3 fills in the first two at the end, so they have their full width."""
    return (b"\x83\xa5e3_ns\xcf" + struct.pack(">Q", e3_ns) + b"\xaacache_hits\xce" +
            struct.pack(">I", cache_hits) + b"\xabkey_version" + msgpack.packb(key_version))


def bin32(data):
    return b"\xc6" + struct.pack(">I", len(data)) + data


def error(number, code, name, message, **more):
    return frame(65, number, {"code": code, "name": name, "message": message, **more})


def frames(envelope):
    limits = {"version": 1, "frame_max": 80 << 20, "plaintext_max": 64 << 20, "values_max": 1 << 20,
              "inflight_max": 64, "depth_max": 16, "idle_ms": 3600000}
    points = [bytes.fromhex(CURVES[curve]["public"]) for curve in ("p256", "secp256k1")]
    every_field = {"app": "demo", "curve": "secp256k1", "format": "S0lS", "role": "permit-all",
                   "per_key": 4096, "deadline_ms": 30000, "trace": bytes(range(16)),
                   "credential": "token", "label": "alice"}
    return {
        "client_hello": frame(1, 0, {"version_min": 1, "version_max": 1, "client": "evcrypt 1.0"}),
        "server_hello": frame(1, 0, {**limits, "features": 1, "suites": ["p256", "secp256k1"], "evidence": []}),
        "encrypt": frame(3, 1, {"app": "demo"}, *values(b"hello", b"", b"1234.5"), bytes([0, 0, 1])),
        "encrypt_every_field": frame(3, 7, every_field, *values(b"x")),
        "encrypt_empty": frame(3, 2, {"app": "demo"}, b"", b""),
        "encrypt_contexts": frame(3, 3, {"app": "demo"}, *values(b"x", b"y"), None, *values(b"c", b"")),
        "encrypt_one_context": frame(3, 4, {"app": "demo"}, *values(b"x", b"y"), None, *values(b"c")),
        "decrypt": frame(4, 2, {"app": "demo"}, bin32(envelope), bin32(struct.pack("<I", len(envelope))),
                         packed=True),
        "reencrypt": frame(5, 3, {"app": "demo", "curve": "secp256k1"}, *values(envelope)),
        "blind_index": frame(6, 4, {"app": "demo"}, *values(b"alice@example.org", b"")),
        "blind_index_all": frame(6, 5, {"app": "demo", "all": 1}, *values(b"x"), None, *values(b"c")),
        "echo": frame(11, 9, {}, *values(b"a", b"bc")),
        "cancel": frame(7, 7, {}),
        "health": frame(8, 11, {"app": "demo"}),
        "stats": frame(9, 2**64 - 1, {}),
        "keys": frame(10, 13, {"app": "demo"}),
        "reload": frame(12, 14, {}),
        "attest": frame(2, 15, {"evidence": "nitro", "nonce": bytes(range(32))}),
        "result": frame(64, 2, result_header(1234567, 0, 1), *values(b"hello world"), None),
        "result_statuses": frame(64, 2, result_header(2**40, 3, 0),
                                 *values(b"", b"x"), bytes([1, 0])),
        "error": error(7, 207, "UNKNOWN_APP", "app is not known to E3"),
        "error_busy": error(7, 501, "BUSY", "E3 is busy", retry_ms=100),
        "error_connection": error(0, 102, "FRAME_TOO_LONG", "frame is longer than the limit"),
        "cancelled": frame(66, 7, {"done": 42}),
        "health_result": frame(64, 11, {
            "version": "1.0", "backend": "openssl", "uptime_ms": 60000, "unix_us": 1700000000000000,
            "queued": 2, "running": 1, "key_versions": [2, 1], "index_versions": [3],
            "isolation": "no_core seccomp", "isolation_missing": "landlock"}),
        "stats_result": frame(64, 2**64 - 1, {"requests": 70000, "bytes_in": 2**33}),
        "attest_result": frame(64, 15, {"evidence": "nitro"}, b"document"),
        "keys_result": frame(64, 13, {"keys": [[2] + points, [1] + points], "index_keys": [[3, 16], [1, 32]]}),
    }


# app, number and bytes of its index key, secret, value, context, times that these are repeated
INDEXES = [
    ("old", 1, 32, bytes(range(32)), "", None, 1),
    ("old", 1, 32, bytes(range(32)), "", "", 1),
    ("old", 1, 32, bytes(range(32)), "alice@example.org", None, 1),
    ("old", 1, 32, bytes(range(32)), "alice@example.org", "patients.email", 1),
    ("old", 1, 32, bytes(range(32)), "zo\u00eb \u65e5\u672c", None, 1),
    ("old", 1, 32, bytes(range(32)), "xyz", "ctx", 70000),
    ("old", 2, 16, b"\xff" * 32, "alice@example.org", None, 1),
    ("old", 7, 8, b"\x5c" * 32, "alice@example.org", "patients.email", 1),
    ("new", 1, 32, bytes(range(32)), "alice@example.org", None, 1),
]


def index_key(secret, app, number):
    """HKDF-SHA-256 (RFC 5869) without salt, one block."""
    info = f"evcrypt blind index {app} {number}".encode()
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def index(app, number, length, secret, value, context, times):
    bound = None if context is None else context.encode() * times
    head = b"\x00" if bound is None else b"\x01" + struct.pack(">I", len(bound)) + bound
    mac = hmac.digest(index_key(secret, app, number), head + value.encode() * times, "sha256")
    return {"app": app, "number": number, "bytes": length, "secret": secret.hex(), "value": value,
            "context": context, "times": times, "index": mac[:length].hex()}


def write(name, content):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


check_keys()
ciphertexts = [ciphertext(*item) for item in CIPHERTEXTS]
write("ciphertexts.json", {"curves": CURVES, "timestamp": 1700000000, "origin": 5,
                           "ciphertexts": ciphertexts,
                           "mixed": [ciphertext(*item, mixed=True) for item in MIXED]})
write("frames.json", frames(bytes.fromhex(ciphertexts[3]["envelope"])))
write("indexes.json", [index(*item) for item in INDEXES])
