#!/usr/bin/python3
"""Writes the seeds below corpus/ from test/vectors; run it when those change."""
import json
import os

import msgpack

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "vectors")


def load(name):
    with open(os.path.join(VECTORS, name), encoding="ascii") as file:
        return json.load(file)


def write(target, seeds):
    folder = os.path.join(HERE, "corpus", target + "_fuzz")
    os.makedirs(folder, exist_ok=True)
    for name, seed in seeds.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(seed)


frames = {name: bytes.fromhex(text) for name, text in load("frames.json").items()}
vectors = load("ciphertexts.json")
items = vectors["ciphertexts"]
names = [f"{i:02}_{item['tag'] or 'untagged'}_{item['datatype']}" for i, item in enumerate(items)]

write("frame", {
    "one": b"\0\1" + frames["encrypt"],
    "conversation": b"\1\7" + frames["client_hello"] + frames["encrypt"] + frames["cancel"],
    "half": b"\0\0" + frames["decrypt"][:50],
    "empty": b"\0\0\0\0\0\0",
    "http": b"\0\0GET / HTTP/1.1\r\n\r\n",
})
write("message", {name: frame[4:] for name, frame in frames.items()})
write("rpc", {
    **{name: frame[4:] for name, frame in frames.items() if name.startswith(("encrypt", "decrypt", "reencrypt", "blind")) and "result" not in name},
    "encrypt_key_each": msgpack.packb([3, 1, {"app": "demo", "per_key": 1}, b"v" * 20, b"\1\0\0\0" * 20, None]),
})
write("msgpack", {
    **{name: frame[4:] for name, frame in frames.items() if name in ("encrypt", "keys_result")},
    "kinds": msgpack.packb([None, True, 1, -1, 300, 2**40, -2**40, 1.5, "text", b"bytes", {"a": [1]}]),
    "widths": bytes.fromhex("9a cc80 cd8000 ce80000000 d080 d18000 d280000000 ca3f800000 d90178 c40178 c0"),
    "extensions": bytes.fromhex("93d40178c7010178d601") + b"xxxx",
    "array32": bytes.fromhex("ddff000000"),
    "depth": b"\x91" * 17 + b"\xc0",
})
write("evstring", {
    **{name: item["string"].encode() for name, item in zip(names, items)},
    "padded": items[0]["string"][:-2].encode() + b"=:$",
    "named_string": items[0]["string"].replace("Tk9D:", "Tk9D:string:").encode(),
    "debug": b"ev:debug:" + items[3]["string"][3:].encode(),
    "api_key": b"ev:key:1:secret:abcdef:123456",
})
write("envelope", {name: bytes.fromhex(item["envelope"]) for name, item in zip(names, items)})
smallest = b"[e3]\nsocket=/a\n[keyring]\nfile=/b\npassphrase_file=/c\n"
write("config", {
    "whole": b"""; a comment
[e3]
socket = /run/e3/e3.sock
socket_mode = 0660
workers = 2
connections = 100
drain_ms = 1000
locked_memory = 1 MB
log_level = info
[limits]
hello_timeout_ms = 1000
frame_timeout_ms = 1000
idle_timeout_ms = 60000
[keyring]
file = /var/lib/e3/keyring
passphrase_file = /etc/e3/passphrase
[access]
allow_users = root, 33
policy = /etc/evcrypt/policy
[audit]
file = /var/lib/evcrypt/audit
on_failure = continue
sync = yes
[crypto]
aead = ipsec-mb
agreement = library
[isolation]
require = seccomp, landlock
leave_out = no_new_code
""",
    "smallest": smallest,
    "tls": smallest + b"""[tls]
listen = 127.0.0.1:8443, [::1]:8443
certificate = /s.crt
key = /s.key
client_ca = /ca.crt
crl = /crl
[attest]
evidence = software
root = /r
certificate = /i
key = /k
signer_seconds = 60
[vsock]
port = 5000
allow_cids = 3, 16
[limits]
memory = 1 GB
[crypto]
key_mix = no
""",
    "credential": b"[e3]\nsocket=/a\nsocket_mode=0888\n[keyring]\nfile=/b\ncredential=c\n",
    "tpm": b"[e3]\nsocket=/a\n[keyring]\nfile=/b\ncustody=tpm\ntpm=device:/dev/tpmrm0\ntpm_pcrs=0, 7,23\n",
    "pcrs": b"[keyring]\ntpm_pcrs=7,7\n",
    "pkcs11": b"[e3]\nsocket=/a\n[keyring]\nfile=/b\ncustody=pkcs11\npkcs11_module=/m\npkcs11_token=t\npkcs11_key=k\npkcs11_pin_file=/p\n",
    "lacking": b"[e3]\nsocket=/a\n[keyring]\nfile=/b\ncustody=pkcs11\npkcs11_module=/m\npkcs11_token=\n",
    "custody": b"[keyring]\ncustody=paper\n",
    "unknown_key": b"[e3]\nsockets = /a\n",
    "twice": b"[e3]\nworkers = 1\nworkers = 1\n",
})
write("policy", {
    "whole": b"""; a comment
[issuer i]
issuer = https://x
audience = e3
key = /k.pem
max_lifetime_s = 600
skew_s = 5
[rule r]
identity = uid:1, user:root, dns:a.b, uri:x:y, vsock:3, any
operations = encrypt, decrypt, blind_index, reencrypt, administer
apps = *, one
roles = *, (none), pii
credential = i
[quota q]
identity = any
values_per_second = 10
burst = 20
values_per_day = 30
operations = decrypt, blind_index
""",
    "unknown": b"[rule r]\nverbs = x\n",
    "incomplete": b"[rule r]\nidentity = any\n",
})
header = "eyJhbGciOiJFUzI1NiJ9"
write("token", {
    "claims": b'{"iss":"i","sub":"s","iat":1699999990,"exp":1700000010,"app":["a"],"operations":"decrypt"}',
    "token": f"{header}.e30.{'A' * 86}".encode(),
    "short": f"{header}.eyJpc3MiOiJpIn0.AAAA".encode(),
    "none": f"eyJhbGciOiJub25lIn0.e30.{'A' * 86}".encode(),
    "crit": b"eyJhbGciOiJFUzI1NiIsImNyaXQiOltdfQ.e30.AAAA",
})
zeros = "0" * 64
write("audit", {
    "first": f"evcrypt-audit 1 key=0200000000000000 first=1 chain={zeros} mac={zeros}\nseq=1 x mac={zeros}\n".encode(),
    "head": f"evcrypt-audit-head 1 key=0200000000000000 last=1 chain={zeros} mac={zeros}\n".ljust(256).encode() * 2,
    "text": b"\x00\x10a \"label\"\n\\",
})
document = bytes.fromhex(load("evidence.json")["document"])
pcr = load("evidence.json")["pcr0"]
write("evidence", {
    "document": document,
    "tagged": b"\xd2" + document,
    "half": document[:len(document) // 2],
    "es512": document.replace(bytes.fromhex("a1013822"), bytes.fromhex("a1013823"), 1),
    "small": bytes.fromhex("8444a1013822a044bf6568ff40"),
    "policy": f"\0 0={pcr}, 31={pcr[:64]}".encode(),
    "policies": ("\0" + ",".join(f"{n}={pcr[:64]}" for n in range(32))).encode(),
})
version = {"version": 1, "created_us": 1700000000000000,
           "p256": bytes.fromhex(vectors["curves"]["p256"]["private"]),
           "secp256k1": bytes.fromhex(vectors["curves"]["secp256k1"]["private"])}
write("keyring", {
    "empty": msgpack.packb({"apps": []}),
    "audit": msgpack.packb({"apps": [], "audit": bytes(range(32))}),
    "one": msgpack.packb({"apps": [{"name": "demo", "versions": [version]}]}),
    "two": msgpack.packb({"apps": [
        {"name": "a", "versions": [{**version, "version": 2}, version]},
        {"name": "b", "versions": [version]}]}),
    "index": msgpack.packb({"apps": [
        {"name": "a", "versions": [version],
         "indexes": [{"version": n, "created_us": 1, "bytes": n * 8, "secret": bytes(range(32))}
                     for n in (2, 1)]}]}),
})
write("crypto", {
    name: bytes([5]) + bytes.fromhex(item["envelope"])[6:]
    for name, item in zip(names, items) if item["tag"] in ("QkTC", "S0lS", "RFVC")
})


def keyring(kind, blob):
    """A keyring file of a device's custody, with this blob and nothing that opens."""
    return b"E3KR" + bytes([2, kind]) + len(blob).to_bytes(2, "big") + bytes(4) + (7).to_bytes(8, "big") + bytes(28) + blob + bytes(32)


write("wrap", {
    "passphrase": b"E3KR" + bytes([1, 1, 15, 8, 1, 0, 0, 0]) + (7).to_bytes(8, "big") + bytes(60),
    # TPM2B_PUBLIC of a sealed object under PolicyPCR, TPM2B_PRIVATE
    "tpm": keyring(2, bytes.fromhex("01810000" "002e0008000b000004120020") + bytes(32) + bytes.fromhex("00100000" "0010") + bytes(16)),
    "pkcs11": keyring(3, b"\1" + bytes(40)),
})
