#!/usr/bin/python3
"""A key management service that releases keys against evidence: AWS KMS's interface, of
which it knows Encrypt and Decrypt, and is strict.  It can misbehave, too.

usage: kms.py DIR

DIR/server.crt, DIR/server.key: of its TLS.  DIR/setup.json, read at every request: who
may ask, for what, whose evidence counts ("root", "pcrs": number -> allowed values), and
how it misbehaves ("mode").  With "unsigned_for_tests" it takes a document that nobody has
signed as well, as an emulator of enclaves makes it: of zeros where others have signature
and certificates.  It listens on 127.0.0.1, on the port that it writes to
DIR/port, and on the Unix socket DIR/kms.sock, as the end of a way there would.  A line of
DIR/requests for each: action, and the error or OK.  DIR/released: the key that was
asked for last.
"""
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import sys
import threading
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DIR = sys.argv[1] if len(sys.argv) > 1 else None
FRESH_S = 300
REQUEST_MAX = 65536
MASTER = AESGCM(hashlib.sha256(b"a master key of tests").digest())


class Refused(Exception):
    def __init__(self, name, message="", status=400):
        super().__init__(name)
        self.name, self.message, self.status = name, message, status


def deny(message):
    return Refused("AccessDeniedException", message)


def unique(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("SerializationException", "a name is given twice")
    return dict(pairs)


def setup():
    with open(os.path.join(DIR, "setup.json"), encoding="utf-8") as file:
        return json.load(file)


def decode(text):
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as error:
        raise Refused("SerializationException", "not base64") from error


# --- Signature Version 4 ---------------------------------------------------

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})\Z")


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def check_signature(headers, body, who):
    match = AUTHORIZATION.match(headers.get("Authorization", ""))
    if not match:
        raise Refused("MissingAuthenticationTokenException")
    key_id, day, region, service, names, signature = match.groups()
    if key_id != who["id"]:
        raise Refused("UnrecognizedClientException", "no such access key")
    if region != who["region"] or service != "kms":
        raise Refused("InvalidSignatureException", "scope")
    if headers.get("X-Amz-Security-Token") != who.get("token"):
        raise Refused("UnrecognizedClientException", "the session token is not right")
    signed = names.split(";")
    for name in ["host", "x-amz-date", "x-amz-target", "content-type"] + ["x-amz-security-token"] * ("token" in who):
        if name not in signed:
            raise Refused("InvalidSignatureException", name + " is not signed")
    date = headers["X-Amz-Date"]
    asked = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    if date[:8] != day or abs(time.time() - asked.timestamp()) > FRESH_S:
        raise Refused("InvalidSignatureException", "it is not of now")
    canonical = "\n".join(
        ["POST", "/", ""] + [f"{name}:{' '.join(headers[name].split())}" for name in signed]
        + ["", names, hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", date, f"{day}/{region}/kms/aws4_request",
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + who["secret"]).encode()
    for part in (day, region, "kms", "aws4_request"):
        key = mac(key, part)
    if not hmac.compare_digest(mac(key, text).hex(), signature):
        raise Refused("InvalidSignatureException", "the signature is not right")


# --- evidence --------------------------------------------------------------


class Cbor:
    """What documents are made of; definite lengths alone."""

    def __init__(self, data):
        self.data = data

    def take(self, length):
        if length > len(self.data):
            raise deny("the document is cut short")
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def item(self):
        first = self.take(1)[0]
        kind, short = first >> 5, first & 31
        if short > 27:
            raise deny("the document's CBOR is not definite")
        value = short if short < 24 else int.from_bytes(self.take(1 << (short - 24)), "big")
        if kind in (0, 1):
            return value if kind == 0 else -1 - value
        if kind == 2:
            return self.take(value)
        if kind == 3:
            return self.take(value).decode()
        if kind == 4:
            return [self.item() for _ in range(value)]
        if kind == 5:
            return dict((self.item(), self.item()) for _ in range(value))
        if kind == 6 and value == 18:
            return self.item()
        if kind == 7 and short == 22:
            return None
        raise deny("the document has CBOR that it should not have")

    @classmethod
    def whole(cls, data):
        reader = cls(data)
        item = reader.item()
        if reader.data:
            raise deny("something stands behind the document")
        return item


def head(kind, value):
    if value < 24:
        return bytes([kind << 5 | value])
    size = next(n for n in range(4) if value < 1 << (8 << n))
    return bytes([kind << 5 | 24 + size]) + value.to_bytes(1 << size, "big")


def signed_bytes(protected, payload):
    parts = [head(3, 10) + b"Signature1", head(2, len(protected)) + protected, head(2, 0), head(2, len(payload)) + payload]
    return head(4, 4) + b"".join(parts)


def check_chain(payload, root):
    chain = [x509.load_der_x509_certificate(der) for der in payload["cabundle"] + [payload["certificate"]]]
    if chain[0].fingerprint(hashes.SHA256()) != root.fingerprint(hashes.SHA256()):
        raise deny("the document's root is not the one that counts")
    now = datetime.datetime.utcnow()
    for issuer, cert in zip([chain[0]] + chain, chain):
        if not cert.not_valid_before <= now <= cert.not_valid_after:
            raise deny("a certificate is out of date")
        issuer.public_key().verify(cert.signature, cert.tbs_certificate_bytes, ec.ECDSA(cert.signature_hash_algorithm))
    return chain[-1].public_key()


def is_unsigned(protected, payload, signature):
    return Cbor.whole(protected) == {1: -1} and not any(signature + payload["certificate"] + b"".join(payload["cabundle"]))


def check_signatures(document, payload, policy):
    protected, unprotected, payload_bytes, signature = document
    if policy.get("unsigned_for_tests") is True and is_unsigned(protected, payload, signature):
        return
    with open(policy["root"], "rb") as file:
        root = x509.load_pem_x509_certificate(file.read())
    if Cbor.whole(protected) != {1: -35} or unprotected or len(signature) != 96:
        raise deny("the document is not ES384")
    try:
        leaf = check_chain(payload, root)
        leaf.verify(
            encode_dss_signature(int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")),
            signed_bytes(protected, payload_bytes), ec.ECDSA(hashes.SHA384()))
    except InvalidSignature as error:
        raise deny("a signature of the document is not right") from error


def check_document(encoded, policy):
    """The public key that the document names."""
    document = Cbor.whole(encoded)
    payload = Cbor.whole(document[2])
    check_signatures(document, payload, policy)
    if abs(time.time() - payload["timestamp"] / 1000) > FRESH_S:
        raise deny("the document is not fresh")
    for number, allowed in policy["pcrs"].items():
        if payload["pcrs"][int(number)].hex() not in allowed:
            raise deny(f"PCR{number} is not one that may")
    public = serialization.load_der_public_key(payload["public_key"])
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < 2048:
        raise deny("the document's key is not RSA of 2048 bits")
    return public


# --- the envelope ----------------------------------------------------------


def der(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else bytes([0x82]) + len(body).to_bytes(2, "big")
    return bytes([tag]) + length + body


def ber(tag, *parts):
    """As AWS writes it: of indefinite length."""
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def oid(text):
    numbers = [int(word) for word in text.split(".")]
    out = bytes([numbers[0] * 40 + numbers[1]])
    for number in numbers[2:]:
        groups = [number & 127]
        while number > 127:
            number >>= 7
            groups.insert(0, number & 127 | 128)
        out += bytes(groups)
    return der(6, out)


def recipient(public, key, hash_):
    name = {"sha256": "2.16.840.1.101.3.4.2.1", "sha1": "1.3.14.3.2.26"}[hash_.name]
    algorithm = der(0x30, oid(name), der(5))
    mask = der(0x30, oid("1.2.840.113549.1.1.8"), algorithm)
    oaep = der(0x30, oid("1.2.840.113549.1.1.7"), der(0x30, der(0xA0, algorithm), der(0xA1, mask)))
    wrapped = public.encrypt(key, padding.OAEP(padding.MGF1(hash_), hash_, None))
    return der(0x30, der(2, b"\2"), der(0x80, b"recipient"), oaep, der(4, wrapped))


def envelope(public, secret, mode):
    outer = der if mode == "definite" else ber
    hash_ = hashes.SHA1() if mode == "sha1" else hashes.SHA256()
    key, iv = os.urandom(16 if mode == "aes128" else 32), os.urandom(16)
    cipher = oid("2.16.840.1.101.3.4.1." + ("2" if mode == "aes128" else "42"))
    padded = secret + bytes([16 - len(secret) % 16]) * (16 - len(secret) % 16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    content = encryptor.update(padded) + encryptor.finalize()
    data = der(0x80, content) if mode == "definite" else ber(0xA0, der(4, content))
    recipients = [recipient(public, key, hash_)] * (2 if mode == "two-recipients" else 1)
    return outer(
        0x30, oid("1.2.840.113549.1.7.3"),
        outer(0xA0, outer(0x30, der(2, b"\2"), der(0x31, *recipients),
                          outer(0x30, oid("1.2.840.113549.1.7.1"), der(0x30, cipher, der(4, iv)), data))))


# --- actions ---------------------------------------------------------------


def take(request, names, optional=()):
    if not isinstance(request, dict) or not set(names) <= set(request) <= set(names) | set(optional):
        raise Refused("ValidationException", "members of the request")
    return [request[name] for name in names]


def context_of(value):
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise Refused("ValidationException", "EncryptionContext")
    return json.dumps(value, sort_keys=True).encode()


def encrypt(request, policy):
    key_id, context, plaintext = take(request, ["KeyId", "EncryptionContext", "Plaintext"])
    if key_id != policy["key"]:
        raise Refused("NotFoundException", "no such key")
    nonce = os.urandom(12)
    blob = nonce + MASTER.encrypt(nonce, decode(plaintext), context_of(context))
    return {"CiphertextBlob": base64.b64encode(blob).decode(), "KeyId": policy["key"], "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


def decrypt(request, policy):
    key_id, context, blob, who = take(request, ["KeyId", "EncryptionContext", "CiphertextBlob", "Recipient"])
    document, algorithm = take(who, ["AttestationDocument", "KeyEncryptionAlgorithm"])
    if key_id != policy["key"]:
        raise Refused("NotFoundException", "no such key")
    if algorithm != "RSAES_OAEP_SHA_256":
        raise Refused("ValidationException", "KeyEncryptionAlgorithm")
    public = check_document(decode(document), policy)
    blob = decode(blob)
    try:
        secret = MASTER.decrypt(blob[:12], blob[12:], context_of(context))
    except (InvalidTag, ValueError) as error:
        raise Refused("InvalidCiphertextException") from error
    with open(os.path.join(DIR, "released"), "wb") as file:
        file.write(secret)
    return release(public, secret, policy["mode"])


def release(public, secret, mode):
    if mode == "wrong-recipient":
        public = rsa.generate_private_key(65537, 2048).public_key()
    if mode == "wrong-key":
        secret = bytes(32)
    if mode == "short-key":
        secret = secret[:16]
    if mode == "long-key":
        secret += b"\0"
    if mode == "double-key":
        secret += secret
    sealed = envelope(public, secret, mode)
    if mode == "truncated":
        sealed = sealed[:-40]
    if mode == "trailing":
        sealed += b"\0"
    answer = {"CiphertextForRecipient": base64.b64encode(sealed).decode(), "KeyId": "key", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    if mode == "plain":
        answer["Plaintext"] = base64.b64encode(secret).decode()
    if mode == "nothing":
        del answer["CiphertextForRecipient"]
    if mode == "not-base64":
        answer["CiphertextForRecipient"] = "*" + answer["CiphertextForRecipient"][1:]
    if mode == "long":
        answer["Filler"] = "x" * 16384
    return answer


ACTIONS = {"TrentService.Encrypt": encrypt, "TrentService.Decrypt": decrypt}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def act(self, policy):
        length = int(self.headers["Content-Length"])
        if self.path != "/" or length > REQUEST_MAX or self.headers["Content-Type"] != "application/x-amz-json-1.1":
            raise Refused("ValidationException", "the request's form")
        body = self.rfile.read(length)
        check_signature(self.headers, body, policy)
        action = ACTIONS.get(self.headers["X-Amz-Target"])
        if action is None:
            raise Refused("UnknownOperationException")
        try:
            request = json.loads(body, object_pairs_hook=unique)
        except ValueError as error:
            raise Refused("SerializationException") from error
        if policy["mode"] == "throttle":
            raise Refused("ThrottlingException", "Rate exceeded")
        if policy["mode"] == "trouble":
            raise Refused("KMSInternalException", "", 500)
        return action(request, policy)

    def do_POST(self):
        policy = setup()
        said, status = "OK", 200
        try:
            body = json.dumps(self.act(policy)).encode()
        except Refused as refused:
            said, status = refused.name, refused.status
            body = json.dumps({"__type": "com.amazonaws.kms#" + refused.name, "message": refused.message}).encode()
        with open(os.path.join(DIR, "requests"), "a", encoding="utf-8") as file:
            print(self.headers["X-Amz-Target"], said, file=file)
        if policy["mode"] == "hang":
            self.rfile.read(1)
        elif policy["mode"] == "redirect":
            self.answer(307, b"", Location=f"https://127.0.0.1:{self.server.server_port}/")
        else:
            self.answer(status, b"<html>" if policy["mode"] == "not-json" else body)
        self.close_connection = True

    def log_message(self, *words):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, context, family, address):
        self.address_family, self.context = family, context
        super().__init__(address, Handler, bind_and_activate=False)
        self.server_bind()
        self.server_activate()

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "kms", self.socket.getsockname()[1]

    def finish_request(self, request, client_address):
        request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address or ("", 0))

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ssl.SSLError, ConnectionError)):
            super().handle_error(request, client_address)


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(DIR, "server.crt"), os.path.join(DIR, "server.key"))
    near = Server(context, socket.AF_UNIX, os.path.join(DIR, "kms.sock"))
    far = Server(context, socket.AF_INET, ("127.0.0.1", 0))
    threading.Thread(target=near.serve_forever, daemon=True).start()
    with open(os.path.join(DIR, "port.new"), "w", encoding="ascii") as file:
        print(far.server_port, file=file)
    os.rename(os.path.join(DIR, "port.new"), os.path.join(DIR, "port"))
    far.serve_forever()


if __name__ == "__main__":
    main()
